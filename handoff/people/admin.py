"""Support for people, teams and tokens."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from handoff.lib.admin import OwnRows, ReadOnlyAdmin, zone_choices
from handoff.outbox.audit import record
from handoff.people.absences import people_led_by
from handoff.people.forms import AbsenceForm, TeamForm
from handoff.people.models import Absence, ApiToken, Membership, Team, User
from handoff.people.revoking import revoke

# Roles decide about rights here; groups would only look as if they did.
admin.site.unregister(Group)


class MembershipInline(admin.StackedInline):  # type: ignore[type-arg]
    """Who is in which team."""

    model = Membership
    classes = ["one-line"]
    extra = 1  # a blank row, so that one can be added without script

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "team")


class TeamsOfPerson(MembershipInline):
    """The teams of one person."""

    fields = (("team", "share", "capacity"),)


class PeopleOfTeam(MembershipInline):
    """The people of one team."""

    fields = (("user", "share", "capacity"),)


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """People: their role decides what is open to them."""

    list_display = ("username", "first_name", "last_name", "role", "teams_named", "is_active", "last_login")
    list_filter = ("role", "is_active", "teams")
    search_fields = ("username", "first_name", "last_name", "email")
    filter_horizontal = ()
    inlines = [TeamsOfPerson]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email", "language", "time_zone")}),
        (
            _("Rights"),
            {
                "fields": ("role", "is_active", "is_staff"),
                "description": _("The role decides what they see and do; “staff” opens these pages to them."),
            },
        ),
        (_("Dates"), {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = (
        *(UserAdmin.add_fieldsets or ()),
        (None, {"fields": ("first_name", "last_name", "email", "role", "is_staff")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("teams")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer time zones to choose from: a mistyped one would break each of their pages."""
        if db_field.name == "time_zone":
            return forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("teams"))
    def teams_named(self, user: User) -> str:
        """Return the names of their teams."""
        return ", ".join(team.name for team in user.teams.all())


@admin.register(Team)
class TeamAdmin(OwnRows):
    """Teams; managers change their own."""

    form = TeamForm
    list_display = ("name", "countries_named", "position", "is_default", "giving", "on_absence", "names_in_reports")
    ordering = ("position", "id")
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}
    inlines = [PeopleOfTeam]

    def is_own(self, user: Any, row: Any) -> bool:
        return row.pk in user.team_ids()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form; what is only read needs none."""
        if obj is not None and not self.has_change_permission(request, obj):
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    @admin.display(description=_("countries"))
    def countries_named(self, team: Team) -> str:
        """Return its countries."""
        return ", ".join(team.countries)


@admin.register(Absence)
class AbsenceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who is away; managers say so of the people of their teams."""

    list_display = ("user", "kind", "starts_at", "ends_at", "by", "handed_on_at")
    list_select_related = ("user", "by")
    list_filter = ("kind", "user__teams")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    form = AbsenceForm
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Absence]:
        user: Any = request.user
        absences = super().get_queryset(request)
        return absences if user.is_admin else absences.filter(user__in=people_led_by(user))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Say that an absence stays with its person."""
        return ("user",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = people_led_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        """Keep who entered it, and when."""
        user: Any = request.user
        now = timezone.now()
        if not change:
            obj.by, obj.created_at = user, now
        obj.save()
        record("away", f"user {obj.user_id}", by=user, at=now, kind=obj.kind)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens: to be read and revoked."""

    list_display = ("user", "name", "created_at", "expires_at", "last_used_on", "revoked_at")
    list_select_related = ("user",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "user__username", "user__last_name")
    fields = ("user", "name", "scopes", "created_at", "expires_at", "last_used_on", "revoked_at")
    actions = ["revoke_chosen"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("people.change_apitoken")

    @admin.action(description=_("Revoke: they no longer open anything"), permissions=["revoke"])
    def revoke_chosen(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        """Revoke the chosen tokens and say how many."""
        n = revoke(tokens, at=timezone.now())
        said = ngettext("%(n)d token no longer opens anything.", "%(n)d tokens no longer open anything.", n)
        self.message_user(request, said % {"n": n}, messages.SUCCESS)
