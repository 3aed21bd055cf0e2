"""What the SLA report is called, what works it out, and its tables."""

from django.utils.translation import gettext_lazy as _

from reports import wording
from reports.breaches import breach_rows
from reports.catalogue.report import Long, Report
from reports.sla import AGES, SlaFilter, sla_report
from reports.sla_figures import COUNTS
from reports.tables import Column, Kind, Table


def _figures(path: str, *shown: str) -> tuple[Column, ...]:
    """Return the columns of the SLA's figures, found under `path`; pages have those that are `shown`."""
    labels = {
        "handed_over": _("Handed over"),
        "logged_late": _("Logged late"),
        "late": _("Late"),
        "never": _("Never"),
        "at_sight": _("Rejected at sight"),
        "running": _("Not yet due"),
        "share": _("In time"),
    }
    at = f"{path}." if path else ""
    counts = tuple(
        Column(name, labels.get(name, "") if name in shown else "", Kind.COUNT, f"{at}{name}") for name in COUNTS
    )
    return (
        *counts,
        Column("share", labels["share"] if shown else "", Kind.SHARE, f"{at}share"),
        Column("took", "", Kind.SPREAD, f"{at}took"),
        Column("median", _("Median"), Kind.LENGTH, f"{at}took.median", is_for_readers=True),
        Column("p90", _("90th pct"), Kind.LENGTH, f"{at}took.p90", is_for_readers=True),
        Column("delay", "", Kind.SPREAD, f"{at}delay"),
        Column("human", "", Kind.SPREAD, f"{at}human"),
    )


SLA = Report(
    name="sla",
    title=_("SLA report"),
    build=sla_report,
    question=SlaFilter,
    headlines=wording.kpis,
    numbers=(Column("metric"), Column("by"), Column("cause")),
    tables=(
        Table("total", _("In total"), _figures(""), is_one=True),
        Table("previous", _("Compared with"), _figures(""), is_one=True),
        Table(
            "metrics",
            _("Every clock"),
            (
                Column("name", _("Clock"), source="label", is_for_readers=True),
                Column("metric", source="metric.value"),
                *_figures("figures", "late", "never", "logged_late", "at_sight", "running"),
                Column("before", _("Compared with"), Kind.RATE, "before.share"),
                Column("before_took", "", Kind.SPREAD, "before.took"),
            ),
            opens=(*COUNTS, "share"),
            keys=("metric",),
        ),
        Table(
            "groups",
            _("By group"),
            (
                Column("key", source="group.key"),
                Column("name", _("Group"), source="group.name"),
                Column("people", _("People"), Kind.COUNT, "group.people"),
                *_figures("figures", "handed_over", "late", "never"),
                Column("open_breaches", _("Open breaches"), Kind.COUNT),
            ),
            opens=(*COUNTS, "share"),
        ),
        Table(
            "weeks",
            _("By week"),
            (
                Column("week", _("Week"), source="iso"),
                Column("first", kind=Kind.DATE),
                Column("last", kind=Kind.DATE),
                *_figures("figures", "handed_over", "late", "never", "running"),
            ),
            opens=(*COUNTS, "share"),
        ),
        Table(
            "causes",
            _("Why they were late"),
            (
                Column("cause", source="cause.value"),
                Column("name", _("Cause"), source="cause.label"),
                Column("rate", _("Breaches"), Kind.RATE),
            ),
        ),
        Table(
            "ageing",
            _("Open clocks by age"),
            (
                Column("metric", source="metric.value"),
                Column("name", _("Clock"), source="label"),
                Column("not_due", _("Not yet due"), Kind.COUNT),
                Column("past_due_1d", _("Up to a day past due"), Kind.COUNT),
                Column("past_due_3d", _("1 to 3 days"), Kind.COUNT),
                Column("past_due_7d", _("3 to 7 days"), Kind.COUNT),
                Column("past_due_longer", _("Longer"), Kind.COUNT),
            ),
            note=_("how long past due"),
            opens=AGES,
        ),
        Table(
            "sql",
            _("Does it pay to be in time?"),
            (
                Column("touched", source="touched.value"),
                Column("name", _("First touch"), source="label"),
                Column("rate", _("Became an SQL"), Kind.RATE),
            ),
            source="sqls",
            note=_("handoffs older than six weeks"),
            opens=("rate",),
        ),
    ),
    long=Long(
        Table(
            "breaches",
            _("Breaches"),
            (
                Column("handoff", kind=Kind.COUNT, source="clock.handoff_id"),
                Column("lead", kind=Kind.COUNT, source="clock.handoff.lead_id"),
                Column("name", _("Lead"), source="clock.handoff.lead.name"),
                Column("company", source="company"),
                Column("team", source="clock.handoff.team.slug"),
                Column("owner", source="owner.username"),
                Column("is_unclaimed", kind=Kind.FLAG),
                Column("metric", _("Clock"), source="clock.metric"),
                Column("round", kind=Kind.COUNT, source="clock.round"),
                Column("policy", _("Policy"), source="clock.policy.slug"),
                Column("policy_version", kind=Kind.COUNT, source="clock.policy.version"),
                Column("due_at", _("Was due"), Kind.MOMENT, "clock.due_at"),
                Column("stopped_at", kind=Kind.MOMENT, source="clock.stopped_at"),
                Column("late_by", _("Late by"), Kind.LENGTH),
                Column("state", _("Now")),
                Column("cause", _("Cause"), source="cause.value"),
                Column("pauses", kind=Kind.COUNT, source="pauses_count"),
                Column("steps", kind=Kind.COUNT, source="steps_count"),
                Column("url"),
            ),
        ),
        count=lambda report: report.listed.height,
        rows=lambda report, part, reader, at: breach_rows(report.listed[part], reader, at=at),
        still_open=lambda report: report.listed["stopped"].null_count(),
    ),
)
