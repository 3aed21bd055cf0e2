"""Rules: what becomes of SQLs: corrected, taken on, given back, passed on, won or lost."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from handoff.queue.deals import lose, open_opportunity, win
from handoff.queue.models import Qualification
from handoff.queue.qualification import correct_sql
from handoff.queue.takeover import accept_takeover, pass_sql, return_takeover
from tests.life.living import SLOTS, WHO
from tests.life.verdicts import CONTRACTS, Judging


class Dealing(Judging):
    """SQLs in hand, and what was decided on them."""

    @precondition(lambda self: self.sqls)
    @rule(slot=SLOTS, who=WHO, answer=st.sampled_from(["yes", "no", "perhaps"]))
    def an_sql_is_corrected(self, slot: int, who: str, answer: str) -> None:
        person = self.pick(self.sqls, slot)
        by = self.who(person, who)
        self.begin(person)
        self.does(correct_sql, self.handoff(person), by=by, authority=answer, role="decides")
        assert self.is_done == (self.has_sql(person, by) and answer != "perhaps"), self.was_refused

    @precondition(lambda self: self.sqls)
    @rule(slot=SLOTS, who=WHO)
    def an_sql_is_taken_on(self, slot: int, who: str) -> None:
        person = self.pick(self.sqls, slot)
        by = self.who(person, who)
        self.begin(person)
        self.does(accept_takeover, self.handoff(person), by=by)
        assert self.is_done == self.has_sql(person, by), self.was_refused
        if self.is_done and person.standing.sql:
            self.expect(person, sql=(person.standing.sql[0], True))

    @precondition(lambda self: self.sqls)
    @rule(slot=SLOTS, who=WHO)
    def an_sql_is_given_back(self, slot: int, who: str) -> None:
        person = self.pick(self.sqls, slot)
        assert person.standing.sql is not None
        by, (taker, is_accepted) = self.who(person, who), person.standing.sql
        found = Qualification.objects.select_related("by", "handoff").get(handoff=person.standing.last[0])
        to = found.by if found.by.is_rep else found.handoff.holder or found.by
        self.begin(person)
        self.does(return_takeover, self.handoff(person), reason="Not my branch", by=by)
        assert self.is_done == (self.has_sql(person, by) and not is_accepted and to.pk != taker), self.was_refused
        if self.is_done:
            self.expect(person, sql=(to.pk, True))

    @precondition(lambda self: self.sqls)
    @rule(slot=SLOTS, who=WHO, to=WHO)
    def an_sql_is_passed_on(self, slot: int, who: str, to: str) -> None:
        person = self.pick(self.sqls, slot)
        assert person.standing.sql is not None
        by, other = self.who(person, who), self.who(person, to)
        self.begin(person)
        self.does(pass_sql, self.handoff(person), to=other, by=by)
        fits = other.is_rep and (by.is_admin or set(other.team_ids()) & set(by.team_ids()))
        assert self.is_done == bool(self.has_sql(person, by) and fits), self.was_refused
        if self.is_done and other.pk != person.standing.sql[0]:
            self.expect(person, sql=(other.pk, other == by))

    @precondition(lambda self: self.sqls)
    @rule(slot=SLOTS, who=WHO)
    def an_sql_becomes_an_opportunity(self, slot: int, who: str) -> None:
        person = self.pick(self.sqls, slot)
        by = self.who(person, who)
        self.begin(person)
        self.does(open_opportunity, self.handoff(person), by=by)
        assert self.is_done == self.has_sql(person, by), self.was_refused
        if self.is_done and person.standing.sql:
            self.expect(person, stage="opportunity", sql=(person.standing.sql[0], True))

    @precondition(lambda self: self.sqls)
    @rule(slot=SLOTS, who=WHO)
    def an_sql_is_won(self, slot: int, who: str) -> None:
        person = self.pick(self.sqls, slot)
        by = self.who(person, who)
        self.begin(person)
        self.does(win, self.handoff(person), value=None, by=by)
        assert self.is_done == self.has_sql(person, by), self.was_refused
        if self.is_done:
            self.decided(person, stage="customer")

    @precondition(lambda self: self.sqls)
    @rule(
        slot=SLOTS, who=WHO, contract=CONTRACTS, says_why=st.booleans(), permanent=st.sampled_from([False, False, True])
    )
    def an_sql_is_lost(self, slot: int, who: str, contract: dict[str, Any], says_why: bool, permanent: bool) -> None:
        person = self.pick(self.sqls, slot)
        by, handoff = self.who(person, who), self.handoff(person)
        reason = None if says_why else self.world.reasons["chose-other"]
        self.begin(person)
        terms = self.contract(contract)
        said = {"because": "Too dear" if says_why else "", "reason": reason, "permanent": permanent}
        said["competitor"] = "" if says_why else "Voltwise"
        self.does(lose, handoff, by=by, **said, **terms)
        assert self.is_done == self.has_sql(person, by), self.was_refused
        if self.is_done:
            self.decided(person, stage="lost")
            if not permanent:
                self.expect(person, contract=self.rested(person, handoff, terms, reason))

    def decided(self, person: Any, stage: str) -> None:
        """Something was decided on an SQL: whoever did has taken it on."""
        self.deals.add(person.standing.last[0])
        person.given = None
        self.expect(person, stage=stage, sql=(person.standing.sql[0], True))
