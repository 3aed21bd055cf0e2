"""Handing over at a pace: after a publication that says so, those who newly qualify come so many per rep a day."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet

from handoff.leads.models import Lead
from handoff.people.models import Team, User
from handoff.queue.models import Handoff
from handoff.queue.rescoring import rescore
from handoff.queue.working import lock_leads
from handoff.sla.calendars import calendar_of
from handoff.sla.clock import local_openings
from scoring.models import Publication
from scoring.publishing import current_publication, published


def hand_over_paced(*, at: datetime) -> int:
    """Hand over, team by team and best first, as many as today's pace still allows; return how many."""
    publication = current_publication(at)
    if publication is None or publication.qualifying != Publication.Qualifying.PACED:
        return 0
    # Before the base is rescored, nobody knows who the best are.
    if publication.rescored_at is None:
        return 0
    return sum(_hand_over(team, publication, at) for team in Team.objects.all() if is_at_work(team, at))


def is_at_work(team: Team, at: datetime) -> bool:
    """Return whether `team` has open hours at `at`; without hours it always has."""
    calendar = calendar_of(team)
    if calendar is None:
        return True
    hours = calendar.hours()
    day = at.astimezone(ZoneInfo(hours.zone)).date()
    return any(opens <= at < closes for opens, closes in local_openings(hours, day))


def _hand_over(team: Team, publication: Publication, at: datetime) -> int:
    model = published(publication).model
    midnight = at.astimezone(ZoneInfo(model.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    today = Handoff.objects.filter(publication=publication, is_paced=True, team=team, opened_at__gte=midnight)
    left = (publication.pace or 0) * User.objects.reps_of(team).count() - today.count()
    opened = 0
    for lead_id in _next(team, publication, model.threshold) if left > 0 else ():
        with transaction.atomic():
            lock_leads([lead_id])
            rescore([lead_id], at=at, is_paced=True)
            opened += Handoff.objects.open().filter(lead=lead_id, opened_at=at, is_paced=True).exists()
        if opened >= left:
            break
    return opened


def waits_for_its_pace(team: Team, publication: Publication) -> bool:
    """Return whether a lead of `team` that qualifies waits for its day."""
    is_paced = publication.qualifying == Publication.Qualifying.PACED
    return is_paced and _next(team, publication, published(publication).model.threshold).exists()


def _next(team: Team, publication: Publication, threshold: float) -> "QuerySet[Lead, int]":
    qualifying = Lead.objects.can_be_handed_over().filter(
        team=team, score__publication=publication, score__is_mql=True, score__total__gte=threshold - 1e-6
    )
    return qualifying.order_by("-score__total", "id").values_list("id", flat=True)
