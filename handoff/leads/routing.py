"""Which team a lead belongs to: its country decides, and one team gets the rest."""

from dataclasses import dataclass

from handoff.leads.models import Lead
from handoff.people.models import Team


@dataclass(frozen=True)
class Territories:
    """Countries and the teams that have them."""

    by_country: dict[str, int]
    default: int | None

    @classmethod
    def load(cls) -> "Territories":
        """Read the teams' territories."""
        teams = list(Team.objects.order_by("id"))
        by_country = {country: team.pk for team in reversed(teams) for country in team.countries}
        return cls(by_country, next((team.pk for team in teams if team.is_default), None))

    def team_id_for(self, lead: Lead) -> int | None:
        """Return the id of the team that `lead` belongs to."""
        country = lead.country or (lead.company.country if lead.company else "")
        return self.by_country.get(country, self.default)
