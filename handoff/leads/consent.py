"""Whether somebody may be called or mailed, and why."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from handoff.leads.models import Basis, Channel, Consent, Hold, Lead
from handoff.people.models import User


@dataclass(frozen=True)
class Permission:
    """May this channel be used, on which basis, since when."""

    channel: str
    is_allowed: bool
    basis: str
    basis_label: str
    at: datetime | None


def permissions_of(lead: Lead) -> dict[str, Permission]:
    """Return the standing permission for each channel: the latest word counts."""
    latest: dict[str, Consent] = {consent.channel: consent for consent in lead.consents.all()}
    return {str(channel): _permission(str(channel), latest.get(channel)) for channel in Channel.values}


def _permission(channel: str, consent: Consent | None) -> Permission:
    if consent is None:
        return Permission(channel, is_allowed=False, basis="", basis_label="", at=None)
    return Permission(
        channel, consent.basis != Basis.OBJECTION, consent.basis, str(consent.get_basis_display()), consent.at
    )


@transaction.atomic
def object_to_contact(lead: Lead, *, by: User | None, at: datetime) -> None:
    """Record that `lead` wants no contact by any channel; it stays out of the queue until that is taken back."""
    Consent.objects.bulk_create(
        Consent(lead=lead, channel=channel, basis=Basis.OBJECTION, at=at, by=by) for channel in Channel.values
    )
    Hold.objects.bulk_create([Hold(lead=lead, reason=Hold.Reason.OBJECTION, by=by, at=at)], ignore_conflicts=True)


@transaction.atomic
def lift_objection(lead: Lead, *, basis: Basis, note: str, by: User | None, at: datetime) -> None:
    """Record that `lead` took its objection back by a consent or a request of its own; `note` says by which."""
    reachable = {Channel.EMAIL: lead.email, Channel.PHONE: lead.phone}
    Consent.objects.bulk_create(
        Consent(lead=lead, channel=channel, basis=basis, at=at, by=by)
        for channel, address in reachable.items()
        if address
    )
    standing = Hold.objects.filter(lead=lead, reason=Hold.Reason.OBJECTION, released_at=None)
    standing.update(released_at=at, released_by=by, release_note=note[:300])
