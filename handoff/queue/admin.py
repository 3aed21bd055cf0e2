"""Support for the queue: to look things up; acts change it. The reasons for disqualification are managers' own."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Kind
from handoff.lib.admin import ReadOnlyAdmin, VisibleRows
from handoff.people.models import Team
from handoff.queue.mailing import PLACEHOLDERS, unknown_placeholders
from handoff.queue.models import (
    Breach,
    Clock,
    Disqualification,
    DisqualificationReason,
    Handoff,
    MailTemplate,
    Merge,
    Qualification,
    Recycling,
    Triage,
)
from handoff.queue.replan_admin import ReplanAdmin

__all__ = ["ReplanAdmin"]
OF_LEAD = ("lead__email", "lead__external_id", "lead__first_name", "lead__last_name", "lead__company__name")
OF_HANDOFF = tuple(f"handoff__{field}" for field in OF_LEAD)


@admin.register(Handoff)
class HandoffAdmin(VisibleRows, ReadOnlyAdmin):
    """Handoffs with their holder and verdict."""

    list_display = ("id", "lead", "route", "team", "assigned_to", "claimed_by", "opened_at", "due_at", "verdict")
    list_display_links = ("id", "lead")
    list_select_related = ("lead", "team", "assigned_to", "claimed_by")
    list_filter = ("verdict", "route", "team", "is_imported_history")
    search_fields = OF_LEAD
    ordering = ("-id",)


@admin.register(Merge)
class MergeAdmin(VisibleRows, ReadOnlyAdmin):
    """Which leads were merged into which."""

    visible_through = "kept"
    list_display = ("gone_id", "kept", "by", "at")
    list_select_related = ("kept", "by")
    search_fields = ("=gone_id", "kept__email", "kept__external_id", "kept__last_name", "=kept__aliases__key")
    ordering = ("-id",)


@admin.register(Clock)
class ClockAdmin(VisibleRows, ReadOnlyAdmin):
    """Clocks with the version of the policy they run under."""

    visible_through = "handoff"
    list_display = ("id", "lead", "metric", "round", "policy", "started_at", "due_at", "stopped_at", "ending")
    list_display_links = ("id", "lead")
    list_select_related = ("handoff__lead", "policy")
    list_filter = ("metric", "ending")
    search_fields = OF_HANDOFF
    ordering = ("-id",)

    @admin.display(description=_("lead"), ordering="handoff__lead")
    def lead(self, clock: Clock) -> str:
        """Return whose handoff it runs on."""
        return clock.handoff.lead.name


@admin.register(Breach)
class BreachAdmin(VisibleRows, ReadOnlyAdmin):
    """Breaches with whoever held the lead."""

    visible_through = "clock__handoff"
    list_display = ("due_at", "lead", "metric", "holder", "recorded_at", "annulled_at")
    list_select_related = ("clock__handoff__lead", "holder")
    list_filter = ("clock__metric", ("annulled_at", admin.EmptyFieldListFilter))
    search_fields = tuple(f"clock__{field}" for field in OF_HANDOFF)
    ordering = ("-due_at", "-id")

    @admin.display(description=_("lead"), ordering="clock__handoff__lead")
    def lead(self, breach: Breach) -> str:
        """Return whose handoff it was."""
        return breach.clock.handoff.lead.name

    @admin.display(description=_("metric"), ordering="clock__metric")
    def metric(self, breach: Breach) -> str:
        """Return what came too late."""
        return breach.clock.get_metric_display()


class OfHandoff(VisibleRows, ReadOnlyAdmin):
    """Rows that belong to one handoff."""

    visible_through = "handoff"
    search_fields = OF_HANDOFF
    ordering = ("-at", "-id")


@admin.register(Qualification)
class QualificationAdmin(OfHandoff):
    """What sales learned about the leads it took on."""

    list_display = ("handoff", "by", "at", "budget", "authority", "need", "timeline", "takes_over", "value", "currency")
    list_select_related = ("handoff__lead", "by", "takes_over")


@admin.register(Disqualification)
class DisqualificationAdmin(OfHandoff):
    """Why sales sent leads back."""

    list_display = ("handoff", "reason", "by", "at", "is_permanent", "acknowledged_at")
    list_select_related = ("handoff__lead", "reason", "by")
    list_filter = ("reason", "is_permanent", ("acknowledged_at", admin.EmptyFieldListFilter))


@admin.register(Recycling)
class RecyclingAdmin(OfHandoff):
    """When and by what leads come back."""

    list_display = ("lead", "at", "wake_at", "wake_points", "woken_at", "woken_by")
    list_select_related = ("lead",)
    list_filter = (("woken_at", admin.EmptyFieldListFilter),)


class ReasonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A reason with the contract that follows from it."""

    wake_kinds = forms.MultipleChoiceField(
        label=_("or at once on"), choices=Kind.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    wake_points = forms.FloatField(label=_("with at least so many new points"), required=False, min_value=0, initial=0)

    def clean_wake_points(self) -> float:
        """Take nothing as none."""
        return self.cleaned_data["wake_points"] or 0.0


@admin.register(Triage)
class TriageAdmin(VisibleRows, ReadOnlyAdmin):
    """Requests for contact that marketing answered or has to."""

    visible_through = "lead"
    list_display = ("lead", "asked_at", "raised_at", "due_at", "outcome", "by", "closed_at")
    list_select_related = ("lead", "by")
    list_filter = ("outcome",)
    search_fields = ("=lead__email", "=lead__external_id", "lead__last_name", "note")
    ordering = ("-opened_at", "-id")


@admin.register(DisqualificationReason)
class DisqualificationReasonAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The reasons that reps choose from; one that is no longer wanted is not offered any more."""

    form = ReasonForm
    list_display = ("label", "position", "needs", "counts_against_rules", "is_permanent", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "hint")
    prepopulated_fields = {"slug": ("name",)}
    actions = None


class MailTemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    """A template whose names in braces can all be filled in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        self.fields["body"].help_text = _("Filled in from the lead: %(known)s.") % {"known": known}

    def clean(self) -> dict[str, Any] | None:
        """Refuse what could not be filled in, naming it."""
        for name in ("subject", "body"):
            for unknown in unknown_placeholders(self.cleaned_data.get(name, "")):
                message = _("There is nothing to fill in for {%(name)s}.")
                self.add_error(name, forms.ValidationError(message, params={"name": unknown}))
        return super().clean()


@admin.register(MailTemplate)
class MailTemplateAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Mail that reps start from; managers write those of their own teams."""

    form = MailTemplateForm
    list_display = ("name", "language", "team", "subject", "position")
    list_filter = ("language", "team")
    list_select_related = ("team",)
    search_fields = ("name", "subject")
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: MailTemplate | None = None) -> bool:
        """Return whether they may change it: those of all teams are the administrator's."""
        return super().has_change_permission(request, obj) and _is_own(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: MailTemplate | None = None) -> bool:
        """Return whether they may delete it."""
        return super().has_delete_permission(request, obj) and _is_own(request.user, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer managers their own teams."""
        user: Any = request.user
        if db_field.name == "team" and not user.is_admin:
            kwargs |= {"queryset": Team.objects.filter(pk__in=user.team_ids()), "required": True}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def _is_own(user: Any, template: MailTemplate | None) -> bool:
    return template is None or user.is_admin or template.team_id in user.team_ids()
