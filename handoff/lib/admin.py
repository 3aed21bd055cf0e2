"""What the support side of the admin site has in common."""

from functools import cache, partial
from typing import Any
from zoneinfo import available_timezones

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from handoff.lib.refusals import Refusal


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows to look up, never to change: acts change them, on the pages and in the API."""

    list_per_page = 50
    show_full_result_count = False  # counting millions of rows helps nobody

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VisibleRows(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows each person only the rows that they see on the pages too."""

    # The model whose `visible_to` decides, as the lookup from here; empty where it is the model itself.
    visible_through = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
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


class OwnRows(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that a manager changes where they are about their own teams, and an administrator everywhere."""

    actions = None
    own_choices: dict[str, str] = {}  # fields in which a manager chooses what is their teams', with the lookup for that
    acts: tuple[str, ...] = ()  # methods, each a page of its own below a row's: from the row to what is said of it

    def is_own(self, user: Any, row: Any) -> bool:
        """Return whether `row` is about teams of the manager `user` alone."""
        raise NotImplementedError

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_theirs(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_theirs(request, obj)

    def _is_theirs(self, request: HttpRequest, row: Any) -> bool:
        user: Any = request.user
        return row is None or user.is_admin or self.is_own(user, row)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        user: Any = request.user
        if (lookup := self.own_choices.get(db_field.name)) and not user.is_admin:
            found = db_field.related_model.objects.filter(**{lookup: user.team_ids()})
            kwargs["queryset"] = found.distinct()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        place = f"{self.opts.app_label}_{self.opts.model_name}"
        views = {name: self.admin_site.admin_view(partial(self._act_view, act=name)) for name in self.acts}
        own = [path(f"<int:pk>/{name}/", view, name=f"{place}_{name}") for name, view in views.items()]
        return [*own, *super().get_urls()]

    def _act_view(self, request: HttpRequest, pk: int, *, act: str) -> HttpResponse:
        """Do an act when it is posted, say what came of it, and go to the row's page."""
        row = get_object_or_404(self.model, pk=pk)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        if request.method == "POST":
            try:
                messages.success(request, getattr(self, act)(row))
            except Refusal as refusal:
                messages.error(request, refusal.message)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", pk)


@cache
def zone_choices() -> list[tuple[str, str]]:
    """Return all time zones to choose from; they are read from the disk once."""
    return [(zone, zone) for zone in sorted(available_timezones())]
