"""The slice as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QueueConfig(AppConfig):
    """Names the slice."""

    name = "handoff.queue"
    verbose_name = _("Queue")
