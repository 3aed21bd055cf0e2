"""The reports in the API: the same numbers as the pages."""

from dataclasses import dataclass
from typing import Any, cast

from django.core.paginator import Page, Paginator
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from handoff.lib.api import refuse_unknown
from handoff.people.models import User
from handoff.queue.models import Route
from reports.catalogue import REPORTS, Report
from reports.filters import HOW_TO_COMPARE

PAGE = 50
DATE = OpenApiTypes.DATE
ASKED = {
    "from": OpenApiParameter("from", DATE, description="First date, in your time zone; 27 days before `to`."),
    "to": OpenApiParameter("to", DATE, description="Last date, included; today."),
    "period": OpenApiParameter("period", description="A usual period as of today, such as last_month."),
    "against": OpenApiParameter("against", description=str(HOW_TO_COMPARE)),
    "team": OpenApiParameter("team", description="A team's slug."),
    "rep": OpenApiParameter("rep", description="A username, where the rep's teams show figures per person."),
    "policy": OpenApiParameter("policy", description="A policy's slug, all its versions."),
    "source": OpenApiParameter("source", description="The source that the handoff came with."),
    "route": OpenApiParameter("route", enum=Route.values, many=True, description="How the handoffs came about."),
}
SETTLED = {
    "from": OpenApiParameter("from", DATE, description="First date, in your time zone; 181 days before `to`."),
    "to": OpenApiParameter("to", DATE, description="Last date, included; 42 days ago."),
}


class ReportView(APIView):
    """One report."""

    scope = "reports"
    report: Report

    def answer(self, request: Request) -> Response:
        """Return the report that is asked for."""
        now, user, report = timezone.now(), cast("User", request.user), self.report
        asked = report.question(request.query_params, user=user, at=now)
        refuse_unknown(request, {*asked.filters, *(["page"] if report.long else [])})
        if not asked.is_valid():
            raise ValidationError({name: list(texts) for name, texts in asked.form.errors.items()})
        cohort = asked.cohort()
        found, more = report.build(cohort, at=now), dict[str, Any](period=cohort.period)
        if report.long:
            page = Paginator(range(report.long.count(found)), PAGE).get_page(request.query_params.get("page"))
            part = slice(page.start_index() - 1 if page.object_list else 0, page.end_index())
            rows = report.long.rows(found, part, user, now)
            more[report.long.table.name] = {
                **_links(request, page),
                "open": report.long.still_open(found),
                "results": rows,
            }
        return Response(report.shape(Answered(found, more)).data)


@dataclass(frozen=True)
class Answered:
    """A report with what the API says beside it."""

    found: Any
    more: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.more[name] if name in self.more else getattr(self.found, name)


def _links(request: Request, page: "Page[int]") -> dict[str, Any]:
    return {
        "count": page.paginator.count,
        "next": _at_page(request, page.next_page_number()) if page.has_next() else None,
        "previous": _at_page(request, page.previous_page_number()) if page.has_previous() else None,
    }


def _at_page(request: Request, number: int) -> str:
    query = request.query_params.copy()
    query["page"] = str(number)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def view_of(report: Report) -> Any:
    """Return the view of `report`, described in the schema."""
    own = {name: filter_ for name, filter_ in report.question.base_filters.items() if name not in ASKED}
    asked = {
        **ASKED,
        **(SETTLED if report.question.ended_ago else {}),
        **{name: OpenApiParameter(name, enum=[key for key, _ in each.extra["choices"]]) for name, each in own.items()},
    }
    if report.long:
        asked["page"] = OpenApiParameter("page", int, description="The page of the list of single rows.")

    @extend_schema(
        operation_id=f"reports_{report.name}", parameters=[*asked.values()], responses=report.shape, tags=["reports"]
    )
    def get(self: ReportView, request: Request) -> Response:
        """Return the report of the handoffs opened in a period."""
        return self.answer(request)

    view: Any = type(f"{report.name.capitalize()}View", (ReportView,), {"report": report, "get": get})
    return view.as_view()


VIEWS = {name: view_of(report) for name, report in REPORTS.items()}
