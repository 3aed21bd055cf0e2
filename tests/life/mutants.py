"""Mistakes that a tired engineer could make: each one a small change in the words of one act or condition."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from textwrap import dedent
from types import CodeType, FunctionType


@dataclass(frozen=True)
class Mutant:
    """One mistake: what it is, in which function of `handoff.queue`, and the words it changes into others."""

    name: str
    where: str
    words: str
    others: str = ""

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Make the mistake everywhere the function is used, until the end."""
        found: Callable[..., object] = inspect.unwrap(resolve_name(f"handoff.queue.{self.where}"))
        assert isinstance(found, FunctionType)
        kept = found.__code__
        found.__code__ = self._mistaken(found)
        try:
            yield
        finally:
            found.__code__ = kept

    def _mistaken(self, function: FunctionType) -> CodeType:
        source = dedent(inspect.getsource(function))
        assert source.count(self.words) == 1, f"{self.name}: {self.where} no longer says “{self.words}” once."
        source = source[source.index("def ") :].replace(self.words, self.others)
        names: dict[str, object] = {}
        exec(compile(source, f"mutant of {self.where}", "exec"), {**function.__globals__}, names)  # noqa: S102
        mistaken = names[function.__name__]
        assert isinstance(mistaken, FunctionType)
        return mistaken.__code__


MUTANTS = (
    Mutant(
        "a claim takes what was given to somebody else",
        "claiming.claim",
        "waiting.filter(assigned_to=by) | waiting.filter(assigned_to=None)",
        "waiting",
    ),
    Mutant("a claim forgets the assignment", "claiming.claim", "if handoff.assigned_to_id != by.pk:", "if False:"),
    Mutant("the next one is one out of sight", "claiming.take_next", ".awake(at)"),
    Mutant(
        "reps work on what a colleague of their team has",
        "working.may_work",
        "(in_team and handoff.holder_id is None)",
        "in_team",
    ),
    Mutant("any rep decides on an SQL", "working.lock_sql", "found.takes_over_id == by.pk", "by.is_rep"),
    Mutant("anybody undoes a verdict", "undoing.undo", "given.by_id != by.pk", "False"),
    Mutant("ten seconds end before they are over", "undoing.undo", "at > given.at", "at >= given.at"),
    Mutant("undoing leaves the contract", "undoing._reopen", "Recycling.objects.filter(handoff=handoff).delete()"),
    Mutant("undoing forgets the assignment", "undoing._reopen", "_give_back(handoff, given)"),
    Mutant("a verdict is undone after the next handoff", "undoing._closed", " or later.exists()"),
    Mutant("any touch counts as a connect", "touching.log_touch", "if outcome in CONNECTS:", "if True:"),
    Mutant("a touch stops no clock", "touching.log_touch", "stop_met(found, touch, at=at)"),
    Mutant("at due is late", "enforcement._due", "what.at >= at", "what.at > at"),
    Mutant("the next rep may be the same", "escalation._next_rep", ", avoiding=holder"),
    Mutant("six weeks are a day short", "lapsing.lapse_instant", "days=SILENCE", "days=SILENCE - 1"),
    Mutant(
        "silence ends whatever was tried",
        "lapsing.end_silence",
        "still.lapses_at and _has_enough_attempts(still)",
        "still.lapses_at",
    ),
    Mutant(
        "the last contract wakes by its date", "recycling.wake_due", "woken_at=None, is_last=False", "woken_at=None"
    ),
    Mutant("a date wakes only when it is past", "recycling.wake_due", "wake_at__lte=at", "wake_at__lt=at"),
    Mutant(
        "what came late wakes as a signal",
        "recycling.wake_by_activities",
        " if signal.occurred_at >= recycling.at",
    ),
    Mutant("machines wake sleepers", "recycling.wake_by_activities", " and not activity.is_machine"),
    Mutant(
        "points are counted from the total",
        "contracts.has_enough_points",
        "sum(gain.points for gain in gains)",
        "recycling.lead.score.total",
    ),
    Mutant("one return too many", "contracts.is_last_return", ">= most", "> most"),
    Mutant(
        "points wake before the date",
        "contracts.wake_with_points",
        "woken_at=None, considered_at__isnull=False",
        "woken_at=None",
    ),
    Mutant(
        "what opens leaves the contract standing",
        "opening.open_handoff",
        "Recycling.objects.filter(lead=lead, woken_at=None).update(woken_at=at, woken_by=route)",
    ),
    Mutant("held leads are handed over", "rescoring._act", " and lead.pk not in held"),
    Mutant("sleepers are handed over", "rescoring._act", " and not lead.is_asleep"),
    Mutant("what asked for contact cools", "models.handoffs.HandoffQuerySet.by_score_alone", ", raised_at=None"),
    Mutant("a request leaves no clock", "raising._raise_again", "before=before", "before=at"),
    Mutant(
        "an opportunity's request is told to marketing",
        "raising.raise_request",
        "lead.stage in WITH_SALES",
        "lead.stage == Stage.SQL",
    ),
    Mutant("a snooze ends only when it is past", "snoozing.end_due", "snoozed_until__lte=at", "snoozed_until__lt=at"),
    Mutant("giving back answers nothing", "takeover.return_takeover", "settle_takeover(found, at=at)"),
    Mutant(
        "passing an SQL on starts another clock beside the first",
        "takeover.pass_sql",
        "stop_takeover(found.handoff, at=at, ending=Clock.Ending.CANCELLED)",
    ),
    Mutant("a lost lead keeps its plans", "deals.lose", "end_steps(found.handoff, at=at)"),
    Mutant("leads are given to whoever is away", "rotation.available", "user_id not in away and "),
    Mutant("the pace is never reached", "pacing._hand_over", "if opened >= left:", "if False:"),
    Mutant("a repeat inside a list is stored twice", "receiving._without_known", "seen.add(key)"),
    Mutant("a request of last week is fresh", "receiving._triggers", " and at - a.occurred_at <= FAST_LANE_FRESH"),
    Mutant("releasing hands nobody over", "holding.release_hold", "rescore([lead.pk], at=at)"),
    Mutant("an objection holds nobody", "disqualification.disqualify", "    if objects:\n", "    if False:\n"),
)
