"""A challenger beside what is live: sales' verdicts on the handoffs by score of leads that came in while it drew.

Only handoffs older than the lapse window of 42 days count, that were opened while it ran, of leads that the lot left to
what was live or gave to the challenger. The interval of the difference is Newcombe's (Statistics in Medicine 17, 1998,
method 10, from the two Wilson intervals); `needed` is how many handoffs each side needs so that a difference as large
as the one seen is shown at 95 % with a power of 80 % (Fleiss, Levin and Paik, 2003, without continuity correction).
"""

import math
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from handoff.people.models import User
from handoff.queue.models import Route, Verdict
from reports.cohorts import Handoffs, own_figures
from reports.periods import LAPSE_WINDOW
from reports.statistics import Interval, Rate
from scoring.models import Challenge
from scoring.rates import Z_95

Z_POWER = 0.8416212335729143  # the 80th percentile of the standard normal distribution


@dataclass(frozen=True)
class Comparison:
    """The SQL rates of a challenge, with the handoffs that are too young to count."""

    challenge: Challenge
    live: Rate
    challenger: Rate
    younger: int

    @property
    def difference(self) -> Interval | None:
        """The 95 % interval of the challenger's share less that of what is live, None where either has none."""
        mine, theirs = self.challenger.interval, self.live.interval
        if mine is None or theirs is None:
            return None
        p, q = self.challenger.share or 0.0, self.live.share or 0.0
        below = math.hypot(p - mine.low, theirs.high - q)
        above = math.hypot(mine.high - p, q - theirs.low)
        return Interval(p - q - below, p - q + above)

    @property
    def needed(self) -> int | None:
        """How many handoffs each side needs in all, None where nothing tells: no difference, or nothing counted."""
        p, q = self.challenger.share, self.live.share
        if p is None or q is None or p == q:
            return None
        middle = (p + q) / 2
        alike, apart = math.sqrt(2 * middle * (1 - middle)), math.sqrt(p * (1 - p) + q * (1 - q))
        return math.ceil(((Z_95 * alike + Z_POWER * apart) / (p - q)) ** 2)

    @property
    def still_needed(self) -> tuple[int, int] | None:
        """How many more handoffs what is live and the challenger need."""
        wanted = self.needed
        return None if wanted is None else (max(wanted - self.live.of, 0), max(wanted - self.challenger.of, 0))

    @property
    def suggests(self) -> str:
        """What follows: "wait", "publish" the challenger, "keep" what is live, or "alike"."""
        bounds = self.difference
        if bounds is None or self.live.is_too_few or self.challenger.is_too_few:
            return "wait"
        if bounds.low > 0:
            return "publish"
        if bounds.high < 0:
            return "keep"
        return "alike" if self.younger == 0 else "wait"


def comparison(challenge: Challenge, among: Handoffs, *, at: datetime) -> Comparison:
    """Return how `challenge` stands at `at`, by what became of the handoffs `among`, in one query."""
    came_in = {"lead__created_at__gte": challenge.started_at, "lead__created_at__lt": challenge.ends_at}
    handoffs = among.filter(route=Route.SCORE, is_imported_history=False, sample=None, **came_in)
    handoffs = handoffs.filter(opened_at__lt=challenge.ended_at or at)
    sides = {
        "live": Q(publication=challenge.against, lead__challenge=None),
        "challenger": Q(publication=challenge.publication_id, lead__challenge=challenge),
    }
    is_old, is_sql = Q(opened_at__lte=at - LAPSE_WINDOW), Q(verdict=Verdict.QUALIFIED)
    counted = {f"{name}_of": Count("pk", filter=side & is_old) for name, side in sides.items()}
    counted |= {f"{name}_sql": Count("pk", filter=side & is_old & is_sql) for name, side in sides.items()}
    younger = Count("pk", filter=(sides["live"] | sides["challenger"]) & ~is_old)
    found = handoffs.aggregate(**counted, younger=younger)
    rates = {name: Rate(found[f"{name}_sql"], found[f"{name}_of"]) for name in sides}
    return Comparison(challenge, **rates, younger=found["younger"])


def latest_comparison(reader: User, *, at: datetime) -> Comparison | None:
    """Return how the latest challenge stands, None where there was none; reps do not read it."""
    if reader.is_rep:
        return None
    found = Challenge.objects.select_related("publication__model", "against__model")
    challenge = found.order_by("-started_at", "-id").first()
    return comparison(challenge, own_figures(reader), at=at) if challenge else None
