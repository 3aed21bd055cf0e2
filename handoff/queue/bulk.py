"""Giving many handoffs to one rep, or out by turn, as their manager."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.lib.refusals import Refusal, require
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.assignment import assign_to
from handoff.queue.claiming import assign
from handoff.queue.models import Assignment, Handoff
from handoff.queue.rotation import next_in_turn
from handoff.queue.working import copy_state, lock

AT_MOST = 1000


@dataclass
class Given:
    """What became of each: to whom it was given, or why not."""

    done: list[Handoff] = field(default_factory=list)
    refused: list[tuple[Handoff, Refusal]] = field(default_factory=list)


def assign_many(chosen: Mapping[int, int | None], *, to: User | None, by: User, at: datetime) -> Given:
    """Give the chosen handoffs, one by one, to a rep, or by turn in the team of each; name those that can't be given.

    `chosen` maps each id to the version that was looked at, if that is known: what changed since is left alone.
    """
    require(by.is_manager or by.is_admin)
    given = Given()
    # In the order of their ids, each locked for itself: two managers at once wait for no more than one lead.
    handoffs = Handoff.objects.visible_to(by).filter(pk__in=chosen).select_related("lead").order_by("id")
    for handoff in handoffs:
        try:
            if to:
                assign(handoff, to=to, by=by, at=at, version=chosen[handoff.pk])
            else:
                _assign_by_turn(handoff, by=by, at=at, version=chosen[handoff.pk])
        except Refusal as refusal:
            given.refused.append((handoff, refusal))
        else:
            given.done.append(handoff)
    return given


@transaction.atomic
def _assign_by_turn(handoff: Handoff, *, by: User, at: datetime, version: int | None) -> None:
    found = lock(handoff, by=by, version=version)
    rep = next_in_turn(found.team, at=at, avoiding=found.holder) if found.team else None
    if rep is None:
        raise NobodyFree(_("Nobody else in the team is free."))
    assign_to(found, rep, how=Assignment.How.ROTATION, by=by, at=at)
    record("assigned", f"handoff {found.pk}", by=by, at=at, to=rep.pk)
    copy_state(found, handoff)


class NobodyFree(Refusal):
    """All reps of the team are away or have no room."""

    code = "nobody_free"
