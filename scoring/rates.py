"""Shares with their interval, and when a group is too small to be compared. Pure: values in, values out."""

import math
from dataclasses import dataclass

TOO_FEW = 10  # below this many, a rate is not compared with another
Z_95 = 1.959963984540054  # the 97.5th percentile of the standard normal distribution


@dataclass(frozen=True)
class Interval:
    """The bounds of a share, both between 0 and 1."""

    low: float
    high: float


@dataclass(frozen=True)
class Rate:
    """`count` of `of`, with its share and how sure that is."""

    count: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.of:
            raise ValueError(f"{self.count} of {self.of} is no rate.")

    @property
    def share(self) -> float | None:
        """The share between 0 and 1, None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the share, None of nothing."""
        return wilson(self.count, self.of) if self.of else None

    @property
    def is_too_few(self) -> bool:
        """Whether the group is too small to be compared."""
        return self.of < TOO_FEW


def wilson(count: float, of: int) -> Interval:
    """Return the 95 % Wilson score interval (Wilson 1927, without continuity correction) of `count` among `of` > 0."""
    share, squared = count / of, Z_95 * Z_95
    middle = share + squared / (2 * of)
    reach = Z_95 * math.sqrt(share * (1 - share) / of + squared / (4 * of * of))
    below, above = (middle - reach) / (1 + squared / of), (middle + reach) / (1 + squared / of)
    # None and all are exact bounds that floating point misses by its last digit.
    return Interval(0.0 if count == 0 else max(below, 0.0), 1.0 if count == of else min(above, 1.0))
