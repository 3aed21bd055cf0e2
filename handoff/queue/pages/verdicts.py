"""The pages of verdicts: their forms, what of them is kept half-filled, and ten seconds to undo."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from handoff.people.doors import person
from handoff.queue import drafting, verdict_forms
from handoff.queue.contracts import is_last_return
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Handoff
from handoff.queue.pages.acts import ActPage
from handoff.queue.pages.panel import fetch
from handoff.queue.qualification import qualify


class VerdictPage(ActPage):
    """A verdict: it begins with what was kept of it; afterwards the queue, with ten seconds to undo."""

    name = ""
    done_with: ClassVar[tuple[str, ...]] = ()

    def begun(self, request: HttpRequest, handoff: Handoff, now: datetime) -> dict[str, Any]:
        """Begin where somebody left off."""
        return drafting.draft_of(handoff, self.name)

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Go to the queue, offering to undo; what was kept of the form is said now."""
        drafting.drop_drafts(handoff, acts=self.done_with)
        request.session["undo"] = {"handoff": handoff.pk, "lead": handoff.lead.name, "at": timezone.now().isoformat()}
        return redirect("queue")


class Qualify(VerdictPage):
    """Say yes, with BANT."""

    name = "qualify"
    form_class = verdict_forms.QualifyForm
    template = "queue/qualify.html"
    title = gettext_lazy("Qualify %(lead)s")
    button = gettext_lazy("Qualify")
    done = gettext_lazy("%(lead)s is qualified.")

    does = staticmethod(qualify)
    done_with = drafting.ACTS


class Disqualify(VerdictPage):
    """Say no, with a reason."""

    name = "disqualify"
    form_class = verdict_forms.DisqualifyForm
    template = "queue/disqualify.html"
    title = gettext_lazy("Disqualify %(lead)s")
    button = gettext_lazy("Disqualify")
    done = gettext_lazy("Disqualified: %(lead)s.")
    does = staticmethod(disqualify)
    done_with = ("disqualify",)  # what was learned for a yes stays beside the no

    def begun(self, request: HttpRequest, handoff: Handoff, now: datetime) -> dict[str, Any]:
        """Say beforehand where the lead has come back as often as it may."""
        if is_last_return(handoff):
            text = _(
                "%(lead)s has come back as often as agreed: in nurture, only a request for contact wakes this lead."
            )
            messages.info(request, text % {"lead": handoff.lead.name})
        return super().begun(request, handoff, now)


@require_POST
def keep(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Keep what the form of a verdict holds: as it is typed, or by its button."""
    if act not in drafting.ACTS:
        raise Http404
    handoff = fetch(request, pk)
    values = {
        name: request.POST.getlist(name) for name in request.POST if name not in {"csrfmiddlewaretoken", "version"}
    }
    drafting.keep_draft(handoff, act=act, values=values, by=person(request), at=timezone.now())
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    messages.success(request, _("Kept. It is here again when you come back."))
    return redirect("handoff", pk)
