"""The page of the agreement: what the two teams promise each other, who signed it, and what is live outside it."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from handoff.feedback import agreeing
from handoff.feedback.agreed_words import sections
from handoff.feedback.models import Agreement, Signature
from handoff.feedback.terms import differing, live_terms
from handoff.lib.refusals import Refusal
from handoff.people.doors import person, tried
from handoff.people.models import User


@require_GET
def agreement(request: HttpRequest, version: int | None = None) -> HttpResponse:
    """Show what is live, marked where it is outside what was signed; or one version as it was written down."""
    user, now = person(request), timezone.now()
    versions = list(Agreement.objects.prefetch_related("signatures__by").select_related("by"))
    signed = next((one for one in versions if one.signed_at), None)
    context: dict[str, Any] = {"versions": versions, "signed": signed, "may_propose": bool(agreeing.sides_of(user))}
    if version is not None:
        shown = get_object_or_404(Agreement, version=version)
        return render(request, "feedback/agreement.html", context | {"shown": shown, "sections": sections(shown.terms)})
    live, waiting = live_terms(at=now), versions[0] if versions and not versions[0].signed_at else None
    outside = differing(signed.terms if signed else {}, live, at=now)
    context |= {
        "outside": outside,
        "sections": sections(live, outside if signed else ()),
        "gone": sections({key: signed.terms[key] for key in outside if key not in live}) if signed else [],
        "waiting": waiting,
        "is_written_down": bool(waiting and waiting.terms == live) or not outside,
        "may_sign": _open_sides(waiting, user) if waiting else [],
    }
    return render(request, "feedback/agreement.html", context)


def _open_sides(waiting: Agreement, user: User) -> list[Signature.Side]:
    """Return for which sides `user` can still sign."""
    signatures = list(waiting.signatures.all())
    if any(signature.by_id == user.pk for signature in signatures):
        return []
    taken = {signature.side for signature in signatures}
    return [side for side in agreeing.sides_of(user) if side not in taken]


@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Write down what is live as the next version."""
    user, note = person(request), request.POST.get("note", "")
    said = _("%(agreement)s is written down and waits for both signatures.")
    propose_it = partial(agreeing.propose, note=note, by=user, at=timezone.now())
    tried(request, propose_it, lambda made: said % {"agreement": made})
    return redirect("agreement")


@require_POST
def sign(request: HttpRequest, version: int) -> HttpResponse:
    """Sign a version for one side."""
    found = get_object_or_404(Agreement, version=version)
    try:
        agreeing.sign(found, side=request.POST.get("side", ""), by=person(request), at=timezone.now())
        found.refresh_from_db()
        said = _("Signed: it is in force from now on.") if found.signed_at else _("Signed: the other side is next.")
        messages.success(request, said)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("agreement")
