"""The timeline on a page: which part of it, and how far back, are in the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoff.leads.models import Lead
from handoff.queue.timeline import VIEWS, Event, timeline

STEP = 40
FURTHEST = 2000


@dataclass(frozen=True)
class Trail:
    """Some events, the views to choose from, and how many to ask for to see older ones; 0 where there are none."""

    address: str
    view: str
    events: list[Event]
    older: int

    @property
    def views(self) -> list[tuple[str, str]]:
        """Return the names and labels of the views."""
        return [(name, str(label)) for name, label in VIEWS.items()]


def trail_of(lead: Lead, asked: Mapping[str, Any], *, address: str, most: int = STEP) -> Trail:
    """Return the timeline of `lead` as `asked` for: ?show= one of the views, ?most= how many."""
    view = asked.get("show", "")
    view = view if view in VIEWS else ""
    wanted = str(asked.get("most", ""))
    most = min(max(int(wanted), 1), FURTHEST) if wanted.isdecimal() and len(wanted) < 7 else most
    events = timeline(lead, most=most + 1, view=view)
    return Trail(address, view, events[:most], most + STEP if len(events) > most and most < FURTHEST else 0)
