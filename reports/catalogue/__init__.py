"""Every report, said once: its page, its files and its answer in the API all come from here (decision 0012)."""

from reports.catalogue.feedback import FEEDBACK
from reports.catalogue.forecast import FORECAST
from reports.catalogue.funnel import FUNNEL
from reports.catalogue.meeting import MEETING
from reports.catalogue.report import Report
from reports.catalogue.rules import RULES
from reports.catalogue.sla import SLA
from reports.catalogue.sources import SOURCES

__all__ = ["REPORTS", "Report"]
REPORTS = {report.name: report for report in (SLA, FUNNEL, SOURCES, RULES, FEEDBACK, FORECAST, MEETING)}
