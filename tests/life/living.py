"""The machine without its rules: a run in a transaction of its own, its time, and a look at everything after a step."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from handoff.leads.models import Activity, Lead
from handoff.lib.refusals import Refusal
from handoff.people.models import User
from handoff.queue.models import Handoff
from handoff.queue.verifying import broken_rows
from scoring.models import Publication
from tests.life.byitself import Judge, Step, must_be_open
from tests.life.known import Given, Person, read
from tests.life.looking import assert_nothing_left, look, trace_of
from tests.life.points import Deed, Version
from tests.life.world import START, World

Thing = TypeVar("Thing")
SECOND = timedelta(seconds=1)
SLOTS = st.integers(0, 11)  # which of some things; the first are the simplest
WHO = st.sampled_from([*["holder"] * 8, "colleague", "stranger", "manager", "marketer", "admin"])


class Faults(logging.Handler):
    """Keeps what a tick only logged: whatever it swallows is a fault here."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.seen.append(f"{record.getMessage()} {record.exc_info}")


class Life(RuleBasedStateMachine):
    """Lives one life of some leads; the rules are in the modules beside this one."""

    world: ClassVar[World]
    live: Publication

    def __init__(self) -> None:
        super().__init__()
        self.own = transaction.atomic()
        self.own.__enter__()
        self.at, self.numbers = START, 0
        self.step = Step(START)
        self.was_refused: Refusal | None = None
        standings = read()
        self.people = {
            lead.pk: Person(lead.pk, lead.email or "", standings[lead.pk], [(lead.created_at, lead.title)])
            for lead in self.world.leads
        }
        for pk, deeds in self.world.deeds.items():
            self.people[pk].deeds |= deeds
        self.waiting: dict[str, dict[str, Deed]] = {}  # by the address of a lead that is not known yet
        self.deals: set[int] = set()  # handoffs
        self.touched: set[int] = set()
        self.connected: set[int] = set()
        self.live = self.world.live
        self.is_sound = True
        self.faults = Faults()
        logging.getLogger().addHandler(self.faults)

    def teardown(self) -> None:
        """End the run: if all was well so far, every row and every score is looked at once more."""
        try:
            if self.is_sound:
                broken = list(broken_rows())
                assert not broken, broken
                self._conserved()
        finally:
            logging.getLogger().removeHandler(self.faults)
            transaction.set_rollback(True)
            self.own.__exit__(None, None, None)

    def _conserved(self) -> None:
        """Each activity that was accepted is there once, with the lead that did it."""
        known: set[tuple[str, int | None]] = {
            (key, person.pk) for person in self.people.values() for key in person.deeds
        }
        known |= {(key, None) for deeds in self.waiting.values() for key in deeds}
        assert {*Activity.objects.values_list("source_id", "lead_id")} == known

    # What rules use

    def begin(self, *people: Person, **values: Any) -> Step:
        """Begin a step a second later, on some leads; what it does not name may not happen in it."""
        self.at += SECOND
        self.step = Step(self.at, **values)
        for person in people:
            if person.given:
                person.given.trace = None
        return self.step

    def does(self, act: Callable[..., Thing], *args: Any, **given: Any) -> Thing | None:
        """Do an act now: a refusal is an answer, kept in `was_refused`, and everything else is a fault."""
        self.was_refused = None
        try:
            return act(*args, at=self.at, **given)
        except Refusal as refusal:
            self.was_refused = refusal
            note(f"refused: {refusal.code} {refusal.message}")
            return None

    @property
    def is_done(self) -> bool:
        """Whether the last act was done."""
        return self.was_refused is None

    def expect(self, person: Person, **changes: Any) -> None:
        """Write down where the lead stands from now on."""
        person.standing = replace(person.standing, **changes)

    def pick(self, things: Sequence[Thing], slot: int) -> Thing:
        """Return one of some things."""
        return things[slot % len(things)]

    def new_key(self) -> str:
        """Return the id of the next activity."""
        self.numbers += 1
        return f"a{self.numbers}"

    @property
    def everybody(self) -> list[Person]:
        """All leads."""
        return list(self.people.values())

    @property
    def open(self) -> list[Person]:
        """The leads with sales, and last one that was, if there is one."""
        return [
            p
            for p in self.foremost(lambda person: bool(person.standing.open))
            if p.standing.open or p.standing.verdicts
        ]

    def foremost(self, is_wanted: Callable[[Person], bool]) -> list[Person]:
        """Return the leads that are as wanted, and last one that is not, if there is one."""
        return [p for p in self.everybody if is_wanted(p)] + [p for p in self.everybody if not is_wanted(p)][-1:]

    @property
    def sqls(self) -> list[Person]:
        """The leads whose last handoff was qualified."""
        return [person for person in self.everybody if person.standing.sql]

    def who(self, person: Person, who: str) -> User:
        """Return somebody, as seen from where a lead stands."""
        standing = person.standing
        reps, managers = self.world.reps_of(standing.team), self.world.managers_of(standing.team)
        holder = self.world.by_pk[standing.holder or (standing.sql[0] if standing.sql else reps[0].pk)]
        others = [user for user in self.world.people.values() if user.is_rep and user not in reps]
        found = {
            "holder": holder,
            "colleague": next(rep for rep in reps if rep != holder),
            "stranger": others[0],
            "manager": managers[0],
            "marketer": self.world.people["max"],
            "admin": self.world.people["ada"],
        }
        return found[who]

    def row(self, person: Person) -> Lead:
        """Return the lead as a door fetches it."""
        return Lead.objects.get(pk=person.pk)

    def handoff(self, person: Person, pk: int | None = None) -> Handoff:
        """Return the lead's open handoff, else its last one, as a door fetches it."""
        wanted = pk or person.standing.open or person.standing.last[0]
        return Handoff.objects.select_related("lead").get(pk=wanted)

    def version(self) -> Version:
        """Return the version that is live now."""
        return self.world.version_of[self.live.model_id]

    def before_verdict(self, person: Person, by: User) -> Given:
        """Return how everything is before a verdict, for it may be taken back."""
        return Given(person.standing.open or 0, by.pk, self.at, person.standing, trace_of(person.pk))

    # After each step

    @invariant()
    def all_is_well(self) -> None:
        """Fail where the database breaks an invariant, or differs from what is known by more than may happen."""
        self.is_sound = False
        assert not self.faults.seen, self.faults.seen
        look()
        seen, version = read(), self.version()
        new = set(seen) - set(self.people)
        assert set(self.people) <= set(seen), "a lead is gone"
        assert len(new) == self.step.newcomers, f"leads from nowhere: {new}"
        for pk in sorted(new):
            row = Lead.objects.get(pk=pk)
            self.people[pk] = Person(pk, row.email or "", seen[pk], [(row.created_at, row.title)])
            self.people[pk].deeds |= self.waiting.pop(row.email or "", {})
            self.step.news.setdefault(pk, [*self.people[pk].deeds.values()])
        for person in self.everybody:
            before, after = person.standing, seen[person.pk]
            if before != after:
                Judge(self.world, person, self.step, version).judge(before, after)
                person.standing = after
                if person.given:
                    person.given.trace = None
        for pk in self.step.news:
            if must_be_open(self.people[pk], self.at, version):
                raise AssertionError(f"{self.people[pk]} is not handed over at {self.at}")
        if self.step.is_all:
            self.nothing_is_left(version)
        self.is_sound = True

    def nothing_is_left(self, version: Version) -> None:
        """After every tick nothing is due, and whoever should be with sales is."""
        assert_nothing_left(self.at, self.live.pk)
        left = [person for person in self.everybody if must_be_open(person, self.at, version)]
        # At a pace, or with their next activity, some may still wait.
        assert not left or self.live.qualifying != "now", f"nobody hands over {left[0]}"
