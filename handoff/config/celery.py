"""The Celery application: one task rings the bell of one tick."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")

from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES["spool"] = "handoff.lib.spool:Transport"

app = Celery("handoff")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task(name="handoff.run_tick")
def run_tick(name: str) -> None:
    """Run the tick called `name`, as of now."""
    from django.utils import timezone  # noqa: PLC0415 (Django is set up by the worker, not by this import)

    from handoff.config.ticking import run  # noqa: PLC0415

    run(name, at=timezone.now())
