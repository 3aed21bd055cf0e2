"""The acts on a handoff as pages: a form, one act, and back to the lead."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views import View

from handoff.lib.refusals import Refusal, Stale
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue import claiming, next_steps, noting, snoozing, undoing
from handoff.queue import forms as queue_forms
from handoff.queue.models import Handoff
from handoff.queue.pages.panel import Taken, fetch, panel_context, tell_who_has_it


class ActPage(View):
    """One act: GET shows its form, POST does it. A refusal keeps what was typed and says what to do.

    What differs between acts is given where a page is made of it: `ActPage.as_view(form_class=..., does=...)`. `does`
    is the act, called with the handoff, what the form's `given()` says, and by whom and when.
    """

    form_class: ClassVar[type[queue_forms.ActForm]] = queue_forms.ActForm
    template = "queue/act.html"
    title: ClassVar[str | Promise] = ""
    button: ClassVar[str | Promise] = gettext_lazy("Save")
    done: ClassVar[str | Promise] = ""
    does: ClassVar[Callable[..., object] | None] = None
    is_versioned = True  # refused where the lead changed since the form was shown
    is_on_open = True  # of no use any more once the lead has its verdict
    then = ""  # the page to go to afterwards; else back to the lead

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Say so where a colleague took the lead meanwhile; of its form only what was typed is shown again."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except Taken as taken:
            if request.method != "POST":
                return tell_who_has_it(request, taken)
            form = self.form_class(request.POST, handoff=taken.handoff, user=person(request), at=timezone.now())
            return render(request, "queue/taken.html", {"message": taken, "typed": form.typed()}, status=409)

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form."""
        handoff, now = fetch(request, pk), timezone.now()
        if self.is_on_open and not handoff.is_open:
            messages.error(request, claiming.taken_message(handoff))
            return redirect("handoff", pk)
        initial = {"version": handoff.version, **request.GET.dict(), **self.begun(request, handoff, now)}
        form = self.form_class(handoff=handoff, user=person(request), at=now, initial=initial)
        return self.show(request, handoff, form)

    def begun(self, request: HttpRequest, handoff: Handoff, now: datetime) -> dict[str, Any]:
        """Return what the form begins with, from what was clicked or is known."""
        return {}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do the act, or show the form again with what is wrong."""
        handoff, user, now = self.find(request, pk), person(request), timezone.now()
        form = self.form_class(request.POST, handoff=handoff, user=user, at=now)
        if not form.is_valid():
            return self.show(request, handoff, form, status=422)
        try:
            self.act(handoff, form, user, now)
        except Refusal as refusal:
            return self.refused(request, handoff, form, refusal)
        messages.success(request, self.message(handoff))
        return self.after(request, handoff)

    def find(self, request: HttpRequest, pk: int) -> Handoff:
        """Return the handoff that the act is about, if this person may see it."""
        return fetch(request, pk)

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Call the act with what the form read."""
        assert self.does is not None
        seen = {"version": form.cleaned_data["version"]} if self.is_versioned else {}
        self.does(handoff, **form.given(), **seen, by=user, at=now)

    def message(self, handoff: Handoff) -> str:
        """Return what is said afterwards."""
        return str(self.done) % {"lead": handoff.lead.name}

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Go back to the lead if it is still theirs, else to the queue."""
        user, now = person(request), timezone.now()
        if self.then:
            return redirect(self.then)
        if not Handoff.objects.visible_to(user).filter(pk=handoff.pk).exists():
            return redirect("queue")
        if request.headers.get("HX-Request"):
            return render(request, "queue/_panel.html", panel_context(fetch(request, handoff.pk), user, now))
        return redirect("handoff", handoff.pk)

    def refused(self, request: HttpRequest, handoff: Handoff, form: Any, refusal: Refusal) -> HttpResponse:
        """Show what the act said next to the fields it is about."""
        form.refuse(refusal)
        if isinstance(refusal, Stale):  # beside the form stands the lead as it is now: sent again, it is about that
            form.data = request.POST.copy()
            form.data["version"] = handoff.version
        return self.show(request, handoff, form, status=refusal.status)

    def show(self, request: HttpRequest, handoff: Handoff, form: Any, status: int = 200) -> HttpResponse:
        """Render the form beside what is known."""
        user, now = person(request), timezone.now()
        form.focus()
        words = {"form": form, "title": self.title % {"lead": handoff.lead.name}, "button": self.button}
        return render(request, self.template, {**panel_context(handoff, user, now), **words}, status=status)


class Claim(ActPage):
    """Take a lead."""

    title = gettext_lazy("Take %(lead)s")
    button = gettext_lazy("Take this lead")
    done = gettext_lazy("%(lead)s is yours.")
    does = staticmethod(claiming.claim)
    is_versioned = False

    def show(self, request: HttpRequest, handoff: Handoff, form: Any, status: int = 200) -> HttpResponse:
        """Ask for it, unless nothing but a broken form was sent: it may be a colleague's lead by now."""
        if form.is_bound:
            messages.error(request, gettext("Open the lead and take it from there."))
            return redirect("queue")
        return super().show(request, handoff, form, status)

    def find(self, request: HttpRequest, pk: int) -> Handoff:
        """Find it also when a colleague was quicker: then the act says who."""
        return get_object_or_404(Handoff.objects.once_visible_to(person(request)).select_related("lead"), pk=pk)

    def refused(self, request: HttpRequest, handoff: Handoff, form: Any, refusal: Refusal) -> HttpResponse:
        """Say who was first; there is nothing to correct."""
        messages.error(request, refusal.message)
        return redirect("queue")


class Undo(ActPage):
    """Take a verdict back."""

    title = gettext_lazy("Undo the verdict on %(lead)s")
    button = gettext_lazy("Undo")
    done = gettext_lazy("Undone: %(lead)s is open again.")
    does = staticmethod(undoing.undo)
    is_versioned = is_on_open = False

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Offer it no longer."""
        request.session.pop("undo", None)
        return super().after(request, handoff)

    def refused(self, request: HttpRequest, handoff: Handoff, form: Any, refusal: Refusal) -> HttpResponse:
        """Say why it is too late."""
        messages.error(request, refusal.message)
        return redirect("queue")


plan_next_step = ActPage.as_view(
    form_class=queue_forms.NextStepForm,
    does=next_steps.plan_next_step,
    is_on_open=False,
    title=gettext_lazy("Next step with %(lead)s"),
    done=gettext_lazy("Planned."),
)
snooze = ActPage.as_view(
    form_class=queue_forms.SnoozeForm,
    does=snoozing.snooze,
    title=gettext_lazy("Snooze %(lead)s"),
    button=gettext_lazy("Snooze"),
    done=gettext_lazy("%(lead)s comes back by itself."),
)
wake = ActPage.as_view(
    does=partial(snoozing.snooze, until=None, reason=""),
    title=gettext_lazy("Wake %(lead)s"),
    button=gettext_lazy("Wake now"),
    done=gettext_lazy("%(lead)s is back in the queue."),
)
release = ActPage.as_view(
    form_class=queue_forms.ReleaseForm,
    does=claiming.release,
    title=gettext_lazy("Release %(lead)s"),
    button=gettext_lazy("Release"),
    done=gettext_lazy("%(lead)s is back in the team's queue."),
)
pass_on = ActPage.as_view(
    form_class=queue_forms.PassForm,
    does=claiming.pass_on,
    title=gettext_lazy("Pass %(lead)s to a colleague"),
    button=gettext_lazy("Pass on"),
    done=gettext_lazy("%(lead)s is with your colleague now."),
)
assign = ActPage.as_view(
    form_class=queue_forms.AssignForm,
    does=claiming.assign,
    title=gettext_lazy("Assign %(lead)s"),
    button=gettext_lazy("Assign"),
    done=gettext_lazy("%(lead)s is assigned."),
)
add_note = ActPage.as_view(
    form_class=queue_forms.NoteForm,
    does=noting.add_note,
    is_versioned=False,
    title=gettext_lazy("Note about %(lead)s"),
    done=gettext_lazy("Noted."),
)
overturn = ActPage.as_view(
    form_class=queue_forms.OverturnForm,
    does=undoing.overturn,
    is_versioned=False,
    is_on_open=False,
    title=gettext_lazy("Overturn the verdict on %(lead)s"),
    button=gettext_lazy("Overturn"),
    done=gettext_lazy("%(lead)s is open again."),
)
