"""Which matches of a rule count, and for how long: limits, windows, "at least" and silence. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt
import polars as pl

from scoring.course import FOREVER
from scoring.spec import RuleSpec

VISIT_GAP = 30 * 60 * 1_000_000
Ints = npt.NDArray[np.int64]


@dataclass
class Matches:
    """The activities that match one rule, sorted by (lead, at, source, id); times in µs."""

    lead: Ints
    at: Ints
    row: Ints  # row number of the activity
    value: pl.Series | None = None  # the property whose distinct values count
    until: Ints = field(default_factory=lambda: np.empty(0, np.int64))  # from when a newer match displaces it

    def __post_init__(self) -> None:
        if len(self.until) != len(self.lead):
            self.until = np.full(len(self.lead), FOREVER, np.int64)

    def only(self, keep: npt.NDArray[np.bool_]) -> "Matches":
        """Return the matches where `keep` is true."""
        value = None if self.value is None else self.value.filter(pl.Series(keep))
        return Matches(self.lead[keep], self.at[keep], self.row[keep], value, self.until[keep])


def _place(*keys: Ints) -> Ints:
    """Return each row's place (0, 1, ...) within its run of equal keys."""
    length = len(keys[0])
    if not length:
        return np.empty(0, np.int64)
    new = np.ones(length, bool)
    new[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    starts = np.flatnonzero(new)
    return np.arange(length) - np.repeat(starts, np.diff(np.append(starts, length)))


def _later(matches: Matches, steps: int, values: Ints) -> Ints:
    """Return `values` of the match `steps` places later of the same lead, else FOREVER."""
    later = np.full(len(values), FOREVER, np.int64)
    if len(values) > steps:
        same = matches.lead[steps:] == matches.lead[:-steps]
        later[:-steps][same] = values[steps:][same]
    return later


def counted(matches: Matches, rule: RuleSpec, time_zone: str) -> Matches:
    """Return the matches that count under the rule's limit: the earliest per period, or the latest ever."""
    if rule.kind == "silence" or not rule.limit or not rule.limit_per or not len(matches.lead):
        return matches
    if rule.limit_per == "ever":
        # As newer matches arrive they displace the oldest, so each counts until `limit` newer ones are there.
        matches.until = _later(matches, rule.limit, matches.at)
        return matches
    return matches.only(_place(matches.lead, periods(matches.at, rule.limit_per, time_zone)) < rule.limit)


def periods(at: Ints, per: str, time_zone: str) -> Ints:
    """Return a number for the local day, ISO week or month of each instant."""
    local = pl.lit(pl.Series("at", at)).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(time_zone)
    if per == "month":
        numbers = local.dt.year().cast(pl.Int64) * 12 + local.dt.month()
    else:
        numbers = local.dt.date().cast(pl.Int32).cast(pl.Int64)
    found = pl.select(numbers).to_series().to_numpy()
    return (found + 3) // 7 if per == "week" else found  # 1970-01-01 was a Thursday


def silence_intervals(matches: Matches, created: Ints, silence: int) -> tuple[Ints, Ints, Ints]:
    """Return lead, start and end of each stretch without a match for `silence` µs."""
    everyone = np.arange(len(created), dtype=np.int64)
    lead = np.concatenate([everyone, matches.lead])
    base = np.concatenate([created, np.maximum(matches.at, created[matches.lead])])
    # The creation comes first among equals, so that a match at that instant ends an empty stretch.
    order = np.lexsort((base, lead))
    lead, base = lead[order], base[order]
    start = base + silence
    end = _later(Matches(lead, base, lead), 1, base)
    lasting = end > start
    return lead[lasting], start[lasting], end[lasting]


def at_least_intervals(matches: Matches, rule: RuleSpec, window: int, time_zone: str) -> tuple[Ints, Ints]:
    """Return, from each match on, until when "at least" holds (-1: not), and the place of the match it fades from."""
    if rule.at_least_of == "matches":
        leaves, latest = _leaving_of_matches(matches, rule, window), np.arange(len(matches.lead))
    else:
        leaves, latest = _leaving_of_units(matches, rule, window, time_zone)
    return np.minimum(_later(matches, 1, matches.at), leaves), latest


def _leaving_of_matches(matches: Matches, rule: RuleSpec, window: int) -> Ints:
    """Return, as of each match, when too few will lie inside the window (-1 where there are too few already)."""
    needed = rule.at_least or 1
    if needed > _kept(matches, rule):
        return np.full(len(matches.lead), -1, np.int64)
    place = _place(matches.lead)
    oldest = np.maximum(np.arange(len(place)) - needed + 1, 0)
    return np.where(place >= needed - 1, end_of_window(matches.at[oldest], window), -1)


def _leaving_of_units(matches: Matches, rule: RuleSpec, window: int, time_zone: str) -> tuple[Ints, Ints]:
    """Return the same for distinct units, and as of each match the place of the latest that is part of a unit."""
    needed, kept = rule.at_least or 1, _kept(matches, rule)
    ends = end_of_window(matches.at, window)
    leaves, latest = np.full(len(ends), -1, np.int64), np.arange(len(ends))
    last_of_unit: dict[object, int] = {}
    for row, unit in enumerate(_units(matches, rule, time_zone)):
        if row and matches.lead[row] != matches.lead[row - 1]:
            last_of_unit = {}
        if unit is not None:  # a blank is no value
            last_of_unit.pop(unit, None)
            last_of_unit[unit] = row  # insertion order is order of last occurrence
        newest_first = list(islice(reversed(last_of_unit.values()), needed))
        if len(newest_first) == needed and newest_first[-1] > row - kept:
            leaves[row], latest[row] = ends[newest_first[-1]], newest_first[0]
    return leaves, latest


def _kept(matches: Matches, rule: RuleSpec) -> int:
    """Return how many of the latest matches count at once."""
    return rule.limit if rule.limit and rule.limit_per == "ever" else len(matches.lead)


def end_of_window(at: Ints, window: int) -> Ints:
    """Return when each match falls out of a window of `window` µs."""
    return at + window if window < FOREVER else np.full(len(at), FOREVER, np.int64)


def _units(matches: Matches, rule: RuleSpec, time_zone: str) -> Iterator[object]:
    """Yield what is counted as one: a visit, a local day, or a value."""
    if rule.at_least_of == "values":
        yield from (matches.value.to_list() if matches.value is not None else [None] * len(matches.lead))
    elif rule.at_least_of == "days":
        yield from periods(matches.at, "day", time_zone).tolist()
    else:
        gap = np.ones(len(matches.lead), bool)
        gap[1:] = (matches.lead[1:] != matches.lead[:-1]) | (np.diff(matches.at) >= VISIT_GAP)
        yield from np.cumsum(gap).tolist()
