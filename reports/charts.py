"""The geometry of the charts. Coordinates are texts, so that no language writes them with a comma."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from handoff.sla.models import Metric
from reports.funnel import Step, StepRow
from reports.sla_figures import Week
from reports.statistics import Rate

WIDTH, LEFT, BASE, TOP = 640, 34, 166, 14
MOST_WEEKS = 60
ROOM_FOR_LABELS = 14


@dataclass(frozen=True)
class Block:
    """One part of a bar; `css` names its colour."""

    css: str
    y: str
    height: str


@dataclass(frozen=True)
class Bar:
    """One week's bar, with its parts from the bottom up."""

    x: str
    middle: str
    label: str
    title: str
    blocks: list[Block]


@dataclass(frozen=True)
class Line:
    """One line of the grid."""

    y: str
    text_y: str
    label: int


@dataclass(frozen=True)
class WeekChart:
    """A metric by week."""

    title: str
    bars: list[Bar]
    lines: list[Line]
    bar_width: str
    left_out: int


def week_chart(weeks: Sequence[Week], metric: Metric) -> WeekChart | None:
    """Return the chart of the last 60 of `weeks`, None where there is nothing to draw."""
    shown = weeks[-MOST_WEEKS:]
    if not shown:
        return None
    step = _step(max(week.figures.share.of for week in shown))
    top = step * max(1, -(-max(week.figures.share.of for week in shown) // step))
    slot = (WIDTH - LEFT) / len(shown)
    width = min(20.0, slot * 0.6)
    every = -(-len(shown) // ROOM_FOR_LABELS)
    bars = [
        _bar(week, LEFT + (index + 0.5) * slot, width, top, label=_label(week, index, every))
        for index, week in enumerate(shown)
    ]
    lines = [Line(f"{_y(value, top):.1f}", f"{_y(value, top) + 4:.1f}", value) for value in range(0, top + 1, step)]
    title = _("%(metric)s in weeks %(first)d to %(last)d: in time, late and never; the table has the figures")
    numbers = {"metric": capfirst(metric.label), "first": shown[0].number, "last": shown[-1].number}
    return WeekChart(title % numbers, bars, lines, f"{width:.1f}", len(weeks) - len(shown))


def _bar(week: Week, middle: float, width: float, top: int, *, label: str) -> Bar:
    counts = [("fit", week.figures.in_time), ("pale", week.figures.late), ("never", week.figures.never)]
    blocks, below = [], 0
    for css, count in counts:
        if count:
            height = _y(below, top) - _y(below + count, top)
            blocks.append(Block(css, f"{_y(below + count, top):.1f}", f"{height:.1f}"))
        below += count
    said = _("Week %(week)d: %(in_time)d in time, %(late)d late, %(never)d never")
    numbers = {"week": week.number, "in_time": counts[0][1], "late": counts[1][1], "never": counts[2][1]}
    return Bar(f"{middle - width / 2:.1f}", f"{middle:.1f}", label, said % numbers, blocks)


def _label(week: Week, index: int, every: int) -> str:
    if index % every:
        return ""
    return _("Wk %(number)d") % {"number": week.number} if index == 0 else str(week.number)


def _y(value: int, top: int) -> float:
    return BASE - (BASE - TOP) * value / top


def _step(most: int) -> int:
    """Return the distance of grid lines that divides `most` into at most five."""
    steps = (factor * 10**power for power in itertools.count() for factor in (1, 2, 5))
    return next(step for step in steps if 5 * step >= most)


@dataclass(frozen=True)
class Stair:
    """One step of the drawn funnel: its bar, and the slope to the next one."""

    css: str
    x: str
    y: str
    height: str
    middle: str
    slope: str
    label: str
    count: int
    share: Rate | None


@dataclass(frozen=True)
class FunnelChart:
    """The funnel from left to right, with the moment at which sales says yes."""

    title: str
    stairs: list[Stair]
    width: str
    sql_x: str


FUNNEL_WIDTH, FUNNEL_TOP, FUNNEL_BASE = 720, 30, 190


def funnel_chart(steps: Sequence[StepRow]) -> FunnelChart | None:
    """Return the drawn steps, None where there is nothing to draw."""
    most = steps[0].count if steps else 0
    if not most:
        return None
    slot = FUNNEL_WIDTH / len(steps)
    width = slot * 0.62
    tall = [(FUNNEL_BASE - FUNNEL_TOP) * row.count / most for row in steps]
    stairs = []
    for index, row in enumerate(steps):
        x, top = index * slot + (slot - width) / 2, FUNNEL_BASE - tall[index]
        slope = ""
        if index + 1 < len(steps):
            right, next_x, next_top = x + width, x + slot, FUNNEL_BASE - tall[index + 1]
            corners = [(right, top), (next_x, next_top), (next_x, FUNNEL_BASE), (right, FUNNEL_BASE)]
            slope = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
        css = "fit" if row.step >= Step.QUALIFIED else "interest"
        share = row.of_previous if index else None
        stairs.append(
            Stair(
                css=css,
                x=f"{x:.1f}",
                y=f"{top:.1f}",
                height=f"{tall[index]:.1f}",
                middle=f"{x + width / 2:.1f}",
                slope=slope,
                label=str(row.step.label),
                count=row.count,
                share=share,
            )
        )
    title = _("From %(first)d handed over to %(sql)d SQLs and %(won)d customers; the table has the figures")
    numbers = {"first": most, "sql": steps[Step.QUALIFIED].count, "won": steps[Step.WON].count}
    # The moment lies between the last step before the SQL and the SQL itself.
    return FunnelChart(title % numbers, stairs, f"{width:.1f}", f"{Step.QUALIFIED * slot:.1f}")
