"""The slice as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    """Names the slice."""

    name = "handoff.feedback"
    verbose_name = _("Feedback")
