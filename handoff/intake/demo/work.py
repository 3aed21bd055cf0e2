"""How the demo's reps work: when they touch a lead, what comes of it, and which verdict they reach."""

import heapq
import itertools
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from handoff.intake.demo.judgement import Judgement
from handoff.lib.refusals import Refusal
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Disqualification, Handoff, Outcome, Qualification
from handoff.queue.next_steps import plan_next_step
from handoff.queue.touching import log_touch
from handoff.sla.clock import Hours, add_business_time

Act = Callable[..., None]  # of a handoff, the time and what else was planned
OF_THE_DEMO = {"lead__external_id__startswith": "demo-"}  # who tries the demo out may have added others
NOTES = (
    "Compares tariffs for next year's budget.",
    "Asked for the price of two sites.",
    "Wants a call with the plant director.",
    "",
)


def _dice(handoff: Handoff) -> random.Random:
    return random.Random(f"{handoff.lead.external_id}:{handoff.version}")


def _to_come(draw: Callable[[], datetime], since: datetime) -> datetime:
    """Draw a moment until one is still to come; `since` where none is."""
    return next((moment for moment in (draw() for _ in range(20)) if moment > since), since)


class Office(Judgement):
    """The reps of the demo with their plans, in one line of time."""

    def __init__(self, rng: random.Random, hours: dict[int, Hours], reps: dict[int, list[User]]) -> None:
        super().__init__(rng, reps)
        self.hours = hours
        self.plans: list[tuple[datetime, int, Act, int, tuple[Any, ...]]] = []
        self.numbers = itertools.count()
        self.last_handoff = 0

    def take_up(self, since: datetime) -> None:
        """Plan what lies about at `since`: leads in hand, SQLs, and verdicts that marketing has not read.

        The dice are the same for the same state of a row, so that it does not matter how often work is taken up.
        """
        newest = Handoff.objects.order_by("pk").last()
        self.last_handoff = newest.pk if newest else 0
        for handoff in self._ours(Handoff.objects.open()):
            self._take_up(handoff, since)
        ours = self._ours(Handoff.objects.all())
        for sql in Qualification.objects.in_hand().filter(handoff__in=ours).select_related("handoff__lead"):
            self._take_up_sql(sql, since)
        unread = Disqualification.objects.filter(acknowledged_at=None, handoff__in=ours)
        for verdict in unread.select_related("handoff__lead"):
            days = timedelta(days=_dice(verdict.handoff).uniform(1, 9))
            self.plan(max(verdict.at + days, since), self._read, verdict.handoff, verdict.pk)

    def _ours(self, handoffs: "QuerySet[Handoff]") -> "QuerySet[Handoff]":
        ours = handoffs.filter(team__in=list(self.reps), **OF_THE_DEMO)
        return ours.select_related("lead", "assigned_to", "claimed_by").order_by("pk")

    def _take_up(self, handoff: Handoff, since: datetime) -> None:
        dice, last = _dice(handoff), handoff.touches.order_by("at").last()
        since = max(since, handoff.claimed_at or since, last.logged_at if last else since)

        def after(begin: datetime, minutes: Callable[[], float]) -> datetime:
            found = _to_come(lambda: self._later(handoff, begin, minutes()), since)
            return found if found > since else self._later(handoff, since, dice.uniform(2, 55))

        if handoff.connected_at:
            when = after(handoff.connected_at, lambda: dice.choice((960, 4800, 8000, 9600)) * dice.uniform(0.5, 1.3))
            self.plan(when, self.decide, handoff, handoff.holder or self._volunteer(handoff))
        elif last and handoff.touches_count >= 5:
            self.plan(after(last.at, lambda: 600), self._give_up, handoff, last.by)
        elif last:
            when = after(last.at, lambda: dice.choice((480, 960, 1440, 2400)) * dice.uniform(0.7, 1.5))
            self.plan(when, self._attempt, handoff, None, handoff.touches_count + 1)
        else:
            self.plan(after(handoff.opened_at, lambda: 42 * dice.lognormvariate(0, 0.95)), self._attempt, handoff)

    def _take_up_sql(self, sql: Qualification, since: datetime) -> None:
        dice, handoff = _dice(sql.handoff), sql.handoff
        if sql.accepted_at is None:
            answer = _to_come(lambda: sql.at + timedelta(hours=dice.randrange(1, 40)), since)
            self.plan(answer, self._answer_offer, handoff)
        offer = sql.at + timedelta(days=dice.randrange(3, 12))
        if sql.opportunity_at is None and offer >= since:
            self.plan(offer, self._go_on, handoff)
        end = _to_come(lambda: sql.at + timedelta(days=dice.randrange(12, 110)), since)
        self.plan(end, self._close_deal, handoff, sql.value or Decimal(10_000))

    def plan(self, at: datetime, act: Act, handoff: Handoff, *more: Any) -> None:
        """Put an act on a handoff into the plan."""
        heapq.heappush(self.plans, (at, next(self.numbers), act, handoff.pk, more))

    def work_until(self, until: datetime) -> None:
        """Do what is planned before `until`, in order; what has become impossible is dropped."""
        while self.plans and self.plans[0][0] < until:
            at, _number, act, pk, more = heapq.heappop(self.plans)
            handoff = Handoff.objects.select_related("lead", "assigned_to", "claimed_by").get(pk=pk)
            with suppress(Refusal):
                act(handoff, at, *more)

    def notice_new(self) -> None:
        """Plan the first attempt on each handoff that opened since."""
        for handoff in self._ours(Handoff.objects.filter(pk__gt=self.last_handoff)):
            self.last_handoff = handoff.pk
            # Now and then nobody looks at one until somebody asks about it, days later.
            forgotten = self.rng.random() < 0.03
            minutes = self.rng.uniform(900, 2900) if forgotten else self._reaction(handoff)
            self.plan(self._later(handoff, handoff.opened_at, minutes), self._attempt, handoff)

    def _later(self, handoff: Handoff, at: datetime, minutes: float) -> datetime:
        return add_business_time(self.hours[handoff.team_id or 0], at, timedelta(minutes=max(minutes, 1)))

    def _reaction(self, handoff: Handoff) -> float:
        median = 14 if handoff.route in {"fast_lane", "product"} else 42
        return median * self.rng.lognormvariate(0, 0.95)

    def _volunteer(self, handoff: Handoff) -> User:
        """Who takes an unclaimed one: `rep` has the demo's busiest desk."""
        reps = self.reps[handoff.team_id or 0]
        return self.rng.choice([*reps, *(rep for rep in reps if rep.username == "rep")])

    def _attempt(self, handoff: Handoff, at: datetime, rep: User | None = None, number: int = 1) -> None:
        rng = self.rng
        if not handoff.is_open:
            return
        if rep is None:
            rep = handoff.holder or self._volunteer(handoff)
            if handoff.claimed_by_id is None:
                claim(handoff, by=rep, at=at - timedelta(minutes=1))
        if rng.random() < 0.03 and number == 1:
            self.decline(handoff, rep, at)  # at sight
            return
        reached = rng.random() < (0.42 if number == 1 else 0.4)
        channel = rng.choices(("call", "email", "message"), weights=(6, 3, 1))[0]
        if channel == "call":
            in_vain = (Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.VOICEMAIL)
            outcome = Outcome.CONNECTED if reached else rng.choice(in_vain)
        else:
            outcome = Outcome.REPLIED if reached else Outcome.SENT
        logged = at + timedelta(minutes=rng.randrange(0, 4))
        note, mark = rng.choice(NOTES) if reached else "", f"{channel} {handoff.pk}-{number}"
        log_touch(
            handoff, channel=channel, outcome=outcome, happened_at=at, by=rep, at=logged, note=note, evidence=mark
        )
        if reached:
            self._after_connect(handoff, rep, logged)
        elif number < 5:
            again = self._later(handoff, at, rng.choice((480, 960, 1440, 2400)) * rng.uniform(0.7, 1.5))
            if rng.random() < 0.5:
                what = rng.choice(("Call back", "Try again", "Send the case study"))
                plan_next_step(handoff, what=what, step_at=again, by=rep, at=logged)
            self.plan(again, self._attempt, handoff, rep, number + 1)
        else:
            self.plan(self._later(handoff, at, 600), self._give_up, handoff, rep)

    def _give_up(self, handoff: Handoff, at: datetime, rep: User) -> None:
        disqualify(handoff, reason=self.reasons["no-response"], by=rep, at=at, note="Five tries, no answer.")

    def _after_connect(self, handoff: Handoff, rep: User, at: datetime) -> None:
        when = self._later(handoff, at, self.rng.choice((960, 4800, 8000, 9600)) * self.rng.uniform(0.5, 1.3))
        if self.rng.random() < 0.6:
            what = self.rng.choice(("Call back", "Send a proposal", "Meet the director"))
            plan_next_step(handoff, what=what, step_at=when, by=rep, at=at)
        self.plan(when, self.decide, handoff, rep)
