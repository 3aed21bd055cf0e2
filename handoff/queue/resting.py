"""Who rests in nurture: since when, why, until when, and whom they are like."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from handoff.leads.models import Lead, Stage
from handoff.people.models import User
from handoff.queue.models import DisqualificationReason, Recycling, Verdict
from handoff.queue.personas import fitting_personas
from handoff.queue.phases import phases_of
from scoring.models import Phase
from scoring.publishing import current_publication, published

NO_RESPONSE = "lapsed"  # beside the slugs of reasons: six weeks of silence


@dataclass(frozen=True)
class Resting:
    """A lead in nurture with its contract, personas and phase."""

    lead: Lead
    contract: Recycling | None
    personas: list[str]
    phase: str

    @property
    def why(self) -> str:
        """The reason in words."""
        if self.contract is None:
            return ""
        said = getattr(self.contract.handoff, "disqualification", None)
        return said.reason.label if said else _("no response")

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
    """Return those of `leads` that rest for a reason (its slug) or because nobody answered."""
    contracts = Recycling.objects.filter(pk__in=leads.values("contract_id"))
    if reason == NO_RESPONSE:
        chosen = contracts.filter(handoff__verdict=Verdict.LAPSED)
    else:
        chosen = contracts.filter(handoff__disqualification__reason__slug=reason)
    return leads.filter(pk__in=chosen.values("lead"))


def reasons_of(leads: "QuerySet[Any]") -> list[tuple[str, str, int]]:
    """Return the reasons for which `leads` rest: slug, words, and how many."""
    contracts = Recycling.objects.filter(pk__in=leads.values("contract_id"))
    said = Q(disqualifications__handoff__recycling__in=contracts)
    rows = DisqualificationReason.objects.annotate(n=Count("disqualifications", filter=said)).filter(n__gt=0)
    found = [(row.slug, row.label, row.n) for row in rows.order_by("-n", "position")]
    lapsed = contracts.filter(handoff__verdict=Verdict.LAPSED).count()
    return [*found, *([(NO_RESPONSE, _("no response"), lapsed)] if lapsed else [])]


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
    rows = []
    for lead in leads:
        names = [one.name for one in fitting.get(lead.pk, ())]
        if not persona or persona in names:
            reached = phases.get(lead.pk)
            words = str(Phase(reached).label) if reached else ""
            rows.append(Resting(lead, contracts.get(lead.contract_id), names, words))
    return rows
