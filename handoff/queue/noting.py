"""Notes for colleagues."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.lib.refusals import Incomplete
from handoff.people.models import User
from handoff.queue.models import Handoff, Note
from handoff.queue.working import lock


@transaction.atomic
def add_note(handoff: Handoff, *, text: str, by: User, at: datetime) -> Note:
    """Leave a note on an open handoff."""
    if not text.strip():
        raise Incomplete(_("The note is empty."), fields={"text": _("The note is empty.")})
    found = lock(handoff, by=by)
    return Note.objects.create(handoff=found, by=by, at=at, text=text.strip())
