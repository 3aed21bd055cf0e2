"""Two leads side by side, with what they would be as one: shown before anybody confirms."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from handoff.leads.catalogue import described_traits
from handoff.leads.consent import Permission, permissions_of
from handoff.leads.models import Basis, Channel, Hold, Lead
from handoff.queue.merging import Union, union
from handoff.queue.models import Handoff

NEVER = datetime.min.replace(tzinfo=UTC)
Permissions = tuple[Permission, Permission, Permission]  # of the kept lead, of the other, and of both as one
FIELDS: list[tuple[str | Promise, Callable[[Lead], Any]]] = [
    (gettext_lazy("Name"), lambda lead: f"{lead.first_name} {lead.last_name}".strip()),
    (gettext_lazy("Job title"), lambda lead: lead.title),
    (gettext_lazy("Company"), lambda lead: lead.company and lead.company.name),
    (gettext_lazy("E-mail"), lambda lead: lead.email),
    (gettext_lazy("Phone"), lambda lead: lead.phone),
    (gettext_lazy("Id"), lambda lead: lead.external_id),
    (gettext_lazy("Country"), lambda lead: lead.country),
    (gettext_lazy("Language"), lambda lead: lead.language),
    (gettext_lazy("Original source"), lambda lead: lead.original_source),
    (gettext_lazy("Latest source"), lambda lead: lead.source),
    (gettext_lazy("Campaign"), lambda lead: lead.campaign),
    (gettext_lazy("Known since"), lambda lead: _day(lead.created_at)),
    (gettext_lazy("Stage"), lambda lead: capfirst(lead.get_stage_display())),
    (gettext_lazy("Team"), lambda lead: lead.team),
    (gettext_lazy("Owner"), lambda lead: lead.owner),
]


@dataclass(frozen=True)
class Row:
    """One thing about both leads and about the one they would be; `is_filled` where that comes from the other."""

    label: str
    kept: str
    gone: str
    merged: str

    @property
    def is_filled(self) -> bool:
        """Whether the merged lead has something else than the kept one."""
        return self.merged != self.kept


@dataclass(frozen=True)
class Comparison:
    """Both leads, row by row, and in sentences what merging them does."""

    rows: list[Row]
    consequences: list[str]


def compare(kept: Lead, gone: Lead) -> Comparison:
    """Return how `kept` and `gone` differ and what merging them would do; nothing is changed."""
    open_ones = list(Handoff.objects.open().filter(lead__in=[kept, gone]).select_related("claimed_by", "assigned_to"))
    foreseen = union(kept, gone, open_ones)
    consents = _permissions(kept, gone)
    holds = Hold.objects.filter(lead__in=[kept, gone], released_at=None).order_by("at", "id")
    wants_none = all(merged.basis == Basis.OBJECTION for _ours, _theirs, merged in consents.values())
    wants_none = wants_none or any(hold.reason == Hold.Reason.OBJECTION for hold in holds)
    rows = [*_fields(kept, gone, foreseen.lead), *_consents(consents), _held(kept, gone, holds)]
    consequences = [*_consequences(gone, foreseen, wants_none=wants_none)]
    return Comparison([row for row in rows if row.kept or row.gone or row.merged], consequences)


def _fields(*leads: Lead) -> Iterator[Row]:
    for label, value in FIELDS:
        yield Row(str(label), *(str(value(lead) or "") for lead in leads))
    described = [dict(described_traits(lead)) for lead in leads]
    for name in dict.fromkeys(name for traits in described for name in traits):
        yield Row(str(name), *(str(traits.get(name, "")) for traits in described))


def _permissions(kept: Lead, gone: Lead) -> dict[str, Permissions]:
    """Return by channel what both permit, and what would stand: an objection, or the latest word."""
    pairs = zip(permissions_of(kept).values(), permissions_of(gone).values(), strict=True)
    return {both[0].channel: (*both, max(both, key=_weight)) for both in pairs}


def _weight(permission: Permission) -> tuple[bool, datetime]:
    return permission.basis == Basis.OBJECTION, permission.at or NEVER


def _consents(consents: dict[str, Permissions]) -> Iterator[Row]:
    labels = {str(Channel.EMAIL): _("May be mailed"), str(Channel.PHONE): _("May be called")}
    for channel, permissions in consents.items():
        yield Row(labels[channel], *(_said(permission) for permission in permissions))


def _said(permission: Permission) -> str:
    return f"{capfirst(permission.basis_label)}, {_day(permission.at)}" if permission.at else ""


def _held(kept: Lead, gone: Lead, holds: Iterable[Hold]) -> Row:
    reasons = [[hold.get_reason_display() for hold in holds if hold.lead_id == lead.pk] for lead in (kept, gone)]
    both = dict.fromkeys([*reasons[0], *reasons[1]])
    return Row(_("Held"), *(", ".join(each) for each in (*reasons, both)))


def _consequences(gone: Lead, foreseen: Union, *, wants_none: bool) -> Iterator[str]:
    activities, handoffs = gone.activities.count(), gone.handoffs.count()
    did = ngettext("%(n)d activity", "%(n)d activities", activities) % {"n": activities}
    had = ngettext("%(n)d handoff", "%(n)d handoffs", handoffs) % {"n": handoffs}
    yield _("%(activities)s and %(handoffs)s come over, with all touches, notes, consents and history.") % {
        "activities": did,
        "handoffs": had,
    }
    names = ", ".join(filter(None, [f"#{gone.pk}", gone.external_id, gone.email]))
    yield _("What arrives for %(names)s later finds the kept lead, and old links lead to it.") % {"names": names}
    if foreseen.stays and wants_none:
        yield _("They want no contact, so the handoff of %(day)s ends for good%(holder)s.") % _about(foreseen.stays)
    elif foreseen.stays:
        yield _("The handoff of %(day)s goes on%(holder)s.") % _about(foreseen.stays)
    for handoff in foreseen.ends:
        yield _("The handoff of %(day)s ends as merged%(holder)s; its clocks are cancelled.") % _about(handoff)


def _about(handoff: Handoff) -> dict[str, str]:
    return {"day": _day(handoff.opened_at), "holder": f" ({handoff.holder})" if handoff.holder else ""}


def _day(at: Any) -> str:
    return date_format(localtime(at), "j M Y")
