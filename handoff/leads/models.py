"""Leads, their companies, what they did, what may be done with them, and their stored score."""

from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from handoff.leads.likeness import CALLED, MAILBOX
from handoff.people.models import Team, User
from scoring.models import Challenge, Publication


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


class Kind(models.TextChoices):
    """What a lead can do. Others may be sent too; these have a name and an icon."""

    PAGE_VIEW = "page_view", _("page view")
    CONTENT_DOWNLOAD = "content_download", _("download")
    FORM_SUBMISSION = "form_submission", _("form")
    CONTACT_REQUEST = "contact_request", _("contact request")
    DEMO_REQUEST = "demo_request", _("demo request")
    TRIAL_STARTED = "trial_started", _("trial started")
    PRODUCT_USE = "product_use", _("product use")
    EMAIL_DELIVERED = "email_delivered", _("e-mail delivered")
    EMAIL_OPENED = "email_opened", _("e-mail opened")
    EMAIL_CLICKED = "email_clicked", _("e-mail clicked")
    EMAIL_BOUNCED = "email_bounced", _("e-mail bounced")
    UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
    WEBINAR_REGISTERED = "webinar_registered", _("webinar registration")
    WEBINAR_ATTENDED = "webinar_attended", _("webinar attended")
    EVENT_ATTENDED = "event_attended", _("event attended")
    SOCIAL_ENGAGEMENT = "social_engagement", _("social engagement")
    AD_CLICK = "ad_click", _("ad click")
    CALL = "call", _("call")
    MEETING = "meeting", _("meeting")


MAIL_KINDS = frozenset(
    {Kind.EMAIL_DELIVERED, Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED, Kind.EMAIL_BOUNCED, Kind.UNSUBSCRIBED}
)


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


HANDED_OVER_FROM = (Stage.SUBSCRIBER, Stage.LEAD, Stage.NURTURE, Stage.LOST)


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


class Activity(models.Model):
    """Something a lead did at a time. Never changed; (source, source_id) comes in once."""

    # The index on the lead and the time serves the lead alone too.
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, null=True, related_name="activities", db_index=False)
    source = models.CharField(_("source"), max_length=60)
    source_id = models.CharField(_("id at the source"), max_length=120)
    kind = models.CharField(_("kind"), max_length=40)
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"))
    properties = models.JSONField(_("properties"), default=dict)
    is_machine = models.BooleanField(_("made by a machine"), default=False)
    # Until their lead is known, activities wait under what identifies it.
    waits_for = models.JSONField(null=True, editable=False)
    waits_key = models.CharField(max_length=260, blank=True, editable=False)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        constraints = [models.UniqueConstraint(fields=["source", "source_id"], name="one_activity_per_source_and_id")]
        indexes = [
            # Scoring and the timeline read one lead's activities in order.
            models.Index(fields=["lead", "occurred_at"], name="activity_by_lead"),
            # A new lead collects what waited for it.
            models.Index(fields=["waits_key"], condition=Q(lead=None), name="activity_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d %H:%M}"

    def kind_label(self) -> str:
        """Return the kind in words."""
        return str(dict(Kind.choices).get(self.kind, self.kind.replace("_", " ")))


class Channel(models.TextChoices):
    """How somebody may be reached."""

    EMAIL = "email", _("e-mail")
    PHONE = "phone", _("phone")


class Basis(models.TextChoices):
    """Why we may, or may not, use a channel."""

    OPT_IN = "opt_in", _("opt-in")
    REQUEST = "request", _("asked for it")
    CUSTOMER = "customer", _("existing customer")
    INTEREST = "legitimate_interest", _("legitimate interest")
    OBJECTION = "objection", _("objection")


class Consent(models.Model):
    """One word about a channel, kept for good; an objection outweighs whatever came before it."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    basis = models.CharField(max_length=20, choices=Basis.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["lead", "channel", "at"], name="consent_by_lead")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.basis}"


class ExclusionQuerySet(models.QuerySet["Exclusion"]):
    """Questions about the exclusion list."""

    def standing(self, at: datetime) -> Self:
        """Return the entries that hold whoever they match at `at`."""
        return self.filter(ended_at=None).exclude(expires_at__lte=at)


class Exclusion(models.Model):
    """An entry of the exclusion list: whoever it matches is held from the moment they are known."""

    class Kind(models.TextChoices):
        DOMAIN = "domain", _("domain, with those below it")
        EMAIL = "email", _("e-mail address")
        COMPANY = "company", _("company name")
        TITLE = "title", _("text within the job title")

    class Why(models.TextChoices):
        COMPETITOR = "competitor", _("competitor")
        OWN = "own", _("one of us")
        STUDENT = "student", _("student")
        APPLICANT = "applicant", _("job applicant")
        OTHER = "other", _("another reason")

    kind = models.CharField(_("looks at"), max_length=10, choices=Kind.choices)
    value = models.CharField(_("pattern"), max_length=254)  # in the one spelling that exclusions.py gives it
    why = models.CharField(_("why"), max_length=12, choices=Why.choices)
    note = models.CharField(_("note"), max_length=300, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("since"))
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    # When the last of those who were known already was held by it.
    applied_at = models.DateTimeField(null=True, editable=False)

    objects = ExclusionQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the exclusion list")
        verbose_name_plural = _("exclusion list")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value"], condition=Q(ended_at=None), name="one_standing_exclusion_per_pattern"
            )
        ]

    def __str__(self) -> str:
        return f"{self.value} ({self.get_why_display()})"

    @property
    def last_moment(self) -> datetime | None:
        """The last moment at which it holds anybody: on its last day, where it ends with one."""
        return self.expires_at - timedelta(microseconds=1) if self.expires_at else None


class Hold(models.Model):
    """A lead kept out of the queue for a stated reason, until released."""

    class Reason(models.TextChoices):
        EXCLUDED = "excluded", _("on the exclusion list")
        PERSONA = "persona", _("negative persona")
        OBJECTION = "objection", _("objected to contact")
        BY_HAND = "by_hand", _("held by hand")

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="holds")
    reason = models.CharField(max_length=12, choices=Reason.choices)
    note = models.CharField(max_length=300, blank=True)
    # Which entry of the exclusion list, or which persona (its key, the same in every version), is the cause.
    exclusion = models.ForeignKey(Exclusion, on_delete=models.PROTECT, null=True, related_name="holds")
    persona = models.CharField(max_length=40, blank=True, editable=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    # Whom a person let through, the same entry or persona does not hold again.
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    release_note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "reason"], condition=Q(released_at=None), name="one_standing_hold_per_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.lead}: {self.get_reason_display()}"

    @property
    def said(self) -> str:
        """Why the lead is held, in words: the reason, and what caused it."""
        cause = str(self.exclusion) if self.exclusion_id else self.note
        return f"{self.get_reason_display()}: {cause}" if cause else str(self.get_reason_display())


class LeadScore(models.Model):
    """A lead's score as it was at `scored_at`, under one publication."""

    lead = models.OneToOneField(Lead, on_delete=models.CASCADE, primary_key=True, related_name="score")
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="+", db_index=False)
    total = models.FloatField(_("score"))
    fit = models.FloatField(_("fit"))
    interest = models.FloatField(_("interest"))
    timing = models.FloatField(_("timing"))
    grade = models.CharField(_("grade"), max_length=2)
    is_mql = models.BooleanField()
    is_moving = models.BooleanField()
    scored_at = models.DateTimeField()
    crosses_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        indexes = [
            # The tick that acts on crossings.
            models.Index(fields=["crosses_at"], condition=Q(crosses_at__isnull=False), name="score_crossing"),
            # The tick that rescores after a publication.
            models.Index(fields=["publication", "lead"], name="score_by_publication"),
            # The tick that refreshes what still moves.
            models.Index(fields=["scored_at"], condition=Q(is_moving=True), name="score_moving"),
            models.Index(fields=["-total"], name="score_highest"),
        ]

    def __str__(self) -> str:
        return f"{self.grade} {self.total:.0f}"


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
        "company.annual_revenue": float(company.annual_revenue) if company and company.annual_revenue else None,
        "company.country": (company.country or None) if company else None,
    }
    return facts | {f"traits.{name}": value for name, value in lead.traits.items()}


PROFILE_TEXTS = ("title", "country", "language", "source", "original_source", "campaign", "email", "phone")


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


class SourceAlias(models.Model):
    """A name under which a source comes in that is counted as another one."""

    name = models.CharField(_("name that comes in"), max_length=120)
    source = models.CharField(_("counts as"), max_length=120)

    class Meta:
        verbose_name = _("other name of a source")
        verbose_name_plural = _("other names of sources")
        ordering = ["source", "name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="one_meaning_per_name_of_a_source")]

    def __str__(self) -> str:
        return f"{self.name} → {self.source}"

    def clean(self) -> None:
        self.name, self.source = plain(self.name), plain(self.source)
        others = SourceAlias.objects.exclude(pk=self.pk)
        if self.name.casefold() == self.source.casefold():
            raise ValidationError({"source": _("A source is no other name of itself.")})
        if known := others.filter(name__iexact=self.source).first():
            message = _("“%(name)s” itself counts as “%(source)s”: choose that.")
            raise ValidationError({"source": message % {"name": known.name, "source": known.source}})
        if known := others.filter(source__iexact=self.name).first():
            message = _("“%(name)s” counts as this one: let it count as the other first.")
            raise ValidationError({"name": message % {"name": known.name}})


def plain(name: str) -> str:
    """Return a name without doubled or outer blanks."""
    return " ".join(name.split())


class SourceCost(models.Model):
    """What a source cost in a month, in one currency."""

    source = models.CharField(_("source"), max_length=120)
    month = models.DateField(_("month"), help_text=_("Any day of it."))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    currency = models.CharField(
        _("currency"), max_length=3, validators=[RegexValidator("^[A-Z]{3}$", _("Use three letters, such as EUR."))]
    )

    class Meta:
        verbose_name = _("cost of a source")
        verbose_name_plural = _("costs of sources")
        ordering = ["-month", "source", "currency"]
        constraints = [
            models.UniqueConstraint(Lower("source"), "month", "currency", name="one_cost_per_source_and_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="cost_of_a_whole_month"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="cost_of_zero_or_more"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.month:%Y-%m}: {self.amount} {self.currency}"

    def clean(self) -> None:
        self.source = plain(self.source)
        if self.month:
            self.month = self.month.replace(day=1)
