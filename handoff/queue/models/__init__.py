"""The rows of the queue: handoffs, the work on them, their verdicts and their clocks."""

from handoff.queue.models.clocks import Breach, Clock, FiredStep, Replan, ReplannedClock
from handoff.queue.models.handoffs import Assignment, Handoff, Route, Verdict
from handoff.queue.models.merges import Merge, NotTheSame
from handoff.queue.models.qualifications import Answer, BudgetState, BuyingRole, Qualification, TakeoverReturn
from handoff.queue.models.sampling import Sample, Sampling
from handoff.queue.models.triage import Triage
from handoff.queue.models.verdicts import Deal, Disqualification, DisqualificationReason, Recycling
from handoff.queue.models.work import Draft, MailTemplate, NextStep, Note, Outcome, Snooze, Touch, TouchChannel
