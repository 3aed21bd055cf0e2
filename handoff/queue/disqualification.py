"""Disqualifying: sales says no, why, for how long, and which signals were wrong."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.leads.consent import object_to_contact
from handoff.leads.models import Lead, Stage
from handoff.leads.stages import move
from handoff.lib.refusals import Incomplete
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.closing import close
from handoff.queue.models import Disqualification, DisqualificationReason, Handoff, Recycling, Verdict
from handoff.queue.working import copy_state, lock

WAKES_BY_DEFAULT = ("contact_request", "demo_request")
DO_NOT_CONTACT = "do-not-contact"
NEEDED = {
    "wake_at": gettext_lazy("Say when it makes sense to come back."),
    "competitor": gettext_lazy("Name the competitor."),
    "right_person": gettext_lazy("Name the right person."),
    "other_lead": gettext_lazy("Choose the other lead."),
}


@transaction.atomic
def disqualify(
    handoff: Handoff,
    *,
    reason: DisqualificationReason,
    by: User,
    at: datetime,
    permanent: bool = False,
    wake_at: datetime | None = None,
    wake_kinds: Sequence[str] = WAKES_BY_DEFAULT,
    wake_points: float = 0,
    misleading: Sequence[str] = (),
    note: str = "",
    competitor: str = "",
    right_person: str = "",
    other_lead: Lead | None = None,
    version: int | None = None,
) -> Disqualification:
    """End `handoff` with a reason: back to nurture under a contract, or (`permanent`) out for good.

    `misleading` holds the keys of the rules that were wrong about this lead, from the frozen reasons.
    """
    found = lock(handoff, by=by, version=version)
    given = {
        "wake_at": wake_at,
        "competitor": competitor.strip(),
        "right_person": right_person.strip(),
        "other_lead": other_lead if other_lead != found.lead else None,
    }
    _check(found, reason, given, misleading, permanent=permanent, wake_at=wake_at, at=at)
    disqualification = Disqualification.objects.create(
        handoff=found,
        by=by,
        at=at,
        reason=reason,
        is_permanent=permanent,
        misleading=list(misleading),
        note=note.strip(),
        competitor=competitor.strip(),
        right_person=right_person.strip(),
        other_lead=other_lead,
    )
    close(found, verdict=Verdict.DISQUALIFIED, by=by, at=at)
    move(found.lead, Stage.DISQUALIFIED if permanent else Stage.NURTURE, at=at)
    if not permanent:
        if wake_at is None and reason.wake_after_days:
            wake_at = at + timedelta(days=reason.wake_after_days)
        score = getattr(found.lead, "score", None)
        Recycling.objects.create(
            lead=found.lead,
            handoff=found,
            at=at,
            wake_at=wake_at,
            wake_kinds=list(wake_kinds),
            wake_points=wake_points,
            points_then=score.total if score else 0.0,
        )
    if reason.slug == DO_NOT_CONTACT:
        object_to_contact(found.lead, by=by, at=at)
    record("disqualified", f"handoff {found.pk}", by=by, at=at, reason=reason.slug, permanent=permanent)
    copy_state(found, handoff)
    return disqualification


def _check(
    handoff: Handoff,
    reason: DisqualificationReason,
    given: Mapping[str, object],
    misleading: Sequence[str],
    *,
    permanent: bool,
    wake_at: datetime | None,
    at: datetime,
) -> None:
    wrong: dict[str, str] = {}
    needs = reason.needs
    if needs and not given[needs] and not (needs == "wake_at" and permanent):
        wrong[needs] = str(NEEDED[needs])
    if wake_at is not None and wake_at <= at:
        wrong["wake_at"] = _("Choose a date in the future.")
    known = {entry["rule"] for entry in handoff.reasons}
    unknown = [key for key in misleading if key not in known]
    if unknown:
        wrong["misleading"] = _("“%(rule)s” is none of this handoff's reasons.") % {"rule": unknown[0]}
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)
