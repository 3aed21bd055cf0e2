"""A worker that includes this module enforces naively."""

from handoff.queue import enforcement
from tests.processes.naive_ticks import record_first

enforcement.enforce_due = record_first
