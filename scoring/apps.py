"""Scoring as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScoringConfig(AppConfig):
    """Names the application."""

    name = "scoring"
    verbose_name = _("Scoring")
