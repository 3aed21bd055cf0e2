"""The slice as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeadsConfig(AppConfig):
    """Names the slice."""

    name = "handoff.leads"
    verbose_name = _("Leads")
