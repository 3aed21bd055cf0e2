"""The door for the web server."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")
application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)
# What is loaded by now stays: looking through it for garbage again and again is a tenth of what a page costs.
gc.collect()
gc.freeze()
