"""Handing on what people hold who are away, as their team wishes."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import ngettext

from handoff.outbox.audit import record
from handoff.outbox.notices import notify
from handoff.people.models import Absence, Team, User
from handoff.queue.assignment import assign_to, end_assignment, give_back, tell_nobody_is_free
from handoff.queue.models import Assignment, Handoff
from handoff.queue.rotation import next_in_turn
from handoff.queue.working import lock_lead

How = Assignment.How


def hand_on_due(*, at: datetime) -> int:
    """Hand on, once per absence, the open leads of whoever is away at `at`; return how many were handed on."""
    handed_on = 0
    for absence in Absence.objects.at(at).filter(handed_on_at=None).select_related("user").order_by("id"):
        held = Handoff.objects.open().held_by(absence.user).order_by("id").only("lead")
        number = sum(_hand_on(handoff, absence, at=at) for handoff in held)
        with transaction.atomic():
            # Last, so that a tick that was stopped halfway goes on where it was.
            if Absence.objects.filter(pk=absence.pk, handed_on_at=None).update(handed_on_at=at) and number:
                _tell_managers(absence, number, at)
        handed_on += number
    return handed_on


@transaction.atomic
def _hand_on(handoff: Handoff, absence: Absence, *, at: datetime) -> bool:
    """Do with one lead what its team wishes and return whether it changed hands. Its clocks run on."""
    lock_lead(handoff.lead_id)
    held = Handoff.objects.open().held_by(absence.user).select_for_update(of=("self",)).filter(pk=handoff.pk)
    found = held.select_related("lead", "team").first()
    if found is None or found.team is None or found.team.on_absence == Team.OnAbsence.KEEP or _waits(found, absence):
        return False
    # Whoever is away no longer has it from then on, however late a worker notices.
    end_assignment(found, at=max(absence.starts_at, absence.created_at), because=How.ABSENCE)
    rep = None
    if found.team.on_absence == Team.OnAbsence.NEXT:
        rep = next_in_turn(found.team, at=at, avoiding=absence.user)
    if rep:
        assign_to(found, rep, how=How.ABSENCE, by=None, at=at, because=How.ABSENCE)
    else:
        give_back(found, because=How.ABSENCE, at=at)
        if found.team.on_absence == Team.OnAbsence.NEXT:
            tell_nobody_is_free(found, at=at)
    record("handed on", f"handoff {found.pk}", by=None, at=at, away=absence.user_id, to=rep.pk if rep else None)
    return True


def _waits(handoff: Handoff, absence: Absence) -> bool:
    """Return whether nothing is planned with the lead before its holder is back."""
    return bool(handoff.next_step_at and absence.ends_at and handoff.next_step_at >= absence.ends_at)


def _tell_managers(absence: Absence, number: int, at: datetime) -> None:
    def say() -> str:
        said = ngettext(
            "%(name)s is away; %(n)d lead was handed on.", "%(name)s is away; %(n)d leads were handed on.", number
        )
        return said % {"name": absence.user, "n": number}

    teams = Team.objects.filter(memberships__user=absence.user)
    managers = {user.pk: user for team in teams for user in User.objects.managers_of(team)}
    url = f"{reverse('queue')}?view=team"
    notify(managers.values(), cause=f"absence:{absence.pk}", say=say, url=url, at=at, by_mail=False)
