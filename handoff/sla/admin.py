"""Where managers work on calendars and policies."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from handoff.lib.refusals import Refusal
from handoff.sla.calendars import calendar_of, hours_of
from handoff.sla.clock import NoOpenHours
from handoff.sla.forms import ROUTES, CalendarForm, OpeningForm, PolicyForm, PreviewForm
from handoff.sla.holidays import copy_holidays
from handoff.sla.models import Calendar, CalendarOpening, ClosedDay, Metric, Policy, Target, TeamCalendar
from handoff.sla.preview import preview
from handoff.sla.versioning import REVISED, retire, revise


class OpeningsInline(admin.StackedInline):  # type: ignore[type-arg]
    """When a calendar is open, weekday by weekday."""

    model = CalendarOpening
    form = OpeningForm
    fields = (("weekday", "opens", "closes"),)
    classes = ["one-line"]
    verbose_name_plural = gettext_lazy("opening hours: a closing before the opening is on the next day")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Return a week's worth of blank rows for a new calendar."""
        return 1 if obj else 5


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


class TargetsInline(admin.StackedInline):  # type: ignore[type-arg]
    """How much time each metric has."""

    model = Target
    fields = (("metric", "amount", "unit"),)
    classes = ["one-line"]
    max_num = len(Metric.choices)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Return a blank row for each metric of a new policy."""
        return 1 if obj else len(Metric.choices)


@admin.register(Policy)
class PolicyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Policies: a change makes a new version, and what ran under the old one stays readable."""

    form = PolicyForm
    inlines = [TargetsInline]
    list_display = ("name", "version", "position", "routes_named", "counted_in", "created_at", "retired_at")
    list_filter = (("retired_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    actions = None

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Return the order of the list: what is in force first, as it is tried."""
        return [F("retired_at").desc(nulls_first=True), "position", "slug", "-version"]

    @admin.display(description=gettext_lazy("routes"))
    def routes_named(self, policy: Policy) -> str:
        """Return its routes in words."""
        labels = dict(ROUTES)
        return ", ".join(str(labels.get(route, route)) for route in policy.routes) or _("all")

    def has_change_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        """Return whether they may change it: only what is in force."""
        return super().has_change_permission(request, obj) and (obj is None or obj.retired_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        """Say that policies are retired, never deleted."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> tuple[str, ...]:
        """Return the short name, by which all versions are known, once it is given."""
        return ("slug",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Policy | None = None) -> dict[str, Sequence[str]]:
        """Return how a new policy's short name is made."""
        return {} if obj else {"slug": ("name",)}

    def get_fields(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        """Return the form's fields; routes that are only read stand in words."""
        reads = obj is not None and not self.has_change_permission(request, obj)
        return ["name", "slug", "position", "routes_named" if reads else "routes", "counted_in"]

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of a policy, its own act first."""
        view = self.admin_site.admin_view(self.retire_view)
        return [path("<int:pk>/retire/", view, name="sla_policy_retire"), *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show or save; a refusal changes nothing."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect(request.get_full_path())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a version with its siblings and, for a start that was picked, its due instants."""
        policy = self.get_object(request, object_id)
        context = {**self._page_context(request, policy), **(extra_context or {})} if policy else extra_context
        return super().change_view(request, object_id, form_url, context)

    def _page_context(self, request: HttpRequest, policy: Policy) -> dict[str, Any]:
        form = PreviewForm(request.GET if "start" in request.GET else None, initial={"calendar": calendar_of(None)})
        context: dict[str, Any] = {
            "versions": Policy.objects.filter(slug=policy.slug).order_by("-version"),
            "preview_form": form,
            "show_save_and_add_another": False,
            "may_retire": self.has_change_permission(request, policy),
        }
        if form.is_bound and form.is_valid():
            hours = hours_of(policy, form.cleaned_data["calendar"] or calendar_of(None))
            targets = [(target.get_metric_display(), target.for_clock()) for target in policy.targets.all()]
            try:
                context["steps"] = preview(targets, hours, form.cleaned_data["start"])
            except NoOpenHours:
                form.add_error("calendar", _("This calendar never opens: add opening hours."))
            except ValueError:
                form.add_error("start", _("Business time is known for the years 1900 to 2199."))
            context["zone"] = hours.zone
        return context

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """Save a new policy; a change is saved as a new version, with its targets."""
        if not change:
            obj.created_at = timezone.now()
            obj.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the targets; a change becomes a new version."""
        if not change:
            super().save_related(request, form, formsets, change)
            return
        (targets,) = formsets
        targets.save(commit=False)  # notes what changed, for the log
        kept = [row.cleaned_data for row in targets.forms if row.cleaned_data and not row.cleaned_data.get("DELETE")]
        old = Policy.objects.get(pk=form.instance.pk)
        new = revise(
            old,
            targets=[(row["metric"], row["amount"], row["unit"]) for row in kept],
            at=timezone.now(),
            **{name: form.cleaned_data[name] for name in REVISED},
        )
        # From here on the page speaks of the new version.
        form.instance.pk, form.instance.version = new.pk, new.version

    def response_change(self, request: HttpRequest, obj: Policy) -> HttpResponse:
        """Go to the version that is in force now."""
        said = _("%(policy)s is in force for new handoffs; running clocks keep the version they started with.")
        messages.success(request, said % {"policy": obj})
        return redirect("admin:sla_policy_change", obj.pk)

    def retire_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take a policy out of force."""
        policy = Policy.objects.filter(pk=pk).first()
        if policy is None:
            raise Http404
        if not self.has_change_permission(request, policy):
            raise PermissionDenied
        if request.method == "POST":
            try:
                retire(policy, at=timezone.now())
            except Refusal as refusal:
                messages.error(request, refusal.message)
            else:
                messages.success(request, _("%(policy)s no longer covers new handoffs.") % {"policy": policy})
        return redirect(reverse("admin:sla_policy_change", args=[pk]))
