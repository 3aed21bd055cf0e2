"""Which matches of a rule count, and for how long: limits, windows, "at least" and silence. Pure."""

from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt
import polars as pl

from scoring.course import FOREVER
from scoring.fields import DAY
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

    def inside(self, lead: int, at: int, window: int) -> tuple[int, ...]:
        """Return the rows of the matches of `lead` that lie inside the window at `at` and are more than a blank."""
        span = slice(*np.searchsorted(self.lead, [lead, lead + 1]))
        counts = (self.at[span] <= at) & (at < np.minimum(end_of_window(self.at, window), self.until)[span])
        if self.value is not None:
            counts &= self.value[span].is_not_null().to_numpy()
        return tuple(self.row[span][counts].tolist())

    def only(self, keep: npt.NDArray[np.bool_]) -> "Matches":
        """Return the matches where `keep` is true."""
        value = None if self.value is None else self.value.filter(pl.Series(keep))
        return Matches(self.lead[keep], self.at[keep], self.row[keep], value, self.until[keep])


def _place(*keys: Ints) -> Ints:
    """Return each row's place (0, 1, ...) within its run of equal keys."""
    length = len(keys[0])
    starts = np.flatnonzero(_begins(*keys))
    return np.arange(length) - np.repeat(starts, np.diff(np.append(starts, length)))


def _begins(*keys: Ints) -> npt.NDArray[np.bool_]:
    """Return where a run of equal keys begins."""
    new = np.ones(len(keys[0]), bool)
    for number, key in enumerate(keys):
        changes = key[1:] != key[:-1]
        new[1:] = changes if number == 0 else new[1:] | changes
    return new


def _later(matches: Matches, steps: int, values: Ints) -> Ints:
    """Return `values` of the match `steps` places later of the same lead, else FOREVER."""
    later = np.full(len(values), FOREVER, np.int64)
    if len(values) > steps:
        same = matches.lead[steps:] == matches.lead[:-steps]
        later[:-steps][same] = values[steps:][same]
    return later


@dataclass
class Calendar:
    """The local days, ISO weeks and months of a frame's activities, worked out once for all rules."""

    at: Ints
    time_zone: str
    known: dict[str, Ints] = field(default_factory=dict)

    def of(self, matches: Matches, per: str) -> Ints:
        """Return a number for the local day, ISO week or month of each match."""
        if per not in self.known:
            self.known[per] = periods(self.at, per, self.time_zone)
        return self.known[per][matches.row]


def counted(matches: Matches, rule: RuleSpec, calendar: Calendar) -> Matches:
    """Return the matches that count under the rule's limit: the earliest per period, or the latest ever."""
    if rule.kind == "silence" or not rule.limit or not rule.limit_per or not len(matches.lead):
        return matches
    if rule.limit_per == "ever":
        # As newer matches arrive they displace the oldest, so each counts until `limit` newer ones are there.
        matches.until = _later(matches, rule.limit, matches.at)
        return matches
    return matches.only(_place(matches.lead, calendar.of(matches, rule.limit_per)) < rule.limit)


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
    # Each lead's creation, then its matches: both are in order already, so only their places are to be found.
    everyone = np.arange(len(created), dtype=np.int64)
    length = len(created) + len(matches.lead)
    lead, base = np.empty(length, np.int64), np.empty(length, np.int64)
    of_creation = np.searchsorted(matches.lead, everyone) + everyone
    of_match = np.arange(len(matches.lead)) + matches.lead + 1
    lead[of_creation], base[of_creation] = everyone, created
    lead[of_match], base[of_match] = matches.lead, np.maximum(matches.at, created[matches.lead])
    start = base + silence
    end = _later(Matches(lead, base, lead), 1, base)
    lasting = end > start
    return lead[lasting], start[lasting], end[lasting]


def at_least_intervals(matches: Matches, rule: RuleSpec, window: int, calendar: Calendar) -> tuple[Ints, Ints]:
    """Return, from each match on, until when "at least" holds (-1: not), and the place of the match it fades from."""
    if rule.at_least_of == "values":
        leaves, latest = _leaving_of_values(matches, rule, window)
    else:
        leaves, latest = _leaving_of_units(matches, rule, window, calendar), np.arange(len(matches.lead))
    return np.minimum(_later(matches, 1, matches.at), leaves), latest


def _leaving_of_units(matches: Matches, rule: RuleSpec, window: int, calendar: Calendar) -> Ints:
    """Return, as of each match, when too few units will lie inside the window (-1 where there are too few already).

    Matches, visits and days follow one another, so the unit that decides is so many before the latest, and it leaves
    with the last of its matches so far.
    """
    needed, length = rule.at_least or 1, len(matches.lead)
    begins = _begins(matches.lead, _unit_numbers(matches, rule, calendar))
    unit = np.cumsum(begins) - 1  # of all leads, in order
    first_rows = np.flatnonzero(begins)
    last_rows = np.append(first_rows[1:], length)[: len(first_rows)] - 1
    deciding = np.maximum(unit - needed + 1, 0)
    row = last_rows[deciding] if needed > 1 else np.arange(length)
    holds = (
        (matches.lead[row] == matches.lead) & (unit >= needed - 1) & (np.arange(length) - row < _kept(matches, rule))
    )
    return np.where(holds, end_of_window(matches.at[row], window), -1)


def _unit_numbers(matches: Matches, rule: RuleSpec, calendar: Calendar) -> Ints:
    """Return what is counted as one, numbered: a match, a visit or a local day."""
    if rule.at_least_of == "days":
        return calendar.of(matches, "day")
    if rule.at_least_of == "visits":
        return np.cumsum(np.append(True, np.diff(matches.at) >= VISIT_GAP)[: len(matches.at)])
    return np.arange(len(matches.lead))


def _leaving_of_values(matches: Matches, rule: RuleSpec, window: int) -> tuple[Ints, Ints]:
    """Return the same for distinct values, and as of each match the place of the latest that has a value."""
    needed, kept = rule.at_least or 1, _kept(matches, rule)
    ends = end_of_window(matches.at, window)
    leaves, latest = np.full(len(ends), -1, np.int64), np.arange(len(ends))
    last_of_value: dict[object, int] = {}
    values = matches.value.to_list() if matches.value is not None else [None] * len(ends)
    for row, value in enumerate(values):
        if row and matches.lead[row] != matches.lead[row - 1]:
            last_of_value = {}
        if value is not None:  # a blank is no value
            last_of_value.pop(value, None)
            last_of_value[value] = row  # insertion order is order of last occurrence
        newest_first = list(islice(reversed(last_of_value.values()), needed))
        if len(newest_first) == needed and newest_first[-1] > row - kept:
            leaves[row], latest[row] = ends[newest_first[-1]], newest_first[0]
    return leaves, latest


def _kept(matches: Matches, rule: RuleSpec) -> int:
    """Return how many of the latest matches count at once."""
    return rule.limit if rule.limit and rule.limit_per == "ever" else len(matches.lead)


def window_of(rule: RuleSpec) -> int:
    """Return the rule's window in µs, FOREVER where it has none."""
    return round(rule.window * DAY) if rule.window else FOREVER


def end_of_window(at: Ints, window: int) -> Ints:
    """Return when each match falls out of a window of `window` µs."""
    return at + window if window < FOREVER else np.full(len(at), FOREVER, np.int64)
