"""What sources and campaigns is called, what works it out, and its tables."""

from django.utils.translation import gettext_lazy as _

from reports import wording
from reports.catalogue.report import Report
from reports.source_cohorts import SourcesFilter
from reports.sources import sources_report
from reports.tables import Column, Kind, Table

OF_A_SOURCE = (
    Column("leads", _("Leads"), Kind.COUNT),
    *(
        Column(name, label, Kind.COUNT, f"figures.{name}")
        for name, label in (("mqls", _("MQLs")), ("sqls", _("SQLs")), ("customers", _("Customers")), ("unpriced", ""))
    ),
    Column("sql_rate", _("SQL of settled"), Kind.RATE, "figures.sql_rate"),
    Column("win_rate", _("Won of decided"), Kind.RATE, "figures.win_rate"),
)
AMOUNTS = ("revenue", "revenue_per_mql", "cost", "cost_per_lead", "cost_per_mql", "cost_per_sql", "cost_per_customer")
SOURCES = Report(
    name="sources",
    title=_("Sources"),
    build=sources_report,
    question=SourcesFilter,
    headlines=wording.source_kpis,
    numbers=(Column("by"), Column("has_leads", kind=Kind.FLAG), Column("has_costs", kind=Kind.FLAG)),
    tables=(
        Table("total", _("In total"), OF_A_SOURCE, source="whole", is_one=True),
        Table("sources", _("Sources"), (Column("source", _("Source")), *OF_A_SOURCE), source="rows"),
        Table(
            "campaigns",
            _("Campaigns"),
            (Column("source", _("Source")), Column("campaign", _("Campaign")), *OF_A_SOURCE),
        ),
        Table(
            "money",
            _("Revenue and cost, by currency"),
            (
                *(Column(name) for name in ("group", "source", "campaign", "currency")),
                *(Column(name, kind=Kind.MONEY, source=f"amounts.{name}") for name in AMOUNTS),
                Column("return", kind=Kind.NUMBER, source="return_"),
            ),
        ),
    ),
)
