"""Support for imports: how they went, and what could not be read."""

from django.contrib import admin

from handoff.intake.models import Import, ImportRemark
from handoff.lib.admin import ReadOnlyAdmin


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """Runs over files."""

    list_display = (
        "file_name", "state", "by", "created_at", "finished_at", "rows", "created", "updated", "unchanged", "refused",
    )  # fmt: skip
    list_select_related = ("by",)
    list_filter = ("state",)
    search_fields = ("file_name", "by__username")
    ordering = ("-created_at", "-id")


@admin.register(ImportRemark)
class ImportRemarkAdmin(ReadOnlyAdmin):
    """Rows and values that could not be used."""

    list_display = ("run", "line", "column", "value", "reason", "is_refusal")
    list_select_related = ("run",)
    list_filter = ("is_refusal",)
    search_fields = ("run__file_name", "value", "reason")
    ordering = ("-run_id", "line", "id")
