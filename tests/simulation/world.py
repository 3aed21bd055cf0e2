"""Months of a sales team in simulated time: people act by a script, ticks come as well or as badly as they are told.

The script is made beforehand from a seed and names no tick, so the same people do the same things whatever becomes of
the workers. Each act goes through its door's act; what is refused stays undone, as it would for a person.
"""

import contextlib
import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from handoff.leads.models import Lead, Stage
from handoff.lib.refusals import Refusal
from handoff.people.absences import be_away
from handoff.people.models import Membership, Role, Team, User
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.lapsing import end_silence
from handoff.queue.models import Handoff, Route
from handoff.queue.next_steps import plan_next_step, remind_due
from handoff.queue.opening import open_handoff
from handoff.queue.qualification import qualify
from handoff.queue.snoozing import end_due, snooze
from handoff.queue.standing_in import hand_on_due
from handoff.queue.takeover import accept_takeover
from handoff.queue.touching import log_touch
from handoff.sla.agreements import Agreements
from handoff.sla.holidays import copy_holidays
from handoff.sla.models import Calendar, CalendarOpening, Metric, Policy, TeamCalendar
from handoff.sla.versioning import StepValues, TargetValues, write_terms
from tests.making import YES, make_policy, make_reason, make_user

TICKS = (hand_on_due, enforce_due, end_silence, remind_due, end_due)
START = datetime(2026, 10, 12, 6, tzinfo=UTC)  # summer time ends on 25 October, and begins again on 28 March
EVERY = timedelta(minutes=60)
TEAMS = (
    ("Nederland", "NL", "Europe/Amsterdam", "", Team.Giving.ROTATION),
    ("Deutschland", "DE", "Europe/Berlin", "BY", Team.Giving.ROTATION),
    ("Britain", "GB", "Europe/London", "", Team.Giving.PULL),
)
NOTIFYING = (
    StepValues(Metric.FIRST_TOUCH, "tell_owner", share=50),
    StepValues(Metric.FIRST_TOUCH, "tell_manager", offset=60),
    StepValues(Metric.VERDICT, "tell_team", share=90),
)
CHANGING = (
    *NOTIFYING,
    StepValues(Metric.FIRST_TOUCH, "next_rep", offset=240),
    StepValues(Metric.FIRST_TOUCH, "raise", share=100),
    StepValues(Metric.VERDICT, "back_to_team", offset=480),
)


class Killed(BaseException):
    """The worker is gone in the middle of what it did."""


@dataclass(order=True)
class Planned:
    """One thing a person will do."""

    at: datetime
    number: int
    act: Callable[[datetime], object] = field(compare=False)


@dataclass
class World:
    """Teams with their people, and what is still to come."""

    seed: int
    weeks: int
    handoffs: int
    ladder: tuple[StepValues, ...] = NOTIFYING
    on_absence: str = Team.OnAbsence.KEEP
    people_per_team: int = 10

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.coming: list[Planned] = []
        self.numbers = itertools.count()
        self.end = START + timedelta(weeks=self.weeks)
        self.opened = self.refused = 0
        with transaction.atomic():
            self._set_up()

    def _set_up(self) -> None:
        self.reason = make_reason("no-budget")
        policy = make_policy(first_touch_hours=4, attempts=3)
        Policy.objects.update(created_at=START - timedelta(days=1), counted_in=Policy.Hours.REP)
        policy.targets.all().delete()
        targets = [TargetValues(Metric.FIRST_TOUCH, 4, "hours"), TargetValues(Metric.VERDICT, 8, "days")]
        targets += [TargetValues(Metric.CONNECT, 10, "days"), TargetValues(Metric.TAKEOVER, 2, "days")]
        write_terms(policy, targets, self.ladder)
        self.reps = {name: self._team(*row) for row in TEAMS for name in (row[0],)}
        self.teams = {team.name: team for team in Team.objects.all()}
        self.people = {user.pk: user for reps in self.reps.values() for user in reps}
        self.agreed = Agreements()  # nothing in them changes while this world lives
        for number in range(self.handoffs):
            at = START + (self.end - START) * self.rng.random() * 0.9
            self.plan(at, self._arrival(number, self.rng.choice(TEAMS)[0], at))
        for _ in range(self.weeks * 2):
            self.plan(START + (self.end - START) * self.rng.random(), self._absence)

    def _team(self, name: str, country: str, zone: str, region: str, giving: str) -> list[User]:
        team = Team.objects.create(
            name=name, slug=name.lower(), countries=[country], giving=giving, on_absence=self.on_absence
        )
        calendar = Calendar.objects.create(name=name, time_zone=zone, country=country, region=region)
        CalendarOpening.objects.bulk_create(
            CalendarOpening(calendar=calendar, weekday=day, opens=opens, closes=closes)
            for day in range(5)
            for opens, closes in ((9 * 60, 12 * 60 + 30), (13 * 60, 17 * 60 + 30))
        )
        copy_holidays(calendar, since=START.date(), until=(self.end + timedelta(days=120)).date())
        TeamCalendar.objects.create(team=team, calendar=calendar)
        make_user(f"manager-{name}".lower(), Role.MANAGER, team=team)
        reps = [make_user(f"{name}-{n}".lower(), team=team) for n in range(self.people_per_team)]
        Membership.objects.filter(team=team).update(capacity=10_000)
        return reps

    def plan(self, at: datetime, act: Callable[[datetime], object]) -> None:
        """Have somebody do `act` at `at`."""
        heapq.heappush(self.coming, Planned(at, next(self.numbers), act))

    def _absence(self, at: datetime) -> None:
        rng = random.Random(f"{self.seed} away {at}")
        user = rng.choice(self.reps[rng.choice(list(self.reps))])
        be_away(user, by=user, at=at, ends_at=at + timedelta(days=rng.choice((1, 3, 14))))

    def _arrival(self, number: int, team: str, at: datetime) -> Callable[[datetime], object]:
        # All of a lead's life is drawn here, so that what becomes of one changes nothing for another.
        rng = random.Random(f"{self.seed} lead {number}")

        def arrive(now: datetime) -> None:
            with transaction.atomic():
                lead = Lead.objects.create(
                    email=f"lead{number}@company.example", first_name="Lena", last_name=f"Vogt {number}",
                    team=self.teams[team], stage=Stage.LEAD, stage_since=now, created_at=now, updated_at=now,
                )  # fmt: skip
                handoff = open_handoff(
                    lead, route=Route.MANUAL, reading=None, publication=None, at=now, agreements=self.agreed
                )
            self.opened += 1
            for when, act in self._life(handoff.pk, team, now, rng):
                self.plan(when, act)

        return arrive

    def _life(
        self, pk: int, team: str, opened: datetime, rng: random.Random
    ) -> Iterator[tuple[datetime, Callable[[datetime], object]]]:
        """Yield what people do with one handoff, and when."""
        if rng.random() < 0.04:
            return  # forgotten by everybody
        at, volunteer = opened, rng.choice(self.reps[team])
        for attempt in range(rng.choice((1, 2, 3, 5))):
            at += timedelta(hours=rng.lognormvariate(1.0 if attempt == 0 else 3.2, 1.1))
            reached, proof = rng.random() < 0.3, "" if rng.random() < 0.1 else "Rang"
            late = timedelta(minutes=rng.choice((0, 0, 2, 300)))
            yield at + late, self._touch(pk, volunteer, at, "connected" if reached else "no_answer", proof)
            if rng.random() < 0.15:
                at += timedelta(hours=1)
                yield at, self._snooze(pk, volunteer, at + timedelta(days=rng.randrange(1, 20)))
            if rng.random() < 0.3:
                yield at + timedelta(hours=2), self._step(pk, volunteer, at + timedelta(days=rng.randrange(1, 9)))
        if rng.random() < 0.7:
            at += timedelta(hours=rng.lognormvariate(4.2, 1.0))
            takes_over = rng.choice(self.reps[team])
            yield at, self._verdict(pk, volunteer, takes_over, says_yes=rng.random() < 0.5)
            accepts = at + timedelta(hours=rng.lognormvariate(2.5, 1.2))
            yield accepts, lambda now: accept_takeover(self._found(pk), by=takes_over, at=now)

    def _found(self, pk: int) -> Handoff:
        return Handoff.objects.get(pk=pk)

    def _whose(self, handoff: Handoff, volunteer: User) -> User:
        return self.people[handoff.holder_id] if handoff.holder_id else volunteer

    def _touch(
        self, pk: int, volunteer: User, happened_at: datetime, outcome: str, note: str
    ) -> Callable[[datetime], object]:
        def touch(now: datetime) -> None:
            found = self._found(pk)
            by = self._whose(found, volunteer)
            log_touch(found, channel="call", outcome=outcome, note=note, happened_at=happened_at, by=by, at=now)

        return touch

    def _snooze(self, pk: int, volunteer: User, until: datetime) -> Callable[[datetime], object]:
        def sleep(now: datetime) -> None:
            found = self._found(pk)
            snooze(found, until=until, reason="Trade fair", by=self._whose(found, volunteer), at=now)

        return sleep

    def _step(self, pk: int, volunteer: User, step_at: datetime) -> Callable[[datetime], object]:
        def step(now: datetime) -> None:
            found = self._found(pk)
            plan_next_step(found, what="Call back", step_at=step_at, by=self._whose(found, volunteer), at=now)

        return step

    def _verdict(self, pk: int, volunteer: User, takes_over: User, *, says_yes: bool) -> Callable[[datetime], object]:
        def judge(now: datetime) -> None:
            found = self._found(pk)
            by = self._whose(found, volunteer)
            if says_yes and found.connected_at:
                qualify(found, bant=YES, takes_over=takes_over, by=by, at=now)
            else:
                disqualify(found, reason=self.reason, by=by, at=now)

        return judge

    def live(self, workers: "Workers", at_days_end: Callable[[datetime], None]) -> None:
        """Live to the end: people act when they will, workers tick as they can, and each day is looked at."""
        tick_at, day_ends = START, START + timedelta(days=1)
        while tick_at < self.end:
            while self.coming and self.coming[0].at <= tick_at:
                one = heapq.heappop(self.coming)
                try:
                    one.act(one.at)
                except Refusal:
                    self.refused += 1
            workers.tick(tick_at)
            if tick_at >= day_ends:
                at_days_end(tick_at)
                day_ends += timedelta(days=1)
            tick_at += EVERY
        workers.recover(self.end)


@dataclass
class Workers:
    """Workers that do everything, or (`faults`) are out for hours and days, tick twice, and are killed at work."""

    seed: int
    faults: bool
    kills: int = 0
    outages: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.seed} faults")
        self.back_at = START

    def tick(self, at: datetime) -> None:
        """Run every tick that there is somebody to run."""
        if not self.faults:
            self.recover(at)
        elif at >= self.back_at:
            if self.rng.random() < 0.01:
                self.outages += 1
                self.back_at = at + timedelta(hours=self.rng.choice((1, 5, 30, 100)))
                return
            for tick in self.rng.sample(TICKS, len(TICKS)) * self.rng.choice((1, 1, 2)):
                self._run(tick, at)

    def _run(self, tick: Any, at: datetime) -> None:
        if self.rng.random() >= 0.05:
            tick(at=at)
            return
        left = self.rng.randrange(1, 12)

        def gone_after_some(execute: Any, *args: Any) -> Any:
            nonlocal left
            left -= 1
            if left == -1:  # what follows is the database ending what was begun
                raise Killed
            return execute(*args)

        with contextlib.suppress(Killed), connection.execute_wrapper(gone_after_some):
            tick(at=at)
        self.kills += left < 0

    def recover(self, at: datetime) -> None:
        """Run every tick once."""
        for tick in TICKS:
            tick(at=at)
