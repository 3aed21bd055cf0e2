"""Marketing answers a verdict: whoever gave it is told, and it counts as read."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.feedback.acknowledging import acknowledge
from handoff.feedback.models import FeedbackAnswer
from handoff.lib.refusals import Incomplete
from handoff.outbox.audit import record
from handoff.outbox.notices import notify
from handoff.people.models import User
from handoff.queue.models import Disqualification


@transaction.atomic
def answer(verdict: Disqualification, *, text: str, by: User, at: datetime) -> FeedbackAnswer:
    """Say something to who gave `verdict`."""
    acknowledge([verdict.pk], by=by, at=at)
    if not text.strip():
        raise Incomplete(_("Write your answer."), fields={"text": _("Write your answer.")})
    said = FeedbackAnswer.objects.create(verdict=verdict, text=text.strip(), by=by, at=at)
    record("answered a verdict", f"handoff {verdict.handoff_id}", by=by, at=at, answer=said.pk)

    def say() -> str:
        words = {"name": by, "lead": verdict.handoff.lead.name, "text": said.text}
        return _("%(name)s on your verdict about %(lead)s: %(text)s") % words

    if verdict.by != by:
        url = f"{reverse('feedback')}?verdict={verdict.pk}"
        notify([verdict.by], cause=f"answer:{said.pk}", say=say, url=url, at=at)
    return said
