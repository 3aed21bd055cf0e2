"""Rules: two leads that turn out to be one person, and the list of whom marketing wants nobody to call."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from handoff.leads.models import Exclusion, Lead
from handoff.queue.excluding import end_exclusion, exclude
from handoff.queue.merging import SAYS, merge
from handoff.queue.models import Clock, Handoff, Recycling
from tests.life.incoming import Incoming
from tests.life.known import Standing, read
from tests.life.living import SLOTS

# Another one goes on, its time was over, they object, or what is known now is too little.
FORMER = {"merged", "lapsed", "disqualified", "cooled"}


class Keeping(Incoming):
    """One lead of two, and nobody of some."""

    @precondition(lambda self: len(self.everybody) > 4)
    @rule(slot=SLOTS, other=SLOTS, who=st.sampled_from(["max", "max", "ada", "mia", "sam"]))
    def two_leads_are_one_person(self, slot: int, other: int, who: str) -> None:
        kept, gone = self.pick(self.everybody, slot), self.pick(self.everybody, other)
        by = self.world.people[who]
        teams = {self.row(person).team_id for person in (kept, gone)}
        self.begin(kept, gone)
        self.does(merge, self.row(kept), self.row(gone), by=by)
        may = by.is_marketer or by.is_admin or (by.is_manager and teams <= {*by.team_ids()})
        assert self.is_done == (may and kept is not gone), self.was_refused
        if not self.is_done:
            return
        del self.people[gone.pk]
        kept.deeds |= gone.deeds
        kept.contracts = {*Recycling.objects.filter(lead=kept.pk).values_list("handoff_id", flat=True)}
        kept.emails |= gone.emails
        kept.given, kept.is_two = None, True
        if gone.title and not kept.title:
            kept.titles.append((self.at, gone.title))
        self.step.news[kept.pk] = []
        was, now = (kept.standing, gone.standing), read()[kept.pk]
        self.is_everything_of_both(was, now)
        kept.standing = now

    def is_everything_of_both(self, was: tuple[Standing, Standing], now: Standing) -> None:
        """Nothing of two leads is missing in the one."""
        said = f"{was} -> {now}"
        assert was[0].holds | was[1].holds <= now.holds, said
        assert {*was[0].verdicts, *was[1].verdicts} <= {*now.verdicts}, said
        open_ones = {standing.open for standing in was if standing.open}
        ended = Handoff.objects.filter(pk__in=open_ones).exclude(pk=now.open or 0)
        assert {*ended.values_list("verdict", flat=True)} <= FORMER, said
        assert not Clock.objects.running().filter(handoff__in=ended).exists(), said
        furthest = max((standing.stage for standing in was), key=SAYS.index)
        if furthest in {"sql", "opportunity", "customer"}:
            assert now.stage == furthest, said
            assert now.open is None, said
        elif open_ones & {now.open}:
            assert now.stage == "mql", said

    @rule(slot=SLOTS, by_title=st.booleans(), days=st.sampled_from([None, None, 1, 20]))
    def marketing_wants_nobody_to_call_them(self, slot: int, by_title: bool, days: int | None) -> None:
        person = self.pick(self.everybody, slot)
        kind, value = ("title", person.title) if by_title and person.title else ("domain", person.email.split("@")[1])
        self.begin()
        until = self.at + timedelta(days=days) if days else None
        is_new = not Exclusion.objects.standing(self.at).filter(kind=kind, value=value.lower()).exists()
        self.does(exclude, kind=kind, value=value, why="other", expires_at=until, by=self.world.people["max"])
        assert self.is_done == is_new, self.was_refused
        self.step.is_list = True

    @precondition(lambda self: Exclusion.objects.filter(ended_at=None).exists())
    @rule(slot=SLOTS)
    def an_entry_of_the_list_ends(self, slot: int) -> None:
        self.begin()
        entry = self.pick(list(Exclusion.objects.filter(ended_at=None).order_by("pk")), slot)
        held = {*Lead.objects.filter(holds__exclusion=entry, holds__released_at=None).values_list("pk", flat=True)}
        self.does(end_exclusion, entry, by=self.world.people["max"])
        assert self.is_done, self.was_refused
        self.step.is_list = True
        for pk in held:
            self.step.news.setdefault(pk, [])
