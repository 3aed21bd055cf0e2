"""Who rests in nurture: since when, why, until when, and whom they are like."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from handoff.leads.models import Lead, Stage
from handoff.people.models import User
from handoff.queue.models import DisqualificationReason, Handoff, Recycling
from handoff.queue.personas import fitting_personas
from handoff.queue.phases import phases_of
from scoring.models import Phase
from scoring.publishing import current_publication, published

NO_RESPONSE = "lapsed"  # beside the slugs of reasons: six weeks of silence
SENT_BACK = "sent-back"  # and what a ladder gave up on


@dataclass(frozen=True)
class Resting:
    """A lead in nurture with its contract, personas and phase."""

    lead: Lead
    contract: Recycling | None
    personas: list[str]
    phase: str
    is_sent_back: bool = False  # by a step of its ladder

    @property
    def why(self) -> str:
        """The reason in words."""
        if self.contract is None:
            return ""
        said = getattr(self.contract.handoff, "disqualification", None)
        silent = _("not worked in time") if self.is_sent_back else _("no response")
        return said.reason.label if said else silent

    @property
    def note(self) -> str:
        """What sales wrote about it."""
        said = getattr(self.contract.handoff, "disqualification", None) if self.contract else None
        return said.note if said else ""


def resting(user: User) -> "QuerySet[Any]":
    """Return the leads in nurture that `user` may see, newest first, each with the id of its contract."""
    newest = Recycling.objects.filter(lead=OuterRef("pk")).order_by("-at", "-id")
    found = Lead.objects.visible_to(user).filter(stage=Stage.NURTURE).select_related("company", "owner")
    return found.annotate(contract_id=Subquery(newest.values("pk")[:1])).order_by("-stage_since", "-id")


def for_reason(leads: "QuerySet[Any]", reason: str) -> "QuerySet[Any]":
    """Return those of `leads` that rest for a reason (its slug), because nobody answered, or nobody worked them."""
    contracts = Recycling.objects.filter(pk__in=leads.values("contract_id"))
    if reason in {NO_RESPONSE, SENT_BACK}:
        lapsed = Handoff.objects.silent() if reason == NO_RESPONSE else Handoff.objects.sent_back()
        chosen = contracts.filter(handoff__in=lapsed)
    else:
        chosen = contracts.filter(handoff__disqualification__reason__slug=reason)
    return leads.filter(pk__in=chosen.values("lead"))


def reasons_of(leads: "QuerySet[Any]") -> list[tuple[str, str, int]]:
    """Return the reasons for which `leads` rest: slug, words, and how many."""
    contracts = Recycling.objects.filter(pk__in=leads.values("contract_id"))
    said = Q(disqualifications__handoff__recycling__in=contracts)
    rows = DisqualificationReason.objects.annotate(n=Count("disqualifications", filter=said)).filter(n__gt=0)
    found = [(row.slug, row.label, row.n) for row in rows.order_by("-n", "position")]
    silent = contracts.filter(handoff__in=Handoff.objects.silent()).count()
    sent_back = contracts.filter(handoff__in=Handoff.objects.sent_back()).count()
    others = [(NO_RESPONSE, _("no response"), silent), (SENT_BACK, _("not worked in time"), sent_back)]
    return [*found, *(other for other in others if other[2])]


def personas_and_phases(at: datetime) -> tuple[list[str], list[tuple[str, str]]]:
    """Return what there is to choose from under the model that is live: names of personas, and phases."""
    publication = current_publication(at)
    personas = published(publication).personas if publication else ()
    return [persona.name for persona, _expression in personas], [
        (str(value), str(label)) for value, label in Phase.choices
    ]


def described(leads: Sequence[Any], at: datetime, *, persona: str = "", phase: str = "") -> list[Resting]:
    """Return `leads` (as `resting` found them) with what a row shows; only those of a persona and phase, if said."""
    publication = current_publication(at)
    phases = phases_of([lead.pk for lead in leads], at, publication=publication)
    leads = [lead for lead in leads if not phase or phases.get(lead.pk) == phase]
    fitting = fitting_personas(leads, publication, at) if publication else {}
    contracts = Recycling.objects.select_related("handoff__disqualification__reason").in_bulk(
        [lead.contract_id for lead in leads if lead.contract_id]
    )
    ended = [contract.handoff_id for contract in contracts.values()]
    sent_back = set(Handoff.objects.sent_back().filter(pk__in=ended).values_list("pk", flat=True))
    rows = []
    for lead in leads:
        names = [one.name for one in fitting.get(lead.pk, ())]
        if not persona or persona in names:
            reached = phases.get(lead.pk)
            words = str(Phase(reached).label) if reached else ""
            contract = contracts.get(lead.contract_id)
            is_sent_back = contract is not None and contract.handoff_id in sent_back
            rows.append(Resting(lead, contract, names, words, is_sent_back))
    return rows
