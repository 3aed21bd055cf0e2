"""Leads and their companies, and how far each has come."""

from datetime import UTC
from decimal import Decimal
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from handoff.leads.likeness import CALLED, MAILBOX
from handoff.people.models import Team, User
from scoring.models import Challenge


class Stage(models.TextChoices):
    """How far a lead has come; the last three stand beside the road."""

    SUBSCRIBER = "subscriber", _("subscriber")
    LEAD = "lead", _("lead")
    MQL = "mql", _("MQL")
    SQL = "sql", _("SQL")
    OPPORTUNITY = "opportunity", _("opportunity")
    CUSTOMER = "customer", _("customer")
    NURTURE = "nurture", _("nurture")
    DISQUALIFIED = "disqualified", _("disqualified")
    LOST = "lost", _("lost")


HANDED_OVER_FROM = (Stage.SUBSCRIBER, Stage.LEAD, Stage.NURTURE, Stage.LOST)


class Company(models.Model):
    """Where leads work. Found by its domain, else by its name."""

    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("domain"), max_length=200, unique=True, null=True, blank=True)
    industry = models.CharField(_("industry"), max_length=120, blank=True)
    employees = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    annual_revenue = models.DecimalField(_("annual revenue"), max_digits=16, decimal_places=2, null=True, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        indexes = [models.Index(fields=["name"], name="company_by_name")]

    def __str__(self) -> str:
        return self.name


class LeadQuerySet(models.QuerySet["Lead"]):
    """Questions about leads."""

    def visible_to(self, user: User) -> Self:
        """Return the leads that `user` may see: the one way for pages, API, exports and reports to fetch them."""
        if user.is_admin or user.is_marketer:
            return self
        own_teams = Q(team_id__in=user.team_ids())
        if user.is_manager:
            return self.filter(own_teams | Q(owner=user))
        return self.filter(Q(owner=user) | (own_teams & Q(owner=None)))

    def can_be_handed_over(self) -> Self:
        """Return those on whom a crossing opens a handoff: subscribers, leads, and woken nurture or lost ones."""
        asleep = Q(stage__in=[Stage.NURTURE, Stage.LOST], woken_at=None)
        return (
            self.filter(stage__in=HANDED_OVER_FROM)
            .exclude(asleep)
            .exclude(holds__released_at=None, holds__isnull=False)
        )


class Lead(models.Model):
    """A person who may buy. Known by `external_id` and/or `email`, both kept in one spelling."""

    external_id = models.CharField(_("external id"), max_length=120, unique=True, null=True, blank=True)
    email = models.EmailField(_("e-mail"), unique=True, null=True, blank=True)
    first_name = models.CharField(_("first name"), max_length=120, blank=True)
    last_name = models.CharField(_("last name"), max_length=120, blank=True)
    title = models.CharField(_("job title"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    company = models.ForeignKey(Company, on_delete=models.SET_NULL, null=True, blank=True, related_name="leads")
    traits = models.JSONField(_("traits"), default=dict, blank=True)
    source = models.CharField(_("latest source"), max_length=120, blank=True)
    original_source = models.CharField(_("original source"), max_length=120, blank=True)
    campaign = models.CharField(_("campaign"), max_length=120, blank=True)
    # Derived facts are stored at write, so that a rule reads what was true then.
    email_is_free = models.BooleanField(_("free e-mail address"), null=True, editable=False)
    email_is_disposable = models.BooleanField(_("disposable e-mail address"), null=True, editable=False)
    # By these two, beside the phone, leads are found that may be the same person.
    mailbox = models.GeneratedField(expression=MAILBOX, output_field=models.CharField(max_length=254), db_persist=True)
    called = models.GeneratedField(expression=CALLED, output_field=models.CharField(max_length=241), db_persist=True)

    stage = models.CharField(_("stage"), max_length=12, choices=Stage.choices, default=Stage.SUBSCRIBER)
    stage_since = models.DateTimeField(_("in this stage since"))
    woken_at = models.DateTimeField(_("woken at"), null=True, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="leads", null=True, verbose_name=_("team"))
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="leads", verbose_name=_("owner"))
    is_imported_history = models.BooleanField(default=False, editable=False)
    # Fixed at the first score: whose challenger scores them while it runs.
    challenge = models.ForeignKey(Challenge, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        indexes = [
            models.Index(fields=["team", "stage", "id"], name="lead_by_team"),
            models.Index(fields=["owner"], name="lead_by_owner"),
            models.Index(fields=["-created_at", "-id"], name="lead_newest"),
            models.Index(fields=["stage", "stage_since"], name="lead_by_stage"),
            models.Index(fields=["challenge"], condition=Q(challenge__isnull=False), name="lead_by_challenge"),
            # The list of leads that may be the same person.
            models.Index(fields=["mailbox"], condition=Q(mailbox__isnull=False), name="lead_by_mailbox"),
            models.Index(fields=["phone"], condition=~Q(phone=""), name="lead_by_phone"),
            models.Index(
                fields=["company", "called"],
                condition=Q(company__isnull=False, called__isnull=False),
                name="lead_by_company_and_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name to call them by: their own, else their address or id."""
        return called(self.first_name, self.last_name, self.email, self.external_id, pk=self.pk)

    @property
    def is_asleep(self) -> bool:
        """Whether they rest beside the road until something wakes them."""
        return self.stage in {Stage.NURTURE, Stage.LOST} and self.woken_at is None


def called(first_name: str, last_name: str, email: str | None, external_id: str | None, *, pk: int) -> str:
    """Return the name to call somebody by: their own, else their address or id."""
    return " ".join(filter(None, [first_name, last_name])) or email or external_id or f"#{pk}"


class LeadAlias(models.Model):
    """What a lead was known by that was merged into another: `key` names its id as identities.py spells them."""

    key = models.CharField(max_length=260, unique=True)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="aliases")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("former id of a lead")
        verbose_name_plural = _("former ids of leads")

    def __str__(self) -> str:
        return f"{self.key} → {self.lead_id}"


class LeadChange(models.Model):
    """What a lead's profile said before a change, so that the past can be read back."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    before = models.JSONField()  # fact name -> value as the engine read it
    # Of a lead that was merged into this one: kept on record, but it is not what this one's profile said.
    of_merged = models.PositiveBigIntegerField(null=True)

    class Meta:
        verbose_name = _("change of a lead")
        verbose_name_plural = _("changes of leads")
        indexes = [models.Index(fields=["lead", "-at", "-id"], name="change_by_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.at}: {', '.join(self.before)}"


PROFILE_TEXTS = ("title", "country", "language", "source", "original_source", "campaign", "email", "phone")


def profile_of(lead: Lead) -> dict[str, Any]:
    """Return the facts that a lead's own row holds, by the names that rules use."""
    company = lead.company
    facts: dict[str, Any] = {name: getattr(lead, name) or None for name in PROFILE_TEXTS}
    facts |= {"email_is_free": lead.email_is_free, "email_is_disposable": lead.email_is_disposable}
    facts["created_on"] = lead.created_at.astimezone(UTC).date().isoformat()
    facts |= {
        "company.name": company.name if company else None,
        "company.domain": company.domain if company else None,
        "company.industry": (company.industry or None) if company else None,
        "company.employees": company.employees if company else None,
        "company.annual_revenue": _float(company.annual_revenue) if company else None,
        "company.country": (company.country or None) if company else None,
    }
    return facts | {f"traits.{name}": value for name, value in lead.traits.items()}


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


class TraitField(models.Model):
    """A trait that was seen on leads, with the type its values are compared as."""

    class Type(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        YES_NO = "yes_no", _("yes or no")
        DATE = "date", _("date")
        CHOICE = "choice", _("one of a list")
        CHOICES = "choices", _("several of a list")

    name = models.CharField(_("name"), max_length=120, unique=True)
    label = models.CharField(_("label"), max_length=120)
    type = models.CharField(_("type"), max_length=10, choices=Type.choices)

    class Meta:
        verbose_name = _("trait")
        verbose_name_plural = _("traits")
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label
