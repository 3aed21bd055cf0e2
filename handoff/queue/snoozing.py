"""Snoozing: a handoff out of sight until a date, with its reason on the record."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handoff.lib.refusals import Incomplete
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.clocks import replan_pauses
from handoff.queue.lapsing import LAPSE, set_lapse, settle_lapse
from handoff.queue.models import Handoff, Snooze
from handoff.queue.working import accept, copy_state, lock, save

AT_MOST, DAYS_AT_MOST = 3, 60  # where no policy says otherwise


@transaction.atomic
def snooze(
    handoff: Handoff, *, until: datetime | None, reason: str, by: User, at: datetime, version: int | None = None
) -> None:
    """Put `handoff` out of sight until `until` (None ends a snooze), as often and as long as its policy allows.

    The verdict's clock and the six weeks pause meanwhile; first touch never does.
    """
    found = lock(handoff, by=by, version=version)
    settle_lapse(found, at=at)
    if until is not None:
        _check(found, until, reason, at)
    accept(found, by=by, at=at)
    found.snoozes.filter(ended_at=None).update(ended_at=at)
    if until is not None:
        Snooze.objects.create(handoff=found, by=by, at=at, until=until, reason=reason.strip())
    found.snoozed_until = until
    replan_pauses(found)
    if found.lapses_at is not None:  # six weeks that are over stay over
        set_lapse(found)
    save(found, "snoozed_until", "due_at", *LAPSE)
    record("snoozed", f"handoff {found.pk}", by=by, at=at, until=until.isoformat() if until else None)
    copy_state(found, handoff)


def _check(handoff: Handoff, until: datetime, reason: str, at: datetime) -> None:
    policy, wrong = handoff.policy, dict[str, str]()
    most = policy.snoozes_at_most if policy else AT_MOST
    longest = policy.snooze_days_at_most if policy else DAYS_AT_MOST
    if not reason.strip():
        wrong["reason"] = _("Say why it can wait.")
    if until <= at:
        wrong["until"] = _("Choose a date in the future.")
    elif until > at + timedelta(days=longest):
        wrong["until"] = ngettext(
            "At most %(n)d day; send it back to nurture if it takes longer.",
            "At most %(n)d days; send it back to nurture if it takes longer.",
            longest,
        ) % {"n": longest}
    if handoff.touched_at is None:
        wrong["until"] = _("Nobody has tried to reach this lead yet; touch it first.")
    if handoff.snoozes.count() >= most:
        wrong["until"] = ngettext(
            "It was snoozed %(n)d time already; give a verdict instead.",
            "It was snoozed %(n)d times already; give a verdict instead.",
            most,
        ) % {"n": most}
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)


def end_due(*, at: datetime) -> int:
    """Bring back the handoffs whose snooze is over; return how many."""
    with transaction.atomic():
        due = Handoff.objects.open().filter(snoozed_until__lte=at)
        ids = list(due.order_by("id").select_for_update().values_list("id", flat=True))
        Snooze.objects.filter(handoff__in=ids, ended_at=None).update(ended_at=at)
        return Handoff.objects.filter(id__in=ids).update(snoozed_until=None)
