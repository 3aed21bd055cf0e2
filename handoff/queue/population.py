"""Leads as the population that scoring sees."""

from handoff.leads.catalogue import activity_fields, activity_kinds, profile_fields, seen_values
from handoff.leads.models import Lead, LeadScore
from scoring.conditions import Catalogue


class LeadPopulation:
    """Implements scoring's port."""

    def profile_fields(self) -> Catalogue:
        """Return the fields of a profile, by name."""
        return profile_fields()

    def activity_fields(self) -> Catalogue:
        """Return the fields of an activity, by name."""
        return activity_fields()

    def activity_kinds(self) -> list[tuple[str, str]]:
        """Return the kinds of activities with their labels."""
        return activity_kinds()

    def seen_values(self, field: str) -> list[str]:
        """Return values that were seen in the profile field `field`, most frequent first."""
        return seen_values(field)

    def scored(self, publication: int) -> tuple[int, int]:
        """Return how many are scored under that publication, and how many there are."""
        return LeadScore.objects.filter(publication=publication).count(), Lead.objects.count()
