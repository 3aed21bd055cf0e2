"""Who holds a handoff: claiming, taking the next, releasing, passing on, assigning."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from handoff.leads.models import Lead
from handoff.lib.refusals import AlreadyTaken, Incomplete, NotHeld, NotOpen, require
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.assignment import assign_to, begin_assignment, give_back, settle_waiting
from handoff.queue.models import Assignment, Handoff
from handoff.queue.models.handoffs import HandoffQuerySet
from handoff.queue.working import copy_state, lock, lock_lead, require_colleague

ATTEMPTS = 50


@transaction.atomic
def claim(handoff: Handoff, *, by: User, at: datetime) -> None:
    """Give `handoff` to `by`, unless it is no longer waiting or was given to somebody else."""
    require(by.is_rep or by.is_manager or by.is_admin)
    lock_lead(handoff.lead_id)
    waiting = Handoff.objects.waiting().filter(pk=handoff.pk)
    for_me = waiting.filter(assigned_to=by) | waiting.filter(assigned_to=None)
    # One conditional UPDATE decides the race: of two clicks, one matches a row.
    if not for_me.update(claimed_by=by, claimed_at=at, version=F("version") + 1):
        handoff.refresh_from_db()
        if handoff.claimed_by_id == by.pk and handoff.is_open:
            return
        raise AlreadyTaken(taken_message(handoff)) if handoff.is_open else NotOpen(taken_message(handoff))
    handoff.refresh_from_db()
    if handoff.assigned_to_id != by.pk:
        begin_assignment(handoff, by, how=Assignment.How.CLAIM, by=by, at=at)
    settle_waiting(handoff, at=at)
    Handoff.objects.filter(pk=handoff.pk, seen_at=None).update(seen_at=at)
    Lead.objects.filter(pk=handoff.lead_id).update(owner=by)
    record("claimed", f"handoff {handoff.pk}", by=by, at=at)


def taken_message(handoff: Handoff) -> str:
    """Return why `handoff` can no longer be taken: who has it, or how it ended."""
    if not handoff.is_open:
        return _("This lead already has a verdict: %(verdict)s.") % {"verdict": handoff.get_verdict_display()}
    return _("%(name)s was first and has this lead.") % {"name": handoff.holder}


def take_next(*, by: User, at: datetime) -> Handoff | None:
    """Claim the most urgent unclaimed handoff that `by` may take, None where nothing waits."""
    waiting = Handoff.objects.visible_to(by).unclaimed().awake(at).by_urgency()
    waiting = waiting if by.is_admin else waiting.filter(team_id__in=by.team_ids())
    for _attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                handoff = _first_free(waiting)
                if handoff:
                    claim(handoff, by=by, at=at)
                return handoff
        except (AlreadyTaken, NotOpen):
            continue  # whoever loses the race for one goes on to the next
    return None


def _first_free(waiting: HandoffQuerySet) -> Handoff | None:
    """Return the first, by its lead, that nobody is just working on; where all are, the first: it is worth a wait."""
    free = None
    if connection.features.has_select_for_update_skip_locked:
        # So many takers at once each lock another lead instead of all queueing for the same one.
        free = waiting.select_related("lead").select_for_update(of=("lead",), skip_locked=True).first()
    return free or waiting.first()


@transaction.atomic
def release(handoff: Handoff, *, reason: str, by: User, at: datetime, version: int | None = None) -> None:
    """Give `handoff` back to its team, with a reason."""
    if not reason.strip():
        raise Incomplete(_("Say why you give it back."), fields={"reason": _("Say why you give it back.")})
    found = lock(handoff, by=by, version=version)
    if found.holder_id is None:
        raise NotHeld(_("Nobody holds this lead."))
    give_back(found, because=reason, at=at)
    record("released", f"handoff {found.pk}", by=by, at=at, reason=reason)
    copy_state(found, handoff)


@transaction.atomic
def pass_on(handoff: Handoff, *, to: User, note: str, by: User, at: datetime, version: int | None = None) -> None:
    """Give `handoff` to a colleague, with a note. Its clocks run on."""
    if not note.strip():
        raise Incomplete(_("Write a line for your colleague."), fields={"note": _("Write a line for your colleague.")})
    found = lock(handoff, by=by, version=version)
    require_colleague(to, by)
    if to.pk in {by.pk, found.holder_id}:
        message = _("%(name)s has this lead already; choose a colleague.") % {"name": to}
        raise Incomplete(message, fields={"to": message})
    assign_to(found, to, how=Assignment.How.PASS, by=by, at=at, note=note, because=note)
    record("passed", f"handoff {found.pk}", by=by, at=at, to=to.pk, note=note)
    copy_state(found, handoff)


@transaction.atomic
def assign(handoff: Handoff, *, to: User, by: User, at: datetime, version: int | None = None) -> None:
    """Give `handoff` to a rep, as its manager. Its clocks run on."""
    require(by.is_manager or by.is_admin)
    found = lock(handoff, by=by, version=version)
    require_colleague(to, by)
    assign_to(found, to, how=Assignment.How.MANAGER, by=by, at=at)
    record("assigned", f"handoff {found.pk}", by=by, at=at, to=to.pk)
    copy_state(found, handoff)


def colleagues_of(user: User) -> "list[User]":
    """Return the reps to whom `user` may give a lead."""
    reps = User.objects.filter(is_active=True, role="rep").exclude(pk=user.pk)
    return list(
        (reps if user.is_admin else reps.filter(teams__in=user.team_ids())).distinct().order_by("first_name", "id")
    )
