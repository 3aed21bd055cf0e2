"""The demo's year: leads come, act, are scored and handed over; reps work; ticks tick."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from handoff.intake.demo.cast import Character, activities_of, make_character
from handoff.intake.demo.stage import book_costs, first_model, second_model, set_stage
from handoff.intake.demo.work import OF_THE_DEMO, Office
from handoff.outbox.audit import record
from handoff.outbox.models import AuditEntry, Notice
from handoff.people.models import User
from handoff.queue.enforcement import enforce_due
from handoff.queue.lapsing import end_silence
from handoff.queue.models import Triage
from handoff.queue.next_steps import remind_due
from handoff.queue.rebasing import rescore_stale
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.recycling import wake_due
from handoff.queue.rescoring import act_on_crossings
from handoff.queue.snoozing import end_due
from handoff.queue.triage import keep_held
from handoff.sla.models import TeamCalendar
from scoring.drafting import copy_to_draft
from scoring.models import ScoringModel
from scoring.publishing import publish
from scoring.rehearsing import rehearsed

LEADS = 2000
YEAR = timedelta(days=365)
# When post is taken in, besides what cannot wait: through the day while people work, at weekends once.
WORKDAY, WEEKEND = (11, 15, 24), (24,)
LEARNED = "Pricing counts for more, opens for less"
LIVED = ("lived", "demo world")  # the act and its subject in the audit trail: `at` is where the world ended
AT_ONCE = {"contact_request", "demo_request", "trial_started"}


def play(*, scale: float, end: datetime) -> None:
    """Live the year that ends at `end` (a full hour), with `scale` times 2,000 leads."""
    start = _start(end)
    seed = f"{scale}:{end.date()}"
    with transaction.atomic():
        set_stage(start)
        _publish(first := first_model(start), at=start, note="The first one")
    characters = cast(random.Random(seed), scale, start, end)
    office = make_office(random.Random(f"{seed}:office"), characters)
    people, deeds = deque(characters), _deeds(seed, characters, start, end)
    middle = start + YEAR / 2
    _live(office, people, deeds, _days(start, middle))
    _publish(second_model(first, middle), at=middle, note=LEARNED, qualifying="next_activity")
    rescore_stale(at=middle)
    _live(office, people, deeds, _days(middle, end))
    office.work_until(end)
    _tick(end)
    with transaction.atomic():
        _draft_a_third(end)
        forget_old_post(end)
        record(*LIVED, by=None, at=end, scale=scale)


def live_on(*, end: datetime) -> None:
    """Live from where the demo world ended until `end`: newcomers at the same rate, and work taken up where it lay."""
    began, *_others = lived = lives()
    since = lived[-1].at
    scale, seed = began.details["scale"], f"{began.details['scale']}:{began.at.date()}"
    characters = cast(random.Random(seed), scale, _start(began.at), began.at, until=end)
    office = make_office(random.Random(f"{seed}:{since}"), characters)
    office.take_up(since)
    people = deque(character for character in characters if character.appears_at >= since)
    book_costs(since, end)
    _live(office, people, _deeds(seed, characters, since, end), _days(since, end))
    office.work_until(end)
    _tick(end)
    rescore_stale(at=end)
    with transaction.atomic():
        forget_old_post(end)
        record(*LIVED, by=None, at=end, scale=scale)


def lives() -> list[AuditEntry]:
    """Return how far the demo world was lived, each time; nothing where this is no demo world."""
    act, subject = LIVED
    return list(AuditEntry.objects.filter(act=act, subject=subject).order_by("at"))


def _start(end: datetime) -> datetime:
    return (end - YEAR).replace(minute=0, second=0, microsecond=0)


def cast(
    rng: random.Random, scale: float, start: datetime, end: datetime, *, until: datetime | None = None
) -> list[Character]:
    """Make everybody who appears until `end`, and from then on at the same rate until `until`, in that order.

    A later `until` only adds to them.
    """
    companies: list[dict[str, Any]] = []
    count = int(LEADS * scale)
    found = [make_character(rng, number, start, end, companies) for number in range(1, count + 1)]
    found = [one for one in found if one.appears_at < end]
    begin, pause = end, (end - start) / count
    # A day more, because whose turn comes then may appear in the morning already.
    while until and begin < until + timedelta(days=1):
        count += 1
        newcomer = make_character(rng, count, begin, begin + pause, companies)
        found += [newcomer] if end <= newcomer.appears_at < until else []
        begin += pause
    return sorted(found, key=lambda one: one.appears_at)


def _deeds(seed: str, characters: list[Character], since: datetime, end: datetime) -> deque[dict[str, Any]]:
    """Return what everybody does from `since` until `end`, in order."""
    events = (event for character in characters for event in activities_of(seed, character, end))
    return deque(sorted((e for e in events if e["occurred_at"] >= since), key=lambda event: event["occurred_at"]))


def make_office(rng: random.Random, characters: list[Character]) -> Office:
    """Put every team's reps at their desks; `characters` are whom they will meet."""
    hours = {row.team_id: row.calendar.hours() for row in TeamCalendar.objects.select_related("calendar")}
    people = User.objects.filter(role="rep", is_active=True).order_by("pk")
    reps = {team: list(found) for team in hours if (found := people.filter(teams=team))}
    office = Office(rng, hours, reps)
    office.truths = {character.lead["external_id"]: character.truth for character in characters}
    return office


def _publish(model: Any, *, at: datetime, **said: Any) -> None:
    marketer = User.objects.get(username="marketer")
    publish(model, by=marketer, at=at, rehearsal=rehearsed(model, by=marketer, at=at), **said)


def _draft_a_third(at: datetime) -> None:
    """Leave a draft on the marketer's desk, rehearsed, in which a webinar weighs more."""
    marketer = User.objects.get(username="marketer")
    draft = copy_to_draft(ScoringModel.objects.live().get(), by=marketer, at=at)
    draft.rules.filter(key="webinar").update(points=F("points") + 7)
    rehearsed(draft, by=marketer, at=at)


def _taken(waiting: deque[Any], moment_of: Callable[[Any], datetime], until: datetime) -> list[Any]:
    """Take what comes before `until` from the head of what waits in order."""
    taken = []
    while waiting and moment_of(waiting[0]) < until:
        taken.append(waiting.popleft())
    return taken


def _live(office: Office, people: deque[Character], deeds: deque[Any], days: Iterable[list[datetime]]) -> None:
    """Live through `days`, each given as the moments at which post is taken in."""
    for steps in days:
        with transaction.atomic():
            _answer_requests(steps[0])
            newcomers = _taken(people, lambda one: one.appears_at, steps[-1])
            if newcomers:
                office.work_until(newcomers[0].appears_at)
                receive_leads([one.lead for one in newcomers], by=None, at=newcomers[0].appears_at)
            for until in steps:
                _take_in(office, _taken(deeds, lambda deed: deed["occurred_at"], until), until)
            if steps[-1].weekday() < 5:
                _tick(steps[-1])
            office.notice_new()


def _answer_requests(at: datetime) -> None:
    """Marketing's answer, each working morning, to who was turned down and asks for contact all the same."""
    if at.weekday() < 5:
        marketer = User.objects.get(username="marketer")
        for triage in Triage.objects.waiting().filter(opened_at__lt=at, **OF_THE_DEMO).by_urgency():
            keep_held(triage, reason="What sales said still holds; they got a friendly mail.", by=marketer, at=at)


def _take_in(office: Office, deeds: list[dict[str, Any]], until: datetime) -> None:
    """Take in a few hours of activities; a request is taken in at once, with what came before it."""
    waiting: list[dict[str, Any]] = []
    for deed in deeds:
        waiting.append(deed)
        if deed["kind"] in AT_ONCE:
            _receive(office, waiting, deed["occurred_at"] + timedelta(seconds=2))
            waiting = []
    _receive(office, waiting, until)


def _days(start: datetime, end: datetime) -> Iterator[list[datetime]]:
    """Yield the moments of each day between `start` and `end` at which post is taken in."""
    day = start.replace(hour=0)
    while day < end:
        hours = WEEKEND if day.weekday() >= 5 else WORKDAY
        moments = {min(max(day + timedelta(hours=hour), start), end) for hour in hours}
        yield sorted(moments)
        day += timedelta(days=1)


def _receive(office: Office, events: list[dict[str, Any]], at: datetime) -> None:
    office.work_until(at)
    if events:
        receive_activities(events, at=at)
        office.notice_new()


def _tick(at: datetime) -> None:
    """What the worker does, once a working day: everything is dated when it was due, however late it is noticed."""
    act_on_crossings(at=at)
    wake_due(at=at)
    enforce_due(at=at)
    end_silence(at=at)
    remind_due(at=at)
    end_due(at=at)


def forget_old_post(end: datetime) -> None:
    """A year of notices is read and mailed; only the last days are left to see."""
    Notice.objects.filter(created_at__lt=end - timedelta(days=2)).update(read_at=end)
    Notice.objects.filter(mail_after__isnull=False).update(mail_after=None)
