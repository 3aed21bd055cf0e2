"""A person's calendar: their next steps, and when their clocks are due, in iCalendar's form."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from handoff.people.models import User
from handoff.queue.models import Clock, Handoff, NextStep, Qualification

A_WHILE = timedelta(minutes=15)


def calendar_of(user: User) -> bytes:
    """Return what `user` has to do about the handoffs they hold; what is done or called off is no longer in it."""
    held = Handoff.objects.open().held_by(user)
    sqls = Qualification.objects.in_hand().filter(takes_over=user)
    is_theirs = Q(handoff__in=held) | Q(handoff__qualification__in=sqls)
    steps = NextStep.objects.filter(is_theirs, ended_at=None).select_related("handoff__lead")
    clocks = Clock.objects.running().filter(handoff__in=held).select_related("handoff__lead")
    with translation.override(user.language):
        calendar = Calendar()
        calendar.add("prodid", "-//Handoff//Handoff//EN")
        calendar.add("version", "2.0")
        calendar.add("x-wr-calname", _("Handoff: next steps and due dates"))
        for step in steps.order_by("at", "id"):
            words = {"what": step.what, "lead": step.handoff.lead.name}
            event = _event(f"next-step-{step.pk}", _("%(what)s: %(lead)s") % words, step.handoff, step.created_at)
            event.add("dtstart", step.at.astimezone(UTC))
            event.add("duration", A_WHILE)
            calendar.add_component(event)
        for clock in clocks.order_by("due_at", "id"):
            words = {"metric": clock.get_metric_display(), "lead": clock.handoff.lead.name}
            event = _event(f"clock-{clock.pk}", _("Due: %(metric)s, %(lead)s") % words, clock.handoff, clock.started_at)
            event.add("dtstart", clock.due_at.astimezone(UTC))
            event.add("transp", "TRANSPARENT")  # an instant keeps nobody busy
            calendar.add_component(event)
    return calendar.to_ical()


def _event(uid: str, summary: str, handoff: Handoff, made_at: datetime) -> Event:
    event = Event()
    # The same row keeps its name, so that a moved date moves the entry instead of adding one.
    event.add("uid", f"{uid}@handoff")
    event.add("dtstamp", made_at.astimezone(UTC))
    event.add("summary", summary)
    event.add("url", settings.BASE_URL + reverse("handoff", args=[handoff.pk]))
    return event
