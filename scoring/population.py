"""The port through which scoring sees the world; settings.POPULATION names who stands behind it."""

from functools import lru_cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from scoring.conditions import Catalogue


class Population(Protocol):
    """Those who are scored, as far as scoring has to know."""

    def profile_fields(self) -> Catalogue:
        """Return the fields of a profile, by name."""

    def activity_fields(self) -> Catalogue:
        """Return the fields of an activity, by name."""

    def activity_kinds(self) -> list[tuple[str, str]]:
        """Return the kinds of activities with their labels."""

    def seen_values(self, field: str) -> list[str]:
        """Return values that were seen in the profile field `field`, most frequent first."""

    def scored(self, publication: int) -> tuple[int, int]:
        """Return how many are scored under that publication, and how many there are."""


@lru_cache(maxsize=1)
def population() -> Population:
    """Return the population that settings name."""
    found: Population = import_string(settings.POPULATION)()
    return found
