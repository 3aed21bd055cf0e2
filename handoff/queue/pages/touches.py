"""Logging a touch as a page: begun by a call or mail from here, and on to the next lead."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.lib.refusals import Incomplete
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue import next_steps, touching
from handoff.queue.models import Handoff, Outcome, TouchChannel
from handoff.queue.pages.acts import ActPage
from handoff.queue.touch_form import TouchForm


class LogTouch(ActPage):
    """Log a contact or an attempt, and optionally what comes next."""

    form_class = TouchForm
    template = "queue/touch.html"
    title = gettext_lazy("Log a touch with %(lead)s")
    done = gettext_lazy("Logged: %(lead)s.")

    def begun(self, request: HttpRequest, handoff: Handoff, now: datetime) -> dict[str, Any]:
        """Begin with the call or mail that was started from here: that is its evidence."""
        words = {"to": handoff.lead.phone, "time": date_format(timezone.localtime(now), "H:i")}
        start = {"happened_at": timezone.localtime(now).replace(tzinfo=None)}
        if request.GET.get("begun") == TouchChannel.CALL:
            evidence = _("Called %(to)s from Handoff at %(time)s") % words
            return {"channel": TouchChannel.CALL, "evidence": evidence, **start}
        if request.GET.get("begun") == TouchChannel.EMAIL:
            words |= {"to": handoff.lead.email or "", "name": request.GET.get("template", "")[:60]}
            said = _("Mail to %(to)s from Handoff at %(time)s, “%(name)s”") if words["name"] else ""
            evidence = (said or _("Mail to %(to)s from Handoff at %(time)s")) % words
            return {"channel": TouchChannel.EMAIL, "outcome": Outcome.SENT, "evidence": evidence, **start}
        return {}

    @transaction.atomic
    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Log the touch; a next step given with it is planned, and both are done or neither."""
        data = form.cleaned_data
        self.touch = touching.log_touch(
            handoff,
            channel=data["channel"],
            outcome=data["outcome"],
            direction=data["direction"] or "out",
            happened_at=data["happened_at"],
            note=data["note"],
            evidence=data["evidence"],
            by=user,
            at=now,
            version=data["version"],
        )
        if data["next_at"] or data["next_what"]:
            _plan(handoff, what=data["next_what"], step_at=data["next_at"], by=user, at=now)

    def message(self, handoff: Handoff) -> str:
        """Say also that the clock runs on where the touch proves nothing."""
        said = super().message(handoff)
        is_proof = self.touch.note or self.touch.evidence
        if is_proof or not touching.wants_proof(handoff):
            return said
        return f"{said} {_('Without a note or evidence it does not stop the first touch.')}"

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Go on to the next lead where that was asked for: in the list it came from, else the most urgent one held."""
        if "next" not in request.POST:
            return super().after(request, handoff)
        came_from = urlsplit(request.headers.get("Referer", ""))
        if came_from.path == reverse("queue"):
            return redirect(f"{came_from.path}?{came_from.query}")
        user = person(request)
        held = Handoff.objects.visible_to(user).open().held_by(user).awake(timezone.now())
        following = held.exclude(pk=handoff.pk).by_urgency().first()
        return redirect("handoff", following.pk) if following else redirect("queue")


def _plan(handoff: Handoff, **step: Any) -> None:
    """Plan what comes next; what is wrong about it is said of the step's fields, for those of the touch come first."""
    try:
        next_steps.plan_next_step(handoff, **step)
    except Incomplete as refusal:
        wrong = {f"next_{name}": text for name, text in refusal.extra["fields"].items()}
        raise Incomplete(refusal.message, fields=wrong) from refusal
