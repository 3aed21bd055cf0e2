"""What the admin of a version and of its parts (rules, personas) have in common."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from scoring.drafting import new_key
from scoring.editing import NotADraft, lock_draft
from scoring.models import Persona, Rule, ScoringModel

Part = Rule | Persona


class DraftsOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whatever belongs to a version: open while that is a draft, to be read afterwards."""

    actions = None

    def model_of(self, obj: Any) -> ScoringModel:
        """Return the version that `obj` is or belongs to."""
        return obj if isinstance(obj, ScoringModel) else obj.model

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether they may change it: only a draft, whatever their role."""
        return super().has_change_permission(request, obj) and (obj is None or self.model_of(obj).is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether they may delete it: only a draft, or from one."""
        return super().has_delete_permission(request, obj) and (obj is None or self.model_of(obj).is_draft)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form; what is only read needs none of its choices."""
        if obj is not None and not self.has_change_permission(request, obj):
            kwargs["form"] = ModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show or save; a version that was published meanwhile is left as it is."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except NotADraft as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete, unless it was published meanwhile."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except NotADraft as error:
            messages.error(request, str(error))
            return redirect("admin:scoring_scoringmodel_changelist")


class PartAdmin(DraftsOnly):
    """Rules or personas of a version; their list is the version's own page."""

    change_form_template = "admin/scoring/part_change_form.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False  # parts are reached through their version

    def get_queryset(self, request: HttpRequest) -> QuerySet[Part]:
        return super().get_queryset(request).select_related("model")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:scoring_scoringmodel_changelist")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Add a part to the draft that the address names."""
        model = self._model_in(request)
        if model is None or not model.is_draft:
            messages.error(
                request,
                _("Rules and personas are added on the page of a draft: choose one, or copy a version to a new draft."),
            )
            return redirect("admin:scoring_scoringmodel_changelist")
        return super().add_view(request, form_url, {"subtitle": str(model), **(extra_context or {})})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete a part and go back to its version."""
        part = self.get_object(request, object_id)
        response = super().delete_view(request, object_id, extra_context)
        return _to_model(part) if part and response.status_code == 302 else response

    def _model_in(self, request: HttpRequest) -> ScoringModel | None:
        number = request.GET.get("model", "")
        return ScoringModel.objects.filter(pk=int(number)).first() if number.isdecimal() else None

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, which knows the version."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.scoring_model = obj.model if obj else self._model_in(request)
        return form

    def save_model(self, request: HttpRequest, obj: Part, form: Any, change: bool) -> None:
        """Save a part of a draft; a new one gets a key that it keeps in every later version."""
        lock_draft(obj.model_id)
        obj.key = obj.key or new_key()
        obj.save()

    def delete_model(self, request: HttpRequest, obj: Part) -> None:
        lock_draft(obj.model_id)
        obj.delete()

    def response_post_save_change(self, request: HttpRequest, obj: Part) -> HttpResponseRedirect:
        return _to_model(obj)

    response_post_save_add = response_post_save_change


def _to_model(part: Part) -> HttpResponseRedirect:
    return redirect("admin:scoring_scoringmodel_change", part.model_id)
