"""Two small doors for the script beside a condition: its rows read aloud, and the values seen in a field."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from scoring.condition_field import sent_rows
from scoring.condition_rows import SOURCES, RowMistakes
from scoring.condition_shown import catalogue_of, said_of, values_seen

# Drafts, and the territories of teams: whoever may read models may have conditions read to them.
for_readers_of_models = permission_required("scoring.view_scoringmodel", raise_exception=True)


def urls(wrap: Callable[[Any], Any]) -> list[URLPattern]:
    """Return the doors' addresses, each door guarded by `wrap` as the admin's pages are."""
    return [
        path("condition/sentence/", wrap(sentence_door), name="scoring_condition_sentence"),
        path("condition/values/", wrap(values_door), name="scoring_condition_values"),
    ]


@require_POST
@for_readers_of_models
def sentence_door(request: HttpRequest) -> JsonResponse:
    """Answer the condition called `name` as one sentence, or what is still missing; nothing is stored."""
    rows = sent_rows(request.POST, request.POST.get("name", ""))
    try:
        said = said_of(rows, request.POST.get("source", ""))
    except RowMistakes as error:
        place = _("Group %(group)d, row %(row)d: %(mistake)s")
        mistakes = [
            place % {"group": group + 1, "row": row + 1, "mistake": wrong}
            for (group, row), wrong in error.by_row.items()
        ]
        return JsonResponse({"sentence": "", "mistakes": mistakes})
    return JsonResponse({"sentence": said or _("Nothing is chosen: it always holds."), "mistakes": []})


@require_GET
@for_readers_of_models
def values_door(request: HttpRequest) -> JsonResponse:
    """Answer the values seen in `field`, such as "profile:country", most frequent first."""
    source, _colon, name = request.GET.get("field", "").partition(":")
    values = values_seen(source, name, catalogue_of(source)) if source in SOURCES else []
    return JsonResponse({"values": values})
