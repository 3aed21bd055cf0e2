"""Next steps: what the rep will do next and when, and the tick that reminds."""

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from handoff.lib.refusals import Incomplete
from handoff.outbox.audit import record
from handoff.outbox.notices import notify, settle
from handoff.people.models import User
from handoff.queue.clocks import find_due
from handoff.queue.models import Handoff, NextStep
from handoff.queue.working import accept, copy_state, lock_in_hand, save

DONE_EARLY = timedelta(hours=1)


@transaction.atomic
def plan_next_step(
    handoff: Handoff, *, what: str, step_at: datetime | None, by: User, at: datetime, version: int | None = None
) -> NextStep | None:
    """Plan what happens next (without `what` and `step_at`: nothing any more); a reminder, it pauses nothing."""
    wrong: dict[str, str] = {}
    if step_at is not None and not what.strip():
        wrong["what"] = _("Say what you will do.")
    if step_at is None and what.strip():
        wrong["at"] = _("Say when you will do it.")
    if step_at is not None and step_at <= at:
        wrong["at"] = _("A next step lies in the future.")
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)
    found = lock_in_hand(handoff, by=by, version=version)
    if found.is_open:
        accept(found, by=by, at=at)
    if found.next_step_at:
        _end_planned(found, at=at)
    step = None
    if step_at is not None:
        step = NextStep.objects.create(handoff=found, what=what.strip(), at=step_at, by=by, created_at=at)
    found.next_step_at = step_at
    find_due(found)
    save(found, "next_step_at", "due_at")
    record("planned", f"handoff {found.pk}", by=by, at=at, what=what)
    copy_state(found, handoff)
    return step


def end_steps(handoff: Handoff, *, at: datetime) -> None:
    """End what was planned for `handoff` (locked)."""
    if handoff.next_step_at:
        _end_planned(handoff, at=at)
        handoff.next_step_at = None
        Handoff.objects.filter(pk=handoff.pk).update(next_step_at=None)


def _end_planned(handoff: Handoff, *, at: datetime) -> None:
    handoff.next_steps.filter(ended_at=None).update(ended_at=at)
    settle(f"handoff {handoff.pk}", kinds=["next-step"], at=at)


def end_step_done(handoff: Handoff, *, happened_at: datetime, at: datetime) -> None:
    """A touch does what was planned for about then: the next step of `handoff` (locked) ends with it.

    The caller saves when the next one is.
    """
    done = handoff.next_steps.filter(ended_at=None, at__lte=happened_at + DONE_EARLY)
    if handoff.next_step_at and done.update(ended_at=at):
        handoff.next_step_at = None
        settle(f"handoff {handoff.pk}", kinds=["next-step"], at=at)


def remind_due(*, at: datetime) -> int:
    """Remind the holders whose next step has come; return how many."""
    due = NextStep.objects.filter(ended_at=None, reminded_at=None, at__lte=at)
    people = ("handoff__claimed_by", "handoff__assigned_to", "handoff__qualification__takes_over")
    done = 0
    for step in due.select_related("handoff__lead", *people).order_by("at", "id"):
        with transaction.atomic():
            if NextStep.objects.filter(pk=step.pk, reminded_at=None, ended_at=None).update(reminded_at=at):
                _remind(step, at)
                done += 1
    return done


def _remind(step: NextStep, at: datetime) -> None:
    sql = getattr(step.handoff, "qualification", None)
    holder = sql.takes_over if sql else step.handoff.holder or step.by

    def say() -> str:
        words = {
            "what": step.what,
            "lead": step.handoff.lead.name,
            "time": date_format(timezone.localtime(step.at), "H:i"),
        }
        return _("%(time)s %(lead)s: %(what)s") % words

    url = reverse("handoff", args=[step.handoff_id])
    about = f"handoff {step.handoff_id}"
    notify([holder], cause=f"next-step:{step.pk}", say=say, url=url, at=at, by_mail=False, about=about)
