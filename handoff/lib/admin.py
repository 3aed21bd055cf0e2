"""What the support side of the admin site has in common."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows to look up, never to change: acts change them, on the pages and in the API."""

    list_per_page = 50
    show_full_result_count = False  # counting millions of rows helps nobody

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say that acts make these."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say that acts change these."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say that these stay."""
        return False


class VisibleRows(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows each person only the rows that they see on the pages too."""

    # The model whose `visible_to` decides, as the lookup from here; empty where it is the model itself.
    visible_through = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what this person may see."""
        rows: Any = super().get_queryset(request)
        if not self.visible_through:
            return rows.visible_to(request.user)
        if request.user.is_admin:  # type: ignore[union-attr]
            return rows
        model: Any = self.model
        for step in self.visible_through.split("__"):
            model = model._meta.get_field(step).related_model
        visible = model._default_manager.visible_to(request.user)
        return rows.filter(**{f"{self.visible_through}__in": visible.values("pk")})


@cache
def zone_choices() -> list[tuple[str, str]]:
    """Return all time zones to choose from; they are read from the disk once."""
    return [(zone, zone) for zone in sorted(available_timezones())]
