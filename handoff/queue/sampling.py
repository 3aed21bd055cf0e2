"""Sampling below the line: what both teams agree to, and the tick that draws by it (decision 0013).

Of the new leads just below the threshold a share is drawn by lot and handed over like any other, within a weekly
number, so that what the line misses is measured. The lot is a digest of the agreement and the lead: it falls the same
way however often it is asked.
"""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.leads.models import Lead
from handoff.lib.refusals import NotOpen, WrongStage, require
from handoff.outbox.audit import record
from handoff.outbox.notices import notify
from handoff.people.models import Role, Team, User
from handoff.queue.models import Route, Sample, Sampling
from handoff.queue.opening import open_by_person
from handoff.queue.pacing import is_at_work, waits_for_its_pace
from handoff.queue.personas import held_back
from handoff.queue.rescoring import latest_activity, rescore
from handoff.queue.rotation import available
from handoff.queue.working import lock_leads
from scoring.models import Publication
from scoring.publishing import current_publication, published
from scoring.spec import ModelSpec

ENOUGH = 1e-6


def side_of(user: User, team: Team) -> str:
    """Return for which side `user` signs where leads of `team` are sampled, "" for neither."""
    if user.is_marketer:
        return "marketing"
    return "sales" if user.is_manager and team.pk in user.team_ids() else ""


@transaction.atomic
def propose_sampling(team: Team, *, band: int, share: int, weekly_number: int, by: User, at: datetime) -> Sampling:
    """Propose to sample leads of `team`, signed by the side of `by`; nothing is drawn before the other has signed."""
    side = side_of(by, team)
    require(side)
    Team.objects.select_for_update().get(pk=team.pk)
    if Sampling.objects.standing().filter(team=team).exists():
        raise WrongStage(_("For %(team)s there is an agreement or a proposal already; end it first.") % {"team": team})
    size = {"band": band, "share": share, "weekly_number": weekly_number}
    signed = {f"{side}_by": by, f"{side}_at": at}
    sampling = Sampling.objects.create(team=team, proposed_at=at, **size, **signed)
    record("sampling proposed", f"sampling {sampling.pk}", by=by, at=at, team=team.pk, **size)
    marketers = User.objects.filter(is_active=True, role=Role.MARKETER)
    others = User.objects.managers_of(team) if side == "marketing" else marketers

    def say() -> str:
        return _("%(name)s proposes to sample below the line for %(team)s.") % {"name": by, "team": team}

    notify(others, cause=f"sampling:{sampling.pk}", say=say, url=reverse("sampling"), at=at)
    return sampling


@transaction.atomic
def sign_sampling(sampling: Sampling, *, by: User, at: datetime) -> None:
    """Sign for the side that has not: from now on leads are drawn."""
    locked = _locked(sampling)
    side = side_of(by, locked.team)
    require(side)
    if getattr(locked, f"{side}_at"):
        raise WrongStage(_("Your side has signed already; now the other one has to."))
    signed = {f"{side}_by": by, f"{side}_at": at, "started_at": at}
    Sampling.objects.filter(pk=locked.pk).update(**signed)
    record("sampling signed", f"sampling {locked.pk}", by=by, at=at)


@transaction.atomic
def end_sampling(sampling: Sampling, *, by: User, at: datetime) -> None:
    """End an agreement or a proposal: either side may, at any time. What was handed over stays so."""
    locked = _locked(sampling)
    require(side_of(by, locked.team) or by.is_admin)
    Sampling.objects.filter(pk=locked.pk).update(ended_at=at, ended_by=by)
    record("sampling ended", f"sampling {locked.pk}", by=by, at=at)


def _locked(sampling: Sampling) -> Sampling:
    locked = Sampling.objects.standing().select_related("team").select_for_update(of=("self",))
    found = locked.filter(pk=sampling.pk).first()
    if found is None:
        raise NotOpen(_("This agreement has ended; propose another one."))
    return found


def hand_over_samples(*, at: datetime) -> int:
    """Draw, and hand over those for whom the week has room, where teams are at work; return how many."""
    publication = current_publication(at)
    if publication is None:
        return 0
    model, done = published(publication).model, 0
    for sampling in Sampling.objects.in_force().filter(started_at__lte=at).select_related("team"):
        if is_at_work(sampling.team, at) and not waits_for_its_pace(sampling.team, publication):
            below = _just_below(sampling, publication, model).values_list("id", flat=True)
            lots = sorted((lot(sampling, lead_id), lead_id) for lead_id in below)
            # In the order of the lots, as the week may end before they do.
            drawn = [lead_id for lot, lead_id in lots if lot < sampling.share / 100]
            done += sum(_sample(lead_id, sampling, publication, at) for lead_id in drawn)
    return done


def lot(sampling: Sampling, lead_id: int) -> float:
    """Return where between 0 and 1 the lot of a lead falls."""
    return int.from_bytes(sha256(f"sampling {sampling.pk} {lead_id}".encode()).digest()[:7]) / 2**56


def _just_below(sampling: Sampling, publication: Publication, model: ModelSpec) -> "QuerySet[Lead]":
    """Return the new leads in the band whom no other reason keeps from being handed over, and who were not drawn."""
    new = Lead.objects.can_be_handed_over().filter(
        team=sampling.team, created_at__gte=sampling.started_at, is_imported_history=False, handoffs=None, samples=None
    )
    line = model.threshold - ENOUGH
    in_band = {"score__total__gte": line - sampling.band, "score__total__lt": line}
    return new.filter(score__publication=publication, score__is_mql=False, **in_band)


@transaction.atomic
def _sample(lead_id: int, sampling: Sampling, publication: Publication, at: datetime) -> bool:
    """Hand a drawn lead over, if it stands below the line even now; where the week is full, note only the draw."""
    # One agreement draws one lead at a time, so that its week is counted right.
    if Sampling.objects.in_force().select_for_update().filter(pk=sampling.pk).first() is None:
        return False
    lock_leads([lead_id])
    rescore([lead_id], at=at)
    model = published(publication).model
    found = _just_below(sampling, publication, model).filter(pk=lead_id).select_related("company")
    lead = found.first()
    # A team without room draws nobody: the lots fall later, and the same way.
    if lead is None or not available(sampling.team, at=at) or held_back([lead], publication, at=at):
        return False
    week = week_of(at, publication)
    this_week = Sample.objects.handed_over().filter(sampling=sampling, week=week)
    handoff = None
    if this_week.count() < sampling.weekly_number:
        latest = latest_activity(lead, at)
        handoff = open_by_person(lead, route=Route.SCORE, note="", by=None, at=at, trigger=latest)
    total = lead.score.total
    Sample.objects.create(sampling=sampling, lead=lead, drawn=lead.pk, at=at, week=week, total=total, handoff=handoff)
    return handoff is not None


def week_of(at: datetime, publication: Publication | None) -> date:
    """Return the Monday of the week of `at` in the time zone of what is live."""
    day = at.astimezone(ZoneInfo(publication.model.time_zone) if publication else UTC).date()
    return day - timedelta(days=day.weekday())
