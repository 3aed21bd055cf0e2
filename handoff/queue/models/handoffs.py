"""The handoff: one passing of one lead to sales, and who had it when."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Activity, Lead
from handoff.people.models import Team, User
from handoff.sla.models import Policy
from scoring.models import Publication


class Route(models.TextChoices):
    """How a handoff came about."""

    SCORE = "score", _("score")
    FAST_LANE = "fast_lane", _("fast lane")
    PRODUCT = "product", _("product")
    MANUAL = "manual", _("by hand")


class Verdict(models.TextChoices):
    """How a handoff ends."""

    QUALIFIED = "qualified", _("qualified")
    DISQUALIFIED = "disqualified", _("disqualified")
    COOLED = "cooled", _("cooled")
    LAPSED = "lapsed", _("lapsed")
    MERGED = "merged", _("merged")


def _seen_while_open_by(user: User) -> Q:
    own_teams = Q(team_id__in=user.team_ids())
    mine = Q(claimed_by=user) | Q(claimed_by=None, assigned_to=user)
    if user.is_manager:
        return own_teams | mine
    return mine | (own_teams & Q(claimed_by=None, assigned_to=None, closed_at=None))


class HandoffQuerySet(models.QuerySet["Handoff"]):
    """Questions about handoffs."""

    def open(self) -> Self:
        """Return those without a verdict."""
        return self.filter(closed_at=None)

    def waiting(self) -> Self:
        """Return the open ones that nobody has accepted."""
        return self.filter(claimed_by=None, closed_at=None)

    def unclaimed(self) -> Self:
        """Return the waiting ones that nobody was given either: whoever takes one first has it."""
        return self.waiting().filter(assigned_to=None)

    def by_score_alone(self) -> Self:
        """Return the waiting ones that came by score, and about which no person has said or asked anything."""
        return self.waiting().filter(route=Route.SCORE, touched_at=None, raised_at=None, reopened_at=None)

    def cooling(self) -> Self:
        """Return those of them that end once their lead's score no longer holds; a sample never did."""
        return self.by_score_alone().filter(sample=None)

    def sent_back(self) -> Self:
        """Return those that a step of their ladder sent back to nurture."""
        return self.filter(verdict=Verdict.LAPSED, clocks__fired_steps__step__action="nurture").distinct()

    def silent(self) -> Self:
        """Return those that lapsed because nobody answered."""
        return self.filter(verdict=Verdict.LAPSED).exclude(clocks__fired_steps__step__action="nurture")

    def held_by(self, user: User) -> Self:
        """Return those that `user` accepted or was given."""
        return self.filter(Q(claimed_by=user) | Q(claimed_by=None, assigned_to=user))

    def visible_to(self, user: User) -> Self:
        """Return the handoffs that `user` may see: the one way for pages, API, exports and reports to fetch them."""
        if user.is_admin or user.is_marketer:
            return self
        # Who takes an SQL on sees the handoff that it came from.
        return self.filter(_seen_while_open_by(user) | Q(qualification__takes_over=user))

    def open_to(self, user: User) -> Self:
        """Return the open ones among those: before there is a verdict nothing needs joining, so that an index does."""
        found = self.open()
        return found if user.is_admin or user.is_marketer else found.filter(_seen_while_open_by(user))

    def once_visible_to(self, user: User) -> Self:
        """Return those and what colleagues took from the queues of `user`: who claims too late hears who was first."""
        return self.visible_to(user) | self.filter(team_id__in=user.team_ids())

    def awake(self, at: datetime) -> Self:
        """Return those that are not snoozed at `at`."""
        return self.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=at))

    def by_urgency(self) -> Self:
        """Order by what is lost by waiting: due first, then the highest score."""
        return self.order_by("-priority", F("due_at").asc(nulls_last=True), "-total", "id")


class Handoff(models.Model):
    """One passing of one lead to sales. Score and reasons are frozen as they were at `opened_at`."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="handoffs")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="handoffs")
    route = models.CharField(_("route"), max_length=10, choices=Route.choices)
    opened_at = models.DateTimeField(_("handed over at"))
    raised_at = models.DateTimeField(null=True, help_text=_("When the lead last asked for contact while it was open."))
    trigger = models.ForeignKey(Activity, on_delete=models.SET_NULL, null=True, related_name="+")
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    opening_note = models.CharField(max_length=300, blank=True)
    # The version that both teams had signed by then; feedback, which knows it, writes it here.
    agreement = models.PositiveIntegerField(null=True)
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, null=True, related_name="+")
    is_paced = models.BooleanField(default=False, help_text=_("Handed over by the pace of its publication."))
    total = models.FloatField(_("score"))
    fit = models.FloatField()
    interest = models.FloatField()
    timing = models.FloatField()
    grade = models.CharField(max_length=2)
    reasons = models.JSONField(default=list)  # entries as the contract names them
    source = models.CharField(_("source"), max_length=120, blank=True)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, null=True, related_name="+")
    priority = models.PositiveSmallIntegerField(default=0, help_text=_("Raised by the ladder: on top of the queue."))

    assigned_to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="assigned_handoffs")
    claimed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="claimed_handoffs")
    claimed_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text=_("When its holder first opened it."))
    # What lists order and filter by, kept by the acts that change it.
    due_at = models.DateTimeField(null=True, help_text=_("When the first running clock or the next step is due."))
    touched_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(null=True)
    touches_count = models.PositiveIntegerField(default=0)
    next_step_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    lapses_at = models.DateTimeField(null=True, help_text=_("When six weeks without an answer are over."))
    lapse_warned_at = models.DateTimeField(null=True)
    reopened_at = models.DateTimeField(null=True, help_text=_("When a manager overturned its verdict."))
    closed_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True)
    is_imported_history = models.BooleanField(default=False, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = HandoffQuerySet.as_manager()

    class Meta:
        verbose_name = _("handoff")
        verbose_name_plural = _("handoffs")
        constraints = [
            models.UniqueConstraint(fields=["lead"], condition=Q(closed_at=None), name="one_open_handoff_per_lead"),
            models.CheckConstraint(
                condition=Q(closed_at=None, verdict="") | (Q(closed_at__isnull=False) & ~Q(verdict="")),
                name="closed_with_a_verdict",
            ),
        ]
        indexes = [
            # The queue page's views.
            models.Index(fields=["claimed_by", "due_at"], condition=Q(closed_at=None), name="queue_mine"),
            models.Index(fields=["assigned_to", "due_at"], condition=Q(closed_at=None), name="queue_assigned"),
            models.Index(fields=["team", "due_at"], condition=Q(closed_at=None), name="queue_of_team"),
            # The reports' cohorts.
            models.Index(fields=["opened_at"], name="handoff_cohort"),
            # The tick that notes the agreement's version.
            models.Index(fields=["opened_at"], condition=Q(agreement=None), name="handoff_without_agreement"),
            # The tick that ends six weeks of silence.
            models.Index(
                fields=["lapses_at"], condition=Q(closed_at=None, lapses_at__isnull=False), name="handoff_lapsing"
            ),
            # The ticks that remind of next steps and that end snoozes.
            models.Index(fields=["next_step_at"], condition=Q(next_step_at__isnull=False), name="handoff_next_step"),
            models.Index(fields=["snoozed_until"], condition=Q(snoozed_until__isnull=False), name="handoff_snoozed"),
        ]

    def __str__(self) -> str:
        return f"{self.lead} · {self.get_route_display()} {self.opened_at:%Y-%m-%d}"

    @property
    def holder(self) -> User | None:
        """Whoever accepted it, else was given it."""
        return self.claimed_by or self.assigned_to

    @property
    def holder_id(self) -> int | None:
        """The id of the holder."""
        return self.claimed_by_id or self.assigned_to_id

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its verdict."""
        return self.closed_at is None


class Assignment(models.Model):
    """Who held a handoff from when to when, and how it came to them."""

    class How(models.TextChoices):
        ROTATION = "rotation", _("given in turn")
        MEMORY = "memory", _("had this lead before")
        LADDER = "ladder", _("given on by the ladder")
        ABSENCE = "absence", _("stands in for somebody away")
        COLLEAGUE = "company", _("already in contact with the company")
        MANAGER = "manager", _("given by a manager")
        CLAIM = "claim", _("taken")
        PASS = "pass", _("passed on by a colleague")

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="assignments")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    how = models.CharField(max_length=10, choices=How.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["handoff"], condition=Q(ended_at=None), name="one_holder_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.started_at:%Y-%m-%d %H:%M}"
