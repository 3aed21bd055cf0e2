"""Calendars and policies: values in, instants out; nothing here knows a handoff."""

import hashlib
import json
from dataclasses import dataclass
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from handoff.people.models import Team, User
from handoff.sla.clock import Hours, Opening
from handoff.sla.clock import Target as ClockTarget
from handoff.sla.ladder import Rung


class Calendar(models.Model):
    """Business hours in a time zone, with closed days."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Europe/Amsterdam")
    country = models.CharField(_("holidays of country"), max_length=2, blank=True, help_text=_("Such as NL or DE."))
    region = models.CharField(_("region"), max_length=10, blank=True, help_text=_("Such as BY for Bavaria."))

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def hours(self) -> Hours:
        """Return the calendar as a value for the clock."""
        openings = tuple(Opening(o.weekday, o.opens, o.closes) for o in self.openings.all())
        return Hours(self.time_zone, openings, frozenset(day.date for day in self.closed_days.all()))


class CalendarOpening(models.Model):
    """One open interval of a weekday, in minutes after midnight; past midnight counts on."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="openings")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=WEEKDAYS)
    opens = models.PositiveSmallIntegerField(_("opens"), validators=[MaxValueValidator(1439)])
    closes = models.PositiveSmallIntegerField(_("closes"), validators=[MinValueValidator(1), MaxValueValidator(2880)])

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(condition=models.Q(closes__gt=models.F("opens")), name="closes_after_it_opens")
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens // 60}:{self.opens % 60:02}"


class ClosedDay(models.Model):
    """A day on which a calendar is closed: a public holiday that was copied in, or a day of our own."""

    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="closed_days")
    date = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="closed_once_a_day")]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class TeamCalendar(models.Model):
    """The hours in which a team works."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="working_hours")
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="teams")

    class Meta:
        verbose_name = _("team's calendar")
        verbose_name_plural = _("teams' calendars")

    def __str__(self) -> str:
        return f"{self.team}: {self.calendar}"


class PersonCalendar(models.Model):
    """The hours in which one person works, where they are not their team's."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="working_hours")
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="people")

    class Meta:
        verbose_name = _("person's calendar")
        verbose_name_plural = _("people's calendars")

    def __str__(self) -> str:
        return f"{self.user}: {self.calendar}"


class PinnedHours(models.Model):
    """A calendar as it was when a clock started; equal ones share a row and none ever changes."""

    digest = models.CharField(max_length=64, unique=True)
    value = models.JSONField()

    class Meta:
        verbose_name = _("pinned hours")
        verbose_name_plural = _("pinned hours")

    def __str__(self) -> str:
        return self.digest[:8]

    @classmethod
    def of(cls, hours: Hours) -> "PinnedHours":
        """Return the row that holds `hours`, making it if it is new."""
        value = hours.to_json()
        digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
        return cls.objects.get_or_create(digest=digest, defaults={"value": value})[0]

    def hours(self) -> Hours:
        """Return the pinned hours as a value for the clock."""
        return Hours.from_json(self.value)


class PolicyQuerySet(models.QuerySet["Policy"]):
    """Questions about policies."""

    def in_force(self) -> Self:
        """Return the versions that new handoffs start under, first match first."""
        return self.filter(retired_at=None).order_by("position", "id")


@dataclass(frozen=True)
class Covered:
    """What a policy asks of a handoff: `team` is a slug, `country` that of the person, else of the company."""

    route: str
    source: str = ""
    grade: str = ""
    total: float = 0.0
    team: str = ""
    country: str = ""


class Policy(models.Model):
    """One version of an agreement: which handoffs it covers, how much time each metric has, and what follows."""

    class Hours(models.TextChoices):
        TEAM = "team", _("the team's calendar")
        REP = "rep", _("the rep's calendar")
        ALWAYS = "always", _("around the clock")

    class ReturnsTo(models.TextChoices):
        SAME = "same", _("whoever had it before")
        OTHER = "other", _("somebody else")

    slug = models.SlugField(_("short name"))
    name = models.CharField(_("name"), max_length=80)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    position = models.PositiveSmallIntegerField(_("position"), default=100, help_text=_("The first match wins."))
    routes = models.JSONField(_("routes"), default=list, blank=True, help_text=_("None chosen: all of them."))
    sources = models.JSONField(_("sources"), default=list, blank=True)
    grades = models.JSONField(_("grades"), default=list, blank=True, help_text=_("Such as A or B1."))
    teams = models.JSONField(_("teams"), default=list, blank=True)  # their slugs
    countries = models.JSONField(_("countries"), default=list, blank=True)
    score_min = models.FloatField(_("score from"), null=True, blank=True)
    score_max = models.FloatField(_("score below"), null=True, blank=True)
    counted_in = models.CharField(_("counted in"), max_length=10, choices=Hours.choices, default=Hours.TEAM)
    attempts = models.PositiveSmallIntegerField(
        _("attempts wanted"), default=6, help_text=_("With fewer, a lead that stays silent for six weeks is a breach.")
    )
    attempt_days = models.PositiveSmallIntegerField(_("spread over days"), default=14)
    snoozes_at_most = models.PositiveSmallIntegerField(_("snoozes at most"), default=3)
    snooze_days_at_most = models.PositiveSmallIntegerField(_("days of a snooze at most"), default=60)
    returns_to = models.CharField(
        _("a lead that comes back goes to"), max_length=10, choices=ReturnsTo.choices, default=ReturnsTo.SAME
    )
    returns_at_most = models.PositiveSmallIntegerField(
        _("comes back at most"),
        default=3,
        help_text=_("Times; after that only a request for contact brings a lead back."),
    )
    created_at = models.DateTimeField(_("created at"), editable=False)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True, editable=False)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["position", "slug", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["slug", "version"], name="one_row_per_policy_version"),
            models.UniqueConstraint(
                fields=["slug"], condition=models.Q(retired_at=None), name="one_policy_version_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (v{self.version})"

    def covers(self, handoff: Covered) -> bool:
        """Return whether such a handoff falls under this policy."""
        return (
            _is_among(handoff.route, self.routes)
            and _is_among(handoff.source.casefold(), [source.casefold() for source in self.sources])
            and _is_among(handoff.team, self.teams)
            and _is_among(handoff.country, self.countries)
            and (not self.grades or any(handoff.grade.startswith(grade) for grade in self.grades))
            and (self.score_min is None or handoff.total >= self.score_min)
            and (self.score_max is None or handoff.total < self.score_max)
        )

    @property
    def covers_everything(self) -> bool:
        """Whether no handoff is outside it."""
        lists = (self.routes, self.sources, self.grades, self.teams, self.countries)
        return not any(lists) and self.score_min is None and self.score_max is None


def _is_among(value: str, wanted: list[str]) -> bool:
    return not wanted or value in wanted


class Metric(models.TextChoices):
    """What a clock measures."""

    FIRST_TOUCH = "first_touch", _("first touch")
    CONNECT = "connect", _("connect")
    VERDICT = "verdict", _("verdict")
    TAKEOVER = "takeover", _("takeover")


class Target(models.Model):
    """How much time one metric of a policy has."""

    class Unit(models.TextChoices):
        MINUTES = "minutes", _("minutes")
        HOURS = "hours", _("hours")
        DAYS = "days", _("days")

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="targets")
    metric = models.CharField(_("metric"), max_length=20, choices=Metric.choices)
    amount = models.PositiveIntegerField(_("amount"), validators=[MinValueValidator(1)])
    unit = models.CharField(_("unit"), max_length=10, choices=Unit.choices, default=Unit.HOURS)
    # Which touches stop the clock; none named: every channel, and every outcome that the metric is about.
    channels = models.JSONField(_("channels that count"), default=list, blank=True)
    outcomes = models.JSONField(_("outcomes that count"), default=list, blank=True)
    needs_proof = models.BooleanField(_("only with evidence or a note"), default=True)

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["policy", "metric"], name="one_target_per_metric")]

    def __str__(self) -> str:
        return f"{self.get_metric_display()}: {self.amount} {self.get_unit_display()}"

    def is_met_by(self, *, channel: str, outcome: str, is_connect: bool, has_proof: bool) -> bool:
        """Return whether such a touch of a person stops a clock that runs to this target."""
        if self.metric not in {Metric.FIRST_TOUCH, Metric.CONNECT} or (self.needs_proof and not has_proof):
            return False
        if self.channels and channel not in self.channels:
            return False
        if self.outcomes:
            return outcome in self.outcomes
        return is_connect or self.metric == Metric.FIRST_TOUCH

    def for_clock(self) -> ClockTarget:
        """Return the target as a value for the clock."""
        return ClockTarget(self.amount, self.unit)  # type: ignore[arg-type]


class LadderStep(models.Model):
    """One rung of a policy's ladder: what happens while a clock of `metric` still runs, and when.

    Either at `share` percent of the business time from start to due, or `offset` business minutes from due, before it
    where negative.
    """

    class Action(models.TextChoices):
        TELL_OWNER = "tell_owner", _("tell whoever has it")
        TELL_TEAM = "tell_team", _("tell the team")
        TELL_MANAGER = "tell_manager", _("tell the managers")
        NEXT_REP = "next_rep", _("give it to the next rep")
        BACK_TO_TEAM = "back_to_team", _("give it back to the team")
        RAISE = "raise", _("put it on top of the queue")
        NURTURE = "nurture", _("send it back to nurture")

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="ladder")
    metric = models.CharField(_("metric"), max_length=20, choices=Metric.choices)
    share = models.PositiveSmallIntegerField(_("at percent of the target"), null=True, blank=True)
    offset = models.IntegerField(_("or minutes from due"), null=True, blank=True)
    action = models.CharField(_("what happens"), max_length=20, choices=Action.choices)

    class Meta:
        verbose_name = _("step of the ladder")
        verbose_name_plural = _("ladder")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(share=None, offset__isnull=False) | models.Q(share__isnull=False, offset=None),
                name="share_or_offset",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_display()}: {self.get_action_display()}"

    def rung(self) -> Rung:
        """Return the step as a value for the ladder."""
        return Rung(self.pk, self.metric, self.action, self.share, self.offset)
