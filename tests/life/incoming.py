"""Rules: what comes in, in any order, late, ahead, doubled, before its lead is known; and who is kept out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from handoff.leads.models import Activity
from handoff.outbox.models import Notice
from handoff.queue.holding import hold, release_hold
from handoff.queue.models import Clock, Handoff
from handoff.queue.objecting import record_objection
from handoff.queue.opening import hand_over_by_hand
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.sla.models import Metric
from tests.life.known import HANDED_OVER_FROM, Person
from tests.life.living import SLOTS, WHO, Life
from tests.life.points import Deed

KINDS = st.sampled_from(["page_view", "page_view", "webinar_attended", "trial_started", "unsubscribed", "email_opened"])
AGO = st.sampled_from([0, 0, 0, 30, 3600, 86_400, 86_401, 20 * 86_400, -200, -400])  # seconds; below nothing is ahead
UNKNOWN = ("eva@elm.example", "finn@fir.example")
AHEAD = 300


class Incoming(Life):
    """What comes in."""

    def item(self, email: str, kind: str, ago: int, *, is_machine: bool = False, key: str = "") -> dict[str, Any]:
        """Return an activity as the API takes it."""
        properties: dict[str, Any] = {"url": "/pricing/"} | ({"machine": True} if is_machine else {})
        at = self.at - timedelta(seconds=ago)
        return {
            "source": "web",
            "id": key or self.new_key(),
            "lead": {"email": email},
            "kind": kind,
            "occurred_at": at,
            "properties": properties,
        }

    def receive(self, items: list[dict[str, Any]]) -> None:
        """Send activities, and know what becomes of them."""
        taken: dict[str, dict[str, Any]] = {}
        answer = receive_activities(items, at=self.at)
        known = {key for person in self.everybody for key in person.deeds} | {
            k for d in self.waiting.values() for k in d
        }
        for item in items:
            if item["occurred_at"] <= self.at + timedelta(seconds=AHEAD) and item["id"] not in known:
                taken.setdefault(item["id"], item)
        refused = sum(item["occurred_at"] > self.at + timedelta(seconds=AHEAD) for item in items)
        assert (answer.accepted, len(answer.rejected)) == (len(taken), refused)
        assert answer.duplicates == len(items) - refused - len(taken)
        for key, item in taken.items():
            url, is_machine = item["properties"]["url"], item["properties"].get("machine", False)
            deed = Deed(item["kind"], item["occurred_at"], self.at, url, is_machine)
            person = self.known_as(item["lead"]["email"])
            if person is None:
                self.waiting.setdefault(item["lead"]["email"], {})[key] = deed
            else:
                person.deeds[key] = deed
                self.step.news.setdefault(person.pk, []).append(deed)

    def known_as(self, email: str) -> Person | None:
        """Return the lead with that address."""
        return next((person for person in self.everybody if email in person.emails), None)

    @rule(slot=SLOTS, kind=KINDS, ago=AGO)
    def does_something(self, slot: int, kind: str, ago: int) -> None:
        self.begin()
        self.receive([self.item(self.pick(self.everybody, slot).email, kind, ago)])

    @rule(deeds=st.lists(st.tuples(SLOTS, KINDS, AGO, st.booleans()), min_size=2, max_size=5), doubled=st.booleans())
    def many_things_come_in_out_of_order(self, deeds: list[tuple[int, str, int, bool]], doubled: bool) -> None:
        self.begin()
        items = [
            self.item(self.pick(self.everybody, slot).email, kind, ago, is_machine=is_machine)
            for slot, kind, ago, is_machine in deeds
        ]
        self.receive(items + items[:1] if doubled else items)

    @precondition(lambda self: any(person.deeds for person in self.everybody))
    @rule(slot=SLOTS, kind=KINDS)
    def what_is_known_comes_again_and_says_something_else(self, slot: int, kind: str) -> None:
        self.begin()
        person = self.pick([person for person in self.everybody if person.deeds], slot)
        self.receive([self.item(self.pick(self.everybody, slot + 1).email, kind, 0, key=next(iter(person.deeds)))])

    @rule(slot=SLOTS, ago=AGO, is_machine=st.sampled_from([False, False, False, True]))
    def asks_for_contact(self, slot: int, ago: int, is_machine: bool) -> None:
        self.begin()
        person = self.pick(self.everybody, slot)
        before = person.standing
        self.receive([self.item(person.email, "contact_request", ago, is_machine=is_machine)])
        if not self.step.asks(person.pk):
            return
        activity = Activity.objects.latest("pk")
        told = Notice.objects.filter(cause=f"request:{activity.pk}").exists()
        now = Handoff.objects.open().filter(lead=person.pk).first()
        if before.open:
            # Six weeks that are over end it, and the request hands the lead over once more.
            assert now
            assert now.raised_at == self.at
            assert now.snoozed_until is None
            assert Clock.objects.running().filter(handoff=now, metric=Metric.FIRST_TOUCH).exists()
            assert told
        elif before.stage in HANDED_OVER_FROM and not before.holds and now:
            assert (now.route, now.opened_at) == ("fast_lane", self.at)
        else:
            taker = self.row(person).owner_id if before.stage in {"sql", "opportunity", "customer"} else None
            people = Notice.objects.filter(user=taker) if taker else Notice.objects.filter(user__role="marketer")
            assert people.filter(cause=f"request:{activity.pk}").exists(), f"nobody hears of the request of {person}"

    @rule(slot=SLOTS, kind=KINDS, ago=AGO)
    def somebody_unknown_does_something(self, slot: int, kind: str, ago: int) -> None:
        self.begin()
        self.receive([self.item(self.pick(UNKNOWN, slot), kind, ago)])

    @rule(slot=SLOTS, country=st.sampled_from(["NL", "DE"]), is_head=st.booleans())
    def a_lead_is_recorded(self, slot: int, country: str, is_head: bool) -> None:
        email = self.pick(UNKNOWN, slot)
        self.begin(newcomers=0 if self.known_as(email) else 1)
        if self.known_as(email) is None:
            title = "Head of energy" if is_head else "Planner"
            receive_leads([{"email": email, "title": title, "country": country}], by=None, at=self.at)

    @rule(slot=SLOTS, title=st.sampled_from(["Head of plant", "Planner", "Student"]))
    def a_lead_is_corrected(self, slot: int, title: str) -> None:
        person = self.pick(self.everybody, slot)
        self.begin(person)
        receive_leads([{"email": person.email, "title": title}], by=None, at=self.at)
        if person.title != title:
            self.step.news[person.pk] = []
            person.titles.append((self.at, title))

    @rule(slot=SLOTS, who=st.sampled_from(["marketer", "marketer", "manager", "holder"]))
    def is_held_by_hand(self, slot: int, who: str) -> None:
        person = self.pick(self.everybody, slot)
        self.begin(person)
        by = self.who(person, who)
        self.does(hold, self.row(person), reason="Talks with the board", by=by)
        may = by.is_marketer or by.is_admin or (by.is_manager and self.row(person).team_id in by.team_ids())
        assert self.is_done == (may and "by_hand" not in person.standing.holds)
        if self.is_done:
            self.expect(person, holds=person.standing.holds | {"by_hand"})

    @precondition(lambda self: any("by_hand" in person.standing.holds for person in self.everybody))
    @rule(slot=SLOTS)
    def a_hold_is_released(self, slot: int) -> None:
        person = self.pick([person for person in self.everybody if "by_hand" in person.standing.holds], slot)
        self.begin(person)
        self.does(release_hold, self.row(person), reason="They left the competitor", by=self.world.people["max"])
        self.expect(person, holds=person.standing.holds - {"by_hand", "excluded"})
        self.step.news[person.pk] = []

    @rule(slot=SLOTS, who=WHO)
    def is_handed_over_by_hand(self, slot: int, who: str) -> None:
        person = self.pick(self.foremost(lambda person: person.standing.stage in HANDED_OVER_FROM), slot)
        by, before = self.who(person, who), person.standing
        self.begin(person, by_hand={person.pk})
        handoff = self.does(hand_over_by_hand, self.row(person), note="Met at a fair", by=by)
        assert self.is_done == (before.stage in HANDED_OVER_FROM and not before.holds), self.was_refused
        if handoff and by.is_rep:
            assert handoff.claimed_by == by

    # For good, so not everybody does.
    @precondition(lambda self: not any("objection" in person.standing.holds for person in self.everybody))
    @rule(slot=SLOTS, who=WHO)
    def objects_to_any_contact(self, slot: int, who: str) -> None:
        """Whoever sees the lead writes it down; an open handoff ends for good."""
        person = self.pick(self.everybody, slot)
        by = self.who(person, who)
        self.begin(person)
        given = self.before_verdict(person, by)
        ended = self.does(record_objection, self.row(person), by=by)
        if not self.is_done:
            return
        self.expect(person, holds=person.standing.holds | {"objection"})
        if ended and ended.verdict == "disqualified":
            person.given = replace(given, objects="objection" not in given.was.holds)
            verdicts = (*person.standing.verdicts, (ended.pk, "disqualified"))
            closed = {"open": None, "holder": None, "is_accepted": False, "verdicts": verdicts}
            self.expect(person, stage="disqualified", team=self.row(person).team_id, **closed)
        elif ended:
            self.step.is_tick = True  # it lapsed before anybody noticed
