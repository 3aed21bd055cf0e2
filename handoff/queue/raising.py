"""Requests for contact: none is ever swallowed."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.leads.models import Activity, Lead, Stage
from handoff.outbox.notices import notify
from handoff.people.models import Role, User
from handoff.queue.clocks import replan_pauses, start_clocks
from handoff.queue.lapsing import LAPSE, find_wanting, set_lapse
from handoff.queue.models import Clock, Handoff, Route
from handoff.queue.triage import put_on_list
from handoff.sla.models import Metric

WITH_SALES = (Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER)


@transaction.atomic
def raise_request(lead_id: int, activity: Activity, *, was_open: bool, at: datetime) -> None:
    """See that a request for contact reaches somebody, wherever its lead stands."""
    lead = Lead.objects.select_related("owner", "team", "company", "score").get(pk=lead_id)
    if Handoff.objects.open().filter(lead=lead).exists():
        if was_open:
            raise_open(lead, activity, at=at)
    elif lead.stage in WITH_SALES:
        tell_owner(lead, activity, at)
    else:
        # Held or out for good: marketing is told, and answers it on its triage list.
        triage = put_on_list(lead, activity, at=at)
        marketers = User.objects.filter(is_active=True, role=Role.MARKETER)
        _tell(marketers, lead, activity, at, url=reverse("triage"), about=f"triage {triage.pk}")


def raise_open(lead: Lead, activity: Activity, *, at: datetime) -> None:
    """Bring the open handoff of `lead` back into sight: it asked again."""
    opened = Handoff.objects.open().filter(lead=lead).select_related("lead", "team")
    _raise_again(opened.select_for_update(of=("self",)).get(), activity, at)


def tell_owner(lead: Lead, activity: Activity, at: datetime) -> None:
    """Tell who has the SQL, opportunity or customer; where nobody is left, the managers of its team."""
    is_there = lead.owner and lead.owner.is_active
    people = [lead.owner] if lead.owner and is_there else User.objects.managers_of(lead.team)
    _tell(people, lead, activity, at)


def _raise_again(handoff: Handoff, activity: Activity, at: datetime) -> None:
    """An open handoff gets a new clock for the answer, unless one runs that is due first, and comes into sight."""
    last = handoff.clocks.aggregate(last=Max("round"))["last"] or 0
    running = Clock.objects.running().filter(handoff=handoff, metric=Metric.FIRST_TOUCH, due_at__gte=at)
    before = running.aggregate(first=Min("due_at"))["first"]
    start_clocks(handoff, at=at, metrics=[Metric.FIRST_TOUCH], round_=last + 1, route=Route.FAST_LANE, before=before)
    find_wanting(handoff, at=at)
    handoff.raised_at, handoff.snoozed_until, handoff.version = at, None, handoff.version + 1
    if handoff.snoozes.filter(ended_at=None).update(ended_at=at):
        replan_pauses(handoff)
    set_lapse(handoff)
    handoff.save(update_fields=["raised_at", "snoozed_until", "version", "due_at", *LAPSE])
    url, about = reverse("handoff", args=[handoff.pk]), f"handoff {handoff.pk}"
    _tell(_answering(handoff), handoff.lead, activity, at, url=url, about=about)


def _answering(handoff: Handoff) -> list[User]:
    """Return who can answer: the holder, else the reps of the team; where nobody is left, its managers."""
    reps = User.objects.reps_of(handoff.team) if handoff.team else User.objects.none()
    found = [handoff.holder] if handoff.holder else list(reps)
    return [person for person in found if person.is_active] or list(User.objects.managers_of(handoff.team))


def _tell(
    people: Iterable[User], lead: Lead, activity: Activity, at: datetime, *, url: str = "", about: str = ""
) -> None:
    def say() -> str:
        return _("%(lead)s asks to be contacted (%(kind)s).") % {"lead": lead.name, "kind": activity.kind_label()}

    url, about = url or reverse("lead", args=[lead.pk]), about or f"lead {lead.pk}"
    notify(people, cause=f"request:{activity.pk}", say=say, url=url, at=at, about=about, urgent=True)
