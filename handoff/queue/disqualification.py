"""Disqualifying: sales says no, why, for how long, and which signals were wrong."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.leads.consent import object_to_contact
from handoff.leads.models import Lead, Stage
from handoff.leads.normalising import BadValue, clean_email
from handoff.leads.stages import move
from handoff.lib.refusals import Incomplete
from handoff.outbox.audit import record
from handoff.outbox.notices import notify
from handoff.people.models import User
from handoff.queue.closing import close
from handoff.queue.contracts import rest
from handoff.queue.models import Disqualification, DisqualificationReason, Handoff, Verdict
from handoff.queue.receiving import receive_leads
from handoff.queue.working import copy_state, lock

DO_NOT_CONTACT = "do-not-contact"
REFERRED = "referral"  # the source of a lead whom another one named
NEEDED = {
    "wake_at": gettext_lazy("Say when it makes sense to come back."),
    "competitor": gettext_lazy("Name the competitor."),
    "right_person": gettext_lazy("Name the right person."),
    "owner": gettext_lazy("Choose the colleague who is in contact."),
    "other_lead": gettext_lazy("Choose the other lead."),
}


class Said(TypedDict, total=False):
    """What the form says besides why and for how long, each as the row keeps it."""

    misleading: Sequence[str]  # keys of the rules that were wrong about this lead, from the frozen reasons
    none_misleading: bool
    note: str
    competitor: str
    right_person: str  # with an address in it, as in a mail's "To", it becomes a lead of its own
    owner: User | None
    other_lead: Lead | None


@transaction.atomic
def disqualify(
    handoff: Handoff,
    *,
    reason: DisqualificationReason,
    by: User,
    at: datetime,
    permanent: bool = False,
    objects: bool = False,
    wake_at: datetime | None = None,
    wake_kinds: Sequence[str] | None = None,
    wake_points: float | None = None,
    version: int | None = None,
    **said: Unpack[Said],
) -> Disqualification:
    """End `handoff` with a reason: back to nurture under a contract, or (`permanent`) out for good.

    With `objects` the lead wants no contact.
    """
    found = lock(handoff, by=by, version=version)
    objects = objects or reason.slug == DO_NOT_CONTACT
    verdict = _written(found, reason, said, by=by, at=at, is_permanent=permanent or objects)
    wrong = _wrong(verdict, wake_at)
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)
    verdict.right_lead = _right_lead(found.lead, verdict.right_person, by, at)
    verdict.save(force_insert=True)
    close(found, verdict=Verdict.DISQUALIFIED, by=by, at=at)
    if verdict.is_permanent:
        move(found.lead, Stage.DISQUALIFIED, at=at)
    else:
        rest(found, reason=reason, wake_at=wake_at, wake_kinds=wake_kinds, wake_points=wake_points, at=at)
    if objects:
        object_to_contact(found.lead, by=by, at=at)
    if verdict.owner and verdict.owner != by:
        _tell(verdict.owner, verdict, at)
    permanent = verdict.is_permanent
    record("disqualified", f"handoff {found.pk}", by=by, at=at, reason=reason.slug, permanent=permanent)
    copy_state(found, handoff)
    return verdict


def _written(
    handoff: Handoff, reason: DisqualificationReason, said: Said, *, by: User, at: datetime, is_permanent: bool
) -> Disqualification:
    """Return the verdict as a row that is not stored yet."""
    words = {name: value.strip() if isinstance(value, str) else value for name, value in said.items()}
    words["misleading"] = list(said.get("misleading", ()))
    return Disqualification(handoff=handoff, by=by, at=at, reason=reason, is_permanent=is_permanent, **words)


def _wrong(verdict: Disqualification, wake_at: datetime | None) -> dict[str, str]:
    wrong: dict[str, str] = {}
    reason, handoff = verdict.reason, verdict.handoff
    given = {name: getattr(verdict, name, None) for name in NEEDED}
    given["wake_at"] = wake_at or verdict.is_permanent or reason.wake_after_days
    if verdict.other_lead == handoff.lead:
        given["other_lead"] = None
    if reason.needs and not given[reason.needs]:
        wrong[reason.needs] = str(NEEDED[reason.needs])
    known = {entry["rule"] for entry in handoff.reasons}
    unknown = [key for key in verdict.misleading if key not in known]
    if unknown:
        wrong["misleading"] = _("“%(rule)s” is none of this handoff's reasons.") % {"rule": unknown[0]}
    elif verdict.misleading and verdict.none_misleading:
        wrong["misleading"] = _("Either some signals were wrong, or none.")
    if wake_at is not None and wake_at <= verdict.at:
        wrong["wake_at"] = _("Choose a date in the future.")
    return wrong


def _right_lead(lead: Lead, right_person: str, by: User, at: datetime) -> Lead | None:
    """Return the right person as a lead, made where they are none yet; None where no address is known."""
    name, address = parseaddr(right_person)
    try:
        email = clean_email(address or right_person) if "@" in right_person else None
    except BadValue as error:
        raise Incomplete(str(error), fields={"right_person": str(error)}) from error
    if email is None:
        return None
    found = Lead.objects.filter(email=email).exclude(pk=lead.pk).first()
    if found or email == lead.email:
        return found
    first, _space, last = name.strip().rpartition(" ")
    row: dict[str, Any] = {
        "email": email,
        "first_name": first,
        "last_name": last,
        "source": REFERRED,
        "country": lead.country or None,
    }
    if lead.company:
        row["company"] = {"name": lead.company.name, "domain": lead.company.domain}
    return receive_leads([row], by=by, at=at, stage=Stage.LEAD)[0].lead


def _tell(owner: User, verdict: Disqualification, at: datetime) -> None:
    lead = verdict.handoff.lead

    def say() -> str:
        return _("%(name)s says that you are in contact with %(lead)s already.") % {"name": verdict.by, "lead": lead}

    url = reverse("lead", args=[lead.pk])
    notify([owner], cause=f"in-contact:{verdict.pk}", say=say, url=url, at=at, about=f"handoff {verdict.handoff_id}")
