"""What rules at work is called, what works it out, and its tables."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.report import Report
from reports.rules import SettledFilter, rules_report
from reports.tables import Column, Kind, Table

RULES = Report(
    name="rules",
    title=_("Rules at work"),
    build=rules_report,
    question=SettledFilter,
    numbers=(
        *(Column(name, kind=Kind.COUNT) for name in ("handed_over", "younger", "unscored", "judged")),
        Column("against", kind=Kind.RATE),
    ),
    tables=(
        Table(
            "rules",
            _("Rules at work"),
            (
                Column("rule", source="known.key"),
                Column("name", source="known.name"),
                Column("dimension", source="known.dimension"),
                Column("is_alive", kind=Kind.FLAG),
                Column("takes_points", kind=Kind.FLAG, source="takes"),
                Column("carried", kind=Kind.COUNT),
                Column("took", kind=Kind.COUNT),
                *(
                    Column(name, kind=Kind.RATE)
                    for name in ("decisive", "sql_with", "sql_without", "ticked", "needless")
                ),
                *(
                    Column(name, kind=Kind.NUMBER, source=f"lift.{part}")
                    for name, part in (("lift", "ratio"), ("lift_low", "low"), ("lift_high", "high"))
                ),
                Column("harm", kind=Kind.NUMBER),
                Column("too_few", kind=Kind.FLAG, source="is_too_few"),
            ),
            source="rows",
        ),
    ),
)
