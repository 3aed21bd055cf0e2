"""The forecast in plain Python and exact fractions, over the same rows, one SQL after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from statistics import median, mode

from handoff.leads.models import Stage
from handoff.queue.models import Deal, Handoff, Qualification, Verdict


@dataclass(frozen=True)
class Told:
    """What is known of one SQL, and what becomes of it when: won, lost or nothing yet."""

    band: str
    since: datetime
    worth: Fraction | None
    revenue: Fraction | None
    currency: str
    is_won: bool
    decided: datetime | None


@dataclass(frozen=True)
class Foreseen:
    """What is to be expected of the SQLs that are open at an instant, in one currency."""

    open: int
    expected: Fraction
    reach_squared: Fraction  # of one standard deviation
    all_won: Fraction
    came: Fraction
    still_open: int


def told_of(handoff: Handoff) -> Told:
    """Return what is known of an SQL."""
    said = Qualification.objects.filter(handoff=handoff).first()
    deal = Deal.objects.filter(handoff=handoff).first()
    stage = handoff.lead.stage
    band = "unknown" if not said else "weak" if said.strength < 6 else "fair" if said.strength < 11 else "strong"
    worth = None if said is None or said.value is None else Fraction(said.value)
    since = said.at if said else handoff.closed_at
    assert since is not None
    over = stage in {Stage.CUSTOMER, Stage.LOST, Stage.NURTURE, Stage.DISQUALIFIED}
    revenue = worth if deal is None or deal.value is None else Fraction(deal.value)
    return Told(
        band=band,
        since=since,
        worth=worth,
        revenue=revenue,
        currency=(deal.currency if deal else "") or (said.currency if said else ""),
        is_won=deal.is_won if deal else stage == Stage.CUSTOMER,
        decided=deal.at if deal else handoff.lead.stage_since if over else None,
    )


def foreseen(at: datetime) -> dict[str, Foreseen]:
    """Return what was to be expected at `at` by currency; nothing where nothing had been decided."""
    told = [told_of(each) for each in Handoff.objects.filter(verdict=Verdict.QUALIFIED)]
    decided = [each for each in told if each.decided and each.decided <= at]
    opened = [each for each in told if each.since <= at and not (each.decided and each.decided <= at)]
    if not decided:
        return {}
    won = [each for each in decided if each.is_won]
    usual = median([each.revenue for each in won if each.revenue is not None] or [Fraction(0)])
    common = mode([each.currency for each in won if each.currency] or [""])
    found = {}
    for currency in {each.currency or common for each in opened}:
        own = [each for each in opened if (each.currency or common) == currency]
        found[currency] = _of(own, decided, usual)
    return found


def _of(own: Sequence[Told], decided: Sequence[Told], usual: Fraction) -> Foreseen:
    expected, variance, everything = Fraction(0), Fraction(0), Fraction(0)
    for band in {each.band for each in own}:
        alike = [each for each in decided if each.band == band]
        alike = alike if len(alike) >= 10 else list(decided)
        chance = Fraction(sum(each.is_won for each in alike), len(alike))
        worths = [usual if each.worth is None else each.worth for each in own if each.band == band]
        all_of_them = sum(worths, Fraction(0))
        expected += chance * all_of_them
        everything += all_of_them
        # Of winning each or not, and of a chance that is known from so few.
        variance += (
            chance * (1 - chance) * (sum(worth * worth for worth in worths) + all_of_them * all_of_them / len(alike))
        )
    came = sum((each.revenue or Fraction(0) for each in own if each.decided and each.is_won), Fraction(0))
    return Foreseen(len(own), expected, variance, everything, came, sum(each.decided is None for each in own))
