"""Working lists and saved views: a page with its filters, kept under a name; views of reports can come by mail."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from handoff.lib.refusals import Incomplete
from handoff.outbox.models import Mail
from handoff.people.models import SavedView, User

AT_MOST = 20
MORNING = 8


def keep_list(*, page: str, name: str, query: str, by: User, at: datetime, is_weekly: bool = False) -> SavedView:
    """Keep `query` of `page` as a list of `by`; one of the same name is replaced."""
    name = name.strip()
    mine = SavedView.objects.filter(user=by, page=page)
    wrong = ""
    if not name or len(name) > 60:
        wrong = _("Give the list a name of at most 60 characters.")
    elif (page == "queue" and not query) or len(query) > 500:
        wrong = _("Choose what the list shows first: a search or a filter, and not too many at once.")
    elif mine.exclude(name=name).count() >= AT_MOST:
        wrong = _("You have %(n)d lists already; delete one first.") % {"n": AT_MOST}
    if wrong:
        raise Incomplete(wrong, fields={"name": wrong})
    values = {"query": query, "created_at": at, "is_weekly": is_weekly}
    return SavedView.objects.update_or_create(user=by, page=page, name=name, defaults=values)[0]


def drop_list(kept: SavedView) -> None:
    """Delete a working list; the leads in it are untouched."""
    kept.delete()


def choose_weekly(kept: SavedView, *, is_weekly: bool, at: datetime) -> None:
    """Have a view in the weekly mail from the next Monday on, or no longer."""
    SavedView.objects.filter(pk=kept.pk).update(is_weekly=is_weekly, created_at=at)


def readers_due(*, at: datetime) -> Iterator[tuple[User, list[SavedView]]]:
    """Yield who has chosen views for the weekly mail and did not get this week's, due on Monday at eight their time."""
    readers = User.objects.filter(is_active=True, saved_views__is_weekly=True).exclude(email="").distinct()
    lately = Mail.objects.filter(cause__startswith="views:", created_at__gt=at - timedelta(days=8))
    written = set(lately.values_list("cause", flat=True))
    for user in readers.order_by("id"):
        monday = _monday_morning(user, at)
        if monday <= at and _cause(user, at) not in written:
            views = user.saved_views.filter(is_weekly=True, created_at__lte=monday)
            if found := list(views.order_by("page", "name")):
                yield user, found


def mail_views(user: User, parts: list[str], *, at: datetime) -> int:
    """Write this week's mail of chosen views to `user`, once whoever asks; return whether it was written now."""
    with translation.override(user.language):
        subject = _("Your reports of the week")
        choose = _("Choose here which reports come by mail: %(url)s") % {"url": settings.BASE_URL + reverse("reports")}
    mail = Mail(
        to=user.email,
        subject=subject,
        body="\n\n".join([*parts, choose]) + "\n",
        cause=_cause(user, at),
        created_at=at,
        not_before=at,
    )
    before = Mail.objects.filter(to=mail.to, cause=mail.cause).exists()
    Mail.objects.bulk_create([mail], ignore_conflicts=True)
    return int(not before)


def _monday_morning(user: User, at: datetime) -> datetime:
    local = at.astimezone(ZoneInfo(user.time_zone))
    monday = local - timedelta(days=local.weekday())
    return monday.replace(hour=MORNING, minute=0, second=0, microsecond=0)


def _cause(user: User, at: datetime) -> str:
    year, week, _day = at.astimezone(ZoneInfo(user.time_zone)).isocalendar()
    return f"views:{user.pk}:{year}-W{week:02}"
