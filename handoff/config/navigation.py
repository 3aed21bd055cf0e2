"""What the side bar shows, and to whom."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

EVERYBODY = frozenset({"rep", "marketer", "manager", "admin"})
BADGES = "handoff.queue.badges.badges"


@dataclass(frozen=True)
class Entry:
    """One line of the side bar."""

    label: str | Promise
    url_name: str
    roles: frozenset[str] = EVERYBODY
    badge: str = ""
    tone: str = ""


SECTIONS: list[tuple[str | Promise, list[Entry]]] = [
    (
        _("Sales"),
        [
            Entry(_("Queue"), "queue", badge="queue"),
            Entry(_("Qualified"), "qualified"),
            Entry(_("Nurture"), "nurture"),
            Entry(_("Agreement"), "agreement"),
        ],
    ),
    (
        _("Marketing"),
        [
            Entry(_("Leads"), "leads"),
            Entry(_("Feedback"), "feedback", badge="feedback"),
            Entry(_("Triage"), "triage", frozenset({"marketer", "manager", "admin"}), badge="triage", tone="soon"),
            Entry(
                _("Scoring rules"), "admin:scoring_scoringmodel_changelist", frozenset({"marketer", "manager", "admin"})
            ),
            Entry(_("Sampling"), "sampling", frozenset({"marketer", "manager", "admin"})),
            Entry(_("Exclusion list"), "exclusions", frozenset({"marketer", "admin"})),
            Entry(_("Imports"), "imports", frozenset({"marketer", "admin"})),
        ],
    ),
    (
        _("Reports"),
        [
            Entry(_("Today"), "reports"),
            Entry(_("SLA"), "report-sla", badge="breaches", tone="late"),
            Entry(_("Funnel"), "report-funnel"),
            Entry(_("Sources"), "report-sources"),
            Entry(_("Rules at work"), "report-rules"),
            Entry(_("Alignment meeting"), "report-meeting"),
            Entry(_("Feedback report"), "report-feedback"),
            Entry(_("Forecast"), "report-forecast"),
        ],
    ),
    (_("House"), [Entry(_("Administration"), "admin:index", frozenset({"manager", "admin"}))]),
]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return the side bar for whoever is signed in, with its counts."""
    user = getattr(request, "user", None)
    # A swapped part has no frame, and the admin site one of its own.
    has_frame = not request.headers.get("HX-Request") and not request.path.startswith("/admin/")
    if user is None or not user.is_authenticated or not has_frame:
        return {}
    counts = import_string(BADGES)(user, at=timezone.now(), queue=getattr(request, "queue_counted", None))
    role = "admin" if user.is_admin else user.role
    seen = [(label, [entry for entry in entries if role in entry.roles]) for label, entries in SECTIONS]
    addresses = {entry: reverse(entry.url_name) for _label, entries in seen for entry in entries}
    here = max((url for url in addresses.values() if request.path.startswith(url)), key=len, default="")
    groups = [
        {"label": label, "items": [_item(entry, addresses[entry], here, counts) for entry in entries]}
        for label, entries in seen
    ]
    return {"nav": [group for group in groups if group["items"]], "unread_notices": counts["notices"]}


def _item(entry: Entry, url: str, here: str, counts: dict[str, int]) -> dict[str, Any]:
    count = counts.get(entry.badge, 0)
    return {"label": entry.label, "url": url, "current": url == here, "count": count, "tone": entry.tone}
