"""The acts on a lead as pages: added, corrected, held, and kept from any contact."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views import View

from handoff.leads.editing import FIELD_OF, LeadForm
from handoff.leads.models import Lead, Stage
from handoff.leads.recording import Recorded, may_correct
from handoff.lib.refusals import Refusal
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue.holding import hold, may_hold, release_hold
from handoff.queue.objecting import record_objection, take_back_objection
from handoff.queue.receiving import receive_leads


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=gettext_lazy("Why it is held"), max_length=300)


class LetThroughForm(forms.Form):
    """Why they may be handed over all the same."""

    reason = forms.CharField(label=gettext_lazy("Why they are let through"), max_length=300)


class LeadAct(View):
    """One act on a lead: GET shows its form, POST does it, and then the lead is shown."""

    form_class: ClassVar[type[forms.Form]] = forms.Form
    title: ClassVar[str | Promise] = ""
    text: ClassVar[str | Promise] = ""
    button: ClassVar[str | Promise] = gettext_lazy("Save")
    done: ClassVar[str | Promise] = ""
    tone: ClassVar[str] = "primary"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form."""
        return self.show(request, self.find(request, pk), self.form_class())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do the act, or show the form again with what is wrong."""
        lead, form = self.find(request, pk), self.form_class(request.POST)
        if not form.is_valid():
            return self.show(request, lead, form, status=422)
        try:
            answer = self.act(request, lead, form, timezone.now())
        except Refusal as refusal:
            form.add_error(None, refusal.message)
            return self.show(request, lead, form, status=refusal.status)
        messages.success(request, str(self.done) % {"lead": lead.name})
        return answer or redirect("lead", lead.pk)

    def find(self, request: HttpRequest, pk: int) -> Lead:
        """Return the lead if this person may see it and do this; what they may not see is not there."""
        lead = get_object_or_404(Lead.objects.visible_to(person(request)).select_related("company"), pk=pk)
        if not self.may(lead, person(request)):
            raise PermissionDenied
        return lead

    def may(self, lead: Lead, user: User) -> bool:
        """Return whether this person may do this; who may see a lead may, unless said otherwise."""
        return True

    def act(self, request: HttpRequest, lead: Lead, form: Any, now: datetime) -> HttpResponse | None:
        """Call the act; where something else than the lead is to be shown afterwards, return it."""
        raise NotImplementedError

    def show(self, request: HttpRequest, lead: Lead, form: Any, status: int = 200) -> HttpResponse:
        """Render the form."""
        words = {"title": self.title % {"lead": lead.name}, "text": self.text, "button": self.button, "tone": self.tone}
        shown = {"lead": lead, "form": form, "back": self.back(lead), **words}
        return render(request, "leads/act.html", shown, status=status)

    def back(self, lead: Lead) -> str:
        """Return where it leads who changes their mind."""
        return reverse("lead", args=[lead.pk])


class Objection(LeadAct):
    """Somebody wants no contact."""

    title = gettext_lazy("%(lead)s objects to contact")
    text = gettext_lazy(
        "Nobody calls or mails them from now on, whatever an import says later. They are held out of the queue, and "
        "an open handoff ends as “Do not contact”, for good."
    )
    button = gettext_lazy("Record the objection")
    done = gettext_lazy("%(lead)s is not contacted any more.")
    tone = "danger"

    def act(self, request: HttpRequest, lead: Lead, form: Any, now: datetime) -> HttpResponse | None:
        """Record it; where a handoff ended, that can be undone like any verdict."""
        handoff = record_objection(lead, by=person(request), at=now)
        if handoff is None:
            return None
        request.session["undo"] = {"handoff": handoff.pk, "lead": lead.name, "at": now.isoformat()}
        return redirect("queue")


class HoldLead(LeadAct):
    """A lead is kept from being handed over."""

    form_class: ClassVar[type[forms.Form]] = ReasonForm
    title = gettext_lazy("Hold %(lead)s")
    text = gettext_lazy("A held lead is not handed over until the hold is released. What is open stays open.")
    button = gettext_lazy("Hold")
    done = gettext_lazy("%(lead)s is held.")

    def may(self, lead: Lead, user: User) -> bool:
        """Return whether they may hold it."""
        return may_hold(lead, user)

    def act(self, request: HttpRequest, lead: Lead, form: Any, now: datetime) -> HttpResponse | None:
        """Hold it."""
        hold(lead, reason=form.cleaned_data["reason"], by=person(request), at=now)
        return None


class ReleaseHold(HoldLead):
    """A held lead may be handed over again."""

    form_class = LetThroughForm
    title = gettext_lazy("Let %(lead)s through")
    text = gettext_lazy(
        "They are handed over at once where their score is high enough. The entry of the exclusion list or the persona "
        "that held them does so no more."
    )
    button = gettext_lazy("Let through")
    done = gettext_lazy("%(lead)s is let through.")

    def act(self, request: HttpRequest, lead: Lead, form: Any, now: datetime) -> HttpResponse | None:
        """Release it."""
        release_hold(lead, reason=form.cleaned_data["reason"], by=person(request), at=now)
        return None


class WordsForm(forms.Form):
    """What a lead said who had objected."""

    words = forms.CharField(label=gettext_lazy("What they said, and where"), max_length=300)


class ObjectionTakenBack(LeadAct):
    """Somebody who objected wants contact after all."""

    form_class: ClassVar[type[forms.Form]] = WordsForm
    title = gettext_lazy("%(lead)s wants contact again")
    text = gettext_lazy(
        "Only their own word lifts an objection: a consent they gave since, or a request they made. What you write "
        "here stays on record with it."
    )
    button = gettext_lazy("Record their consent")
    done = gettext_lazy("%(lead)s may be contacted again.")

    def may(self, lead: Lead, user: User) -> bool:
        """Return whether they are of marketing."""
        return user.is_marketer or user.is_admin

    def act(self, request: HttpRequest, lead: Lead, form: Any, now: datetime) -> HttpResponse | None:
        """Record it."""
        take_back_objection(lead, words=form.cleaned_data["words"], by=person(request), at=now)
        return None


class AddLead(View):
    """A lead is added by hand; what a rep adds is theirs."""

    title: ClassVar[str | Promise] = gettext_lazy("Add a lead")

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Show the form."""
        lead = self.find(request, pk)
        return self.show(request, lead, LeadForm(lead=lead))

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Record the lead by the act that the API uses, or say beside the fields what is wrong."""
        lead, now = self.find(request, pk), timezone.now()
        form = LeadForm(request.POST, lead=lead)
        if not form.is_valid():
            return self.show(request, lead, form, status=422)
        recorded: Recorded = receive_leads([form.row()], by=person(request), at=now, stage=Stage.LEAD, about=lead)[0]
        if recorded.lead is None:
            form.add_error(FIELD_OF.get(recorded.code), recorded.detail)
            return self.show(request, lead, form, status=409)
        messages.success(request, gettext_lazy("%(lead)s is saved.") % {"lead": recorded.lead.name})
        return redirect("lead", recorded.lead.pk)

    def find(self, request: HttpRequest, pk: int | None) -> Lead | None:
        """Return nothing: there is no lead yet."""
        return None

    def show(self, request: HttpRequest, lead: Lead | None, form: LeadForm, status: int = 200) -> HttpResponse:
        """Render the form."""
        return render(request, "leads/form.html", {"lead": lead, "form": form, "title": self.title}, status=status)


class EditLead(AddLead):
    """What is known of a lead is corrected."""

    title = gettext_lazy("Correct a lead")

    def find(self, request: HttpRequest, pk: int | None) -> Lead | None:
        """Return the lead if this person may see and correct it."""
        user = person(request)
        lead = get_object_or_404(Lead.objects.visible_to(user).select_related("company"), pk=pk)
        if not may_correct(lead, user):
            raise PermissionDenied
        return lead
