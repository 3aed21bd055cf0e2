"""What the alignment meeting is called, what works it out, and its tables."""

from django.utils.translation import gettext_lazy as _

from reports.catalogue.report import Report
from reports.meeting import meeting_report
from reports.tables import Column, Kind, Table

EXAMPLE = (
    Column("handoff", kind=Kind.COUNT, source="handoff.pk"),
    Column("lead", _("Lead"), source="handoff.lead.name"),
    Column("company", _("Company"), source="handoff.lead.company.name"),
    Column("grade", _("Grade"), source="handoff.grade"),
    Column("score", _("Score"), Kind.NUMBER, "handoff.total"),
    Column("why", _("What came of it")),
)
MEETING = Report(
    name="meeting",
    title=_("Alignment meeting"),
    build=meeting_report,
    numbers=(Column("handed_over", kind=Kind.COUNT),),
    tables=(
        Table(
            "promises",
            _("Promises"),
            (
                Column("side", source="now.side"),
                Column("promise", source="now.key"),
                Column("whose", _("Who"), source="now.side_label", is_for_readers=True),
                Column("team", _("Team"), source="now.team"),
                Column("what", _("Promised"), source="now.what"),
                Column("promised", _("At least"), Kind.COUNT, "now.promised"),
                Column("count", _("Came"), Kind.COUNT, "now.count"),
                Column("rate", _("Share"), Kind.RATE, "now.rate"),
                Column("count_before", _("Last time"), Kind.COUNT, "before.count"),
                Column("rate_before", _("Share last time"), Kind.RATE, "before.rate"),
                Column("is_kept", kind=Kind.FLAG, source="now.is_kept"),
                Column("kept", _("So far"), source="now.kept_label", is_for_readers=True),
            ),
        ),
        Table(
            "well",
            _("Five that went well"),
            EXAMPLE,
            note=_("won first, then the strongest BANT, then the quickest"),
        ),
        Table(
            "badly",
            _("Five that did not"),
            EXAMPLE,
            note=_("disqualified for a reason that counts against the rules, the highest score first"),
        ),
        Table(
            "reasons",
            _("Why sales said no"),
            (
                Column("name", _("Reason")),
                Column("rate", _("Of disqualified"), Kind.RATE),
                Column("before", _("Compared with"), Kind.RATE),
            ),
        ),
        Table(
            "rules",
            _("Rules to discuss"),
            (
                Column("rule", source="known.key"),
                Column("name", _("Rule"), source="known.name"),
                Column("sql_with", _("SQLs with it"), Kind.RATE),
                Column("sql_without", _("SQLs without it"), Kind.RATE),
                Column("lift", _("Lift"), Kind.NUMBER, "lift.ratio"),
                Column("ticked", _("Named as wrong"), Kind.RATE),
                Column("harm", _("Harm"), Kind.NUMBER),
            ),
            note=_("the most harmful of the half-year that ended six weeks before"),
        ),
        Table(
            "decisions",
            _("Decisions"),
            (
                Column("decision", kind=Kind.COUNT, source="decision.pk"),
                Column("text", _("Decision"), source="decision.text"),
                Column("owner", _("Who sees to it"), source="decision.owner"),
                Column("due_on", _("Until"), Kind.DATE, "decision.due_on"),
                Column("is_carried", kind=Kind.FLAG),
                Column("state", _("Now")),
                Column("outcome", _("What came of it"), source="decision.outcome"),
            ),
        ),
    ),
)
