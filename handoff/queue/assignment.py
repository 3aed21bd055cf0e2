"""Giving a handoff to a rep: to the colleague already in contact with the company, or to the next in turn."""

from datetime import datetime

from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.leads.models import Lead, Stage
from handoff.outbox.notices import notify
from handoff.people.models import Membership, Role, Team, User
from handoff.queue.models import Assignment, Handoff

IN_CONTACT = (Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER)


def give_in_turn(handoff: Handoff, *, at: datetime) -> User | None:
    """Assign a new handoff by the rules of its team and return to whom, None where reps take leads themselves."""
    colleague = _in_contact_with_company(handoff.lead)
    if colleague:
        assign_to(handoff, colleague, how=Assignment.How.COLLEAGUE, by=None, at=at)
        return colleague
    if handoff.team is None or handoff.team.giving != Team.Giving.ROTATION:
        return None
    rep = next_in_turn(handoff.team)
    if rep:
        assign_to(handoff, rep, how=Assignment.How.ROTATION, by=None, at=at)
    return rep


def _in_contact_with_company(lead: Lead) -> User | None:
    if lead.company_id is None:
        return None
    others = Lead.objects.filter(company_id=lead.company_id, stage__in=IN_CONTACT, owner__is_active=True)
    last = others.exclude(pk=lead.pk).select_related("owner").order_by("-stage_since", "-id").first()
    return last.owner if last else None


def next_in_turn(team: Team) -> User | None:
    """Return the rep of `team` with room whose last turn, weighted by share, is longest ago."""
    open_ones = Count("user__assignments", filter=Q(user__assignments__ended_at=None), distinct=True)
    turns = Count("user__assignments", filter=Q(user__assignments__how=Assignment.How.ROTATION), distinct=True)
    last = Max("user__assignments__started_at", filter=Q(user__assignments__how=Assignment.How.ROTATION))
    members = Membership.objects.filter(team=team, user__is_active=True, user__role=Role.REP, share__gt=0)
    rows = members.select_related("user").annotate(load=open_ones, turns=turns, last=last)
    with_room = [row for row in rows if row.load < row.capacity]
    if not with_room:
        return None
    chosen = min(
        with_room, key=lambda row: (row.turns / row.share, row.last.timestamp() if row.last else 0, row.user_id)
    )
    return chosen.user


def assign_to(
    handoff: Handoff, user: User, *, how: str, by: User | None, at: datetime, note: str = "", because: str = ""
) -> None:
    """Make `user` the holder of `handoff` (locked by the caller) from `at` on; who had it before no longer has."""
    end_assignment(handoff, at=at, because=because or how)
    begin_assignment(handoff, user, how=how, by=by, at=at, note=note)
    handoff.assigned_to, handoff.claimed_by, handoff.claimed_at, handoff.seen_at = user, None, None, None
    if user.team_ids() and handoff.team_id not in user.team_ids():
        handoff.team_id = user.team_ids()[0]
    handoff.version += 1
    handoff.save(update_fields=["assigned_to", "claimed_by", "claimed_at", "seen_at", "team", "version"])
    Lead.objects.filter(pk=handoff.lead_id).update(owner=user)
    if by is None or by.pk != user.pk:
        _tell(handoff, user, at)


def begin_assignment(handoff: Handoff, user: User, *, how: str, by: User | None, at: datetime, note: str = "") -> None:
    """Write down that `user` holds `handoff` from `at` on, and not before whoever held it last."""
    # An act's `at` is read before it waits for the lock, so it may lie before what the act ahead of it wrote down.
    last = Assignment.objects.filter(handoff=handoff).aggregate(ended=Max("ended_at"))["ended"]
    started_at = max(at, last) if last else at
    Assignment.objects.create(handoff=handoff, user=user, how=how, by=by, note=note, started_at=started_at)


def end_assignment(handoff: Handoff, *, at: datetime, because: str) -> None:
    """End the standing assignment, if there is one, and not before it began."""
    standing = Assignment.objects.filter(handoff=handoff, ended_at=None).first()
    if standing:
        standing.ended_at, standing.ended_because = max(at, standing.started_at), because
        standing.save(update_fields=["ended_at", "ended_because"])


def _tell(handoff: Handoff, user: User, at: datetime) -> None:
    def say() -> str:
        return _("%(lead)s was handed over to you.") % {"lead": handoff.lead.name}

    cause = f"assigned:{handoff.pk}:{handoff.version}"
    notify([user], cause=cause, say=say, url=reverse("handoff", args=[handoff.pk]), at=at)
