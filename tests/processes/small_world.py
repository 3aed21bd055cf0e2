"""Makes the world of the process tests in a migrated database: `python -m tests.processes.small_world HANDOFFS`.

Prints one JSON object: the API token of a marketer and the instants at which the first touches fall due.
"""

import json
import os
import sys
from datetime import timedelta

import django


def main(handoffs: int) -> None:
    """Make a team, its people, a one-minute policy, a live model, and `handoffs` that fall due one after another."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handoff.config.settings")
    django.setup()

    from django.utils import timezone  # noqa: PLC0415 (models can only be imported once Django is set up)

    from handoff.people.tokens import make_token  # noqa: PLC0415
    from handoff.queue.claiming import claim  # noqa: PLC0415
    from handoff.sla.models import Metric, Policy, Target  # noqa: PLC0415
    from tests import making  # noqa: PLC0415

    sam, _mia = making.make_rep("sam"), making.make_manager("mia")
    policy = Policy.objects.create(
        slug="quick", name="Quick", counted_in=Policy.Hours.ALWAYS, created_at=making.MONDAY_9AM
    )
    Target.objects.create(policy=policy, metric=Metric.FIRST_TOUCH, amount=1, unit=Target.Unit.MINUTES)
    making.make_live(making.PRICING, fast_lane_kinds=["contact_request"])
    marketer = making.make_marketer("max")
    making.make_lead("asks@company.example", external_id="asks")
    now = timezone.now()
    for number in range(handoffs):
        opened_at = now + timedelta(seconds=0.8 * number - 56)
        handoff = making.make_handoff(at=opened_at)
        claim(handoff, by=sam, at=opened_at)
    sys.stdout.write(json.dumps({"token": make_token(marketer, at=now), "lead": "asks"}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
