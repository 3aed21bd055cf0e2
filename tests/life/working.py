"""Rules: reps at work on what they were handed, their colleagues, and those who have no business with it."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from handoff.people.models import User
from handoff.queue.claiming import assign, claim, pass_on, release, take_next
from handoff.queue.lapsing import has_lapsed
from handoff.queue.models import Handoff
from handoff.queue.next_steps import plan_next_step
from handoff.queue.snoozing import snooze
from handoff.queue.touching import log_touch
from tests.life.known import Person, may_work
from tests.life.living import SLOTS, WHO, Life
from tests.life.points import DAY

AGO = st.sampled_from([0, 0, 0, 60, 3600, 3 * 86_400, 8 * 86_400, -600])
OUTCOMES = st.sampled_from(["connected", "connected", "no_answer", "voicemail", "replied"])
DAYS = st.sampled_from([0.01, 1, 5, 40, 70])
LONGEST = 60


class Working(Life):
    """The work on open handoffs."""

    def accepted(self, person: Person, by: User) -> None:
        """The first act of a rep on a lead accepts it."""
        if by.is_rep and not person.standing.is_accepted:
            self.expect(person, holder=by.pk, is_accepted=True)

    def may(self, person: Person, by: User) -> bool:
        """Return whether `by` may work on the lead now."""
        return person.standing.open is not None and may_work(person.standing, by)

    @precondition(lambda self: self.open)
    @rule(slot=SLOTS, who=WHO)
    def somebody_claims(self, slot: int, who: str) -> None:
        person = self.pick(self.open, slot)
        by, standing = self.who(person, who), person.standing
        self.begin(person)
        self.does(claim, self.handoff(person), by=by)
        is_free = not standing.is_accepted and standing.holder in {None, by.pk}
        has_it = standing.is_accepted and standing.holder == by.pk
        may = by.is_rep or by.is_manager or by.is_admin
        assert self.is_done == (may and standing.open is not None and (is_free or has_it)), self.was_refused
        if self.is_done:
            self.expect(person, holder=by.pk, is_accepted=True)

    @precondition(lambda self: any(p.standing.open and p.standing.holder is None for p in self.everybody))
    @rule(slot=SLOTS)
    def a_rep_takes_the_next(self, slot: int) -> None:
        by = self.pick([user for user in self.world.people.values() if user.is_rep], slot)
        self.begin()
        asleep = set(Handoff.objects.filter(snoozed_until__gt=self.at).values_list("pk", flat=True))
        waiting = [
            p for p in self.everybody
            if p.standing.open and p.standing.holder is None and p.standing.team in by.team_ids()
            and p.standing.open not in asleep
        ]  # fmt: skip
        taken = self.does(take_next, by=by)
        assert bool(taken) == bool(waiting)
        if taken:
            person = self.people[taken.lead_id]
            assert person in waiting
            self.expect(person, holder=by.pk, is_accepted=True)

    @precondition(lambda self: any(p.standing.holder for p in self.everybody))
    @rule(slot=SLOTS, who=WHO)
    def somebody_releases(self, slot: int, who: str) -> None:
        person = self.pick([p for p in self.open if p.standing.holder], slot)
        by = self.who(person, who)
        self.begin(person)
        self.does(release, self.handoff(person), reason="On the road", by=by)
        assert self.is_done == (self.may(person, by) and person.standing.holder is not None), self.was_refused
        if self.is_done:
            self.expect(person, holder=None, is_accepted=False)

    @precondition(lambda self: self.open)
    @rule(slot=SLOTS, who=WHO, to=WHO, as_manager=st.booleans())
    def somebody_gives_it_to_another(self, slot: int, who: str, to: str, as_manager: bool) -> None:
        person = self.pick(self.open, slot)
        by, other = self.who(person, who), self.who(person, to)
        self.begin(person)
        if as_manager:
            self.does(assign, self.handoff(person), to=other, by=by)
        else:
            self.does(pass_on, self.handoff(person), to=other, note="Speaks French", by=by)
        may = self.may(person, by) and (by.is_manager or by.is_admin or not as_manager)
        fits = other.is_rep and (by.is_admin or set(other.team_ids()) & set(by.team_ids()))
        is_another = as_manager or other.pk not in {by.pk, person.standing.holder}
        assert self.is_done == bool(may and fits and is_another), self.was_refused
        if self.is_done:
            self.expect(person, holder=other.pk, is_accepted=False, team=other.team_ids()[0])

    @precondition(lambda self: self.open)
    @rule(slot=SLOTS, who=WHO, outcome=OUTCOMES, ago=AGO, is_in=st.sampled_from([False, False, True]))
    def somebody_touches(self, slot: int, who: str, outcome: str, ago: int, is_in: bool) -> None:
        person = self.pick(self.open, slot)
        by, handoff = self.who(person, who), self.handoff(person)
        self.begin(person)
        happened_at = self.at - timedelta(seconds=ago)
        in_time = happened_at <= self.at + timedelta(minutes=1) and happened_at >= self.at - 7 * DAY
        in_time = in_time and happened_at >= handoff.opened_at - timedelta(minutes=1)
        # Whether or not a worker has seen that six weeks were over when they spoke.
        in_time = in_time and not has_lapsed(handoff, at=self.at)
        said = {"direction": "in" if is_in else "out", "note": "Asked about storage"}
        self.does(log_touch, handoff, channel="call", outcome=outcome, happened_at=happened_at, by=by, **said)
        assert self.is_done == (self.may(person, by) and in_time), self.was_refused
        if self.is_done:
            self.accepted(person, by)
            self.touched.add(handoff.pk)
            if outcome in {"connected", "replied"}:
                self.connected.add(handoff.pk)
            has_connect = Handoff.objects.filter(pk=handoff.pk, connected_at__isnull=False).exists()
            assert has_connect == (handoff.pk in self.connected), f"a connect is a connect only: {outcome}"

    @precondition(lambda self: self.open or self.sqls)
    @rule(slot=SLOTS, who=WHO, days=DAYS, ends=st.sampled_from([False, False, False, True]))
    def somebody_plans_a_next_step(self, slot: int, who: str, days: float, ends: bool) -> None:
        person = self.pick(self.open + self.sqls, slot)
        by = self.who(person, who)
        self.begin(person)
        step_at = None if ends else self.at + days * DAY
        self.does(plan_next_step, self.handoff(person), what="Call back", step_at=step_at, by=by)
        assert self.is_done == (self.may(person, by) or self.has_sql(person, by)), self.was_refused
        if self.is_done and person.standing.open:
            self.accepted(person, by)

    def has_sql(self, person: Person, by: User) -> bool:
        """Return whether `by` may work on the lead as an SQL."""
        sql = person.standing.sql
        if sql is None or person.standing.stage not in {"sql", "opportunity"} or person.standing.last[0] in self.deals:
            return False
        team = self.handoff(person).team_id
        return by.is_admin or sql[0] == by.pk or (by.is_manager and team in by.team_ids())

    @precondition(lambda self: any(p.standing.open in self.touched for p in self.everybody))
    @rule(slot=SLOTS, who=WHO, days=DAYS, ends=st.sampled_from([False, False, False, True]))
    def somebody_snoozes(self, slot: int, who: str, days: float, ends: bool) -> None:
        person = self.pick(self.foremost(lambda person: person.standing.open in self.touched), slot)
        if not (person.standing.open or person.standing.verdicts):
            return
        by, handoff = self.who(person, who), self.handoff(person)
        self.begin(person)
        often = handoff.snoozes.count() >= (handoff.policy.snoozes_at_most if handoff.policy else 3)
        fits = ends or (handoff.touched_at is not None and days <= LONGEST and not often)
        fits = fits and not has_lapsed(handoff, at=self.at)
        self.does(snooze, handoff, until=None if ends else self.at + days * DAY, reason="Trade fair", by=by)
        assert self.is_done == (self.may(person, by) and fits), self.was_refused
        if self.is_done:
            self.accepted(person, by)
