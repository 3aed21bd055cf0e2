"""What may become of a lead without anybody acting on it, and what must: the rules of the house in plain Python."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from handoff.leads.models import LeadScore
from handoff.people.models import Absence
from handoff.queue.models import FiredStep, Handoff, Recycling, Touch, Triage
from tests.life.known import HANDED_OVER_FROM, Contract, Person, Standing
from tests.life.points import ENOUGH, HYSTERESIS, Deed, Version
from tests.life.world import World

FRESH = timedelta(hours=24)
ROUNDED = 1e-3  # a crossing is stored to the microsecond
SILENCE = 42
MAIL = frozenset({"unsubscribed", "email_opened"})
ZONE = ZoneInfo("Europe/Amsterdam")  # of every calendar here


@dataclass
class Step:
    """What one step brought, and so what may follow by itself."""

    at: datetime
    news: dict[int, list[Deed]] = field(default_factory=dict)  # leads that were scored, with what came in
    is_tick: bool = False
    is_all: bool = False  # every tick ran
    is_list: bool = False  # the exclusion list changed
    by_hand: set[int] = field(default_factory=set)  # leads that somebody hands over
    newcomers: int = 0  # leads that may be made

    def asks(self, lead: int) -> bool:
        """Return whether the lead asked for contact in this step, and not too long ago."""
        fresh = (deed for deed in self.news.get(lead, ()) if not deed.is_machine and self.at - deed.at <= FRESH)
        return any(deed.kind == "contact_request" for deed in fresh)


class Judge:
    """Judges the changes of one lead in one step that no act of a person explains."""

    def __init__(self, world: World, person: Person, step: Step, version: Version) -> None:
        self.world, self.person, self.step, self.version = world, person, step, version
        self.at = step.at

    def judge(self, before: Standing, after: Standing) -> None:
        """Fail unless what changed from `before` to `after` may happen by itself, now."""
        said = f"{self.person.email} at {self.at}: {before} -> {after}"
        is_looked_at = self.step.is_tick or self.step.is_list
        assert is_looked_at or self.person.pk in {*self.step.news, *self.step.by_hand}, said
        assert after.sql == (None if after.open else before.sql), said
        self._holds(before.holds ^ after.holds, said)
        if before.open and after.open != before.open:
            before = self._ended(before, after, said)
        if before.contract != after.contract:
            self._contract(before.contract, after, said)
        if before.open is None and after.open:
            self._opened(before, after, said)
        elif before.open:
            self._given(before, after, said)
        else:
            active = [d for d in self.step.news.get(self.person.pk, ()) if not d.is_machine and d.kind not in MAIL]
            assert after.stage == ("lead" if active and before.stage == "subscriber" else before.stage), said
            assert after.is_woken == before.is_woken or before.contract, said

    def _holds(self, changed: frozenset[str], said: str) -> None:
        assert changed <= {"persona", "excluded"}, said

    def _ended(self, before: Standing, after: Standing, said: str) -> Standing:
        handoff = Handoff.objects.get(pk=before.open or 0)
        assert (handoff.pk, handoff.verdict) in after.verdicts, said
        assert handoff.closed_at, said
        assert handoff.closed_at <= self.at, said
        ended = replace(before, open=None, holder=None, is_accepted=False, verdicts=after.verdicts)
        if handoff.verdict == "cooled":
            asked = handoff.raised_at or handoff.touches_count or before.is_accepted or handoff.reopened_at
            assert handoff.route == "score", said
            assert not asked, said
            scored_at = LeadScore.objects.get(lead=self.person.pk).scored_at
            total = self.person.total(scored_at, self.version)
            is_cold = total < self.version.threshold - HYSTERESIS + ROUNDED
            assert is_cold or "excluded" in after.holds, f"{total}: {said}"
            return replace(ended, stage="lead")
        assert handoff.verdict == "lapsed", said
        if not FiredStep.objects.filter(clock__handoff=handoff, step__action="nurture", fired_at=self.at).exists():
            self._silent(handoff, said)
        self.person.contracts.add(handoff.pk)
        return replace(ended, stage="nurture", is_woken=False, contract=after.contract)

    def _silent(self, handoff: Handoff, said: str) -> None:
        """Six weeks of dates lie between the last sign of life and the end, and enough was tried."""
        answers = Touch.objects.filter(Q(direction="in") | Q(outcome__in=["connected", "replied"]), handoff=handoff)
        first = handoff.touches.order_by("at").values_list("at", flat=True)[0]
        signs = [first, handoff.raised_at, handoff.reopened_at, *answers.values_list("at", flat=True)]
        since = max(sign for sign in signs if sign).astimezone(ZONE).date()
        assert handoff.closed_at, said
        assert handoff.closed_at.astimezone(ZONE).date() > since + timedelta(days=SILENCE), said
        tried = handoff.touches.filter(direction="out", at__lte=handoff.closed_at).count()
        assert tried >= (handoff.policy.attempts if handoff.policy else 1), said

    def _contract(self, was: Contract | None, after: Standing, said: str) -> None:
        if was is None or after.contract is not None:
            both = was is not None and after.contract is not None
            assert both, said
            assert after.contract == replace(was, is_considered=True), said  # type: ignore[type-var]
            assert self._is_due(was) or self._signalled(was), said  # type: ignore[arg-type]
            assert not self.person.has_points(was, self.at, self.version), said  # type: ignore[arg-type]
            return
        woken = Recycling.objects.get(handoff=was.handoff)
        may = {
            "date": self._is_due(was),
            "signal": self._signalled(was),
            "points": was.is_considered and not was.is_last,
        }
        asked = {"fast_lane": self._asks(), "manual": self.person.pk in self.step.by_hand}
        assert woken.woken_at == self.at, said
        if woken.woken_by in may:
            assert may[woken.woken_by], f"by {woken.woken_by}: {said}"
            assert self.person.has_points(was, self.at, self.version), f"without points by {woken.woken_by}: {said}"
        else:
            assert asked.get(woken.woken_by), f"by {woken.woken_by}: {said}"

    def _asks(self) -> bool:
        """Return whether they ask for contact now, or did while they were held and nobody has answered yet."""
        sent_on = Triage.objects.filter(lead=self.person.pk, closed_at=self.at, outcome=Triage.Outcome.LET_THROUGH)
        return self.step.asks(self.person.pk) or (self.step.is_tick and sent_on.exists())

    def _is_due(self, contract: Contract) -> bool:
        due = contract.wake_at is not None and contract.wake_at <= self.at
        return due and self.step.is_tick and not contract.is_last

    def _signalled(self, contract: Contract) -> bool:
        came = (deed for deed in self.step.news.get(self.person.pk, ()) if not deed.is_machine)
        named = any(deed.kind in contract.kinds and deed.at >= contract.at for deed in came)
        return named and not contract.is_last

    def _opened(self, before: Standing, after: Standing, said: str) -> None:
        handoff = Handoff.objects.get(pk=after.open or 0)
        assert handoff.opened_at == self.at, said
        assert before.stage in HANDED_OVER_FROM, said
        assert not after.holds, said
        assert before.contract or not before.is_asleep or handoff.route != "score", said
        if handoff.route == "manual":
            assert self.person.pk in self.step.by_hand, said
            return
        assert not self.version.is_negative(self.person.title), said
        if handoff.route == "fast_lane":
            assert self._asks(), said
        elif handoff.route == "product":
            assert any(deed.kind == "trial_started" for deed in self.step.news[self.person.pk]), said
        else:
            total = self.person.total(LeadScore.objects.get(lead=self.person.pk).scored_at, self.version)
            assert total >= self.version.threshold - ENOUGH, f"{total}: {said}"
        self._given_to(after, said)

    def _given(self, before: Standing, after: Standing, said: str) -> None:
        """Only ladders and absences take a lead from one and give it to another."""
        if (before.holder, before.is_accepted) != (after.holder, after.is_accepted):
            assert self.step.is_tick, said
            assert after.holder != before.holder, said
            self._given_to(after, said)

    def _given_to(self, after: Standing, said: str) -> None:
        assert not after.is_accepted, said
        if after.holder is not None:
            assert self.world.by_pk[after.holder] in self.world.reps_of(after.team), said
            assert not Absence.objects.at(self.at).filter(user=after.holder).exists(), f"away: {said}"


def must_be_open(person: Person, at: datetime, version: Version) -> bool:
    """Return whether the lead, just scored at `at`, may not be anywhere but with sales."""
    now = person.standing
    is_free = now.stage in HANDED_OVER_FROM and not now.is_asleep and not now.holds
    return is_free and not version.is_negative(person.title) and person.total(at, version) >= version.threshold + ENOUGH


def midnight_after(at: datetime) -> datetime:
    """Return the next midnight where the teams are."""
    return datetime.combine(at.astimezone(ZONE).date() + timedelta(days=1), time(), ZONE)
