"""Rules of several steps each, which chance alone would hardly line up in one life."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from handoff.leads.models import LeadScore
from handoff.people.absences import be_away
from handoff.queue.models import Clock, Handoff
from handoff.queue.snoozing import snooze
from handoff.sla.models import Metric
from tests.life.deals import Dealing
from tests.life.known import HANDED_OVER_FROM, Person
from tests.life.living import SECOND, SLOTS
from tests.life.passing import ABOUT_LEADS, Passing
from tests.life.points import DAY


def is_free(person: Person) -> bool:
    """Return whether points alone would hand the lead over."""
    now = person.standing
    return now.stage in HANDED_OVER_FROM and not now.is_asleep and not now.holds


def is_taken_on(person: Person) -> bool:
    """Return whether the lead is an SQL whose taker has accepted it."""
    sql = person.standing.sql
    return person.standing.stage == "sql" and sql is not None and sql[1]


class LiningUp(Dealing, Passing):
    """What takes more than one act, or an act and time."""

    @precondition(lambda self: any(is_free(p) for p in self.everybody))
    @rule(slot=SLOTS)
    def who_is_held_has_points_enough_when_released(self, slot: int) -> None:
        """They go to sales with the release, and wait for nothing else to happen."""
        place = self.pick([place for place, p in enumerate(self.everybody) if is_free(p)], slot)
        person = self.everybody[place]
        self.is_held_by_hand(slot=place, who="marketer")
        self.all_is_well()
        for _number in range(3):
            self.begin()
            self.receive([self.item(person.email, "webinar_attended", 0)])
            self.all_is_well()
        self.a_hold_is_released(slot=[p for p in self.everybody if "by_hand" in p.standing.holds].index(person))

    @precondition(lambda self: any(p.standing.open for p in self.everybody))
    @rule(slot=SLOTS)
    def the_holder_puts_it_aside_and_gives_it_back(self, slot: int) -> None:
        """What is out of sight and nobody's is nobody's next either."""
        self.somebody_touches(slot=slot, who="holder", outcome="no_answer", ago=0, is_in=False)
        self.all_is_well()
        person = self.pick(self.open, slot)
        if person.standing.open in self.touched and person.standing.holder:
            self.begin(person)
            by, until = self.world.by_pk[person.standing.holder], self.at + 5 * DAY
            self.does(snooze, self.handoff(person), until=until, reason="Fair", by=by)
            self.all_is_well()
            self.somebody_releases(slot=slot, who="holder")
            self.all_is_well()
            self.a_rep_takes_the_next(slot=slot)

    @precondition(lambda self: any(p.standing.open for p in self.everybody))
    @rule(slot=SLOTS)
    def what_was_given_to_one_is_wanted_by_another(self, slot: int) -> None:
        self.somebody_gives_it_to_another(slot=slot, who="manager", to="colleague", as_manager=True)
        self.all_is_well()
        self.somebody_claims(slot=slot, who="colleague")

    @precondition(lambda self: any(p.standing.open for p in self.everybody))
    @rule(slot=SLOTS, tries=st.integers(1, 2))
    def nobody_answers_for_six_weeks(self, slot: int, tries: int) -> None:
        """The holder tries, and then nothing is heard until the silence is over, and a little longer."""
        for _number in range(tries):
            self.somebody_touches(slot=slot, who="holder", outcome="no_answer", ago=0, is_in=False)
            self.all_is_well()
        found = Handoff.objects.filter(pk=self.pick(self.open, slot).standing.open or 0).first()
        if found and found.lapses_at:
            self.at = max(self.at, found.lapses_at)
            self.ticks(ABOUT_LEADS)

    @rule(slot=SLOTS)
    def the_ladder_looks_for_another_rep_and_all_others_are_away(self, slot: int) -> None:
        self.the_agreement_is_revised(slot=1, attempts=2, returns=1, to="same")
        self.all_is_well()
        self.is_handed_over_by_hand(slot=slot, who="admin")
        self.all_is_well()
        held = [p for p in self.everybody if p.standing.holder and not p.standing.is_accepted]
        if held:
            person = self.pick(held, slot)
            self.begin()
            for rep in self.world.reps_of(person.standing.team):
                if rep.pk != person.standing.holder:
                    be_away(rep, by=rep, at=self.at, ends_at=self.at + 20 * DAY)
            self.all_is_well()
            self.each_step_is_taken_in_its_time(person.standing.open or 0)

    def each_step_is_taken_in_its_time(self, handoff: int) -> None:
        """Time goes on to the next three instants at which something is to be done about the first touch."""
        running = Clock.objects.running().filter(handoff=handoff, metric=Metric.FIRST_TOUCH, acts_at__isnull=False)
        for _number in range(3):
            acts_at = running.values_list("acts_at", flat=True).first()
            if acts_at:
                self.at = max(self.at, acts_at + SECOND)
                self.ticks(ABOUT_LEADS)
                self.all_is_well()

    @rule(slot=SLOTS)
    def who_may_not_return_sleeps_on_when_the_date_comes(self, slot: int) -> None:
        self.the_agreement_is_revised(slot=1, attempts=2, returns=0, to="same")
        self.all_is_well()
        before = {p.standing.open for p in self.everybody}
        self.is_handed_over_by_hand(slot=slot, who="admin")
        self.all_is_well()
        opened = [place for place, p in enumerate(self.open) if p.standing.open not in {*before, None}]
        if opened:
            self.the_holder_says_not_now(slot=opened[0], contract={"wake_at": 7, "wake_points": 0})
            self.all_is_well()
            self.at += 7 * DAY
            self.ticks(ABOUT_LEADS)

    @precondition(lambda self: any(is_free(p) for p in self.everybody))
    @rule(slot=SLOTS)
    def who_asked_for_contact_since_stays_when_the_score_fades(self, slot: int) -> None:
        person = self.pick([p for p in self.everybody if is_free(p)], slot)
        self.begin()
        self.receive([self.item(person.email, "page_view", 0) for _number in range(3)])
        self.all_is_well()
        self.asks_for_contact(slot=self.everybody.index(person), ago=0, is_machine=False)
        self.all_is_well()
        fades_at = LeadScore.objects.values_list("crosses_at", flat=True).get(lead=person.pk)
        if fades_at:
            self.at = max(self.at, fades_at)
            self.ticks(ABOUT_LEADS)

    @precondition(lambda self: any(p.standing.open for p in self.everybody))
    @rule(slot=SLOTS)
    def an_sql_is_lost_with_what_was_planned(self, slot: int) -> None:
        self.the_holder_speaks_with_them_and_qualifies(slot=slot, to="holder")
        self.all_is_well()
        taken = [place for place, p in enumerate(self.sqls) if is_taken_on(p)]
        if taken:
            self.somebody_plans_a_next_step(slot=len(self.open) + taken[-1], who="holder", days=1, ends=False)
            self.all_is_well()
            self.an_sql_is_lost(slot=taken[-1], who="holder", contract={}, says_why=False, permanent=False)

    @precondition(lambda self: any(p.standing.open in self.touched for p in self.everybody))
    @rule(slot=SLOTS)
    def what_was_put_aside_comes_back(self, slot: int) -> None:
        self.somebody_snoozes(slot=slot, who="holder", days=1, ends=False)
        self.all_is_well()
        aside = Handoff.objects.open().filter(snoozed_until__gt=self.at).order_by("snoozed_until").first()
        if aside and aside.snoozed_until:
            self.at = aside.snoozed_until
            self.ticks(ABOUT_LEADS)

    @precondition(lambda self: any(p.standing.contract and p.standing.contract.wake_at for p in self.everybody))
    @rule(slot=SLOTS)
    def the_date_of_a_contract_comes(self, slot: int) -> None:
        """Every tick runs at just that instant; a last contract comes first, and sleeps on."""
        dated = [p.standing.contract for p in self.everybody if p.standing.contract and p.standing.contract.wake_at]
        contract = self.pick(sorted(dated, key=lambda each: (not each.is_last, each.wake_at)), slot // 4)
        self.at = max(self.at, contract.wake_at or self.at)
        self.ticks(ABOUT_LEADS)

    @precondition(lambda self: any(p.standing.contract and p.standing.contract.kinds for p in self.everybody))
    @rule(slot=SLOTS, is_machine=st.booleans())
    def what_is_no_sign_of_interest_reaches_a_sleeper(self, slot: int, is_machine: bool) -> None:
        """It is of a kind that the contract names, but from before it, or a machine did it."""
        asleep = [(p, p.standing.contract) for p in self.everybody if p.standing.contract and p.standing.contract.kinds]
        # First those whom a sign of interest would wake.
        asleep.sort(key=lambda found: (found[1].is_last, found[1].points))
        person, contract = self.pick(asleep, slot // 4)
        ago = 0 if is_machine else int((self.at - contract.at + DAY).total_seconds())
        self.begin()
        self.receive([self.item(person.email, contract.kinds[-1], ago, is_machine=is_machine)])

    @precondition(lambda self: any(p.standing.open for p in self.everybody))
    @rule(slot=SLOTS, gives_back=st.booleans())
    def an_sql_is_offered_and_goes_on(self, slot: int, gives_back: bool) -> None:
        """Whoever is offered it gives it back, or it is passed to a third before they answer."""
        self.the_holder_speaks_with_them_and_qualifies(slot=slot, to="colleague")
        self.all_is_well()
        offered = [place for place, p in enumerate(self.sqls) if p.standing.sql and not p.standing.sql[1]]
        if offered and gives_back:
            self.an_sql_is_given_back(slot=offered[0], who="holder")
        elif offered:
            self.an_sql_is_passed_on(slot=offered[0], who="admin", to="stranger")

    # For good, so not everybody does.
    @precondition(lambda self: not any("objection" in p.standing.holds for p in self.everybody))
    @precondition(lambda self: any(p.standing.open for p in self.everybody))
    @rule(slot=SLOTS)
    def the_holder_hears_that_they_want_no_contact(self, slot: int) -> None:
        self.somebody_disqualifies(slot=slot, who="holder", slug="do-not-contact", contract={}, permanent=False)

    @precondition(lambda self: any(p.standing.open for p in self.everybody))
    @rule(slot=SLOTS, asks=st.booleans())
    def a_verdict_is_regretted(self, slot: int, asks: bool) -> None:
        """In the last of ten seconds, in which the lead may have asked for contact and be handed over again."""
        self.the_holder_says_not_now(slot=slot, contract={})
        self.all_is_well()
        given = [place for place, p in enumerate(self.everybody) if p.given and p.given.at == self.at]
        if given and asks:
            self.asks_for_contact(slot=given[0], ago=0, is_machine=False)
            self.all_is_well()
        if given:
            self.the_last_verdict_is_undone(slot=0, wait=9, who="giver")
