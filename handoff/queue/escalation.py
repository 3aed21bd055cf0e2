"""What the steps of a ladder do: telling people, and changing the handoff."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.lib.durations import spoken
from handoff.outbox.audit import record
from handoff.outbox.notices import News, hold_unread, notify, notify_all
from handoff.people.models import Role, User
from handoff.queue.assignment import assign_to, end_assignment, give_back
from handoff.queue.lapsing import end_as_lapsed
from handoff.queue.models import Assignment, Clock, FiredStep, Handoff
from handoff.queue.models.clocks import NOTICED_LATE
from handoff.queue.rotation import next_in_turn
from handoff.queue.running import Running, Whose
from handoff.sla.agreements import Agreements
from handoff.sla.ladder import Planned
from handoff.sla.models import LadderStep, Metric

Action, Outcome = LadderStep.Action, FiredStep.Outcome
CHANGES = frozenset({Action.NEXT_REP, Action.BACK_TO_TEAM, Action.RAISE, Action.NURTURE})
Done = tuple[Running, Planned]


class _Crew:
    """Who is told about the handoffs of some clocks: their holders, teams and managers, in three queries."""

    def __init__(self, done: Iterable[Done], holders: Mapping[int, int]) -> None:
        handoffs = [clock.handoff for clock, _what in done]
        ids = {handoff.holder_id for handoff in handoffs} | {clock.offered_to_id for clock, _what in done}
        self._people = User.objects.filter(is_active=True).in_bulk({pk for pk in ids | set(holders.values()) if pk})
        self._of_teams: dict[tuple[int | None, str], list[User]] = {}
        in_teams = User.objects.filter(is_active=True, memberships__team__in={h.team_id for h in handoffs if h.team_id})
        for user in in_teams.distinct().prefetch_related("memberships").order_by("id"):
            for membership in user.memberships.all():
                self._of_teams.setdefault((membership.team_id, user.role), []).append(user)
        self._admins = list(User.objects.filter(is_active=True, role=Role.ADMIN))

    def person(self, pk: int | None) -> list[User]:
        """Return that person, if they are still here."""
        return [self._people[pk]] if pk in self._people else []

    def owner(self, clock: Running) -> list[User]:
        """Return whoever has the lead, else who may take it."""
        handoff = clock.handoff
        pk = clock.offered_to_id if clock.metric == Metric.TAKEOVER else handoff.holder_id
        return self.person(pk) or self.team(handoff)

    def team(self, handoff: Whose) -> list[User]:
        """Return the reps of its team."""
        return self._of_teams.get((handoff.team_id, Role.REP), [])

    def managers(self, handoff: Whose) -> list[User]:
        """Return the managers of its team, else the administrators."""
        return self._of_teams.get((handoff.team_id, Role.MANAGER)) or self._admins


def tell(done: list[Done], holders: Mapping[int, int], *, at: datetime) -> None:
    """Tell those whom each step or breach concerns, once; `holders` maps breached clocks to who had them at due."""
    if not done:
        return
    crew, news = _Crew(done, holders), []
    page = reverse("handoff", args=[0])
    for clock, what in done:
        people = _people(crew, clock, what, holders)
        cause = f"step:{clock.pk}:{what.rung.id}" if what.rung else f"breach:{clock.pk}"
        url, about = page.replace("0", str(clock.handoff_id)), f"handoff {clock.handoff_id}"
        told = {user.pk: user for user in people}.values()
        news.append(News(told, cause, _said(clock, what, at), url, about=about))
    notify_all(news, at=at)


def _people(crew: _Crew, clock: Running, what: Planned, holders: Mapping[int, int]) -> list[User]:
    if what.rung is None:
        return crew.person(holders.get(clock.pk)) + crew.managers(clock.handoff)
    if what.rung.action == Action.TELL_MANAGER:
        return crew.managers(clock.handoff)
    return crew.team(clock.handoff) if what.rung.action == Action.TELL_TEAM else crew.owner(clock)


def _said(clock: Running, what: Planned, at: datetime) -> Callable[[], str]:
    left, is_late = clock.due_at - at, at - what.at > NOTICED_LATE

    def say() -> str:
        words = {"lead": clock.handoff.lead_name, "metric": str(Metric(clock.metric).label), "time": spoken(abs(left))}
        if left > timedelta(0):
            return _("%(lead)s: %(metric)s is due in %(time)s.") % words
        if is_late:
            return _("%(lead)s: %(metric)s was due %(time)s ago (noticed late).") % words
        return _("%(lead)s: %(metric)s was due %(time)s ago.") % words

    return say


def change_handoffs(due: Sequence[tuple[Running | Clock, Planned]], *, at: datetime) -> list[str]:
    """Take steps that change handoffs, at most one of each, whose leads are locked; return what came of each."""
    ids = [clock.handoff_id for clock, _what in due]
    hold_unread([f"handoff {pk}" for pk in ids])
    locked = Handoff.objects.select_for_update(of=("self",)).select_related("lead", "team", "claimed_by", "assigned_to")
    handoffs = locked.order_by("id").in_bulk(ids)
    agreements = Agreements()
    return [_change(handoffs[clock.handoff_id], clock, what, at=at, agreements=agreements) for clock, what in due]


def _change(handoff: Handoff, clock: Running | Clock, what: Planned, *, at: datetime, agreements: Agreements) -> str:
    if not handoff.is_open:
        return Outcome.NOBODY  # a takeover is a person's own: nobody else can be given it
    assert what.rung is not None
    outcome = ACTS[what.rung.action](handoff, what.at, at, agreements)
    record("ladder", f"handoff {handoff.pk}", by=None, at=at, step=what.rung.action, of=clock.metric, outcome=outcome)
    return outcome


def _next_rep(handoff: Handoff, due_at: datetime, at: datetime, agreements: Agreements) -> str:
    team, holder = handoff.team, handoff.holder
    rep = next_in_turn(team, at=at, avoiding=holder, agreements=agreements) if team else None
    if rep is None:
        _tell_managers(handoff, at)
        return Outcome.NOBODY
    end_assignment(handoff, at=due_at, because=Assignment.How.LADDER)
    assign_to(handoff, rep, how=Assignment.How.LADDER, by=None, at=at, because=Assignment.How.LADDER)
    return Outcome.DONE


def _back_to_team(handoff: Handoff, due_at: datetime, at: datetime, _agreements: Agreements) -> str:
    if handoff.holder_id is None:
        return Outcome.NOBODY
    end_assignment(handoff, at=due_at, because=Assignment.How.LADDER)
    give_back(handoff, because=Assignment.How.LADDER, at=at)
    return Outcome.DONE


def _raise(handoff: Handoff, _due_at: datetime, _at: datetime, _agreements: Agreements) -> str:
    handoff.priority, handoff.version = 1, handoff.version + 1
    handoff.save(update_fields=["priority", "version"])
    return Outcome.DONE


def _nurture(handoff: Handoff, due_at: datetime, at: datetime, _agreements: Agreements) -> str:
    end_as_lapsed(handoff, lapsed_at=at, at=at, cancelled_at=due_at)
    return Outcome.DONE


def _tell_managers(handoff: Handoff, at: datetime) -> None:
    def say() -> str:
        return _("%(lead)s: nobody else is there to take this lead.") % {"lead": handoff.lead.name}

    url = reverse("handoff", args=[handoff.pk])
    cause, managers = f"nobody:{handoff.pk}:{handoff.version}", User.objects.managers_of(handoff.team)
    notify(managers, cause=cause, say=say, url=url, at=at, about=f"handoff {handoff.pk}")


# Each takes the handoff, when the step was due, now (nobody is blamed for what came between), and what is agreed.
ACTS: dict[str, Callable[[Handoff, datetime, datetime, Agreements], str]] = {
    Action.NEXT_REP: _next_rep,
    Action.BACK_TO_TEAM: _back_to_team,
    Action.RAISE: _raise,
    Action.NURTURE: _nurture,
}
