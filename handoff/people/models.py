"""People: who works here, in which teams, with which rights."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from handoff.people.rights import permits


class Role(models.TextChoices):
    """What somebody does here; DESIGN's table of acts hangs on it."""

    REP = "rep", _("sales rep")
    MARKETER = "marketer", _("marketer")
    MANAGER = "manager", _("manager")
    ADMIN = "admin", _("administrator")


class Team(models.Model):
    """A sales team: it gets the leads of its countries, and the default team gets the rest."""

    class Giving(models.TextChoices):
        PULL = "pull", _("reps take leads themselves")
        ROTATION = "rotation", _("leads are given in turn")

    class Names(models.TextChoices):
        OFF = "off", _("no figures per person")
        GROUPS = "groups", _("in groups of at least five")
        NAMED = "named", _("named")

    class OnAbsence(models.TextChoices):
        KEEP = "keep", _("stay with them")
        TEAM = "team", _("go back to the team")
        NEXT = "next", _("go to the next rep")

    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(unique=True)
    countries = models.JSONField(_("countries"), default=list, blank=True, help_text=_("Two-letter codes, such as NL."))
    territory = models.JSONField(_("territory"), null=True, blank=True)  # a condition over profile facts
    position = models.PositiveSmallIntegerField(_("position"), default=100, help_text=_("The first match wins."))
    is_default = models.BooleanField(_("gets everything unrouted"), default=False)
    giving = models.CharField(_("giving"), max_length=10, choices=Giving.choices, default=Giving.PULL)
    on_absence = models.CharField(
        _("open leads of who is away"), max_length=10, choices=OnAbsence.choices, default=OnAbsence.TEAM
    )
    keeps_odd_stops = models.BooleanField(
        _("list stops that look made for the clock"),
        default=False,
        help_text=_("Only with the team's agreement."),
    )
    turn = models.BigIntegerField(default=0, editable=False)  # how far its rotation has come
    names_in_reports = models.CharField(_("names in reports"), max_length=10, choices=Names.choices, default=Names.OFF)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=models.Q(is_default=True), name="one_default_team")
        ]

    def __str__(self) -> str:
        return self.name


class UserQuerySet(models.QuerySet["User"]):
    """Questions about people."""

    def reps_of(self, team: Team) -> Self:
        """Return the active reps of `team`."""
        return self.filter(is_active=True, role=Role.REP, memberships__team=team)

    def managers_of(self, team: Team | None) -> Self:
        """Return the active managers of `team`; without a team, or where it has none, the administrators."""
        found = self.filter(is_active=True, role=Role.MANAGER, memberships__team=team)
        return found if team and found.exists() else self.filter(is_active=True, role=Role.ADMIN)


class PeopleManager(UserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes people, and answers the questions about them."""


class User(AbstractUser):
    """Somebody who signs in."""

    class NoticeMail(models.TextChoices):
        AT_ONCE = "at_once", _("at once")
        DIGEST = "digest", _("once a morning")
        NEVER = "never", _("never")

    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.REP)
    teams = models.ManyToManyField(Team, through="Membership", related_name="people")
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=40, default="Europe/Amsterdam")
    notice_mail = models.CharField(
        _("notices by mail"), max_length=10, choices=NoticeMail.choices, default=NoticeMail.AT_ONCE
    )

    objects = PeopleManager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def is_rep(self) -> bool:
        """Whether they work leads themselves."""
        return self.role == Role.REP

    @property
    def is_marketer(self) -> bool:
        """Whether they own the scoring rules."""
        return self.role == Role.MARKETER

    @property
    def is_manager(self) -> bool:
        """Whether they lead teams."""
        return self.role == Role.MANAGER

    @property
    def is_admin(self) -> bool:
        """Whether everything is open to them."""
        return self.is_superuser or self.role == Role.ADMIN

    def team_ids(self) -> list[int]:
        """Return the ids of their teams, asked once per object."""
        if not hasattr(self, "_team_ids"):
            self._team_ids = list(self.memberships.values_list("team_id", flat=True))
        return self._team_ids

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return whether the role permits `perm`; the admin site asks this."""
        return self.is_active and (self.is_admin or permits(self.role, perm))

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether the admin site shows this part at all."""
        return self.is_active and (self.is_admin or permits(self.role, f"{app_label}.view_"))


class Membership(models.Model):
    """A person in a team, with their share of a rotation and how many open leads they can carry."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    share = models.PositiveSmallIntegerField(_("share"), default=1)
    capacity = models.PositiveSmallIntegerField(_("capacity"), default=30, help_text=_("Open leads at a time."))
    turn = models.BigIntegerField(default=0, editable=False)  # when their next turn is, on the team's own scale

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="once_in_a_team")]

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Questions about absences."""

    def at(self, at: datetime) -> Self:
        """Return those that last at `at`."""
        return self.filter(starts_at__lte=at).exclude(ends_at__lte=at)


class Absence(models.Model):
    """A person is away from `starts_at` until before `ends_at`, or until they say that they are back."""

    class Kind(models.TextChoices):
        LEAVE = "leave", _("on leave")
        SICK = "sick", _("sick")
        OTHER = "other", _("away")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.LEAVE)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(editable=False)
    handed_on_at = models.DateTimeField(null=True, editable=False)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gt=models.F("starts_at")),
                name="ends_after_it_starts",
            )
        ]
        indexes = [
            models.Index(fields=["user", "starts_at"], name="absence_by_person"),
            # The tick that hands on the leads of who is away.
            models.Index(fields=["starts_at"], condition=models.Q(handed_on_at=None), name="absence_to_hand_on"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_kind_display()} {self.starts_at:%Y-%m-%d}"


class SavedView(models.Model):
    """A working list: a page with its filters, under a name of its owner's."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=40)  # the name of its address
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=500)
    is_weekly = models.BooleanField(_("in the weekly mail"), default=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("working list")
        verbose_name_plural = _("working lists")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "page", "name"], name="one_working_list_per_name")]
        # The tick that mails chosen views.
        indexes = [models.Index(fields=["user"], condition=models.Q(is_weekly=True), name="view_to_mail")]

    def __str__(self) -> str:
        return self.name


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Questions about tokens."""

    def valid(self, at: datetime) -> Self:
        """Return the tokens that open the door at `at`."""
        alive = models.Q(expires_at=None) | models.Q(expires_at__gt=at)
        return self.filter(alive, revoked_at=None, user__is_active=True)


class ApiToken(models.Model):
    """A key to the API with its owner's rights, kept only as a digest."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list, blank=True)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    last_used_on = models.DateField(_("last used on"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.user}: {self.name or self.digest[:8]}"
