"""The rotation of a team: who has room, and whose turn it is (decision 0006)."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from handoff.people.models import Absence, Membership, Role, Team, User
from handoff.queue.models import Handoff
from handoff.sla.agreements import Agreements

ONE_TURN = 1_000_000  # of a share of one


def next_in_turn(
    team: Team, *, at: datetime, avoiding: User | None = None, agreements: Agreements | None = None
) -> User | None:
    """Return the rep of `team` whose turn it is, and count the turn; None where nobody but `avoiding` is available.

    Whoever is at work now goes before who is not. The turn is theirs until the transaction ends: give the lead in it.
    """
    seats = [seat for seat in available(team, at=at) if seat.share and seat.user != avoiding]
    if not seats:
        return None
    here = Agreements.load(agreements).at_work([seat.user_id for seat in seats], team.pk, at=at)
    now = Team.objects.values_list("turn", flat=True).get(pk=team.pk)
    # Who joins or comes back starts where the team is now.
    first = min(
        [seat for seat in seats if seat.user_id in here] or seats, key=lambda seat: (max(seat.turn, now), seat.pk)
    )
    start = max(first.turn, now)
    Membership.objects.filter(pk=first.pk).update(turn=start + ONE_TURN // first.share)
    Team.objects.filter(pk=team.pk).update(turn=start)
    return first.user


def hold_turns(teams: Collection[int]) -> list[Membership]:
    """Lock the memberships of the reps of `teams` (their ids), and return them.

    Who gives leads of several teams in one transaction holds all their turns first, in this one order: team after team,
    two who met them in different orders would wait in a circle.
    """
    # With them all their other memberships: two teams that give to one rep at once wait for each other too.
    reps = User.objects.filter(memberships__team__in=teams, role=Role.REP, is_active=True)
    theirs = Membership.objects.filter(user__in=reps)
    return list(theirs.select_related("user").order_by("id").select_for_update(of=("self",)))


def available(team: Team, *, at: datetime) -> list[Membership]:
    """Return the memberships, locked, of the reps of `team` who are not away at `at` and have room for a lead."""
    seats = {row.user_id: row for row in hold_turns([team.pk]) if row.team_id == team.pk}
    away = set(Absence.objects.at(at).filter(user__in=seats).values_list("user_id", flat=True))
    # Only now, behind the lock, is it known what whoever went first has given away.
    load = _open_leads(seats)
    return [seat for user_id, seat in seats.items() if user_id not in away and load[user_id] < seat.capacity]


def _open_leads(people: Collection[int]) -> Counter[int]:
    theirs = Q(claimed_by__in=people) | Q(claimed_by=None, assigned_to__in=people)
    held = Handoff.objects.open().filter(theirs).values_list(Coalesce("claimed_by_id", "assigned_to_id"))
    return Counter(dict(held.annotate(n=Count("id"))))
