"""The exclusion list: its patterns in one spelling, whom they match, and holding them as they come in."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from handoff.leads.models import Company, Exclusion, Hold, Lead
from handoff.leads.normalising import BadValue, clean_domain, clean_email

# Who takes leads in shares this lock, who adds an entry has it alone: an entry is seen by everybody who comes in after
# it, and whoever came in before it is known to whoever then looks for the known.
GATE = 0x68616E646F66661
SHORTEST = 3  # characters within a job title
Kind = Exclusion.Kind


def clean_pattern(kind: str, text: str) -> str:
    """Return what an entry of `kind` looks for in its one spelling, or BadValue with what would do."""
    text = " ".join(text.split()).lower()
    if not text:
        raise BadValue("missing", _("Say whom it is about."))
    if kind == Kind.EMAIL:
        return clean_email(text) or ""
    if kind == Kind.DOMAIN:
        return clean_domain(text) or ""
    if kind == Kind.TITLE and len(text) < SHORTEST:
        raise BadValue("too_short", _("Use at least %(n)d letters, else nearly everybody is held.") % {"n": SHORTEST})
    return text


def whom(kind: str, value: str) -> Q:
    """Return the condition that a lead is matched by such an entry; `Exclusions` says the same of leads at hand."""
    if kind == Kind.EMAIL:
        return Q(email=value)
    if kind == Kind.DOMAIN:
        theirs = Q(company__domain=value) | Q(company__domain__endswith=f".{value}")
        return theirs | Q(email__endswith=f"@{value}") | Q(email__endswith=f".{value}")
    # A pattern, because SQLite compares other than English letters only by one.
    if kind == Kind.COMPANY:
        return Q(company__name__iregex=f"^{re.escape(value)}$")
    return Q(title__iregex=re.escape(value))


def known_to(entry: Exclusion) -> "QuerySet[Lead]":
    """Return the leads that `entry` matches and ought to hold: without those it was let through for by a person."""
    theirs = Hold.objects.filter(lead=OuterRef("pk"), reason=Hold.Reason.EXCLUDED)
    standing, let_through = theirs.filter(released_at=None), theirs.filter(exclusion=entry, released_by__isnull=False)
    found = Lead.objects.filter(whom(entry.kind, entry.value))
    return found.exclude(Exists(standing)).exclude(Exists(let_through))


def share_gate() -> None:
    """Let nobody add an entry until this transaction ends; SQLite lets only one transaction write anyway."""
    _pass_gate("pg_advisory_xact_lock_shared")


def close_gate() -> None:
    """Wait for everybody who takes leads in, and keep others from it until this transaction ends."""
    _pass_gate("pg_advisory_xact_lock")


def _pass_gate(how: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {how}(%s)", [GATE])


@dataclass(frozen=True)
class Exclusions:
    """The standing entries, read once for any number of leads: what they look for, and the id of the entry."""

    by_kind: dict[str, dict[str, int]]

    @classmethod
    def load(cls, at: datetime) -> "Exclusions":
        """Read the list as it stands at `at`."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for kind, value, pk in Exclusion.objects.standing(at).order_by("id").values_list("kind", "value", "id"):
            found[kind][value] = pk
        return cls(dict(found))

    def matching(self, lead: Lead) -> list[int]:
        """Return the ids of the entries that match `lead`."""
        address = lead.email or ""
        found = [self._entry(Kind.EMAIL, address), *self._of_domain(address.rpartition("@")[2])]
        found += self.of_company(lead.company) if lead.company else []
        title = " ".join(lead.title.split()).lower()
        found += [pk for text, pk in self.by_kind.get(Kind.TITLE, {}).items() if text in title] if title else []
        return sorted({pk for pk in found if pk})

    def of_company(self, company: Company) -> list[int]:
        """Return the ids of the entries that match whoever works there."""
        name = self._entry(Kind.COMPANY, " ".join(company.name.split()).lower())
        return [pk for pk in (name, *self._of_domain(company.domain or "")) if pk]

    def _entry(self, kind: str, value: str) -> int | None:
        return self.by_kind.get(kind, {}).get(value)

    def _of_domain(self, domain: str) -> list[int]:
        listed, parts = self.by_kind.get(Kind.DOMAIN, {}), domain.split(".")
        ends = (".".join(parts[first:]) for first in range(len(parts))) if listed else ()
        return [listed[end] for end in ends if end in listed]


def hold_excluded(new: Sequence[Lead], changed: Sequence[Lead], companies: Iterable[Company], *, at: datetime) -> None:
    """Hold whoever of these leads is on the exclusion list, and those at `companies` that now are; in a few queries.

    Of the `changed`, whoever was held by the list and is not on it any more is released.
    """
    listed = Exclusions.load(at)
    if not listed.by_kind:
        return
    causes = {lead.pk: found for lead in [*new, *changed] if (found := listed.matching(lead))}
    firms = {company.pk: found for company in companies if (found := listed.of_company(company))}
    if firms:
        colleagues = Lead.objects.filter(company__in=firms).exclude(pk__in=causes)
        causes |= {pk: firms[firm] for pk, firm in colleagues.values_list("pk", "company_id") if firm}
    fresh = {lead.pk for lead in new}
    known = [pk for pk in {*causes, *(lead.pk for lead in changed)} if pk not in fresh]
    theirs = list(Hold.objects.filter(lead__in=known, reason=Hold.Reason.EXCLUDED)) if known else []
    gone = [hold.pk for hold in theirs if hold.released_at is None and hold.lead_id not in causes and hold.exclusion_id]
    if gone:
        Hold.objects.filter(pk__in=gone).update(released_at=at)
    let_through = {(hold.lead_id, hold.exclusion_id) for hold in theirs if hold.released_by_id}
    held = {hold.lead_id for hold in theirs if hold.released_at is None}
    holds = [
        Hold(lead_id=pk, reason=Hold.Reason.EXCLUDED, exclusion_id=left[0], at=at)
        for pk, found in causes.items()
        if pk not in held and (left := [entry for entry in found if (pk, entry) not in let_through])
    ]
    if holds:
        Hold.objects.bulk_create(holds, ignore_conflicts=True)


def justify_anew(leads: Sequence[Lead], *, at: datetime) -> list[int]:
    """Give the holds of these leads whose entry has ended another cause, or release them; return the ids released."""
    listed = Exclusions.load(at)
    theirs = Hold.objects.filter(lead__in=leads, reason=Hold.Reason.EXCLUDED)
    let_through = set(theirs.filter(released_by__isnull=False).values_list("lead_id", "exclusion_id"))
    over = {hold.lead_id: hold for hold in theirs.filter(released_at=None, exclusion__ended_at__isnull=False)}
    released = []
    for lead in leads:
        hold = over.get(lead.pk)
        if hold is None:
            continue
        left = [entry for entry in listed.matching(lead) if (lead.pk, entry) not in let_through]
        if left:
            hold.exclusion_id = left[0]
        else:
            hold.released_at = at
            released.append(lead.pk)
    Hold.objects.bulk_update(over.values(), ["exclusion", "released_at"], batch_size=500)
    return released
