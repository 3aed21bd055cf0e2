"""Where managers work on policies: targets, ladders, and what an agreement would mean on a given day."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.lib.admin import OwnRows
from handoff.lib.refusals import Refusal
from handoff.sla.calendars import calendar_of, hours_of
from handoff.sla.clock import NoOpenHours
from handoff.sla.models import LadderStep, Metric, Policy, Target
from handoff.sla.policy_forms import (
    COUNTED_IN,
    ROUTES,
    PolicyForm,
    PreviewForm,
    StepForm,
    TargetForm,
    counted,
    team_choices,
)
from handoff.sla.preview import preview_of
from handoff.sla.versioning import REVISED, retire, revise


def _own_teams(user: Any) -> list[str]:
    """Return the short names of a manager's teams."""
    return list(user.teams.values_list("slug", flat=True))


class TargetsInline(admin.StackedInline):  # type: ignore[type-arg]
    """How much time each metric has."""

    model = Target
    form = TargetForm
    fields = (("metric", "amount", "unit", "needs_proof"), ("channels", "outcomes"))
    max_num = len(Metric.choices)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj else len(Metric.choices)


class LadderInline(admin.StackedInline):  # type: ignore[type-arg]
    """What happens while a clock runs, and when."""

    model = LadderStep
    form = StepForm
    fields = (("metric", "when", "counted", "action"),)
    classes = ["one-line"]
    extra = 2
    verbose_name_plural = gettext_lazy("ladder: a breach always tells whoever had the lead, and the managers")

    @admin.display(description=gettext_lazy("At"))
    def when(self, step: LadderStep) -> int:
        """Return the amount, for who may only read it."""
        return int(counted(step)["when"])

    @admin.display(description=gettext_lazy("counted in"))
    def counted(self, step: LadderStep) -> str:
        """Return what it is counted in, in words."""
        return str(COUNTED_IN[counted(step)["counted"]])


@admin.register(Policy)
class PolicyAdmin(OwnRows):
    """Policies: a change makes a new version, and what ran under the old one stays readable."""

    form = PolicyForm
    inlines = [TargetsInline, LadderInline]
    list_display = ("name", "version", "position", "routes_named", "counted_in", "created_at", "retired_at")
    list_filter = (("retired_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    acts = ("retire",)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Return the order of the list: what is in force first, as it is tried."""
        return [F("retired_at").desc(nulls_first=True), "position", "slug", "-version"]

    @admin.display(description=gettext_lazy("routes"))
    def routes_named(self, policy: Policy) -> str:
        """Return its routes in words."""
        labels = dict(ROUTES)
        return ", ".join(str(labels.get(route, route)) for route in policy.routes) or _("all")

    def is_own(self, user: Any, row: Any) -> bool:
        return bool(row.teams) and set(row.teams) <= set(_own_teams(user))

    def has_change_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        """Return whether they may change it: only what is in force, and managers what is for their own teams alone."""
        return super().has_change_permission(request, obj) and (obj is None or obj.retired_at is None)

    def get_form(self, request: HttpRequest, obj: Policy | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, in which managers choose among their own teams."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        user: Any = request.user
        if not user.is_admin and "teams" in form.base_fields:
            form.own_teams = own = _own_teams(user)
            teams = deepcopy(form.base_fields["teams"])  # the form's own, which all share
            teams.choices = [(slug, name) for slug, name in team_choices() if slug in own]
            form.base_fields["teams"] = teams
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        """Say that policies are retired, never deleted."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> tuple[str, ...]:
        """Return the short name, by which all versions are known, once it is given."""
        return ("slug",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Policy | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else {"slug": ("name",)}

    def get_fieldsets(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        """Return the form's parts; routes that are only read stand in words."""
        reads = obj is not None and not self.has_change_permission(request, obj)
        which = ("sources", "teams", "countries", "grades", ("score_min", "score_max"))
        routes = "routes_named" if reads else "routes"
        return [
            (None, {"fields": ["name", "slug", "position", "counted_in"]}),
            (_("Which handoffs"), {"fields": [routes, *which], "description": _("What is left empty matches all.")}),
            (
                _("Work in between"),
                {"fields": [("attempts", "attempt_days"), ("snoozes_at_most", "snooze_days_at_most")]},
            ),
            (_("Leads that come back"), {"fields": [("returns_to", "returns_at_most")]}),
        ]

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
            try:
                start = form.cleaned_data["start"].replace(tzinfo=ZoneInfo(hours.zone))
                context["steps"] = preview_of(policy, hours, start)
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
        for formset in formsets:
            formset.save(commit=False)  # notes what changed, for the log
        targets, ladder = (
            [row.cleaned_data for row in formset.forms if row.cleaned_data and not row.cleaned_data.get("DELETE")]
            for formset in formsets
        )
        new = revise(
            Policy.objects.get(pk=form.instance.pk),
            targets=[TargetForm.values(row) for row in targets],
            ladder=[StepForm.values(row) for row in ladder],
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

    def retire(self, policy: Policy) -> str:
        """Take a policy out of force."""
        retire(policy, at=timezone.now())
        return _("%(policy)s no longer covers new handoffs.") % {"policy": policy}
