"""Which team a lead belongs to: in their order, the first whose territory it is in, and one team gets the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from handoff.leads.catalogue import profile_fields
from handoff.leads.facts import profiles_of
from handoff.leads.models import Lead
from handoff.people.models import Team
from scoring.conditions import BadCondition, Catalogue, check, expression, fields_of
from scoring.fields import microseconds


@dataclass(frozen=True)
class Territories:
    """The teams that have a territory, countries or a condition or both, in their order."""

    teams: Sequence[Team]
    default: int | None
    catalogue: Catalogue

    @classmethod
    def load(cls) -> "Territories":
        """Read the teams' territories."""
        teams = list(Team.objects.order_by("position", "id"))
        default = next((team.pk for team in teams if team.is_default), None)
        catalogue = profile_fields() if any(team.territory for team in teams) else {}
        return cls([team for team in teams if team.countries or team.territory], default, catalogue)

    def team_ids_for(self, leads: Sequence[Lead], *, at: datetime) -> list[int | None]:
        """Return, row by row, the id of the team that each lead belongs to at `at`."""
        meets = self._meets(leads, at)
        return [
            next((team.pk for team in self.teams if _is_in(lead, team) and meets[team.pk][row]), self.default)
            for row, lead in enumerate(leads)
        ]

    def _meets(self, leads: Sequence[Lead], at: datetime) -> Mapping[int, Sequence[bool]]:
        """Return for each team which leads meet its condition."""
        trees = {team.pk: team.territory for team in self.teams if team.territory and self._is_readable(team)}
        names = {name for tree in trees.values() for name in fields_of(tree)}
        tests = [expression(tree, self.catalogue).alias(str(pk)) for pk, tree in trees.items()]
        found: dict[str, list[bool]] = {}
        if tests:
            frame = profiles_of(leads, {name: self.catalogue[name].type for name in sorted(names)})
            # As columns of the frame, so that a test without a field has a row for each lead too.
            found = (
                frame.with_columns(pl.lit(microseconds(at)).alias("$now")).with_columns(tests).to_dict(as_series=False)
            )
        return {team.pk: found.get(str(team.pk), [not team.territory] * len(leads)) for team in self.teams}

    def _is_readable(self, team: Team) -> bool:
        try:
            check(team.territory or {}, self.catalogue)
        except BadCondition:
            return False  # such as a field that is gone: nobody is in it, and leads go on coming in
        return True


def _is_in(lead: Lead, team: Team) -> bool:
    country = lead.country or (lead.company.country if lead.company else "")
    return not team.countries or country in team.countries
