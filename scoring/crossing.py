"""When a score crosses the line: the exact first instant, found from where its course turns, never by sampling. Pure.

Between two breakpoints each group is a curve: a constant and terms that fade, all of one half-life taken together.
Divided by its slowest term, the slope of such a curve is a curve of the same kind with one term less, so the places
where a curve turns follow from those where its slope does, down to a constant. Between them a sum only rises or only
falls, and plain bisection finds when it reaches a limit. A clamped group stands still or is free between the instants
at which it meets its floor or cap.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scoring.course import Course, Line, Term, clamp, lines_of
from scoring.spec import GroupSpec

CLEAR = 1e-5  # points from a limit at which neither rounding nor the order of adding matters


@dataclass(frozen=True)
class _Curve:
    """What stands still, and what fades: points at x = 0 by half-life; x counts µs."""

    constant: float
    fading: Mapping[float, float]

    def value(self, x: int) -> float:
        return self.constant + float(sum(points * 0.5 ** (x / half_life) for half_life, points in self.fading.items()))

    def bounds(self, span: int) -> tuple[float, float]:
        """Return what the curve certainly lies between on [0, span]."""
        least = most = self.constant
        for half_life, points in self.fading.items():
            late = points * 0.5 ** (span / half_life)
            least += min(points, late)
            most += max(points, late)
        return least, most

    def meets(self, bound: float, low: int, high: int) -> list[int]:
        """Return the places in (low, high] from which the curve is on the other side of `bound`."""
        return self._sums(self.constant - bound).sign_changes(low, high)

    def turns(self, low: int, high: int) -> list[int]:
        """Return the places in (low, high] from which the curve falls instead of rising, or rises instead."""
        return self._sums(self.constant).slope().sign_changes(low, high)

    def _sums(self, constant: float) -> "_Sums":
        slowest_first = sorted(self.fading, reverse=True)
        points = [self.fading[half_life] for half_life in slowest_first]
        return _Sums(constant, 1 / np.array(slowest_first), np.array(points))


@dataclass(frozen=True)
class _Sums:
    """A curve as arrays, slowest first: halvings a µs, and points at x = 0."""

    constant: float
    rates: npt.NDArray[np.float64]
    points: npt.NDArray[np.float64]

    def sign_changes(self, low: int, high: int) -> list[int]:
        slopes = [self]
        while slopes[-1]._may_change_sign():
            slopes.append(slopes[-1].slope())
        places: list[int] = []
        for sums in reversed(slopes):
            # Between the places where its slope changes sign, a sum does so at most once.
            places = [place for span in pairwise([low, *places, high]) for place in sums._change_within(*span)]
        return places

    def _may_change_sign(self) -> bool:
        # Laguerre's rule: with no change of sign among the partial sums there is none for any x >= 0.
        partial = np.cumsum([self.constant, *self.points])
        return bool(partial.min() < 0 < partial.max())

    def _is_positive(self, x: int) -> bool:
        return bool(self.constant + self.points @ np.exp2(-self.rates * x) > 0)

    def _change_within(self, low: int, high: int) -> Iterator[int]:
        above = self._is_positive(low)
        if self._is_positive(high) != above:
            yield low + bisect_left(range(low, high), True, key=lambda x: self._is_positive(x) != above)

    def slope(self) -> "_Sums":
        """Return the sums that change their sign where these turn: the slope, divided by its slowest term."""
        if not len(self.rates):
            return _Sums(0.0, self.rates, self.points)
        slopes = self.rates * self.points
        slopes /= np.abs(slopes).max() or 1.0  # else many slopes of slopes would come out as nought
        return _Sums(float(slopes[0]), self.rates[1:] - self.rates[0], slopes[1:])


@dataclass
class _Running:
    """One group's active terms, added up by half-life as of a moving instant."""

    constant: float = 0.0
    fading: dict[float, float] = field(default_factory=lambda: defaultdict(float))
    active: dict[float, int] = field(default_factory=lambda: defaultdict(int))

    def move(self, microseconds: int) -> None:
        for half_life in self.fading:
            self.fading[half_life] *= 0.5 ** (microseconds / half_life)

    def change(self, term: Term, at: int, sign: int) -> None:
        """Let `term` begin (sign 1) or end (sign -1) at `at`."""
        if not term.half_life:
            self.constant += sign * term.points
            return
        self.fading[term.half_life] += sign * term.value(at)
        self.active[term.half_life] += sign
        if not self.active[term.half_life]:
            del self.fading[term.half_life]

    def curve(self) -> _Curve:
        return _Curve(self.constant, dict(self.fading))


def first_crossing(course: Course, after: int, before: int, *, held: bool) -> int | None:
    """Return the first instant (µs) in (after, before) at which a lead that `held` stops, or another becomes MQL."""
    lines = lines_of(course.model, holds=held)
    for stretch in _stretches(course, after + 1, before):
        if stretch.may_pass(lines) if not held else stretch.may_fail(lines):
            found = stretch.first(lines, wanted=not held)
            if found is not None:
                return found
    return None


def _stretches(course: Course, begin: int, before: int) -> Iterator["_Stretch"]:
    """Yield the stretches of [begin, before) in each of which the same terms are active."""
    terms = [term for term in course.terms if term.end > begin and term.start < before]
    instants = {course.created} | {at for term in terms for at in (term.start, term.end)}
    edges = [begin, *sorted(at for at in instants if begin < at < before), before]
    starting = sorted(terms, key=lambda term: -term.start)
    ending = sorted(terms, key=lambda term: -term.end)
    running = {group.key: _Running() for group in course.model.groups}
    at = begin
    for low, end in pairwise(edges) if begin < before else ():
        for group in running.values():
            group.move(low - at)
        at = low
        while starting and starting[-1].start <= low:
            term = starting.pop()
            running[course.model.rules[term.rule].group].change(term, low, 1)
        while ending and ending[-1].end <= low:
            term = ending.pop()
            running[course.model.rules[term.rule].group].change(term, low, -1)
        yield _Stretch(course, low, end - 1, {key: group.curve() for key, group in running.items()})


@dataclass(frozen=True)
class _Stretch:
    """The instants from `low` to `high`, and each group's curve from `low` on."""

    course: Course
    low: int
    high: int
    curves: dict[str, _Curve]

    def may_pass(self, lines: Iterable[Line]) -> bool:
        """Return whether all lines could be reached somewhere; False is certain."""
        return all(self._bounds(line)[1] >= line.limit - CLEAR for line in lines)

    def may_fail(self, lines: Iterable[Line]) -> bool:
        """Return whether a line could be missed somewhere; False is certain."""
        return any(self._bounds(line)[0] <= line.limit + CLEAR for line in lines)

    def _groups(self, line: Line) -> list[GroupSpec]:
        return [group for group in self.course.model.groups if group.dimension in line.dimensions]

    def _bounds(self, line: Line) -> tuple[float, float]:
        least = most = 0.0
        for group in self._groups(line) if self.low >= self.course.created else ():
            group_least, group_most = self.curves[group.key].bounds(self.high - self.low)
            least += clamp(group_least, group.floor, group.cap)
            most += clamp(group_most, group.floor, group.cap)
        return least, most

    def first(self, lines: list[Line], *, wanted: bool) -> int | None:
        """Return the first instant at which "all lines are reached" equals `wanted`."""
        course = Course(self.course.model, self.course.created, self.course.active(self.low))

        def is_wanted(at: int) -> bool:
            found = course.dimensions(at)
            return all(line.is_reached(found) for line in lines) is wanted

        if is_wanted(self.low):
            return self.low
        for low, high in pairwise([self.low, *self._turns(lines), self.high]):
            changes = {at for line in lines for at in _changes(course, line, low, high)}
            for at in sorted({low} | changes):
                if is_wanted(at):
                    return at
        return None

    def _turns(self, lines: list[Line]) -> list[int]:
        """Return the instants between which each line only rises or only falls."""
        span = self.high - self.low
        clamped = {0, span}
        for group in self.course.model.groups:
            curve = self.curves[group.key]
            for bound in (group.floor, group.cap):
                if bound is not None:
                    clamped.update(curve.meets(bound, 0, span))
        turns = clamped - {0, span}
        for low, high in pairwise(sorted(clamped)):
            for line in lines:
                free = [self.curves[group.key] for group in self._groups(line) if self._is_free(group, low, high)]
                turns.update(_together(free).turns(low, high))
        return [self.low + turn for turn in sorted(turns)]

    def _is_free(self, group: GroupSpec, low: int, high: int) -> bool:
        value = self.curves[group.key].value((low + high) // 2)
        return clamp(value, group.floor, group.cap) == value


def _together(curves: Iterable[_Curve]) -> _Curve:
    fading: dict[float, float] = defaultdict(float)
    for curve in curves:
        for half_life, points in curve.fading.items():
            fading[half_life] += points
    return _Curve(0.0, fading)


def _changes(course: Course, line: Line, low: int, high: int) -> Iterator[int]:
    """Yield the first instant in (low, high] at which `line` is reached unlike at `low`, if there is one."""
    before = line.is_reached(course.dimensions(low))
    if line.is_reached(course.dimensions(high)) != before:
        yield low + bisect_left(range(low, high), True, key=lambda at: line.is_reached(course.dimensions(at)) != before)
