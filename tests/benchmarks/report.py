"""The table that a run prints, and what it says about the machine."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.benchmarks.base import Base

HEAD = ("work", "measured", "compared with", "ratio", "wanted", "ok")


@dataclass(frozen=True)
class Row:
    """One measurement: a ratio to what is compared (at most `wanted`, or at least), or a number with its own limit."""

    work: str
    measured: str
    compared: str
    value: float
    wanted: float
    unit: str = ""  # of `wanted`; a ratio without one
    is_floor: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether the number to reach is reached."""
        return self.value >= self.wanted if self.is_floor else self.value <= self.wanted

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is printed."""
        limit = f"{'≥' if self.is_floor else '≤'} {self.wanted:g}{f' {self.unit}' if self.unit else ''}"
        ratio = "" if self.unit else f"{self.value:.2f}"
        return (self.work, self.measured, self.compared, ratio, limit, "yes" if self.is_reached else "NO")


def table(rows: list[Row]) -> str:
    """Return the rows under their heads, in columns as wide as they need."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    lines = [" | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])


def machine(base: Base) -> str:
    """Return what a reader must know to judge the seconds: cores, memory, load, database and day."""
    with base.connection() as connection:
        names = ("server_version", "shared_buffers", "work_mem", "max_parallel_workers_per_gather")
        values = {name: connection.execute(f"SHOW {name}").fetchone() for name in names}
    said = ", ".join(f"{name} {value[0]}" for name, value in values.items() if value)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    today = datetime.now(UTC).date()
    return (
        f"{today}: {os.cpu_count()} cores, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}; PostgreSQL {said}\n"
        f"{base.leads:,} leads, {base.activities:,} activities, 30 rules"
    )
