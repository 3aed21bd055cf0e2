"""The rows of the queue: handoffs, the work on them, their verdicts and their clocks."""

from handoff.queue.models.clocks import Breach, Clock, FiredStep, Replan, ReplannedClock
from handoff.queue.models.handoffs import Assignment, Handoff, Route, Verdict
from handoff.queue.models.verdicts import (
    Answer,
    Deal,
    Disqualification,
    DisqualificationReason,
    Qualification,
    Recycling,
)
from handoff.queue.models.work import MailTemplate, NextStep, Note, Outcome, Snooze, Touch, TouchChannel

__all__ = [
    "Answer",
    "Assignment",
    "Breach",
    "Clock",
    "Deal",
    "Disqualification",
    "DisqualificationReason",
    "FiredStep",
    "Handoff",
    "MailTemplate",
    "NextStep",
    "Note",
    "Outcome",
    "Qualification",
    "Recycling",
    "Replan",
    "ReplannedClock",
    "Route",
    "Snooze",
    "Touch",
    "TouchChannel",
    "Verdict",
]
