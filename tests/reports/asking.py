"""Asks the reports as a door would."""

from datetime import datetime
from typing import Any

from django.http import QueryDict

from handoff.people.models import User
from reports.breaches import BreachRow, breach_rows
from reports.catalogue import REPORTS
from reports.filters import ReportFilter
from reports.funnel import FunnelReport
from reports.rules import RulesReport
from reports.sla import SlaReport
from reports.sources import SourcesReport


def ask(name: str, user: User, at: datetime, query: str = "") -> ReportFilter:
    asked = REPORTS[name].question(QueryDict(query), user=user, at=at)
    assert asked.is_valid(), asked.form.errors
    return asked


def report_of(name: str, user: User, at: datetime, query: str = "") -> Any:
    return REPORTS[name].build(ask(name, user, at, query).cohort(), at=at)


def sla_of(user: User, at: datetime, query: str = "") -> SlaReport:
    report: SlaReport = report_of("sla", user, at, query)
    return report


def breaches_of(user: User, at: datetime, query: str = "") -> list[BreachRow]:
    return breach_rows(sla_of(user, at, query).breaches, user, at=at)


def funnel_of(user: User, at: datetime, query: str = "") -> FunnelReport:
    report: FunnelReport = report_of("funnel", user, at, query)
    return report


def rules_of(user: User, at: datetime, query: str = "") -> RulesReport:
    report: RulesReport = report_of("rules", user, at, query)
    return report


def sources_of(user: User, at: datetime, query: str = "") -> SourcesReport:
    report: SourcesReport = report_of("sources", user, at, query)
    return report
