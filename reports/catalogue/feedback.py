"""What the feedback report is called, what works it out, and its tables."""

from django.utils.translation import gettext_lazy as _

from reports import wording
from reports.catalogue.report import Report
from reports.feedback import FeedbackFilter, feedback_report
from reports.tables import Column, Kind, Table

REASON_OF_GROUP = (
    Column("key", source="group.key"),
    Column("group", _("Group"), source="group.name"),
    Column("reason", source="reason.slug"),
    Column("name", _("Reason"), source="reason.label"),
    Column("rate", _("Of disqualified there"), Kind.RATE),
)
FEEDBACK = Report(
    name="feedback",
    title=_("Feedback report"),
    build=feedback_report,
    question=FeedbackFilter,
    headlines=wording.feedback_kpis,
    numbers=(Column("by"), Column("disqualified", kind=Kind.RATE), Column("against_rules", kind=Kind.RATE)),
    tables=(
        Table(
            "answers",
            _("Marketing's answers"),
            (Column("answered", kind=Kind.RATE), Column("read", kind=Kind.RATE), Column("after", kind=Kind.SPREAD)),
            is_one=True,
        ),
        Table(
            "reasons",
            _("Reasons"),
            (
                Column("reason", source="reason.slug"),
                Column("name", _("Reason"), source="reason.label"),
                Column("against_rules", kind=Kind.FLAG, source="reason.counts_against_rules"),
                Column("rate", _("Of disqualified"), Kind.RATE),
                Column("before", _("Compared with"), Kind.RATE),
            ),
            opens=("rate",),
        ),
        Table("groups", _("Reasons by group"), REASON_OF_GROUP, opens=("rate",), keys=("key", "reason")),
        Table("weeks", _("Reasons by week of handing over"), REASON_OF_GROUP, opens=("rate",), keys=("key", "reason")),
        Table(
            "promises",
            _("Both sides of the agreement"),
            (
                Column("side", source="side"),
                Column("promise", source="key"),
                Column("whose", _("Who"), source="side_label", is_for_readers=True),
                Column("team", _("Team")),
                Column("first", _("From"), Kind.DATE, "promise.first"),
                Column("last", _("To"), Kind.DATE, "promise.last"),
                Column("what", _("Promised")),
                Column("promised", _("At least"), Kind.COUNT),
                Column("count", _("Came"), Kind.COUNT),
                Column("rate", _("Share"), Kind.RATE),
                Column("is_kept", kind=Kind.FLAG),
                Column("kept", _("So far"), source="kept_label", is_for_readers=True),
            ),
        ),
    ),
)
