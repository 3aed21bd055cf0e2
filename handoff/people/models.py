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

    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(unique=True)
    countries = models.JSONField(_("countries"), default=list, blank=True, help_text=_("Two-letter codes, such as NL."))
    is_default = models.BooleanField(_("gets everything unrouted"), default=False)
    giving = models.CharField(_("giving"), max_length=10, choices=Giving.choices, default=Giving.PULL)
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

    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.REP)
    teams = models.ManyToManyField(Team, through="Membership", related_name="people")
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=40, default="Europe/Amsterdam")

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

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="once_in_a_team")]

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"


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
