"""The admin page of re-plans: what would move, why, and what did."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from handoff.lib.admin import ReadOnlyAdmin
from handoff.lib.refusals import Refusal
from handoff.queue.models import Replan, ReplannedClock
from handoff.queue.replanning import fingerprint, moves, replan

SHOWN = 100


class ReplannedClocks(admin.TabularInline):  # type: ignore[type-arg]
    """What each clock was before."""

    model = ReplannedClock
    fields = readonly_fields = ("clock", "policy", "due_at", "new_due_at")
    can_delete = False
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReplannedClock]:
        """Return the clocks with what their rows show: to a manager those of their teams."""
        user: Any = request.user
        found = super().get_queryset(request).select_related("clock", "policy")
        return found if user.is_admin else found.filter(clock__handoff__team__in=user.team_ids())


@admin.register(Replan)
class ReplanAdmin(ReadOnlyAdmin):
    """Re-plans that were made; adding one shows first what it would move."""

    list_display = ("at", "by", "reason", "clocks_moved")
    list_select_related = ("by",)
    inlines = [ReplannedClocks]
    ordering = ("-at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Replan]:
        """Return the re-plans with how many clocks each moved: to a manager those of their teams."""
        user: Any = request.user
        found = super().get_queryset(request)
        if not user.is_admin:
            found = found.filter(Q(by=user) | Q(clocks__clock__handoff__team__in=user.team_ids())).distinct()
        return found.annotate(clocks_n=Count("clocks", distinct=True))

    @admin.display(description=_("clocks"))
    def clocks_moved(self, done: Any) -> int:
        """Return how many clocks it moved."""
        return int(done.clocks_n)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether they may re-plan: managers and administrators."""
        user: Any = request.user
        return bool(user.is_active and (user.is_manager or user.is_admin))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show what would move, and move it when that is what they want."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        user: Any = request.user
        now = timezone.now()
        if request.method == "POST":
            try:
                done = replan(
                    reason=request.POST.get("reason", "")[:300], seen=request.POST.get("seen", ""), by=user, at=now
                )
            except Refusal as refusal:
                messages.error(request, refusal.message)
            else:
                n = done.clocks.count()
                messages.success(request, ngettext("%(n)d clock moved.", "%(n)d clocks moved.", n) % {"n": n})
                return redirect("admin:queue_replan_change", done.pk)
        found = moves(by=user, at=now)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Re-plan running clocks"),
            "opts": self.opts,
            "moves": found[:SHOWN],
            "more": max(len(found) - SHOWN, 0),
            "earlier": sum(move.is_earlier for move in found),
            "later": sum(move.due_at > move.clock.due_at for move in found),
            "seen": fingerprint(found),
            "reason": request.POST.get("reason", ""),
        }
        return render(request, "admin/queue/replan/add.html", context)
