"""Recording leads: found by id or address, made or changed, with what they said before kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _

from handoff.leads.exclusions import hold_excluded, share_gate
from handoff.leads.identities import keys_of, lock_known
from handoff.leads.models import Basis, Channel, Company, Consent, Hold, Lead, LeadChange, Stage, TraitField, profile_of
from handoff.leads.normalising import BadValue, clean_lead, is_disposable, is_free, trait_type
from handoff.leads.routing import Territories
from handoff.people.models import User

PLAIN = ("external_id", "email", "first_name", "last_name", "title", "phone", "country", "language", "campaign")
NULLABLE = {"external_id", "email"}
CHANGED_COLUMNS = [
    *PLAIN,
    "source",
    "original_source",
    "company",
    "traits",
    "email_is_free",
    "email_is_disposable",
    "team",
    "updated_at",
]


@dataclass(frozen=True)
class Recorded:
    """What became of one row: its lead, or why it was rejected."""

    outcome: Literal["created", "updated", "unchanged", "rejected"]
    lead: Lead | None = None
    code: str = ""
    detail: str = ""


@dataclass
class _Known:
    """The leads and companies that a batch touches, found once and growing as the batch goes."""

    by_id: dict[str, Lead]
    by_email: dict[str, Lead]
    by_domain: dict[str, Company]
    by_name: dict[str, Company]
    former: dict[str, Lead]  # by what leads were known by that were merged into them
    about: Lead | None = None


@transaction.atomic
def record_leads(
    rows: Sequence[dict[str, Any]],
    *,
    by: User | None,
    at: datetime,
    stage: Stage = Stage.SUBSCRIBER,
    about: Lead | None = None,
    only_known: bool = False,
) -> list[Recorded]:
    """Make or change a lead for each row (the API's lead object); one result per row, in order.

    With `only_known` nobody new is made: their rows are rejected. A single row may be `about` a lead that is known,
    whatever id and address the row gives it.

    Absent keys keep, null clears, traits merge. A row that cannot be taken is rejected and the rest is kept.
    What a rep adds is theirs; a lead that `by` may not change is rejected.
    """
    share_gate()
    cleaned = [_cleaned(row) for row in rows]
    good = [row for row in cleaned if isinstance(row, dict)]
    known = _find(good, about)
    if about and not known.about:
        message = _("This lead was merged into another one meanwhile.")
        return [Recorded("rejected", code="already_merged", detail=message) for _row in rows]
    territories = Territories.load()
    batch = _Batch(known, territories, by, at, None if only_known else stage)
    results = [row if isinstance(row, Recorded) else batch.take(row) for row in cleaned]
    batch.save()
    return results


def _cleaned(row: dict[str, Any]) -> dict[str, Any] | Recorded:
    try:
        clean = clean_lead(row)
    except BadValue as error:
        return Recorded("rejected", code=error.code, detail=str(error))
    if not clean.get("external_id") and not clean.get("email"):
        return Recorded("rejected", code="no_identity", detail=_("A lead needs an external_id or an email."))
    return clean


def _find(rows: list[dict[str, Any]], about: Lead | None = None) -> _Known:
    ids = [row["external_id"] for row in rows if row.get("external_id")]
    emails = [row["email"] for row in rows if row.get("email")]
    pks = [about.pk] if about else []
    leads, former = lock_known(pks=pks, external_ids=ids, emails=emails, with_company=True)
    companies = [row["company"] for row in rows if row.get("company")]
    domains = {company["domain"] for company in companies if company.get("domain")}
    names = {company["name"] for company in companies if company.get("name")}
    kept = list(Company.objects.filter(Q(domain__in=domains) | Q(domain=None, name__in=names)).order_by("id"))
    kept += [lead.company for lead in leads if lead.company]
    return _Known(
        {lead.external_id: lead for lead in leads if lead.external_id}
        | {key.removeprefix("id:"): lead for key, lead in former.items() if key.startswith("id:")},
        {lead.email: lead for lead in leads if lead.email}
        | {key.removeprefix("email:"): lead for key, lead in former.items() if key.startswith("email:")},
        {company.domain: company for company in kept if company.domain},
        {company.name.casefold(): company for company in kept if not company.domain},
        former,
        next((lead for lead in leads if about and lead.pk == about.pk), None),
    )


class _Batch:
    """Takes rows one by one and saves them together."""

    def __init__(
        self, known: _Known, territories: Territories, by: User | None, at: datetime, stage: Stage | None
    ) -> None:
        self.known, self.territories, self.by, self.at, self.stage = known, territories, by, at, stage
        self.own_teams = by.team_ids() if by and (by.is_rep or by.is_manager) and not by.is_admin else []
        self.new: list[Lead] = []
        self.changed: dict[int, Lead] = {}
        self.companies: dict[int, Company] = {}
        self.changes: list[LeadChange] = []
        self.consents: list[Consent] = []
        self.agreed: dict[int, dict[str, str]] = {}  # by id() of the lead: the latest basis of each channel
        self.traits: dict[str, Any] = {}

    def take(self, row: dict[str, Any]) -> Recorded:
        """Apply one clean row and say what became of it."""
        by_id = self.known.by_id.get(row.get("external_id") or "")
        by_email = self.known.by_email.get(row.get("email") or "")
        if len({id(lead) for lead in (self.known.about, by_id, by_email) if lead}) > 1:
            return Recorded("rejected", code="identity_conflict", detail=_conflict(row))
        lead = self.known.about or by_id or by_email
        if refused := self._refused(lead, row):
            return refused
        is_new = lead is None
        if lead is None:
            assert self.stage
            owner = self.by if self.by and self.by.is_rep else None
            lead = Lead(stage=self.stage, stage_since=self.at, created_at=self.at, updated_at=self.at, owner=owner)
        row = row if is_new or self.known.about else self._without_former(row, lead)
        before = {} if is_new else profile_of(lead)
        was = None if is_new else _snapshot(lead)
        self._apply(lead, row)
        has_news = self._agree(lead, row)
        if is_new:
            self.new.append(lead)
            return Recorded("created", lead)
        if _snapshot(lead) == was and not has_news:
            return Recorded("unchanged", lead)
        self._keep(lead, before)
        return Recorded("updated", lead)

    def _refused(self, lead: Lead | None, row: dict[str, Any]) -> Recorded | None:
        if lead and lead.pk and not may_correct(lead, self.by):
            message = _("This lead is known already, and not yours to change.")
            return Recorded("rejected", code="not_allowed", detail=message)
        if lead is None and self.stage is None:
            message = _("No lead is known by this: bring in the file that tells of it first.")
            return Recorded("rejected", code="unknown_lead", detail=message)
        if row.get("company") and _is_unnamed(row["company"], lead.company if lead else None):
            message = _("A company needs a name or a domain: send one, or null as company to take the lead out of it.")
            return Recorded("rejected", code="unnamed_company", detail=message)
        return None

    def _without_former(self, row: dict[str, Any], lead: Lead) -> dict[str, Any]:
        """Leave what `lead` is known by as it is where the row names it by what a merged one was known by."""
        if not self.known.former.keys() & keys_of(external_id=row.get("external_id"), email=row.get("email")):
            return row
        return {name: value for name, value in row.items() if name not in NULLABLE or not getattr(lead, name)}

    def _apply(self, lead: Lead, row: dict[str, Any]) -> None:
        if "external_id" in row:
            self.known.by_id.pop(lead.external_id or "", None)
        if "email" in row:
            # An address given up here may be another lead's in a later row.
            self.known.by_email.pop(lead.email or "", None)
        for name in PLAIN:
            if name in row:
                setattr(lead, name, row[name] if name in NULLABLE else row[name] or "")
        if "source" in row:
            lead.source = row["source"] or ""
            lead.original_source = lead.original_source or lead.source
        if "company" in row:
            lead.company = self._company(row["company"], lead)
        if "traits" in row:
            given = row["traits"] or {}
            self.traits |= {name: value for name, value in given.items() if value is not None}
            merged = {} if row["traits"] is None else {**lead.traits, **given}
            lead.traits = {name: value for name, value in merged.items() if value is not None}
        lead.email_is_free, lead.email_is_disposable = is_free(lead.email), is_disposable(lead.email)
        if lead.external_id:
            self.known.by_id[lead.external_id] = lead
        if lead.email:
            self.known.by_email[lead.email] = lead

    def _route(self) -> None:
        """Give each lead that nobody works on to its team; who sees only their own teams keeps it in one of them."""
        taken = [*self.new, *self.changed.values()]
        free = [lead for lead in taken if not lead.pk or (lead.owner_id is None and lead.stage != Stage.MQL)]
        own = self.own_teams
        for lead, routed in zip(free, self.territories.team_ids_for(free, at=self.at), strict=True):
            lead.team_id = routed if routed in own or not own else lead.team_id or own[0]

    def _agree(self, lead: Lead, row: dict[str, Any]) -> bool:
        """Keep what the row says of consent, where it is news."""
        consent = row.get("consent") or {}
        if not consent:
            return False
        if id(lead) not in self.agreed:
            self.agreed[id(lead)] = dict(lead.consents.values_list("channel", "basis")) if lead.pk else {}
        known = self.agreed[id(lead)]
        news = {
            channel: basis for channel, basis in consent.items() if known.get(channel) not in {basis, Basis.OBJECTION}
        }
        known |= news
        self.consents += [Consent(lead=lead, channel=c, basis=b, at=self.at, by=self.by) for c, b in news.items()]
        return bool(news)

    def _company(self, values: dict[str, Any] | None, lead: Lead) -> Company | None:
        if values is None:
            return None
        domain, name = values.get("domain"), values.get("name") or values.get("domain")
        company = self.known.by_domain.get(domain or "") or (
            None if domain else self.known.by_name.get((name or "").casefold())
        )
        if company is None and domain is None and (name is None or _is_called(lead.company, name)):
            company = lead.company
        if company is None and name:
            company = Company(name=name, domain=domain)
            (self.known.by_domain if domain else self.known.by_name)[domain or name.casefold()] = company
        if company is None:
            return None
        for key, value in values.items():
            kept = value if key in {"employees", "annual_revenue", "domain"} else value or ""
            if key == "name":
                kept = value or company.domain or company.name
            if getattr(company, key) != kept:
                setattr(company, key, kept)
                self.companies[id(company)] = company
        if company.pk is None:
            self.companies[id(company)] = company
        return company

    def _keep(self, lead: Lead, before: dict[str, Any]) -> None:
        after = profile_of(lead)
        lead.updated_at = self.at
        if lead.pk is None:
            return
        self.changed[lead.pk] = lead
        differing = {name: before.get(name) for name in {*before, *after} if before.get(name) != after.get(name)}
        if differing:
            self.changes.append(LeadChange(lead=lead, at=self.at, by=self.by, before=differing))

    def save(self) -> None:
        """Write everything that was taken."""
        self._route()
        for company in self.companies.values():
            company.save()
        for lead in [*self.new, *self.changed.values()]:
            lead.company = lead.company  # a company saved just now has its id only now
        # The changed come first and in their order: what one gave up, a later row may have taken.
        for lead in self.changed.values():
            lead.save(update_fields=CHANGED_COLUMNS)
        Lead.objects.bulk_create(self.new)
        LeadChange.objects.bulk_create(self.changes)
        for consent in self.consents:
            consent.lead = consent.lead
        Consent.objects.bulk_create(self.consents)
        hold_objectors({c.lead_id for c in self.consents if c.basis == Basis.OBJECTION}, by=self.by, at=self.at)
        known_firms = [company for company in self.companies.values() if company.pk]
        hold_excluded(self.new, list(self.changed.values()), known_firms, at=self.at)
        register_traits({name: (name.replace("_", " "), trait_type(value)) for name, value in self.traits.items()})


def may_correct(lead: Lead, user: User | None) -> bool:
    """Return whether `user` (None is the house itself) may change what is known about `lead`."""
    if user is None or user.is_admin or user.is_marketer:
        return True
    return lead.owner_id == user.pk or (user.is_manager and lead.team_id in user.team_ids())


def _conflict(row: dict[str, Any]) -> str:
    if not row.get("external_id"):
        return _("The address “%(email)s” belongs to another lead.") % {"email": row["email"]}
    message = _("The id “%(id)s” and the address “%(email)s” belong to two different leads.")
    return message % {"id": row["external_id"], "email": row["email"]}


def _snapshot(lead: Lead) -> tuple[Any, ...]:
    company = lead.company
    firm = (
        (company.pk, company.name, company.industry, company.employees, company.annual_revenue, company.country)
        if company
        else ()
    )
    return (*(getattr(lead, name) for name in PLAIN), lead.source, lead.traits, firm)


def _is_called(company: Company | None, name: str) -> bool:
    return company is not None and company.name.casefold() == name.casefold()


def _is_unnamed(values: dict[str, Any], company: Company | None) -> bool:
    """Return whether something is said of a company that nothing would name."""
    if company is None:
        named, says = values, any(value is not None for value in values.values())
    else:
        named, says = {"name": company.name, "domain": company.domain} | values, True
    return says and not (named.get("name") or named.get("domain"))


def hold_objectors(leads: Collection[int], *, by: User | None, at: datetime) -> None:
    """Hold those of `leads` who object on every channel there is, now or before: they stay out of the queue."""
    taken_back = Consent.objects.filter(lead=OuterRef("lead"), channel=OuterRef("channel"), at__gt=OuterRef("at"))
    standing = Consent.objects.filter(lead__in=leads, basis=Basis.OBJECTION).exclude(
        Exists(taken_back.exclude(basis=Basis.OBJECTION))
    )
    objections = standing.order_by("lead").values("lead")
    everywhere = objections.annotate(channels=Count("channel", distinct=True)).filter(channels=len(Channel.values))
    Hold.objects.bulk_create(
        [Hold(lead_id=row["lead"], reason=Hold.Reason.OBJECTION, by=by, at=at) for row in everywhere] if leads else [],
        ignore_conflicts=True,
    )


def register_traits(traits: dict[str, tuple[str, str]]) -> None:
    """Make sure that each trait (name -> label, type) is in the catalogue; known ones stay as they are."""
    known = set(TraitField.objects.filter(name__in=traits).values_list("name", flat=True))
    fields = [TraitField(name=n, label=label, type=type_) for n, (label, type_) in traits.items() if n not in known]
    TraitField.objects.bulk_create(fields, ignore_conflicts=True)
