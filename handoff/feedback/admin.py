"""Where marketing and managers write down what they promise each other."""

from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest

from handoff.feedback.models import Promise
from handoff.people.doors import person
from handoff.people.models import Team


@admin.register(Promise)
class PromiseAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Both sides of the agreement, by team and time; managers see and write those of their teams."""

    list_display = ("__str__", "mqls", "sql_percent", "answer_days", "in_time_percent", "attempts", "verdict_percent")
    list_select_related = ("team",)
    fieldsets = (
        (None, {"fields": ("team", ("first", "last"))}),
        ("Marketing", {"fields": ("mqls", "sql_percent", "answer_days")}),
        ("Sales", {"fields": ("in_time_percent", "attempts", "verdict_percent")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Promise]":
        found, user = super().get_queryset(request), person(request)
        return found.filter(team__in=user.team_ids()) if user.is_manager else found

    def formfield_for_foreignkey(self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        user = person(request)
        if db_field.name == "team" and user.is_manager:
            kwargs["queryset"] = Team.objects.filter(pk__in=user.team_ids())
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field and db_field.name == "team":
            field.required = user.is_manager
        return field
