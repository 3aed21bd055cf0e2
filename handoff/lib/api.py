"""What all API views share: problems, and views and filters that refuse what they do not know."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from handoff.lib.refusals import Refusal

IGNORED = {"cursor", "format"}


class StrictFilterBackend(DjangoFilterBackend):
    """Refuses a query parameter that no filter knows, instead of answering something else than was asked."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        filterset = self.get_filterset(request, queryset, view)
        refuse_unknown(request, filterset.filters if filterset else ())
        return super().filter_queryset(request, queryset, view)


class StrictView(APIView):
    """Refuses query parameters other than the `known` ones."""

    known: Collection[str] = ()

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown(request, self.known)


class NoSuchAddress(APIView):
    """Every address of the API that is none: a problem too, whoever asks and how."""

    authentication_classes = permission_classes = ()
    schema = None

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        if request.path.endswith("/") or request.method not in {"GET", "HEAD"}:
            raise Http404

    def get(self, request: Any, **_rest: Any) -> HttpResponseBase:
        return redirect(request.get_full_path(force_append_slash=True), permanent=True)


def refuse_unknown(request: Any, known: Collection[str] = ()) -> None:
    """Refuse query parameters other than the `known` ones."""
    unknown = sorted(set(request.query_params) - set(known) - IGNORED)
    if unknown:
        message = _("There is no parameter “%(name)s”; use: %(known)s.")
        names = ", ".join(sorted(set(known) - IGNORED)) or "–"
        raise ValidationError({unknown[0]: [message % {"name": unknown[0], "known": names}]})


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return `error` as RFC 9457 problem details with a `code`, None for a bug."""
    # A problem is JSON also where the view answers with YAML or a page.
    context["request"].accepted_renderer, context["request"].accepted_media_type = JSONRenderer(), "application/json"
    if isinstance(error, Refusal):
        return _answer(error.status, error.code, error.message, **error.extra)
    if isinstance(error, DjangoValidationError):
        error = ValidationError(error.messages)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        return _answer(404, "not_found", _("There is no such thing here."))
    if isinstance(error, PermissionDenied):
        return _answer(403, "not_allowed", _("Your role does not permit this."))
    assert isinstance(error, APIException)
    code, extra = error.get_codes(), {}
    if isinstance(error, ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        extra = {"fields": {name: flat(messages) for name, messages in fields.items()}}
    answer = _answer(response.status_code, code if isinstance(code, str) else "invalid", flat(error.detail), **extra)
    for name in ("WWW-Authenticate", "Retry-After", "Allow"):
        if name in response.headers:
            answer[name] = response.headers[name]
    return answer


def flat(messages: Any) -> str:
    """Return what is wrong with a body or a part of it, as one text."""
    if isinstance(messages, dict):
        return " ".join(f"{name}: {flat(inner)}" for name, inner in messages.items())
    return " ".join(flat(message) for message in messages) if isinstance(messages, list) else str(messages)


def _answer(code: int, name: str, detail: str, **extra: Any) -> Response:
    title = HTTPStatus(code).phrase.capitalize()
    body = {"type": "about:blank", "title": title, "status": code, "code": name, "detail": detail, **extra}
    return Response(_printable(body), status=code, content_type="application/problem+json")


def _printable(value: Any) -> Any:
    """Return `value` without the halves of characters that a refused body may have held; no answer could carry them."""
    if isinstance(value, dict):
        return {_printable(name): _printable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_printable(inner) for inner in value]
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def describe_problems(result: dict[str, Any], **_rest: Any) -> dict[str, Any]:
    """Add the problem document to a schema, as what every operation answers with when it refuses."""
    texts = {name: {"type": "string"} for name in ("type", "title", "code", "detail")}
    result["components"]["schemas"]["Problem"] = {
        "type": "object",
        "description": "RFC 9457 problem details; `code` is for programs, `detail` for people, `fields` says where.",
        "properties": {
            **texts,
            "status": {"type": "integer"},
            "fields": {"type": "object", "description": "By field."},
        },
        "required": [*texts, "status"],
        "additionalProperties": True,
    }
    shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
    refused = {"description": "Refused; nothing has changed.", "content": {"application/problem+json": shape}}
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["4XX"] = refused
    return result
