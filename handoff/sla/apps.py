"""The slice as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SlaConfig(AppConfig):
    name = "handoff.sla"
    verbose_name = _("SLA")
