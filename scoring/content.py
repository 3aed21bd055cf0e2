"""The content catalogue at work: what the pages, pieces and forms of activities are about. Pure."""

import re
from collections.abc import Sequence

import polars as pl

from scoring.fields import Field, FieldType
from scoring.spec import PHASES, ContentSpec, Phase

ABOUT = ("content.phase", "content.offer", "content.campaign")
LOOKED_AT = ("url", "content", "form")  # the properties that patterns are compared with


def content_fields(*labels: str) -> list[Field]:
    """Return the fields that the catalogue adds to an activity, labelled: phase, offer, campaign."""
    seen = (tuple(PHASES), (), ())
    return [
        Field(name, label, FieldType.CHOICE, values) for name, label, values in zip(ABOUT, labels, seen, strict=True)
    ]


def with_content(activities: pl.DataFrame, catalogue: Sequence[ContentSpec]) -> pl.DataFrame:
    """Return `activities` (with what `LOOKED_AT` names) and, beside them, what the first fitting line says of each."""
    looked_at = list(LOOKED_AT)
    # Far fewer pages than visits: each distinct one is compared once.
    distinct = activities.select(looked_at).unique()
    fitting = [pl.when(_fits(line)).then(pl.lit(number)).otherwise(None) for number, line in enumerate(catalogue)]
    place = pl.coalesce([*fitting, pl.lit(None, dtype=pl.Int32)])
    said = [
        place.replace_strict(
            {number: getattr(line, column.removeprefix("content.")) or None for number, line in enumerate(catalogue)},
            default=None,
            return_dtype=pl.String,
        ).alias(column)
        for column in ABOUT
    ]
    found = distinct.with_columns(said)
    return activities.join(found, on=looked_at, how="left", nulls_equal=True, maintain_order="left")


def _fits(line: ContentSpec) -> pl.Expr:
    pattern = ".*".join(re.escape(part) for part in line.pattern.strip().split("*"))
    if line.looks_at == "url":
        # A pattern says a path; the host before it and a query behind it make no difference.
        whole = pattern if "://" in line.pattern else f"(https?://[^/]*)?{pattern}"
        pattern = f"{whole}/?([?#].*)?"
    return pl.col(line.looks_at).str.contains(f"(?is)^{pattern}$").fill_null(value=False)


def furthest(phases: Sequence[str | None]) -> Phase:
    """Return the phase nearest to a purchase among `phases`, "" where there is none."""
    return max((phase for phase in PHASES if phase in phases), key=PHASES.index, default="")
