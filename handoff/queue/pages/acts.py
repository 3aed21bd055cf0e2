"""The acts on a handoff as pages: a form, one act, and back to the lead."""

from datetime import date, datetime, time
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views import View

from handoff.lib.refusals import Refusal
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue import (
    claiming,
    deals,
    disqualification,
    next_steps,
    noting,
    qualification,
    snoozing,
    takeover,
    undoing,
)
from handoff.queue import forms as queue_forms
from handoff.queue.models import Handoff
from handoff.queue.pages.panel import fetch, panel_context


class ActPage(View):
    """One act: GET shows its form, POST does it. A refusal keeps what was typed and says what to do."""

    form_class: ClassVar[type[queue_forms.ActForm]] = queue_forms.ActForm
    template = "queue/act.html"
    title: ClassVar[str | Promise] = ""
    button: ClassVar[str | Promise] = gettext_lazy("Save")
    done: ClassVar[str | Promise] = ""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form."""
        handoff, now = fetch(request, pk), timezone.now()
        initial = {"version": handoff.version, **request.GET.dict(), **self.begun(request, handoff, now)}
        form = self.form_class(handoff=handoff, user=person(request), at=now, initial=initial)
        return self.show(request, handoff, form)

    def begun(self, request: HttpRequest, handoff: Handoff, now: datetime) -> dict[str, Any]:
        """Return what the form begins with, from what was clicked."""
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
        raise NotImplementedError

    def message(self, handoff: Handoff) -> str:
        """Return what is said afterwards."""
        return str(self.done) % {"lead": handoff.lead.name}

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Go back to the lead if it is still theirs, else to the queue."""
        user, now = person(request), timezone.now()
        if not Handoff.objects.visible_to(user).filter(pk=handoff.pk).exists():
            return redirect("queue")
        if request.headers.get("HX-Request"):
            return render(request, "queue/_panel.html", panel_context(fetch(request, handoff.pk), user, now))
        return redirect("handoff", handoff.pk)

    def refused(self, request: HttpRequest, handoff: Handoff, form: Any, refusal: Refusal) -> HttpResponse:
        """Show what the act said next to the fields it is about."""
        fields: dict[str, str] = refusal.extra.get("fields", {})
        for name, text in fields.items():
            form.add_error(name if name in form.fields else None, text)
        if not fields:
            form.add_error(None, refusal.message)
        return self.show(request, handoff, form, status=refusal.status)

    def show(self, request: HttpRequest, handoff: Handoff, form: Any, status: int = 200) -> HttpResponse:
        """Render the form beside what is known."""
        user, now = person(request), timezone.now()
        words = {"form": form, "title": self.title % {"lead": handoff.lead.name}, "button": self.button}
        return render(request, self.template, {**panel_context(handoff, user, now), **words}, status=status)


class Claim(ActPage):
    """Take a lead."""

    title = gettext_lazy("Take %(lead)s")
    button = gettext_lazy("Take this lead")
    done = gettext_lazy("%(lead)s is yours.")

    def show(self, request: HttpRequest, handoff: Handoff, form: Any, status: int = 200) -> HttpResponse:
        """Ask for it, unless nothing but a broken form was sent: it may be a colleague's lead by now."""
        if form.is_bound:
            messages.error(request, gettext("Open the lead and take it from there."))
            return redirect("queue")
        return super().show(request, handoff, form, status)

    def find(self, request: HttpRequest, pk: int) -> Handoff:
        """Find it also when a colleague was quicker: then the act says who."""
        return get_object_or_404(Handoff.objects.once_visible_to(person(request)).select_related("lead"), pk=pk)

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Claim it."""
        claiming.claim(handoff, by=user, at=now)

    def refused(self, request: HttpRequest, handoff: Handoff, form: Any, refusal: Refusal) -> HttpResponse:
        """Say who was first; there is nothing to correct."""
        messages.error(request, refusal.message)
        return redirect("queue")


class PlanNextStep(ActPage):
    """Plan what happens next."""

    form_class = queue_forms.NextStepForm
    title = gettext_lazy("Next step with %(lead)s")
    done = gettext_lazy("Planned.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Plan it."""
        data = form.cleaned_data
        next_steps.plan_next_step(
            handoff, what=data["what"], step_at=data["step_at"], by=user, at=now, version=data["version"]
        )


class SnoozePage(ActPage):
    """Put a lead out of sight for a while."""

    form_class = queue_forms.SnoozeForm
    title = gettext_lazy("Snooze %(lead)s")
    button = gettext_lazy("Snooze")
    done = gettext_lazy("%(lead)s comes back by itself.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Snooze it."""
        data = form.cleaned_data
        snoozing.snooze(handoff, until=data["until"], reason=data["reason"], by=user, at=now, version=data["version"])


class Release(ActPage):
    """Give a lead back to the team."""

    form_class = queue_forms.ReleaseForm
    title = gettext_lazy("Release %(lead)s")
    button = gettext_lazy("Release")
    done = gettext_lazy("%(lead)s is back in the team's queue.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Release it."""
        claiming.release(
            handoff, reason=form.cleaned_data["reason"], by=user, at=now, version=form.cleaned_data["version"]
        )


class PassOn(ActPage):
    """Give a lead to a colleague."""

    form_class = queue_forms.PassForm
    title = gettext_lazy("Pass %(lead)s to a colleague")
    button = gettext_lazy("Pass on")
    done = gettext_lazy("%(lead)s is with your colleague now.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Pass it on."""
        data = form.cleaned_data
        claiming.pass_on(handoff, to=data["to"], note=data["note"], by=user, at=now, version=data["version"])


class Assign(ActPage):
    """Give a lead to a rep, as manager."""

    form_class = queue_forms.AssignForm
    title = gettext_lazy("Assign %(lead)s")
    button = gettext_lazy("Assign")
    done = gettext_lazy("%(lead)s is assigned.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Assign it."""
        data = form.cleaned_data
        claiming.assign(handoff, to=data["to"], by=user, at=now, version=data["version"])


class AddNote(ActPage):
    """Leave a note."""

    form_class = queue_forms.NoteForm
    title = gettext_lazy("Note about %(lead)s")
    done = gettext_lazy("Noted.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Add it."""
        noting.add_note(handoff, text=form.cleaned_data["text"], by=user, at=now)


class VerdictPage(ActPage):
    """A verdict: afterwards the queue, with ten seconds to undo."""

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Go to the queue, offering to undo."""
        request.session["undo"] = {"handoff": handoff.pk, "lead": handoff.lead.name, "at": timezone.now().isoformat()}
        return redirect("queue")


class Qualify(VerdictPage):
    """Say yes, with BANT."""

    form_class = queue_forms.QualifyForm
    template = "queue/qualify.html"
    title = gettext_lazy("Qualify %(lead)s")
    button = gettext_lazy("Qualify")
    done = gettext_lazy("%(lead)s is qualified.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Qualify it."""
        data = form.cleaned_data
        qualification.qualify(
            handoff,
            bant=form.bant(),
            takes_over=data["takes_over"],
            value=data["value"],
            currency=data["currency"].upper() if data["value"] is not None else "",
            expected_close=data["expected_close"],
            by=user,
            at=now,
            version=data["version"],
        )


class Disqualify(VerdictPage):
    """Say no, with a reason."""

    form_class = queue_forms.DisqualifyForm
    template = "queue/disqualify.html"
    title = gettext_lazy("Disqualify %(lead)s")
    button = gettext_lazy("Disqualify")
    done = gettext_lazy("Disqualified: %(lead)s.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Disqualify it."""
        given = form.given(midnight=_midnight)
        disqualification.disqualify(handoff, by=user, at=now, version=form.cleaned_data["version"], **given)


def _midnight(day: date) -> datetime:
    """Return when `day` begins for the reader."""
    return timezone.make_aware(datetime.combine(day, time()))


class TakeOn(ActPage):
    """Accept an SQL that a colleague passed on."""

    title = gettext_lazy("Take on %(lead)s")
    button = gettext_lazy("I take it on")
    done = gettext_lazy("%(lead)s is yours to win.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Accept it."""
        takeover.accept_takeover(handoff, by=user, at=now)

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Go back to the SQLs."""
        return redirect("qualified")


class Won(ActPage):
    """The SQL bought."""

    form_class: ClassVar[type[queue_forms.ActForm]] = queue_forms.WonForm
    title = gettext_lazy("%(lead)s has bought")
    done = gettext_lazy("%(lead)s is a customer.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Record it."""
        value = form.cleaned_data["value"]
        currency = form.cleaned_data["currency"].upper() if value is not None else ""
        deals.win(handoff, value=value, currency=currency, by=user, at=now)

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Go back to the SQLs."""
        return redirect("qualified")


class Lost(Won):
    """The SQL did not buy."""

    form_class = queue_forms.LostForm
    title = gettext_lazy("%(lead)s is lost")
    done = gettext_lazy("%(lead)s is lost, with the reason on record.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Record it."""
        deals.lose(handoff, because=form.cleaned_data["because"], by=user, at=now)


class Undo(ActPage):
    """Take a verdict back."""

    title = gettext_lazy("Undo the verdict on %(lead)s")
    button = gettext_lazy("Undo")
    done = gettext_lazy("Undone: %(lead)s is open again.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Undo it."""
        undoing.undo(handoff, by=user, at=now)

    def after(self, request: HttpRequest, handoff: Handoff) -> HttpResponse:
        """Offer it no longer."""
        request.session.pop("undo", None)
        return super().after(request, handoff)

    def refused(self, request: HttpRequest, handoff: Handoff, form: Any, refusal: Refusal) -> HttpResponse:
        """Say why it is too late."""
        messages.error(request, refusal.message)
        return redirect("queue")


class Overturn(ActPage):
    """Reopen a wrongly judged lead, as manager."""

    form_class = queue_forms.OverturnForm
    title = gettext_lazy("Overturn the verdict on %(lead)s")
    button = gettext_lazy("Overturn")
    done = gettext_lazy("%(lead)s is open again.")

    def act(self, handoff: Handoff, form: Any, user: User, now: datetime) -> None:
        """Overturn it."""
        undoing.overturn(handoff, reason=form.cleaned_data["reason"], by=user, at=now)
