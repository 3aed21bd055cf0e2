"""Working lists: a page with its filters, kept under a name."""

from datetime import datetime

from django.utils.translation import gettext as _

from handoff.lib.refusals import Incomplete
from handoff.people.models import SavedView, User

AT_MOST = 20


def keep_list(*, page: str, name: str, query: str, by: User, at: datetime) -> SavedView:
    """Keep `query` of `page` as a list of `by`; one of the same name is replaced."""
    name = name.strip()
    mine = SavedView.objects.filter(user=by, page=page)
    wrong = ""
    if not name or len(name) > 60:
        wrong = _("Give the list a name of at most 60 characters.")
    elif not query or len(query) > 500:
        wrong = _("Choose what the list shows first: a search or a filter, and not too many at once.")
    elif mine.exclude(name=name).count() >= AT_MOST:
        wrong = _("You have %(n)d lists already; delete one first.") % {"n": AT_MOST}
    if wrong:
        raise Incomplete(wrong, fields={"name": wrong})
    values = {"query": query, "created_at": at}
    return SavedView.objects.update_or_create(user=by, page=page, name=name, defaults=values)[0]


def drop_list(kept: SavedView) -> None:
    """Delete a working list; the leads in it are untouched."""
    kept.delete()
