"""All that happened to a lead, in one line of time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from handoff.leads.models import Activity, Lead
from handoff.queue.models import Handoff, Note, Touch, Verdict

SHOWN_PROPERTIES = ("message", "subject", "content", "form", "event", "topic", "url")


@dataclass(frozen=True)
class Event:
    """One thing that happened: what kind, in words, when, and by whom of us."""

    at: datetime
    kind: str
    text: str
    by: str = ""
    note: str = ""
    is_ours: bool = False
    id: str = ""


def timeline(lead: Lead, *, most: int = 100, until: datetime | None = None) -> list[Event]:
    """Return the newest `most` events of `lead` (none later than `until`), newest first, in four queries."""
    end = until or datetime.max.replace(tzinfo=UTC)
    activities = Activity.objects.filter(lead=lead, occurred_at__lte=end).order_by("-occurred_at", "-id")[:most]
    touches = Touch.objects.filter(handoff__lead=lead, at__lte=end).select_related("by").order_by("-at", "-id")[:most]
    notes = Note.objects.filter(handoff__lead=lead, at__lte=end).select_related("by").order_by("-at", "-id")[:most]
    handoffs = Handoff.objects.filter(lead=lead, opened_at__lte=end).order_by("-opened_at", "-id")[:most]
    events = [
        Event(a.occurred_at, a.kind, in_words(a), note=_("by a machine") if a.is_machine else "", id=f"activity-{a.pk}")
        for a in activities
    ]
    events += [
        Event(t.at, "touch", capfirst(str(t)), by=str(t.by), note=t.note, is_ours=True, id=f"touch-{t.pk}")
        for t in touches
    ]
    events += [Event(n.at, "note", n.text, by=str(n.by), is_ours=True, id=f"note-{n.pk}") for n in notes]
    for handoff in handoffs:
        events += [event for event in _of_handoff(handoff) if event.at <= end]
    return sorted(events, key=lambda event: event.at, reverse=True)[:most]


def in_words(activity: Activity) -> str:
    """Return an activity in a few words: "E-mail clicked: Tariff calculator"."""
    detail = next((str(activity.properties[name]) for name in SHOWN_PROPERTIES if activity.properties.get(name)), "")
    label = capfirst(activity.kind_label())
    return f"{label}: {detail[:120]}" if detail else label


def _of_handoff(handoff: Handoff) -> list[Event]:
    opened = _("Handed over by %(route)s with %(grade)s · %(total)d")
    words = {"route": handoff.get_route_display(), "grade": handoff.grade or "–", "total": round(handoff.total)}
    note, key = handoff.opening_note, f"handoff-{handoff.pk}"
    events = [Event(handoff.opened_at, "handoff", opened % words, note=note, is_ours=True, id=key)]
    if handoff.closed_at:
        text = _("Verdict: %(verdict)s") % {"verdict": Verdict(handoff.verdict).label}
        events.append(Event(handoff.closed_at, "verdict", text, is_ours=True, id=f"verdict-{handoff.pk}"))
    return events


def event_json(event: Event) -> dict[str, Any]:
    """Return an event as the API shows it."""
    return {"id": event.id, "at": event.at, "kind": event.kind, "text": event.text, "by": event.by, "note": event.note}
