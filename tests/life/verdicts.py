"""Rules: verdicts of every kind, taking them back, and what becomes of SQLs."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from handoff.people.models import User
from handoff.queue.disqualification import disqualify
from handoff.queue.lapsing import has_lapsed
from handoff.queue.models import Handoff
from handoff.queue.qualification import qualify
from handoff.queue.reasons import SHIPPED
from handoff.queue.undoing import overturn, undo
from tests.life.incoming import Incoming
from tests.life.known import Contract, Person, read
from tests.life.living import SECOND, SLOTS, WHO
from tests.life.looking import trace_of
from tests.life.points import DAY
from tests.life.working import Working

BANT = {"budget": ("yes", ""), "authority": ("partly", "the board"), "need": ("yes", ""), "timeline": ("unknown", "")}
REASONS = st.sampled_from([*["no-budget", "not-ready", "chose-other", "no-response"] * 4, *SHIPPED])
CONTRACTS = st.fixed_dictionaries(
    {},
    optional={
        "wake_at": st.sampled_from([1, 7, 40, 90]),
        "wake_kinds": st.sampled_from([[], ["webinar_attended"], ["page_view", "email_opened"]]),
        "wake_points": st.sampled_from([0, 20, 45]),
    },
)
REQUESTS = ("contact_request", "demo_request")


class Judging(Incoming, Working):
    """Verdicts, and what comes after yes."""

    def contract(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return a contract as acts take it."""
        return given | ({"wake_at": self.at + given["wake_at"] * DAY} if "wake_at" in given else {})

    def rested(self, person: Person, handoff: Handoff, given: dict[str, Any], reason: Any) -> Contract:
        """Return the contract that the lead rests under from now on."""
        after = reason.wake_after_days if reason else None
        wake_at: datetime | None = given.get("wake_at") or (self.at + after * DAY if after else None)
        most = handoff.policy.returns_at_most if handoff.policy else 3
        is_last = len(person.contracts - {handoff.pk}) >= most
        person.contracts.add(handoff.pk)
        kinds = tuple(given.get("wake_kinds", reason.wake_kinds if reason else REQUESTS))
        return Contract(handoff.pk, self.at, wake_at, kinds, given.get("wake_points", 0.0), is_last)

    def ended(self, person: Person, verdict: str) -> dict[str, Any]:
        """Return what a verdict changes, whatever it says."""
        verdicts = (*person.standing.verdicts, (person.standing.open, verdict))
        closed = {"open": None, "holder": None, "is_accepted": False, "verdicts": verdicts}
        return closed | {"team": self.row(person).team_id, "is_woken": False}

    @precondition(lambda self: any(p.standing.open in self.connected for p in self.everybody))
    @rule(slot=SLOTS, who=WHO, to=st.sampled_from(["holder", "colleague", "stranger"]), enough=st.integers(0, 5))
    def somebody_qualifies(self, slot: int, who: str, to: str, enough: int) -> None:
        person = self.pick(self.open, slot)
        by, taker, handoff = self.who(person, who), self.who(person, to), self.handoff(person)
        self.begin(person)
        given = self.before_verdict(person, by)
        bant = BANT if enough else dict.fromkeys(BANT, ("no", ""))
        may = self.may(person, by) and handoff.pk in self.connected and enough
        may = may and not has_lapsed(handoff, at=self.at)
        self.does(qualify, handoff, bant=bant, takes_over=taker, by=by)
        assert self.is_done == bool(may), self.was_refused
        if self.is_done:
            person.given = given
            self.expect(person, stage="sql", sql=(taker.pk, taker == by), **self.ended(person, "qualified"))
            assert self.row(person).owner_id == taker.pk

    @precondition(lambda self: self.open)
    @rule(slot=SLOTS, who=WHO, slug=REASONS, contract=CONTRACTS, permanent=st.sampled_from([False] * 6 + [True]))
    def somebody_disqualifies(self, slot: int, who: str, slug: str, contract: dict[str, Any], permanent: bool) -> None:
        person = self.pick(self.open, slot)
        by, handoff, reason = self.who(person, who), self.handoff(person), self.world.reasons[slug]
        self.begin(person)
        given, terms = self.before_verdict(person, by), self.contract(contract)
        said: dict[str, Any] = {"competitor": "Voltwise", "owner": by, "right_person": ""}
        said["other_lead"] = next(self.row(other) for other in self.everybody if other != person)
        if slug == "wrong-person":
            said["right_person"] = f"Rita Rowan <rita{person.pk % 2}@rowan.example>"
        permanent = permanent or reason.is_permanent
        may = self.may(person, by) and not has_lapsed(handoff, at=self.at)
        may = may and (slug != "not-ready" or permanent or "wake_at" in terms)
        self.does(disqualify, handoff, reason=reason, by=by, permanent=permanent, **terms, **said)
        assert self.is_done == may, self.was_refused
        if not self.is_done:
            return
        if said["right_person"]:
            self.step.newcomers = int(not self.known_as(f"rita{person.pk % 2}@rowan.example"))
        person.given, ended = given, self.ended(person, "disqualified")
        if permanent:
            holds = {"objection"} if slug == "do-not-contact" else set()
            given.objects = bool(holds - given.was.holds)
            self.expect(person, stage="disqualified", holds=person.standing.holds | holds, **ended)
        else:
            self.expect(person, stage="nurture", contract=self.rested(person, handoff, terms, reason), **ended)

    @precondition(lambda self: any(person.standing.open for person in self.everybody))
    @rule(slot=SLOTS, to=st.sampled_from(["holder", "colleague"]))
    def the_holder_speaks_with_them_and_qualifies(self, slot: int, to: str) -> None:
        self.somebody_touches(slot=slot, who="holder", outcome="connected", ago=0, is_in=False)
        self.all_is_well()
        self.somebody_qualifies(slot=slot, who="holder", to=to, enough=1)

    @precondition(lambda self: any(person.standing.open for person in self.everybody))
    @rule(slot=SLOTS, contract=CONTRACTS)
    def the_holder_says_not_now(self, slot: int, contract: dict[str, Any]) -> None:
        self.somebody_disqualifies(slot=slot, who="holder", slug="no-budget", contract=contract, permanent=False)

    @precondition(lambda self: any(person.given for person in self.everybody))
    @rule(slot=SLOTS, wait=st.sampled_from([0, 2, 9, 10]), who=st.sampled_from(["giver", "giver", "giver", "admin"]))
    def the_last_verdict_is_undone(self, slot: int, wait: int, who: str) -> None:
        """Whoever gave it, within ten seconds; nothing of it is left."""
        given_last = sorted(
            (p for p in self.everybody if p.given), key=lambda p: p.given.at if p.given else self.at, reverse=True
        )
        person = self.pick(given_last, slot // 4)
        given = person.given
        assert given is not None
        # `begin` lets a second pass: in time at exactly ten, too late with the eleventh.
        self.at = max(self.at, given.at + wait * SECOND)
        self.begin()
        by = self.world.by_pk[given.by] if who == "giver" else self.world.people["ada"]
        handoff = self.handoff(person, given.handoff)
        may = self.can_be_reopened(person, given.handoff) and by.pk == given.by and self.at <= given.at + 10 * SECOND
        self.does(undo, handoff, by=by)
        assert self.is_done == may, self.was_refused
        if self.is_done:
            self.reopened(person)
            if given.trace is not None:
                self.assert_no_trace(given.trace, trace_of(person.pk))

    def assert_no_trace(self, was: dict[str, Any], now: dict[str, Any]) -> None:
        """Nothing that the verdict wrote or changed is left."""
        for name, rows in was.items():
            differing = [(old, new) for old, new in zip(rows, now[name], strict=False) if old != new]
            assert len(rows) == len(now[name]), f"{name} of an undone verdict: {rows} {now[name]}"
            assert not differing, f"{name} of an undone verdict: {differing[0]}"

    def can_be_reopened(self, person: Person, handoff: int) -> bool:
        """Return whether a verdict is still the last word about its lead."""
        standing = person.standing
        is_last = standing.open is None and standing.last[0] == handoff
        by_people = standing.last[1] in {"qualified", "disqualified"}
        moved_on = standing.stage in {"opportunity", "customer"} or handoff in self.deals
        return is_last and by_people and not moved_on and not (person.is_two and self.has_later(person, handoff))

    def has_later(self, person: Person, handoff: int) -> bool:
        """Return whether another handoff of a lead that was two came, or ended, after this one."""
        others = Handoff.objects.filter(lead=person.pk).exclude(pk=handoff)
        ended_at = Handoff.objects.get(pk=handoff).closed_at
        return others.filter(Q(pk__gt=handoff) | Q(closed_at__gt=ended_at)).exists()

    def reopened(self, person: Person) -> None:
        """The lead is with sales again, with whoever had it; what the verdict said of it is gone."""
        given, standing = person.given, person.standing
        handoff = Handoff.objects.get(pk=standing.last[0])
        changes: dict[str, Any] = {"stage": "mql", "open": handoff.pk, "sql": None, "contract": None, "is_woken": False}
        changes |= {"verdicts": standing.verdicts[:-1], "team": handoff.team_id}
        if given and given.handoff == handoff.pk:
            was = given.was
            changes |= {"holder": was.holder, "is_accepted": was.is_accepted}
            if given.objects:
                changes["holds"] = standing.holds - {"objection"}
        else:  # two leads were merged since: whose it was is no longer known here
            now = read()[person.pk]
            changes |= {"holder": now.holder, "is_accepted": now.is_accepted}
            changes["holds"] = standing.holds - ({"objection"} - now.holds)
        person.contracts.discard(handoff.pk)
        person.given = None
        self.expect(person, **changes)

    @precondition(lambda self: self.ended_once)
    @rule(slot=SLOTS, who=st.sampled_from(["manager", "manager", "admin", "holder"]), too_late=st.booleans())
    def a_manager_overturns(self, slot: int, who: str, too_late: bool) -> None:
        judged = self.foremost(lambda person: self.can_be_reopened(person, person.standing.last[0]))
        back = [person for person in self.ended_once if person.standing.open]
        chosen = back if too_late and back else [person for person in judged if person.standing.verdicts]
        person = self.pick(chosen or self.ended_once, slot)
        handoff = self.handoff(person, person.standing.last[0])
        by = self.world.people["ada"] if who == "admin" else self.pick_of_team(handoff.team_id, who)
        self.begin()
        may = self.can_be_reopened(person, handoff.pk) and not by.is_rep
        self.does(overturn, handoff, reason="They called back", by=by)
        assert self.is_done == may, self.was_refused
        if self.is_done:
            self.reopened(person)

    @property
    def ended_once(self) -> list[Person]:
        """The leads of which a handoff has ended."""
        return [person for person in self.everybody if person.standing.verdicts]

    def pick_of_team(self, team: int | None, who: str) -> User:
        """Return the manager or a rep of a team."""
        return (self.world.managers_of(team) if who == "manager" else self.world.reps_of(team))[0]
