"""A score in rows and words: what counted at a moment, and when the line will be crossed."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from handoff.leads.models import Activity
from handoff.lib.durations import spoken
from handoff.queue.rescoring import Read
from handoff.queue.timeline import in_words
from scoring.course import Entry

SHOWN = 30  # activities of one reason: the latest of them


@dataclass(frozen=True)
class Reason:
    """One entry of a score with the activities it counted, the latest first, and how many more there are."""

    entry: Entry
    counted: list[tuple[str, datetime]]
    more: int
    is_limit: bool  # the group held the points between its floor and cap


def reasons_of(read: Read) -> list[Reason]:
    """Return why the score is what it is, the strongest reason first, in one query."""
    entries = read.reading.entries
    shown = {entry.rule: [read.activity_ids[row] for row in entry.activities[-SHOWN:]] for entry in entries}
    rows = Activity.objects.in_bulk({pk for ids in shown.values() for pk in ids})
    return [
        Reason(
            entry,
            [(in_words(rows[pk]), rows[pk].occurred_at) for pk in reversed(shown[entry.rule]) if pk in rows],
            max(len(entry.activities) - SHOWN, 0),
            entry.rule.startswith("group:"),
        )
        for entry in entries
    ]


def what_is_ahead(read: Read, at: datetime) -> str:
    """Return in words when the lead cools or warms without anything new, "" where it does neither."""
    if read.crosses_at is None or read.crosses_at <= at:
        return ""
    words = {"time": spoken(read.crosses_at - at), "when": _element(read.crosses_at)}
    if read.holds:
        return format_html(_("Without anything new it cools in {time}, on {when}."), **words)
    return format_html(_("Without anything new it qualifies in {time}, on {when}."), **words)


def _element(moment: datetime) -> str:
    shown = date_format(localtime(moment), "j M Y H:i")
    return format_html('<time datetime="{}">{}</time>', localtime(moment).isoformat(timespec="seconds"), shown)
