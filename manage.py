#!/usr/bin/env python3
"""Runs Handoff's commands: `.venv/bin/python manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 (settings come first)
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
