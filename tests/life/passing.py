"""Rules: time going on, ticks that come or not, other versions of the model and the agreement, people who are away."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Min
from django.utils.module_loading import import_string
from hypothesis import strategies as st
from hypothesis.stateful import rule

from handoff.config.schedule import TICKS
from handoff.leads.models import LeadScore
from handoff.people.absences import be_away, come_back
from handoff.queue.models import Clock, Handoff, NextStep, Recycling
from handoff.sla.models import Policy
from handoff.sla.versioning import revise
from scoring.publishing import publish
from tests.life.byitself import Step
from tests.life.living import SLOTS, Life
from tests.life.points import DAY
from tests.life.world import LADDERS, TARGETS

GOES_ON = st.sampled_from([60, 600, 3600, 4 * 3600, 86_400, 86_400, 3 * 86_400, 10 * 86_400, 30 * 86_400, 60 * 86_400])
NAMES = [tick.name for tick in TICKS]
NOT_ABOUT_LEADS = {"publications", "rehearsals", "imports", "notice-mail", "mail"}
# What goes on as of a publication may leave a crossing for the tick after it.
ABOUT_LEADS = ["publications", *(name for name in NAMES if name not in NOT_ABOUT_LEADS)]
ACTS = {tick.name: tick.act for tick in TICKS}


class Passing(Life):
    """What happens whatever anybody does."""

    def ticks(self, names: Sequence[str]) -> int:
        """Run these ticks now; return how much they did."""
        self.step = Step(self.at, is_tick=True, is_all=names is ABOUT_LEADS)
        return sum(import_string(ACTS[name])(at=self.at) for name in names)

    @rule(seconds=GOES_ON)
    def time_goes_on(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)
        self.step = Step(self.at)

    @rule(names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=6), twice=st.booleans())
    def some_ticks_run(self, names: list[str], twice: bool) -> None:
        self.ticks(names * (1 + twice))

    @rule(slot=SLOTS, seconds=st.sampled_from([0, 0, 1, -1]), runs=st.sampled_from(["all", "all", "none"]))
    def something_is_just_about_due(self, slot: int, seconds: int, runs: str) -> None:
        """Time goes on until just before, at, or just after what comes next."""
        coming = [moment for moment in self.coming() if moment and moment > self.at]
        self.step = Step(self.at)
        if coming:
            self.at = max(self.at, self.pick(sorted(coming), slot // 4) + timedelta(seconds=seconds))
            self.ticks(ABOUT_LEADS if runs == "all" else [])

    def coming(self) -> list[datetime | None]:
        """Return when something is due, the next of each kind."""
        running = Clock.objects.running()
        kinds: list[tuple[Any, str]] = [
            (running.exclude(due_at=F("acts_at")), "acts_at"),
            (running, "due_at"),
            (LeadScore.objects.all(), "crosses_at"),
            (Handoff.objects.open(), "lapses_at"),
            (Handoff.objects.open(), "snoozed_until"),
            (NextStep.objects.filter(ended_at=None), "at"),
            (Recycling.objects.filter(woken_at=None, is_last=False), "wake_at"),
        ]
        ahead = (rows.filter(**{f"{name}__gt": self.at}).aggregate(first=Min(name)) for rows, name in kinds)
        return [found["first"] for found in ahead]

    @rule(again=st.sampled_from([False, False, True]))
    def everything_due_is_done(self, again: bool) -> None:
        """Every tick runs: nothing is left, who should be with sales is, and once more does nothing."""
        self.ticks(ABOUT_LEADS)
        if again:
            self.all_is_well()
            done = {name: self.ticks([name]) for name in NAMES if name not in {"notice-mail", "mail"}}
            assert not any(done.values()), done

    @rule(slot=SLOTS, how=st.sampled_from(["now", "now", "paced", "next_activity"]))
    def another_version_goes_live(self, slot: int, how: str) -> None:
        model = self.pick([model for model in self.world.models if model.pk != self.live.model_id], slot)
        self.begin()
        said: dict[str, Any] = {"qualifying": how, "pace": 1 if how == "paced" else None}
        self.live = publish(model, by=self.world.people["max"], at=self.at, **said)

    @rule(slot=SLOTS, attempts=st.integers(1, 3), returns=st.integers(0, 2), to=st.sampled_from(["same", "other"]))
    def the_agreement_is_revised(self, slot: int, attempts: int, returns: int, to: str) -> None:
        self.begin()
        values: dict[str, Any] = {"attempts": attempts, "returns_at_most": returns, "returns_to": to}
        current = Policy.objects.in_force().get()
        revise(current, targets=TARGETS, ladder=self.pick(LADDERS, slot), at=self.at, **values)

    @rule(slot=SLOTS, days=st.sampled_from([1, 5, 20]))
    def somebody_is_away(self, slot: int, days: int) -> None:
        self.begin()
        user = self.pick([user for user in self.world.people.values() if user.is_rep], slot)
        be_away(user, by=user, at=self.at, ends_at=self.at + days * DAY)

    @rule(slot=SLOTS)
    def somebody_comes_back(self, slot: int) -> None:
        self.begin()
        user = self.pick([user for user in self.world.people.values() if user.is_rep], slot)
        come_back(user, by=user, at=self.at)
