"""The command that runs the whole site."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from handoff.config.serving import PortNotFree, ensure_port_is_free, run, site


class Command(BaseCommand):
    """Run web server, worker and beat until SIGINT or SIGTERM; exits with 1 when one of them ends by itself."""

    help = "Run the site: web server, worker and beat, on http://127.0.0.1:$PORT."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            ensure_port_is_free(settings.PORT)
        except PortNotFree as error:
            raise CommandError(str(error)) from error
        os.chdir(settings.ROOT)  # the children find the code from there
        raise SystemExit(run(site(port=settings.PORT)))
