"""Asks the reports as a door would."""

from datetime import datetime

from django.http import QueryDict

from handoff.people.models import User
from reports.filters import ReportFilter
from reports.funnel import FunnelReport, funnel_report
from reports.rules import RulesReport, SettledFilter, rules_report
from reports.sla import SlaReport, sla_report


def ask(user: User, at: datetime, query: str = "", question: type[ReportFilter] = ReportFilter) -> ReportFilter:
    asked = question(QueryDict(query), user=user, at=at)
    assert asked.is_valid(), asked.form.errors
    return asked


def sla_of(user: User, at: datetime, query: str = "") -> SlaReport:
    return sla_report(ask(user, at, query).cohort(), at=at)


def funnel_of(user: User, at: datetime, query: str = "") -> FunnelReport:
    return funnel_report(ask(user, at, query).cohort(), at=at)


def rules_of(user: User, at: datetime, query: str = "") -> RulesReport:
    return rules_report(ask(user, at, query, SettledFilter).cohort(), at=at)
