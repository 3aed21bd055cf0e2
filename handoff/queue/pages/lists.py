"""Taking the next lead, and the list of those in nurture."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from handoff.lib.spreadsheets import csv_answer
from handoff.people.doors import person
from handoff.queue.claiming import take_next
from handoff.queue.resting import Resting, described, for_reason, personas_and_phases, reasons_of, resting


@require_POST
def next_lead(request: HttpRequest) -> HttpResponse:
    """Take the most urgent unclaimed lead and open it."""
    handoff = take_next(by=person(request), at=timezone.now())
    if handoff is None:
        messages.info(request, _("Nothing waits to be taken right now."))
        return redirect("queue")
    messages.success(request, _("%(lead)s is yours.") % {"lead": handoff.lead.name})
    return redirect("handoff", handoff.pk)


def _resting(request: HttpRequest) -> tuple[dict[str, Any], Any]:
    """Return the lists to choose from with what was chosen, and the leads: rows where each had to be looked at."""
    user, now = person(request), timezone.now()
    asked = {name: request.GET.get(name, "") for name in ("reason", "persona", "phase")}
    everybody = resting(user)
    personas, phases = personas_and_phases(now)
    choices = {"reasons": reasons_of(everybody), "personas": personas, "phases": phases}
    leads = for_reason(everybody, asked["reason"]) if asked["reason"] else everybody
    if asked["persona"] or asked["phase"]:
        # Whom a lead is like and how far it has read is worked out, not stored.
        return {**choices, **asked}, described(list(leads), now, persona=asked["persona"], phase=asked["phase"])
    return {**choices, **asked}, leads


@require_GET
def nurture(request: HttpRequest) -> HttpResponse:
    """List who rests in nurture: since when, why, whom they are like, and when they wake."""
    context, found = _resting(request)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    rows = list(page.object_list) if isinstance(found, list) else described(list(page.object_list), timezone.now())
    may_export = not person(request).is_rep
    return render(request, "queue/nurture.html", {**context, "page_obj": page, "rows": rows, "may_export": may_export})


@require_GET
def nurture_csv(request: HttpRequest) -> HttpResponse:
    """Give the list as a file."""
    if person(request).is_rep:
        raise PermissionDenied
    _context, found = _resting(request)
    rows = found if isinstance(found, list) else described(list(found), timezone.now())
    return csv_answer((_exported(row) for row in rows), EXPORTED, "nurture")


EXPORTED = [
    *("id", "external_id", "email", "name", "title", "company", "owner", "since", "reason", "note"),
    *("wakes_not_before", "wakes_on", "new_points", "woken_at", "personas", "phase"),
]


def _exported(row: Resting) -> dict[str, Any]:
    lead, contract = row.lead, row.contract
    return {
        **{name: getattr(lead, name) for name in ("id", "external_id", "email", "name", "title", "company", "owner")},
        **{"since": lead.stage_since.isoformat(), "reason": row.why, "note": row.note, "phase": row.phase},
        "personas": ", ".join(row.personas),
        "woken_at": lead.woken_at.isoformat() if lead.woken_at else "",
        "wakes_not_before": contract.wake_at.isoformat() if contract and contract.wake_at else "",
        "wakes_on": ", ".join(contract.wake_kinds) if contract else "",
        "new_points": contract.wake_points if contract else "",
    }
