"""The reports in the API: the same numbers as the pages."""

from typing import Any, cast

from django.core.paginator import Paginator
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
from reports.breaches import breach_rows
from reports.filters import ReportFilter
from reports.funnel import funnel_report
from reports.rules import SettledFilter, rules_report
from reports.shapes import FunnelShape, RulesShape, SlaShape
from reports.sla import sla_report

PAGE = 50
ASKED = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="First date, in your time zone; 27 days before `to`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last date, included; today."),
    OpenApiParameter("team", description="A team's slug."),
    OpenApiParameter("rep", description="A username, where the rep's teams show figures per person."),
    OpenApiParameter("policy", description="A policy's slug, all its versions."),
    OpenApiParameter("source", description="The source that the handoff came with."),
    OpenApiParameter("route", enum=Route.values, many=True, description="How the handoffs came about."),
]
ASKED_OF_RULES = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="First date, in your time zone; 181 days before `to`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last date, included; 42 days ago."),
    *ASKED[2:],
]
BREACH_PAGE = OpenApiParameter("page", int, description="The page of the list of breaches.")


class ReportView(APIView):
    """What the reports share: the question, refused where it cannot be understood."""

    scope = "reports"
    also_known: tuple[str, ...] = ()
    question: type[ReportFilter] = ReportFilter

    def asked(self, request: Request, at: Any) -> ReportFilter:
        """Return the question, or refuse."""
        asked = self.question(request.query_params, user=cast("User", request.user), at=at)
        refuse_unknown(request, {*asked.filters, *self.also_known})
        if not asked.is_valid():
            raise ValidationError({name: list(texts) for name, texts in asked.form.errors.items()})
        return asked


class SlaView(ReportView):
    """Where the agreement was kept and where it was broken."""

    also_known = ("page",)

    @extend_schema(operation_id="reports_sla", parameters=[*ASKED, BREACH_PAGE], responses=SlaShape, tags=["reports"])
    def get(self, request: Request) -> Response:
        """Return the SLA report of the handoffs opened in a period."""
        now = timezone.now()
        report = sla_report(self.asked(request, now).cohort(), at=now)
        page = Paginator(report.breaches, PAGE).get_page(request.query_params.get("page"))
        breaches = {
            "count": len(report.breaches),
            "open": report.open_breaches,
            "next": _at_page(request, page.next_page_number()) if page.has_next() else None,
            "previous": _at_page(request, page.previous_page_number()) if page.has_previous() else None,
            "results": breach_rows(list(page.object_list), at=now),
        }
        return Response(SlaShape({**vars(report), "breaches": breaches}).data)


class FunnelView(ReportView):
    """What became of handoffs, and where they leak."""

    @extend_schema(operation_id="reports_funnel", parameters=ASKED, responses=FunnelShape, tags=["reports"])
    def get(self, request: Request) -> Response:
        """Return the funnel of the handoffs opened in a period."""
        now = timezone.now()
        return Response(FunnelShape(funnel_report(self.asked(request, now).cohort(), at=now)).data)


class RulesView(ReportView):
    """What became of the handoffs that each rule carried."""

    question = SettledFilter

    @extend_schema(operation_id="reports_rules", parameters=ASKED_OF_RULES, responses=RulesShape, tags=["reports"])
    def get(self, request: Request) -> Response:
        """Return the rules at work in the handoffs opened in a period, the most harmful first."""
        now = timezone.now()
        return Response(RulesShape(rules_report(self.asked(request, now).cohort(), at=now)).data)


def _at_page(request: Request, number: int) -> str:
    query = request.query_params.copy()
    query["page"] = str(number)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
