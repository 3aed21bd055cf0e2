"""Support for leads: to look things up; the pages and the API change them."""

from django.contrib import admin

from handoff.leads.models import (
    Activity,
    Company,
    Consent,
    Exclusion,
    Hold,
    Lead,
    LeadScore,
    SourceAlias,
    SourceCost,
    TraitField,
)
from handoff.lib.admin import ReadOnlyAdmin, VisibleRows


@admin.register(Lead)
class LeadAdmin(VisibleRows, ReadOnlyAdmin):
    """Leads with their stage and owner."""

    list_display = ("__str__", "email", "external_id", "company", "stage", "team", "owner", "created_at")
    list_select_related = ("company", "team", "owner")
    list_filter = ("stage", "team")
    search_fields = ("email", "external_id", "first_name", "last_name", "company__name", "company__domain")
    ordering = ("-created_at", "-id")


@admin.register(Company)
class CompanyAdmin(ReadOnlyAdmin):
    """Companies."""

    list_display = ("name", "domain", "industry", "employees", "country")
    search_fields = ("name", "domain")
    ordering = ("name", "id")


@admin.register(Activity)
class ActivityAdmin(VisibleRows, ReadOnlyAdmin):
    """Activities, found by their lead or their id at the source."""

    visible_through = "lead"
    list_display = ("occurred_at", "kind", "lead", "source", "source_id", "received_at", "is_machine")
    list_select_related = ("lead",)
    list_filter = ("is_machine",)
    search_fields = ("=source_id", "=lead__email", "=lead__external_id", "=waits_key")
    search_help_text = Activity._meta.get_field("source_id").verbose_name
    ordering = ("-id",)


@admin.register(Consent)
class ConsentAdmin(VisibleRows, ReadOnlyAdmin):
    """What leads permitted or objected to."""

    visible_through = "lead"
    list_display = ("lead", "channel", "basis", "at", "by")
    list_select_related = ("lead", "by")
    list_filter = ("channel", "basis")
    search_fields = ("lead__email", "lead__external_id", "lead__last_name")
    ordering = ("-at", "-id")


@admin.register(Hold)
class HoldAdmin(VisibleRows, ReadOnlyAdmin):
    """Leads that are kept out of the queue, and why."""

    visible_through = "lead"
    list_display = ("lead", "reason", "exclusion", "note", "by", "at", "released_at", "release_note")
    list_select_related = ("lead", "by", "exclusion")
    list_filter = ("reason", ("released_at", admin.EmptyFieldListFilter))
    search_fields = ("lead__email", "lead__external_id", "lead__last_name", "note")
    ordering = ("-at", "-id")


@admin.register(Exclusion)
class ExclusionAdmin(ReadOnlyAdmin):
    """The exclusion list; marketers keep it on its page."""

    list_display = ("value", "kind", "why", "note", "by", "at", "expires_at", "ended_at")
    list_select_related = ("by",)
    list_filter = ("kind", "why", ("ended_at", admin.EmptyFieldListFilter))
    search_fields = ("value", "note")
    ordering = ("-at", "-id")


@admin.register(LeadScore)
class LeadScoreAdmin(VisibleRows, ReadOnlyAdmin):
    """Stored scores with the version they were worked out under."""

    visible_through = "lead"
    list_display = ("lead", "total", "grade", "is_mql", "scored_at", "crosses_at", "publication")
    list_select_related = ("lead", "publication__model")
    list_filter = ("is_mql",)
    search_fields = ("=lead__email", "=lead__external_id", "lead__last_name")
    ordering = ("-total", "lead_id")


@admin.register(TraitField)
class TraitFieldAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Traits: their label, and the type that rules compare them as."""

    list_display = ("label", "name", "type")
    list_filter = ("type",)
    search_fields = ("name", "label")
    actions = None


@admin.register(SourceAlias)
class SourceAliasAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Names of sources that count as another; marketers keep them."""

    list_display = ("name", "source")
    search_fields = ("name", "source")


@admin.register(SourceCost)
class SourceCostAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What sources cost by month; marketers enter it, or import a file."""

    list_display = ("source", "month", "amount", "currency")
    list_filter = ("currency",)
    search_fields = ("source",)
    date_hierarchy = "month"
    list_per_page = 50
