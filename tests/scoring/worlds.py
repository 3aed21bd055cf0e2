"""Models, leads and instants, drawn at random but often exactly on an edge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import polars as pl
from hypothesis import strategies as st

from scoring.content import ABOUT, content_fields
from scoring.engine import Facts, Scores, prepare, score
from scoring.fields import COLUMN_TYPES, Field, FieldType
from scoring.spec import DIMENSIONS, PHASES, ContentSpec, GroupSpec, ModelSpec, Period, RuleSpec, Unit
from tests.scoring.oracle import DAY, Act, Person, in_order

HALF_HOUR = 30 * 60 * 1_000_000


def catalogue(**types: FieldType) -> dict[str, Field]:
    """Return fields of these types, each labelled by its name."""
    return {name: Field(name, name, type_) for name, type_ in types.items()}


PROFILE = catalogue(
    title=FieldType.TEXT,
    employees=FieldType.NUMBER,
    is_free=FieldType.YES_NO,
    founded=FieldType.DATE,
    industry=FieldType.CHOICE,
    topics=FieldType.CHOICES,
)
ACTIVITY = catalogue(
    url=FieldType.TEXT,
    seconds=FieldType.NUMBER,
    plan=FieldType.CHOICE,
    tags=FieldType.CHOICES,
    is_machine=FieldType.YES_NO,
    content=FieldType.TEXT,
    form=FieldType.TEXT,
)
ACTIVITY |= {field.name: field for field in content_fields("phase", "offer", "campaign")}


def instant(text: str) -> int:
    """Return an ISO time in UTC as µs since 1970."""
    return (
        round((datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
        * 10**6
    )


def facts(people: Sequence[Person]) -> Facts:
    """Return the columns that the engine reads about `people`."""
    acts = [(row, act) for row, person in enumerate(people) for act in sorted(person.acts, key=in_order)]
    leads = {name: _column([person.profile.get(name) for person in people], field) for name, field in PROFILE.items()}
    properties = {
        name: _column([act.properties.get(name) for _, act in acts], field)
        for name, field in ACTIVITY.items()
        if name != "is_machine" and name not in ABOUT
    }
    return Facts(
        pl.DataFrame({"created": pl.Series([person.created for person in people], dtype=pl.Int64), **leads}),
        pl.DataFrame(
            {
                "lead": pl.Series([row for row, _ in acts], dtype=pl.Int64),
                "at": pl.Series([act.at for _, act in acts], dtype=pl.Int64),
                "kind": pl.Series([act.kind for _, act in acts], dtype=pl.String),
                "is_machine": pl.Series([act.is_machine for _, act in acts], dtype=pl.Boolean),
                **properties,
            }
        ),
    )


def _column(values: list[Any], field: Field) -> pl.Series:
    return pl.Series(values, dtype=COLUMN_TYPES[field.type])


def scores(model: ModelSpec, people: Sequence[Person]) -> Scores:
    """Return what the engine says about `people`."""
    return score(prepare(model, PROFILE, ACTIVITY), facts(people))


# Conditions

WORDS = ["Sales", "head of sales", "HEAD", "Ops", "ä", "Ä/pricing", "https://x.example/ops/?q=1", "/ops", "decision"]
PATTERNS = ["*pricing", "sales", "head*", "/ops", "/ops/", "*", "ä"]
DATES = ["2015-06-01", "2020-01-01", "2020-01-02"]
NUMBERS = [-1.0, 0.0, 10.0, 49.5, 50.0, 500.0]
one_word, many_words = st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)
TEXT_LEAVES = {
    "is": one_word,
    "is_not": one_word,
    "is_one_of": many_words,
    "is_none_of": many_words,
    "contains": one_word,
    "contains_any_of": many_words,
    "does_not_contain": one_word,
    "starts_with": one_word,
    "ends_with": one_word,
}
LEAVES: dict[FieldType, Mapping[str, st.SearchStrategy[Any]]] = {
    FieldType.TEXT: TEXT_LEAVES,
    FieldType.CHOICE: TEXT_LEAVES,
    FieldType.NUMBER: {
        **dict.fromkeys(["is", "is_not", "at_least", "at_most", "more_than", "less_than"], st.sampled_from(NUMBERS)),
        "between": st.lists(st.sampled_from(NUMBERS), min_size=2, max_size=2).map(sorted),
    },
    FieldType.YES_NO: dict.fromkeys(["is_yes", "is_no"], st.none()),
    FieldType.DATE: {
        **dict.fromkeys(["on_or_after", "before"], st.sampled_from(DATES)),
        **dict.fromkeys(["in_last_days", "days_ago", "in_next_days"], st.sampled_from([0.5, 1.0, 30.0, 2000.0])),
    },
    FieldType.CHOICES: dict.fromkeys(["has_any_of", "has_all_of", "has_none_of"], many_words),
}
BLANKS = dict.fromkeys(["is_blank", "is_filled"], st.none())


def leaves(fields: Mapping[str, Field]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw one comparison of one of `fields`."""
    return st.one_of(
        [
            st.fixed_dictionaries({"field": st.just(name), "op": st.just(op), "value": value})
            for name, field in fields.items()
            for op, value in {**LEAVES[field.type], **BLANKS}.items()
        ]
    )


def trees(fields: Mapping[str, Field]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a condition over `fields`; the one that always holds is frequent, so that scores are not all zero."""
    deep = st.recursive(
        leaves(fields),
        lambda inner: st.one_of(
            inner.map(lambda tree: {"not": tree}),
            st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"all": branches}),
            st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"any": branches}),
        ),
        max_leaves=4,
    )
    return st.one_of(st.just({}), st.just({}), deep)


# Drawn from often, so built once.
profile_trees, activity_trees = trees(PROFILE), trees(ACTIVITY)

# Models

KINDS = ["page_view", "email_opened", "trial"]
DAYS = [0.01, 0.25, 0.7, 1.0, 7.0, 30.0]
points = st.integers(-30, 60).map(lambda half: half / 2)
PERIODS: list[Period] = ["day", "week", "month", "ever", "ever"]
UNITS: list[Unit] = ["matches", "visits", "days", "values"]
NO_LIMIT: tuple[int | None, Period] = (None, "")
limits = st.one_of(st.just(NO_LIMIT), st.tuples(st.integers(1, 3), st.sampled_from(PERIODS)))
maybe_days = st.one_of(st.none(), st.sampled_from(DAYS))
bounds = st.sampled_from([(None, None), (None, None), (-5.0, 20.0), (None, 12.5), (0.0, None), (3.0, 40.0)])


@st.composite
def rules(draw: st.DrawFn, number: int, groups: Sequence[GroupSpec]) -> RuleSpec:
    """Draw a rule of any kind."""
    kind = draw(st.sampled_from(["profile", "activity", "activity", "activity", "silence"]))
    key, group = f"r{number}", draw(st.sampled_from(groups)).key
    if kind == "profile":
        return RuleSpec(key, key, group, "profile", draw(points), draw(profile_trees))
    kinds = tuple(draw(st.lists(st.sampled_from(KINDS), max_size=2, unique=True)))
    condition = draw(activity_trees)
    if kind == "silence":
        days = draw(st.integers(1, 40))
        return RuleSpec(key, key, group, "silence", draw(points), condition, kinds, silence_days=days)
    limit, per = draw(limits)
    unit = draw(st.sampled_from(UNITS))
    return RuleSpec(
        key,
        key,
        group,
        "activity",
        draw(points),
        condition,
        kinds,
        half_life=draw(maybe_days),
        window=draw(maybe_days),
        limit=limit,
        limit_per=per,
        at_least=draw(st.one_of(st.none(), st.none(), st.integers(1, 4))),
        at_least_of=unit,
        values_of=draw(st.sampled_from(["url", "plan", "seconds"])) if unit == "values" else "",
    )


LOOKS: list[Literal["url", "content", "form"]] = ["url", "url", "content", "form"]
content_drawn = st.lists(
    st.builds(
        ContentSpec,
        st.sampled_from(LOOKS),
        st.sampled_from(PATTERNS),
        st.sampled_from(["", *PHASES]),
        st.sampled_from(["", "Ops"]),
        st.sampled_from(["", "Sales"]),
    ),
    max_size=3,
)


@st.composite
def models(draw: st.DrawFn) -> ModelSpec:
    """Draw a model of up to six rules in three or four groups."""
    groups = [
        GroupSpec(f"g{number}", f"Group {number}", dimension, *draw(bounds))
        for number, dimension in enumerate([*DIMENSIONS, "interest"][: draw(st.integers(3, 4))])
    ]
    return ModelSpec(
        groups=tuple(groups),
        rules=tuple(draw(rules(number, groups)) for number in range(draw(st.integers(1, 6)))),
        threshold=float(draw(st.integers(-5, 60))),
        minimums=draw(st.sampled_from([{}, {}, {"fit": 5.0}, {"interest": 3.0, "timing": None}])),
        hysteresis=draw(st.sampled_from([0.0, 2.5])),
        time_zone=draw(st.sampled_from(["UTC", "Europe/Amsterdam", "America/New_York"])),
        content=tuple(draw(content_drawn)),
    )


# Leads

# Summer time begins or ends in Amsterdam or New York, the year turns inside an ISO week.
EDGES = [
    instant(day)
    for day in ("2026-03-28T22:00", "2026-10-24T21:00", "2026-03-08T04:00", "2026-11-01T03:00", "2025-12-31T22:00")
]


# Half hours, so that days, weeks, visits and ties are met; strategies stand here because building them takes long.
offsets = st.tuples(
    st.one_of(st.integers(-10, 10), st.integers(-200, 200), st.integers(-60, 60).map(lambda day: day * 48)),
    st.sampled_from([0, 0, 0, -1, 1]),
).map(lambda drawn: drawn[0] * HALF_HOUR + drawn[1])
maybe_word, maybe_number = st.sampled_from([None, *WORDS]), st.sampled_from([None, *NUMBERS])
maybe_words = st.sampled_from([None, [], ["Ops"], ["ops", "HEAD"], ["Sales", "Ä/pricing", "head"]])
profiles = st.fixed_dictionaries(
    {
        "title": maybe_word,
        "employees": maybe_number,
        "is_free": st.sampled_from([None, True, False]),
        "founded": st.sampled_from([None, instant("2020-01-01"), instant("2020-01-01") - 1, instant("2026-03-30")]),
        "industry": maybe_word,
        "topics": maybe_words,
    }
)
acts_drawn = st.lists(
    st.tuples(
        offsets,
        st.sampled_from(KINDS),
        st.sampled_from([False, False, True]),
        st.sampled_from(["web", "mail"]),
        st.integers(0, 9),
        st.fixed_dictionaries(
            {
                "url": maybe_word,
                "seconds": maybe_number,
                "plan": maybe_word,
                "tags": maybe_words,
                "content": maybe_word,
                "form": st.sampled_from([None, None, "Sales"]),
            },
        ),
    ),
    max_size=9,
    unique_by=lambda drawn: drawn[3:5],
)
leads_drawn = st.tuples(offsets, profiles, acts_drawn)


def person(edge: int, drawn: tuple[int, dict[str, Any], list[tuple[Any, ...]]]) -> Person:
    """Return what was drawn as a lead around `edge`; some of what it did, it did before it was known."""
    created, profile, acts = drawn
    return Person(
        edge + created,
        profile,
        tuple(
            Act(source, str(number), edge + at, kind, is_machine, properties)
            for at, kind, is_machine, source, number, properties in acts
        ),
    )


@dataclass(frozen=True)
class World:
    """A model, its leads, and instants at which to ask."""

    model: ModelSpec
    people: list[Person]
    instants: list[int]


leads_of = {most: st.lists(leads_drawn, min_size=1, max_size=most) for most in (1, 2, 3, 4)}
asked_of = {
    most: st.lists(
        st.tuples(
            st.integers(0, 40), st.sampled_from(["", "window", "half_life", "silence_days"]), st.integers(0, 5), steps
        ),
        min_size=1,
        max_size=most,
    )
    for most in (2, 3, 4)
    for steps in [st.sampled_from([-1, 0, 0, 1, 12_345_678_901])]
}


@st.composite
def worlds(draw: st.DrawFn, *, leads: int = 3, asked: int = 4) -> World:
    """Draw a model with leads and with instants that often lie exactly where something begins or ends."""
    edge, model = draw(st.sampled_from(EDGES)), draw(models())
    people = [person(edge, drawn) for drawn in draw(leads_of[leads])]
    starts = [someone.created for someone in people] + [act.at for someone in people for act in someone.acts]
    instants = []
    for start, span, number, step in draw(asked_of[asked]):
        days = getattr(model.rules[number % len(model.rules)], span, None) if span else None
        instants.append(starts[start % len(starts)] + round((days or 0) * DAY) + step)
    return World(model, people, instants)
