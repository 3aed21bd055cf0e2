"""The admin of single rules and of single personas."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.conditions import BadCondition
from scoring.forms import PersonaForm, RuleForm
from scoring.hindsight import Hindsight, hindsight
from scoring.models import Persona, Rule
from scoring.part_admin import PartAdmin
from scoring.presenting import Reader


class RuleAdmin(PartAdmin):
    """The rules of a version."""

    form = RuleForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("group")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form's parts; a rule that is read is read aloud."""
        reads = obj is not None and not self.has_change_permission(request, obj)
        condition = ["said"] if reads else ["activity_kinds", "condition"]
        return [
            (None, {"fields": ["name", "kind", "group", ("points", "is_active")]}),
            (_("What it looks for"), {"fields": condition}),
            (
                _("How it counts"),
                {
                    "fields": [
                        ("half_life", "window"),
                        ("limit", "limit_per"),
                        ("at_least", "at_least_of", "values_of"),
                    ],
                    "description": _("Only for rules about what they do. “Once from 3 visits” gives the points once."),
                },
            ),
            (
                _("Silence"),
                {
                    "fields": ["silence_days"],
                    "description": _(
                        "Only for rules about silence: how long nothing came of the activities chosen above. With none "
                        "chosen, mails that you send end the silence too."
                    ),
                },
            ),
        ]

    @admin.display(description=gettext_lazy("looks for"))
    def said(self, rule: Rule) -> str:
        return Reader.now(whole=True).said(rule)


class PersonaAdmin(PartAdmin):
    """The personas of a version; beside a negative one stands what it would have done."""

    form = PersonaForm
    change_form_template = "admin/scoring/persona_change_form.html"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add what a stored negative persona would have done so far."""
        persona: Persona | None = kwargs.get("obj")
        if persona and persona.pk and persona.standing == Persona.Standing.NEGATIVE and persona.condition:
            context["hindsight"] = _hindsight_of(persona)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form's parts; a persona that is read is read aloud."""
        reads = obj is not None and not self.has_change_permission(request, obj)
        return [
            (None, {"fields": ["name", ("standing", "until")]}),
            (_("Who they are"), {"fields": ["said" if reads else "condition"]}),
            (_("What a rep should know"), {"fields": ["pains", "goals"]}),
        ]

    @admin.display(description=gettext_lazy("looks for"))
    def said(self, persona: Persona) -> str:
        return Reader.now(whole=True).said_profile(persona.condition)


def _hindsight_of(persona: Persona) -> Hindsight | None:
    try:
        return hindsight(persona.condition, timezone.now())
    except (BadCondition, KeyError):
        return None  # a field that is gone: publishing says so
