"""Where managers work on calendars."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from handoff.lib.admin import OwnRows
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
class CalendarAdmin(OwnRows):
    """Business hours with closed days; managers change those that serve no team but their own."""

    form = CalendarForm
    inlines = [OpeningsInline, ClosedDaysInline]
    list_display = ("name", "time_zone", "country", "region", "closed_count")
    search_fields = ("name",)
    acts = ("holidays",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Calendar]:
        return super().get_queryset(request).annotate(closed_n=Count("closed_days"))

    @admin.display(description=gettext_lazy("closed days"), ordering="closed_n")
    def closed_count(self, calendar: Any) -> int:
        """Return how many closed days it has."""
        return int(calendar.closed_n)

    def is_own(self, user: Any, row: Any) -> bool:
        return not row.teams.exclude(team__in=user.team_ids()).exists()

    def holidays(self, calendar: Calendar) -> str:
        """Close the calendar on the public holidays of the next two years."""
        today = timezone.localdate()
        # What is left of this year and two whole ones; a New Year exists every year, a 29 February does not.
        n = copy_holidays(calendar, since=today, until=date(today.year + 3, 1, 1))
        return ngettext("%(n)d holiday was added.", "%(n)d holidays were added.", n) % {"n": n}


@admin.register(TeamCalendar)
class TeamCalendarAdmin(OwnRows):
    """Which team works by which calendar; managers choose for their own teams."""

    list_display = list_display_links = list_select_related = ("team", "calendar")
    own_choices = {"team": "pk__in"}

    def is_own(self, user: Any, row: Any) -> bool:
        return row.team_id in user.team_ids()


@admin.register(PersonCalendar)
class PersonCalendarAdmin(OwnRows):
    """Who works by a calendar of their own; managers choose for the people of their teams."""

    list_display = list_display_links = list_select_related = ("user", "calendar")
    own_choices = {"user": "teams__in"}

    def is_own(self, user: Any, row: Any) -> bool:
        return bool(set(row.user.team_ids()) & set(user.team_ids()))
