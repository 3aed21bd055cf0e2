"""Moving many clocks on at once."""

from django.db import connection

from handoff.queue.models import Clock
from handoff.queue.running import Running

MANY = """UPDATE queue_clock SET acts_at = moved.acts_at, steps_done = moved.steps_done
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::smallint[]) AS moved (id, acts_at, steps_done)
    WHERE queue_clock.id = moved.id"""


def move_on(clocks: list[Running]) -> None:
    """Store what is next to be done about `clocks`, which the caller has locked."""
    if not clocks:
        return
    if connection.vendor == "postgresql":
        columns = zip(*((clock.pk, clock.acts_at, clock.steps_done) for clock in clocks), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(MANY, [list(column) for column in columns])
    else:
        moved = [Clock(pk=clock.pk, acts_at=clock.acts_at, steps_done=clock.steps_done) for clock in clocks]
        Clock.objects.bulk_update(moved, ["acts_at", "steps_done"], batch_size=200)
