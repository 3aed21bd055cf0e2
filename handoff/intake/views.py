"""Imports: uploading a file, and what came of each."""

from pathlib import Path

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from handoff.intake.importing import plan_import
from handoff.intake.mapping import shipped_mappings
from handoff.intake.models import Import
from handoff.people.doors import person

LARGEST = 200 * 1024 * 1024


class UploadForm(forms.Form):
    """A file and how to read it."""

    file = forms.FileField(label=_("File"), help_text=_("CSV, also compressed by gzip, up to 200 MB."))
    mapping = forms.ChoiceField(label=_("Format"))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["mapping"].choices = [(name, name) for name in shipped_mappings()]  # type: ignore[attr-defined]
        self.fields["mapping"].initial = "generic"

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("The file is larger than 200 MB; split it."))
        return file


def _require_importer(request: HttpRequest) -> None:
    user = person(request)
    if not (user.is_marketer or user.is_admin):
        raise PermissionDenied


@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """List the imports; a posted file is put in line."""
    _require_importer(request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file, mapping = form.cleaned_data["file"], form.cleaned_data["mapping"]
        kept = default_storage.save(f"{get_random_string(12)}-{file.name[-100:]}", file)
        path, now = Path(default_storage.path(kept)), timezone.now()
        run = plan_import(path, mapping=mapping, by=person(request), at=now, file_name=file.name[:200])
        return redirect("import", run.pk)
    page = Paginator(Import.objects.select_related("by"), 25).get_page(request.GET.get("page"))
    status = 422 if form.is_bound else 200
    return render(request, "intake/imports.html", {"form": form, "page_obj": page}, status=status)


@require_GET
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what came of one import, with each remark."""
    _require_importer(request)
    run = get_object_or_404(Import.objects.select_related("by"), pk=pk)
    page = Paginator(run.remarks.all(), 100).get_page(request.GET.get("page"))
    return render(request, "intake/import.html", {"run": run, "page_obj": page})
