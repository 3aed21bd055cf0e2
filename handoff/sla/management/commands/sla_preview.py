"""The command that says when a policy's steps would fall due."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser

from handoff.people.models import Team
from handoff.sla.calendars import calendar_of, hours_of
from handoff.sla.clock import Hours, NoOpenHours
from handoff.sla.models import Policy
from handoff.sla.preview import preview_of


class Command(BaseCommand):
    """Print when the steps of a policy fall due for a handoff that opens at a given time."""

    help = "sla_preview POLICY-SLUG --start ISO-TIME [--team SLUG] [--json]"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("policy", help="The short name of a policy in force.")
        parser.add_argument(
            "--start", required=True, help="When the handoff opens; without an offset, by its calendar."
        )
        parser.add_argument("--team", default="", help="Whose calendar counts; the default team's unless given.")
        parser.add_argument("--json", action="store_true", help="Print [{metric, step, at, local}].")

    def handle(self, *args: Any, **options: Any) -> None:
        policy = _policy(options["policy"])
        hours = hours_of(policy, calendar_of(_team(options["team"])))
        try:
            steps = preview_of(policy, hours, _start(options["start"], hours))
        except NoOpenHours as error:
            raise CommandError(str(error)) from error
        except (ValueError, OverflowError) as error:
            raise CommandError(f"--start {options['start']!r}: use a time in the years 1900 to 2199.") from error
        if options["json"]:
            self.stdout.write(json.dumps([step.to_json() for step in steps]))
            return
        for step in steps:
            self.stdout.write(f"{step.metric:12} {step.step:12} {step.local:%a %Y-%m-%d %H:%M} {hours.zone}")


def _policy(slug: str) -> Policy:
    policy = Policy.objects.in_force().filter(slug=slug).first()
    if policy is None:
        slugs = ", ".join(Policy.objects.in_force().values_list("slug", flat=True))
        raise CommandError(f"There is no policy {slug!r} in force; there are: {slugs or 'none'}.")
    return policy


def _team(slug: str) -> Team | None:
    if not slug:
        return Team.objects.filter(is_default=True).first()
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        slugs = ", ".join(Team.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no team {slug!r}; there are: {slugs or 'none'}.")
    return team


def _start(text: str, hours: Hours) -> datetime:
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--start {text!r}: use an ISO time such as 2026-03-02T16:00+01:00.") from error
    return start if start.tzinfo else start.replace(tzinfo=ZoneInfo(hours.zone))
