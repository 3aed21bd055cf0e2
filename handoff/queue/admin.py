"""Support for the queue: to look things up; acts change it. The reasons for disqualification are managers' own."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from handoff.lib.admin import ReadOnlyAdmin, VisibleRows
from handoff.queue.models import (
    Breach,
    Clock,
    Disqualification,
    DisqualificationReason,
    Handoff,
    Qualification,
    Recycling,
)

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


@admin.register(DisqualificationReason)
class DisqualificationReasonAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The reasons that reps choose from; one that is no longer wanted is not offered any more."""

    list_display = ("label", "position", "needs", "counts_against_rules", "is_permanent", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "hint")
    prepopulated_fields = {"slug": ("name",)}
    actions = None
