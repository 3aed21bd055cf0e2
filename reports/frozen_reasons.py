"""The frozen reasons of many handoffs in columns: which rule gave or took how many points, and where it was decisive.

What a handoff would have scored without a rule is worked out as the engine would have done: the points leave their
group, and what is left of it is held between floor and cap anew. So a rule in a group far above its cap changes nothing
alone, and the entries of clamps are not needed.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import polars as pl
from django.db.models import Exists, Func, OuterRef, TextField
from django.db.models.functions import Cast

from handoff.queue.models import Route, Sample, Verdict
from reports.cohorts import Handoffs
from scoring.models import Rule
from scoring.spec import DIMENSIONS

AT_ONCE = 50_000
HANDOFF: dict[str, Any] = {
    "id": pl.Int64,
    "model": pl.Int64,
    "route": pl.String,
    "is_sample": pl.Boolean,
    **dict.fromkeys(DIMENSIONS, pl.Float64),
    "verdict": pl.String,
    "counts_against_rules": pl.Boolean,
    "misleading": pl.String,
    "reasons": pl.String,
}
RULE = {
    "model": pl.Int64,
    "rule": pl.String,
    "dimension": pl.String,
    "group": pl.Int64,
    "floor": pl.Float64,
    "cap": pl.Float64,
    "threshold": pl.Float64,
    "minimum": pl.Float64,
}


class RulePoints(Func):
    """Frozen reasons as one short text, "pricing 24.5;free-mail -10"; a database unpacks JSON faster than we do."""

    arity = 1
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **_context: Any) -> Any:
        """Return it for PostgreSQL."""
        pair, each = "(e->>'rule') || ' ' || (e->>'points')", "jsonb_array_elements(%(expressions)s) e"
        return self.as_sql(compiler, connection, template=f"(SELECT string_agg({pair}, ';') FROM {each})")

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> Any:
        """Return it for SQLite."""
        pair = "json_extract(value, '$.rule') || ' ' || json_extract(value, '$.points')"
        each = "json_each(%(expressions)s)"
        return self.as_sql(compiler, connection, template=f"(SELECT group_concat({pair}, ';') FROM {each})")


def scored(handoffs: Handoffs) -> pl.DataFrame:
    """Return scored handoffs, newest first.

    Columns: id, model, the dimensions, misleading, reasons, is_by_score (and above the line, so no sample), is_sql, and
    is_against: disqualified for a reason that counts against the rules.
    """
    rows = handoffs.order_by("-opened_at", "-id").values_list(
        "pk",
        "publication__model",
        "route",
        Exists(Sample.objects.filter(handoff=OuterRef("pk"))),
        *DIMENSIONS,
        "verdict",
        "disqualification__reason__counts_against_rules",
        Cast("disqualification__misleading", TextField()),
        RulePoints("reasons"),
    )
    found = [pl.DataFrame(part, schema=HANDOFF, orient="row") for part in _parts(rows.iterator(AT_ONCE))]
    frame = pl.concat(found) if found else pl.DataFrame(schema=HANDOFF)
    return frame.with_columns(
        is_by_score=(pl.col("route") == Route.SCORE) & ~pl.col("is_sample"),
        is_sql=pl.col("verdict") == Verdict.QUALIFIED,
        is_against=(pl.col("verdict") == Verdict.DISQUALIFIED) & pl.col("counts_against_rules").fill_null(value=False),
    ).drop("route", "is_sample", "verdict", "counts_against_rules")


def rules_of(models: Iterable[int]) -> pl.DataFrame:
    """Return the rules that counted in these versions, with their group's bounds and what an MQL had to reach."""
    rows = Rule.objects.filter(model__in=models, is_active=True).values_list(
        "model",
        "key",
        "group__dimension",
        "group",
        "group__floor",
        "group__cap",
        "model__threshold",
        *(f"model__{name}_minimum" for name in DIMENSIONS),
    )
    table = [
        (model, key, dimension, group, *map(_number, (floor, cap, threshold, minimums[DIMENSIONS.index(dimension)])))
        for model, key, dimension, group, floor, cap, threshold, *minimums in rows
    ]
    return pl.DataFrame(table, schema=RULE, orient="row")


def entries(handoffs: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each rule that gave or took points in a handoff.

    Columns: id, rule, is_sql, is_against, gave (else it took), is_decisive, is_ticked.
    """
    # In parts, as much stands beside each entry for a moment.
    parts = [_entries(part, rules) for part in handoffs.iter_slices(AT_ONCE)]
    return pl.concat(parts) if parts else _entries(handoffs, rules)


def _entries(handoffs: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    found = _unpacked(handoffs).join(rules, on=["model", "rule"])
    sums = found.group_by("id", "group").agg(pl.col("points").sum().alias("sum"))
    loss = _held(pl.col("sum")) - _held(pl.col("sum") - pl.col("points"))
    own = pl.coalesce(pl.when(pl.col("dimension") == name).then(pl.col(name)) for name in DIMENSIONS)
    total = pl.sum_horizontal(DIMENSIONS)
    return (
        found.filter(pl.col("points") != 0)
        .join(sums, on=["id", "group"])
        .join(handoffs.drop("model", "misleading", "reasons"), on="id")
        .join(_ticked(handoffs), on=["id", "rule"], how="left")
        .with_columns(loss=loss, own=own, total=total)
        .select(
            "id",
            "rule",
            "is_sql",
            "is_against",
            gave=pl.col("points") > 0,
            is_decisive=pl.col("is_by_score") & (_is_lost("total", "threshold") | _is_lost("own", "minimum")),
            is_ticked=pl.col("is_ticked").fill_null(value=False),
        )
    )


def _ticked(handoffs: pl.DataFrame) -> pl.DataFrame:
    keys = pl.col("misleading").str.extract_all(r"[\w:-]+").alias("rule")
    ticks = handoffs.filter("is_against").select("id", keys).explode("rule").unique()
    return ticks.with_columns(is_ticked=pl.lit(value=True))


def _unpacked(handoffs: pl.DataFrame) -> pl.DataFrame:
    pair = pl.col("reasons").str.split_exact(" ", 1).struct.rename_fields(["rule", "points"])
    lines = handoffs.select("id", "model", pl.col("reasons").str.split(";")).drop_nulls("reasons").explode("reasons")
    return lines.select("id", "model", pair).unnest("reasons").cast({"points": pl.Float64})


def _held(points: pl.Expr) -> pl.Expr:
    """Hold points between their group's floor and cap, where it has them."""
    return pl.max_horizontal(pl.min_horizontal(points, "cap"), "floor")


def _is_lost(reached: str, limit: str) -> pl.Expr:
    """Say whether a line that the frozen score reaches is missed without the rule, at six decimals like the engine."""
    line = pl.col(limit).round(6)
    with_it, without = pl.col(reached).round(6), (pl.col(reached) - pl.col("loss")).round(6)
    return ((with_it >= line) & (without < line)).fill_null(value=False)


def _parts(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while part := list(islice(rows, AT_ONCE)):
        yield part


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
