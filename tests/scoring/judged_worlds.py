"""Handoffs with verdicts, as rows: who was handed over when, what was known of them then, and what sales said."""

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handoff.leads.models import Activity, Company, Lead, LeadChange, Stage
from handoff.people.models import User
from handoff.queue.models import Disqualification, DisqualificationReason, Handoff, Route, Verdict
from handoff.queue.reasons import ensure_reasons
from tests.making import DAY, make_team

_numbers = itertools.count(1)
NOTHING = {"total": 0.0, "fit": 0.0, "interest": 0.0, "timing": 0.0, "grade": "D4"}


@dataclass(frozen=True)
class Story:
    """One lead: as it is now, what its profile said before (from the latest on), what it did, and the verdict.

    An act is its kind, when it was, when it came in, and the page.
    """

    at: datetime
    accepted: bool
    lead: dict[str, Any] = field(default_factory=dict)
    before: tuple[tuple[datetime, dict[str, Any]], ...] = ()
    acts: tuple[tuple[str, datetime, datetime, str], ...] = ()
    reason: str = "bad-fit"


def tell(stories: Sequence[Story], *, by: User) -> list[Handoff]:
    """Make these handoffs, each decided the day after."""
    ensure_reasons()
    reasons, team = {row.slug: row for row in DisqualificationReason.objects.all()}, make_team()
    leads = Lead.objects.bulk_create(
        Lead(
            email=f"judged{next(_numbers)}@company.example", team=team, stage=Stage.LEAD,
            **dict.fromkeys(("created_at", "stage_since", "updated_at"), story.at - 40 * DAY), **story.lead,
        )
        for story in stories
    )  # fmt: skip
    told = list(zip(stories, leads, strict=True))
    Activity.objects.bulk_create(act for story, lead in told for act in _acts(lead, story.acts))
    LeadChange.objects.bulk_create(
        LeadChange(lead=lead, at=at, before=before) for story, lead in told for at, before in story.before
    )
    handoffs = Handoff.objects.bulk_create(
        Handoff(
            lead=lead, team=team, route=Route.SCORE, opened_at=story.at, closed_at=story.at + DAY,
            verdict=Verdict.QUALIFIED if story.accepted else Verdict.DISQUALIFIED, **NOTHING,
        )
        for story, lead in told
    )  # fmt: skip
    Disqualification.objects.bulk_create(
        Disqualification(handoff=handoff, by=by, at=story.at + DAY, reason=reasons[story.reason])
        for story, handoff in zip(stories, handoffs, strict=True)
        if not story.accepted
    )
    return handoffs


def did(lead: Lead, *acts: tuple[str, datetime, datetime, str]) -> None:
    """Note what a lead did, and when that came in."""
    Activity.objects.bulk_create(_acts(lead, acts))


def _acts(lead: Lead, acts: Sequence[tuple[str, datetime, datetime, str]]) -> list[Activity]:
    return [
        Activity(
            lead=lead, kind=kind, occurred_at=at, received_at=received_at, properties={"url": url},
            source="web", source_id=f"judged{next(_numbers)}",
        )
        for kind, at, received_at, url in acts
    ]  # fmt: skip


def judged_world(n: int, *, by: User, end: datetime, seed: int = 1, days: int = 300) -> list[Handoff]:
    """Hand over so many leads in the days up to `end`: those of the trade or who came to a webinar buy more often.

    Each learned something after its handoff: another title, another company, and late activities.
    """
    chance = random.Random(seed)
    firms = {
        name: Company.objects.get_or_create(name=name, industry=name.split()[-1])[0]
        for name in ("In Energy", "In Retail", "Later Energy")
    }
    return tell([_story(chance, firms, end - chance.uniform(1, days) * DAY) for _ in range(n)], by=by)


def _story(chance: random.Random, firms: dict[str, Company], at: datetime) -> Story:
    firm, title = firms[chance.choice(["In Energy", "In Retail"])], chance.choice(["Buyer", "Head of it", "Student"])
    came, odds = chance.random() < 0.4, -1.5
    odds += 2.0 * (firm.industry == "Energy") + 1.5 * came
    visits = [at - chance.uniform(0, 35) * DAY for _ in range(chance.randrange(3))]
    acts = [("page_view", then, then, chance.choice(["/pricing/", "/blog/"])) for then in visits]
    acts += [("webinar_attended", at - 2 * DAY, at - 2 * DAY, "")] if came else []
    acts += [("page_view", at + DAY, at + DAY, "/pricing/")]
    acts += [("webinar_attended", at - DAY, at + 3 * DAY, "")] if chance.random() < 0.5 else []
    of_firm = {"company.name": firm.name, "company.industry": firm.industry}
    return Story(
        at,
        chance.random() < 1 / (1 + math.exp(-odds)),
        lead={
            "title": "Student",
            "company": firms["Later Energy"],
            "country": chance.choice(["NL", "DE", "AT"]),
            "source": chance.choice(["Fair", "Ads"]),
        },
        before=((at + 5 * DAY, {"title": "Intern"}), (at + 4 * DAY, {"title": title, **of_firm})),
        acts=tuple(acts),
        reason=chance.choices(["bad-fit", "no-budget", "bad-data"], [5, 4, 1])[0],
    )
