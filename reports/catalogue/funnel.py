"""What the funnel is called, what works it out, and its tables."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports import wording
from reports.catalogue.report import Report
from reports.funnel import FunnelFilter, Step, funnel_report
from reports.tables import Column, Kind, Table

STEPS = tuple(step.key for step in Step)
COUNTS_BY_STEP = (
    Column("key", source="group.key"),
    Column("name", _("Group"), source="group.name"),
    Column("handed_over", _("Handed over"), Kind.COUNT, "counts.handed_over"),
    Column("touched", _("Touched"), Kind.COUNT, "counts.touched"),
    Column("connected", _("Connected"), Kind.COUNT, "counts.connected"),
    Column("qualified", _("SQL"), Kind.COUNT, "counts.qualified"),
    Column("opportunity", _("Opportunity"), Kind.COUNT, "counts.opportunity"),
    Column("won", _("Won"), Kind.COUNT, "counts.won"),
    Column("sql", _("SQL of settled"), Kind.RATE),
    Column("won_of_sql", _("Won of decided SQLs"), Kind.RATE, "won"),
)


def _steps(name: str, title: Promise, of_all: Promise, *more: Column) -> Table:
    columns = (
        Column("step", source="step.key"),
        Column("name", _("Step"), source="step.label"),
        Column("count", _("Count"), Kind.COUNT),
        Column("of_previous", _("Of the step before"), Kind.RATE),
        Column("of_all", of_all, Kind.RATE),
        *more,
        Column("after", _("Median time"), Kind.SPREAD),
    )
    return Table(name, title, columns, opens=("count",))


FUNNEL = Report(
    name="funnel",
    title=_("Funnel"),
    build=funnel_report,
    question=FunnelFilter,
    headlines=wording.funnel_kpis,
    numbers=(
        *tuple(Column(name, kind=Kind.COUNT) for name in ("handed_over", "settled", "open", "undecided")),
        Column("by"),
    ),
    tables=(
        _steps(
            "steps",
            _("From handover to customer"),
            _("Of handed over"),
            Column("before", _("Compared with"), Kind.RATE),
        ),
        _steps("entries", _("People first seen in the period"), _("Of all")),
        Table(
            "leaks",
            _("Where they leak"),
            (
                Column("verdict", source="verdict.value"),
                Column("reason", source="reason.slug"),
                Column("name", _("Reason"), source="label"),
                Column("rate", _("Of settled"), Kind.RATE),
                Column("before", _("Compared with"), Kind.RATE),
            ),
            opens=("rate",),
            keys=("verdict", "reason"),
        ),
        Table("weeks", _("By week of handing over"), COUNTS_BY_STEP, opens=STEPS),
        Table("routes", _("By route"), COUNTS_BY_STEP, opens=STEPS),
        Table("groups", _("By group"), COUNTS_BY_STEP, opens=STEPS),
    ),
)
