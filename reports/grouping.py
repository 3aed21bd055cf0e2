"""Groups of handoffs: by team, person, policy, route, source, country, week or hour of handing over.

Figures of people follow their team's setting: off (all of the team in one row), in groups of at least five, or named;
everybody reads their own. A person's handoffs are those that they held when the clock stopped or ran out, if earlier.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

import polars as pl
from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.people.models import Role, Team, User
from handoff.queue.models import Assignment, Route
from handoff.sla.models import Policy
from reports.causes import held_at
from reports.cohorts import Cohort

BY: dict[str, str | Promise] = {
    "team": gettext_lazy("Team"),
    "person": gettext_lazy("Person"),
    "policy": gettext_lazy("Policy"),
    "route": gettext_lazy("Route"),
    "source": gettext_lazy("Source"),
    "country": gettext_lazy("Country"),
    "week": gettext_lazy("Week"),
    "hour": gettext_lazy("Hour"),
}
LEAST = 5  # people whose figures may stand together without their names
NOBODY = ""


@dataclass(frozen=True)
class Group:
    """One group: its key for programs, its name, and what the report is asked for to show only this."""

    key: str
    name: str
    people: int | None = None
    narrow: Mapping[str, str] = field(default_factory=dict, compare=False)


def group_keys(found: pl.DataFrame, by: str, cohort: Cohort) -> pl.DataFrame:
    """Return the rows with the `key` of their group; columns needed: handoff, opened, team and what `by` names."""
    local = pl.col("opened").dt.convert_time_zone(cohort.period.zone.key)
    if by == "person":
        return found.join(_people(found, cohort), on="handoff", how="left")
    slugs = dict(Team.objects.values_list("pk", "slug")) if by == "team" else {}
    made = {
        "team": pl.col("team").replace_strict(slugs, default="", return_dtype=pl.String),
        "week": local.dt.strftime("%G-W%V"),
        "hour": local.dt.strftime("%H"),
    }
    return found.with_columns(key=made[by] if by in made else pl.col(by).fill_null(""))


def groups_of(keyed: pl.DataFrame, by: str) -> list[Group]:
    """Return the groups in the order in which they are read."""
    counts = dict(keyed.group_by("key").len().iter_rows())
    if by in {"week", "hour"}:
        return [Group(key, f"{key}:00" if by == "hour" else key) for key in sorted(counts)]
    if by == "person":
        return sorted(_people_groups(keyed), key=lambda group: (group.key == NOBODY, group.name))
    if by == "team":
        reps = Count("people", filter=Q(people__is_active=True, people__role=Role.REP))
        teams = Team.objects.filter(slug__in=list(counts)).annotate(reps=reps).order_by("name")
        found = [Group(team.slug, team.name, team.reps, {"team": team.slug}) for team in teams]
        return [*found, Group(NOBODY, _("No team"))] if NOBODY in counts else found
    names: dict[str, str] = {}
    if by == "route":
        names = {route.value: str(capfirst(route.label)) for route in Route}
    elif by == "policy":
        names = dict(Policy.objects.order_by("version").values_list("slug", "name"))
    is_filter = by in {"route", "policy", "source"}
    return [
        Group(key, names.get(key) or key or _("none"), narrow={by: key} if is_filter and key else {})
        for key in sorted(counts, key=lambda key: (-counts[key], key))
    ]


def with_holder(found: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """Return each clock with its `holder`: who held the handoff when it stopped or ran out, if earlier."""
    ended = found.with_columns(instant=pl.min_horizontal("stopped", "due"))
    is_stop = pl.col("instant") == pl.col("stopped")
    return held_at(ended, "instant", Assignment.objects.filter(handoff__in=cohort.handoffs), to_the_end=is_stop)


def named_among(people: Iterable[int], reader: User) -> dict[int, User]:
    """Return whom of `people` the reader's reports may name: the reader, and who is only in teams that show names."""
    silent = Team.objects.exclude(names_in_reports=Team.Names.NAMED)
    shown = Q(teams__isnull=False) & ~Q(memberships__team__in=silent)
    return User.objects.filter(Q(pk=reader.pk) | shown, pk__in=set(people)).distinct().in_bulk()


def _people(found: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """Return the key of whoever held each handoff, with the name of their group and how many it has."""
    held = with_holder(found, cohort)
    pairs = held.select("team", "holder").drop_nulls("holder").unique().sort("team", "holder").rows()
    named = named_among({holder for _team, holder in pairs}, cohort.reader)
    teams = Team.objects.in_bulk({team for team, _holder in pairs if team})
    keys: list[tuple[int | None, int, str, str, int]] = []
    for key, theirs in groupby((pair for pair in pairs if pair[1] not in named), key=lambda pair: pair[0]):
        keys.extend(_together(teams.get(key), [holder for _team, holder in theirs]))
    keys += [(team, who, named[who].username, str(named[who]), 1) for team, who in pairs if who in named]
    schema = {"team": pl.Int64, "holder": pl.Int64, "key": pl.String, "name": pl.String, "people": pl.Int64}
    known = pl.DataFrame(keys, schema=schema, orient="row")
    return held.join(known, on=["team", "holder"], how="left", nulls_equal=True).select(
        "handoff", pl.col("key").fill_null(NOBODY), "name", "people"
    )


def _together(team: Team | None, people: list[int]) -> Iterator[tuple[int | None, int, str, str, int]]:
    """Yield the key and the name of the group of each of a team's people who are not named."""
    key, name, slug = (team.pk, team.name, team.slug) if team else (None, _("No team"), "")
    in_groups = team is not None and team.names_in_reports == Team.Names.GROUPS
    count = max(len(people) // LEAST, 1) if in_groups else 1
    for number, who in enumerate(people):
        place = min(number // LEAST, count - 1)
        size = len(people) - LEAST * place if place == count - 1 else LEAST
        if count == 1:
            yield key, who, f"team:{slug}", _("%(team)s, all together") % {"team": name}, len(people)
        else:
            words = _("%(team)s, group %(number)d") % {"team": name, "number": place + 1}
            yield key, who, f"team:{slug}:{place + 1}", words, size


def _people_groups(keyed: pl.DataFrame) -> Iterator[Group]:
    for key, name, people in keyed.select("key", "name", "people").unique("key").iter_rows():
        yield Group(key, name if key else _("Nobody"), people)
