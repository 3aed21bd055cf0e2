"""Where marketers work on scoring models: drafts with their rules, publishing, and what was live when."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring import condition_doors, learning_pages, model_pages
from scoring.drafting import add_groups, next_version
from scoring.editing import discard, lock_draft, new_group_key
from scoring.forms import ScoringModelForm
from scoring.models import ContentEntry, Persona, Publication, Rule, RuleGroup, ScoringModel
from scoring.part_admin import DraftsOnly
from scoring.population import population
from scoring.presenting import Reader, rule_rows
from scoring.publishing import current_publication
from scoring.rehearsing import latest
from scoring.rule_admin import PersonaAdmin, RuleAdmin

admin.site.register(Rule, RuleAdmin)
admin.site.register(Persona, PersonaAdmin)


class GroupsInline(admin.StackedInline):  # type: ignore[type-arg]
    """The groups of a version, with floor and cap."""

    model = RuleGroup
    fields = (("name", "dimension", "floor", "cap"),)
    classes = ["one-line"]
    extra = 1
    verbose_name_plural = gettext_lazy("groups of rules: what they add up to is held between floor and cap")


class ContentInline(admin.StackedInline):  # type: ignore[type-arg]
    """What pages, pieces and forms are about; rules ask for phase, offer or campaign."""

    model = ContentEntry
    fields = (("looks_at", "pattern", "phase", "offer", "campaign"),)
    classes = ["one-line"]
    extra = 1
    verbose_name_plural = gettext_lazy(
        "content catalogue: what pages, pieces and forms are about; the first that fits counts"
    )


@admin.register(ScoringModel)
class ScoringModelAdmin(DraftsOnly):
    """Versions of the scoring model."""

    form = ScoringModelForm
    inlines = [GroupsInline, ContentInline]
    list_display = ("title", "name", "state", "rules_count", "threshold", "published_at")
    list_display_links = ("title", "name")
    list_filter = ("state",)
    search_fields = ("name", "note")
    ordering = ("-version",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScoringModel]:
        rows = super().get_queryset(request)
        return rows.annotate(rules_n=Count("rules", distinct=True), last_live=Max("publications__at"))

    @admin.display(description=gettext_lazy("version"), ordering="version")
    def title(self, model: ScoringModel) -> str:
        return _("version %(n)d") % {"n": model.version}

    @admin.display(description=gettext_lazy("rules"), ordering="rules_n")
    def rules_count(self, model: Any) -> int:
        return int(model.rules_n)

    @admin.display(description=gettext_lazy("published"), ordering="last_live")
    def published_at(self, model: Any) -> Any:
        return model.last_live

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return list(self.inlines) if obj else []  # a new version gets its groups by itself

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form's parts; a version that is read shows its lanes in words."""
        lanes: tuple[str, ...] = ("fast_lane_kinds", "fast_lane_condition", "product_kinds", "product_condition")
        if obj and not self.has_change_permission(request, obj):
            lanes = ("said_fast_lane", "said_product")
        return [
            (None, {"fields": ["name", "note"]}),
            (
                _("Threshold"),
                {
                    "fields": [("threshold", "hysteresis"), ("fit_minimum", "interest_minimum", "timing_minimum")],
                    "classes": ["one-line"],
                    "description": _("A lead is an MQL when its total and each dimension reach these points."),
                },
            ),
            (_("Fast lane and product signals"), {"fields": lanes, "classes": ["collapse"]}),
            (
                _("Grades and time zone"),
                {
                    "fields": [("cut_a", "cut_b", "cut_c"), ("cut_1", "cut_2", "cut_3"), "time_zone"],
                    "classes": ["collapse", "one-line"],
                },
            ),
        ]

    @admin.display(description=gettext_lazy("fast lane"))
    def said_fast_lane(self, model: ScoringModel) -> str:
        return Reader.now(whole=True).said_lane(model.fast_lane_kinds, model.fast_lane_condition)

    @admin.display(description=gettext_lazy("product signals"))
    def said_product(self, model: ScoringModel) -> str:
        return Reader.now(whole=True).said_lane(model.product_kinds, model.product_condition)

    def get_urls(self) -> list[URLPattern]:
        return [
            *model_pages.urls(self, learning_pages.PAGES),
            *condition_doors.urls(self.admin_site.admin_view),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show a version: its rules, its settings, and what is live."""
        model = context["original"]
        shown = self._page_context(request, model) if model else {}
        return super().render_change_form(request, context | shown, *args, **kwargs)

    def _page_context(self, request: HttpRequest, model: ScoringModel) -> dict[str, Any]:
        live = current_publication(timezone.now())
        scored, leads = population().scored(live.pk) if live else (0, 0)
        reader = Reader.now()
        return {
            "title": _("Scoring model"),
            "subtitle": f"{model} · {model.get_state_display()}",
            "rows": rule_rows(model, reader),
            "show_save_and_add_another": False,
            "live": live,
            "scored": scored,
            "leads": leads,
            "may_work": self.may_work(request),
            "may_edit": self.has_change_permission(request, model),
            "rehearsal": latest(model) if model.state != ScoringModel.State.LIVE else None,
            "personas": [(persona, reader.said_profile(persona.condition)) for persona in model.personas.all()],
        }

    def may_work(self, request: HttpRequest) -> bool:
        """Return whether they may copy and publish versions."""
        return super(DraftsOnly, self).has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: ScoringModel, form: Any, change: bool) -> None:
        """Save a draft; a new one gets its number and a group for each dimension."""
        if change:
            lock_draft(obj.pk)
            obj.save()
            return
        obj.version, obj.created_at, obj.created_by = next_version(), timezone.now(), request.user  # type: ignore[assignment]
        obj.save()
        add_groups(obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save groups and content; a new group gets a key that stays."""
        for row in formset.save(commit=False):
            if isinstance(row, RuleGroup):
                row.key = row.key or new_group_key(form.instance, row.name)
            row.save()
        for row in formset.deleted_objects:
            row.delete()

    def response_post_save_add(self, request: HttpRequest, obj: ScoringModel) -> HttpResponseRedirect:
        return redirect("admin:scoring_scoringmodel_change", obj.pk)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what goes with a draft; its groups and rules are no obstacle."""
        rules = Rule.objects.filter(model__in=objs)
        counts = {gettext_lazy("scoring models"): len(objs), gettext_lazy("rules"): rules.count()}
        return [str(model) for model in objs] + [[str(rule) for rule in rules]], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: ScoringModel) -> None:
        discard(obj)


@admin.register(Publication)
class PublicationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What was live when: to be read."""

    actions = None
    list_display = ("at", "model", "by", "qualifying", "note")
    list_select_related = ("model", "by")
    search_fields = ("note", "model__name")
    ordering = ("-at", "-id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
