"""Where managers work on calendars."""

from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from handoff.lib.refusals import Refusal
from handoff.sla.forms import CalendarForm, OpeningForm
from handoff.sla.holidays import copy_holidays
from handoff.sla.models import Calendar, CalendarOpening, ClosedDay, PersonCalendar, TeamCalendar


class OpeningsInline(admin.StackedInline):  # type: ignore[type-arg]
    """When a calendar is open, weekday by weekday."""

    model = CalendarOpening
    form = OpeningForm
    fields = (("weekday", "opens", "closes"),)
    classes = ["one-line"]
    min_num = 1
    verbose_name_plural = gettext_lazy("opening hours: a closing before the opening is on the next day")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the rows' formset, which wants one at least: hours that never open are no hours."""
        return super().get_formset(request, obj, **kwargs, validate_min=True)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Return a week's worth of blank rows for a new calendar."""
        return 1 if obj else 4


class ClosedDaysInline(admin.StackedInline):  # type: ignore[type-arg]
    """On which days a calendar is closed."""

    model = ClosedDay
    fields = (("date", "name"),)
    classes = ["one-line"]
    extra = 1


@admin.register(Calendar)
class CalendarAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Business hours with closed days; managers change those of their own teams."""

    form = CalendarForm
    inlines = [OpeningsInline, ClosedDaysInline]
    list_display = ("name", "time_zone", "country", "region", "closed_count")
    search_fields = ("name",)
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Calendar]:
        """Return the calendars with how many closed days they have."""
        return super().get_queryset(request).annotate(closed_n=Count("closed_days"))

    @admin.display(description=gettext_lazy("closed days"), ordering="closed_n")
    def closed_count(self, calendar: Any) -> int:
        """Return how many closed days it has."""
        return int(calendar.closed_n)

    def has_change_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        """Return whether they may change it: managers, where it serves no team but their own."""
        return super().has_change_permission(request, obj) and _serves_own_teams_only(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        """Return whether they may delete it."""
        return super().has_delete_permission(request, obj) and _serves_own_teams_only(request, obj)

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of a calendar, its own act first."""
        view = self.admin_site.admin_view(self.holidays_view)
        return [path("<int:pk>/holidays/", view, name="sla_calendar_holidays"), *super().get_urls()]

    def holidays_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Close the calendar on the public holidays of the next two years."""
        calendar = Calendar.objects.filter(pk=pk).first()
        if calendar is None:
            raise Http404
        if not self.has_change_permission(request, calendar):
            raise PermissionDenied
        if request.method == "POST":
            today = timezone.localdate()
            try:
                # What is left of this year and two whole ones; a New Year exists every year, a 29 February does not.
                n = copy_holidays(calendar, since=today, until=date(today.year + 3, 1, 1))
            except Refusal as refusal:
                messages.error(request, refusal.message)
            else:
                said = ngettext("%(n)d holiday was added.", "%(n)d holidays were added.", n)
                messages.success(request, said % {"n": n})
        return redirect("admin:sla_calendar_change", pk)


def _serves_own_teams_only(request: HttpRequest, calendar: Calendar | None) -> bool:
    user: Any = request.user
    return calendar is None or user.is_admin or not calendar.teams.exclude(team__in=user.team_ids()).exists()


@admin.register(TeamCalendar)
class TeamCalendarAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Which team works by which calendar; managers choose for their own teams."""

    list_display = ("team", "calendar")
    list_display_links = ("team", "calendar")
    list_select_related = ("team", "calendar")
    actions = None

    def _is_own(self, request: HttpRequest, obj: TeamCalendar | None) -> bool:
        user: Any = request.user
        return obj is None or user.is_admin or obj.team_id in user.team_ids()

    def has_change_permission(self, request: HttpRequest, obj: TeamCalendar | None = None) -> bool:
        """Return whether they may change it: managers, for their own teams."""
        return super().has_change_permission(request, obj) and self._is_own(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: TeamCalendar | None = None) -> bool:
        """Return whether they may delete it."""
        return super().has_delete_permission(request, obj) and self._is_own(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer a manager their own teams."""
        user: Any = request.user
        if db_field.name == "team" and not user.is_admin:
            kwargs["queryset"] = db_field.related_model.objects.filter(pk__in=user.team_ids())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(PersonCalendar)
class PersonCalendarAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who works by a calendar of their own; managers choose for the people of their teams."""

    list_display = ("user", "calendar")
    list_display_links = ("user", "calendar")
    list_select_related = ("user", "calendar")
    actions = None

    def _is_own(self, request: HttpRequest, obj: PersonCalendar | None) -> bool:
        user: Any = request.user
        return obj is None or user.is_admin or bool(set(obj.user.team_ids()) & set(user.team_ids()))

    def has_change_permission(self, request: HttpRequest, obj: PersonCalendar | None = None) -> bool:
        """Return whether they may change it: managers, for people of their own teams."""
        return super().has_change_permission(request, obj) and self._is_own(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: PersonCalendar | None = None) -> bool:
        """Return whether they may delete it."""
        return super().has_delete_permission(request, obj) and self._is_own(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer a manager the people of their own teams."""
        user: Any = request.user
        if db_field.name == "user" and not user.is_admin:
            kwargs["queryset"] = db_field.related_model.objects.filter(teams__in=user.team_ids()).distinct()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
