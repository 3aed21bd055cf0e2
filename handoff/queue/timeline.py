"""All that happened to a lead, in one line of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.leads.models import Activity, Kind, Lead
from handoff.queue.models import Assignment, Handoff, Merge, Note, Snooze, Touch, Verdict

SHOWN_PROPERTIES = ("message", "subject", "content", "form", "event", "topic", "url")
VIEWS = {
    "": gettext_lazy("All"),
    "theirs": gettext_lazy("What they did"),
    "ours": gettext_lazy("What we did"),
    "quiet": gettext_lazy("Without mail noise"),
}
NOISE = (Kind.EMAIL_DELIVERED, Kind.EMAIL_OPENED, Kind.EMAIL_BOUNCED)
# An assignment that ended otherwise was given back, with the reason.
ENDINGS = {*Assignment.How.values, *Verdict.values}


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
    logged_at: datetime | None = None  # where it was written down noticeably later


def timeline(lead: Lead, *, most: int = 100, until: datetime | None = None, view: str = "") -> list[Event]:
    """Return the newest `most` events of `lead` (none later than `until`), newest first, in at most seven queries.

    `view` is one of VIEWS.
    """
    end = until or datetime.max.replace(tzinfo=UTC)
    events: list[Event] = []
    if view != "ours":
        events += _theirs(lead, end, most, without_noise=view == "quiet")
    if view != "theirs":
        events += _ours(lead, end, most)
    return sorted(events, key=lambda event: event.at, reverse=True)[:most]


def in_words(activity: Activity) -> str:
    """Return an activity in a few words: "E-mail clicked: Tariff calculator"."""
    detail = next((str(activity.properties[name]) for name in SHOWN_PROPERTIES if activity.properties.get(name)), "")
    label = capfirst(activity.kind_label())
    return f"{label}: {detail[:120]}" if detail else label


def _theirs(lead: Lead, end: datetime, most: int, *, without_noise: bool) -> list[Event]:
    found = Activity.objects.filter(lead=lead, occurred_at__lte=end)
    if without_noise:
        found = found.exclude(kind__in=NOISE).exclude(is_machine=True)
    return [
        Event(a.occurred_at, a.kind, in_words(a), note=_("by a machine") if a.is_machine else "", id=f"activity-{a.pk}")
        for a in found.order_by("-occurred_at", "-id")[:most]
    ]


def _ours(lead: Lead, end: datetime, most: int) -> list[Event]:
    notes = Note.objects.filter(handoff__lead=lead, at__lte=end).select_related("by").order_by("-at", "-id")[:most]
    events = [Event(n.at, "note", n.text, by=str(n.by), is_ours=True, id=f"note-{n.pk}") for n in notes]
    events += _touches(lead, end, most)
    snoozes = Snooze.objects.filter(handoff__lead=lead, at__lte=end).select_related("by").order_by("-at", "-id")
    for snooze in snoozes[:most]:
        text = _("Snoozed until %(day)s") % {"day": date_format(localtime(snooze.until), "j F Y")}
        key = f"snooze-{snooze.pk}"
        events.append(Event(snooze.at, "snooze", text, by=str(snooze.by), note=snooze.reason, is_ours=True, id=key))
    for merge in Merge.objects.filter(kept=lead, at__lte=end).select_related("by").order_by("-at", "-id")[:most]:
        text, key = _("Merged with %(name)s") % {"name": merge.name}, f"merge-{merge.pk}"
        note = ", ".join(str(merge.was[name]) for name in ("email", "phone", "external_id") if merge.was[name])
        events.append(Event(merge.at, "merge", text, by=str(merge.by), note=note, is_ours=True, id=key))
    held = Assignment.objects.filter(handoff__lead=lead).select_related("user").order_by("-started_at", "-id")
    events += [event for event in _of_assignments(list(held[:most])) if event.at <= end]
    handoffs = Handoff.objects.filter(lead=lead, opened_at__lte=end).select_related(
        "disqualification__reason", "disqualification__by", "qualification__by"
    )
    for handoff in handoffs.order_by("-opened_at", "-id")[:most]:
        events += [event for event in _of_handoff(handoff) if event.at <= end]
    return events


def _touches(lead: Lead, end: datetime, most: int) -> Iterator[Event]:
    touches = Touch.objects.filter(handoff__lead=lead, at__lte=end).select_related("by").order_by("-at", "-id")
    for touch in touches[:most]:
        note = "\n".join(filter(None, [touch.note, touch.evidence]))
        logged_at = touch.logged_at if touch.is_backdated else None
        text, key = capfirst(str(touch)), f"touch-{touch.pk}"
        yield Event(touch.at, "touch", text, str(touch.by), note, is_ours=True, id=key, logged_at=logged_at)


def _of_assignments(held: Sequence[Assignment]) -> Iterator[Event]:
    starts = {assignment.started_at for assignment in held}
    for one in held:
        text = _("With %(name)s: %(how)s") % {"name": one.user, "how": one.get_how_display()}
        key = f"assignment-{one.pk}"
        yield Event(one.started_at, "assignment", text, note=one.note, is_ours=True, id=key)
        if one.ended_at and one.ended_because not in ENDINGS and one.ended_at not in starts:
            by, note = str(one.user), one.ended_because
            yield Event(one.ended_at, "release", _("Given back"), by, note, is_ours=True, id=f"release-{one.pk}")


def _of_handoff(handoff: Handoff) -> list[Event]:
    opened = _("Handed over by %(route)s with %(grade)s · %(total)d")
    words = {"route": handoff.get_route_display(), "grade": handoff.grade or "–", "total": round(handoff.total)}
    note, key = handoff.opening_note, f"handoff-{handoff.pk}"
    said = _("Handed over (imported history)") if handoff.is_imported_history else opened % words
    events = [Event(handoff.opened_at, "handoff", said, note=note, is_ours=True, id=key)]
    if handoff.closed_at:
        text = _("Verdict: %(verdict)s") % {"verdict": Verdict(handoff.verdict).label}
        refused = getattr(handoff, "disqualification", None)
        given = refused or getattr(handoff, "qualification", None)
        note = ": ".join(filter(None, [refused.reason.label, refused.note])) if refused else ""
        by, key = str(given.by) if given else "", f"verdict-{handoff.pk}"
        events.append(Event(handoff.closed_at, "verdict", text, by, note, is_ours=True, id=key))
    return events


def event_json(event: Event) -> dict[str, Any]:
    """Return an event as the API shows it."""
    return {"id": event.id, "at": event.at, "kind": event.kind, "text": event.text, "by": event.by, "note": event.note}
