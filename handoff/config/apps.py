"""The slice as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConfigConfig(AppConfig):
    name = "handoff.config"
    verbose_name = _("Config")
