"""Who may work a handoff, and holding it still while an act changes it."""

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext as _

from handoff.leads.models import Lead, LeadAlias
from handoff.lib.refusals import (
    AlreadyMerged,
    AlreadyTaken,
    Incomplete,
    NotAllowed,
    NotOpen,
    Stale,
    WrongStage,
    require,
)
from handoff.people.models import User
from handoff.queue.assignment import begin_assignment, end_assignment, settle_waiting
from handoff.queue.models import Assignment, Handoff, Qualification, Verdict


def lock_lead(lead_id: int) -> int:
    """Lock the lead of a handoff that is about to be locked or changed; return its id, another one once it is merged.

    What belongs to it is to be read afterwards.
    """
    # Lead before handoff, everywhere: activities that come in hold the lead when they look for its open handoff, and
    # an act that took the two in the other order would wait for them in a circle.
    while not list(Lead.objects.select_for_update().filter(pk=lead_id).values_list("pk")):
        lead_id = LeadAlias.objects.values_list("lead_id", flat=True).get(key=f"pk:{lead_id}")
    return lead_id


def lock_leads(ids: Collection[int]) -> None:
    """Lock these leads in order, so that what is read afterwards is how they are."""
    len(Lead.objects.filter(id__in=ids).order_by("id").select_for_update().values_list("id"))


def lock_unmerged(lead: Lead) -> None:
    """Lock `lead` for an act on itself; refuses where it was merged into another meanwhile."""
    if lock_lead(lead.pk) != lead.pk:
        raise AlreadyMerged(_("%(lead)s was merged into another lead meanwhile; look again.") % {"lead": lead.name})


def lock(handoff: Handoff, *, by: User, version: int | None = None) -> Handoff:
    """Return `handoff` locked and fresh for an act of `by`; refuses what is closed, not theirs, or changed since."""
    lock_lead(handoff.lead_id)
    found = Handoff.objects.select_for_update(of=("self",)).select_related("lead", "team").get(pk=handoff.pk)
    if not found.is_open:
        raise NotOpen(
            _("%(lead)s already has a verdict: %(verdict)s.")
            % {"lead": found.lead.name, "verdict": found.get_verdict_display()}
        )
    require_work(found, by)
    if version is not None and version != found.version:
        raise Stale(_("This lead changed since you opened it; look again and repeat."))
    return found


def lock_sql(handoff: Handoff, *, by: User, version: int | None = None) -> Qualification:
    """Return the SQL that came of `handoff`, locked, for an act of whoever takes it on, or their managers."""
    lock_lead(handoff.lead_id)
    found = (
        Qualification.objects.in_hand()
        .select_for_update(of=("self", "handoff"))
        .select_related("handoff__lead__score", "handoff__team", "handoff__policy", "takes_over", "by")
        .filter(handoff=handoff)
        .first()
    )
    if found is None:
        raise WrongStage(_("%(lead)s is no SQL.") % {"lead": handoff.lead.name})
    is_manager = by.is_manager and found.handoff.team_id in by.team_ids()
    require(by.is_admin or is_manager or found.takes_over_id == by.pk)
    if version is not None and version != found.handoff.version:
        raise Stale(_("This lead changed since you opened it; look again and repeat."))
    return found


def lock_in_hand(handoff: Handoff, *, by: User, version: int | None = None) -> Handoff:
    """Return `handoff` locked for what may be done about open handoffs and about SQLs."""
    is_sql = handoff.verdict == Verdict.QUALIFIED
    return lock_sql(handoff, by=by, version=version).handoff if is_sql else lock(handoff, by=by, version=version)


def require_colleague(to: User, by: User) -> None:
    """Refuse unless `to` is a rep to whom `by` may give leads."""
    shared = set(to.team_ids()) & set(by.team_ids())
    if not to.is_active or not to.is_rep or not (shared or by.is_admin):
        message = _("%(name)s can't take leads of yours; choose a rep of your teams.") % {"name": to}
        raise Incomplete(message, fields={"to": message})


def require_work(handoff: Handoff, user: User) -> None:
    """Refuse unless `user` may work on `handoff`: its holder, a rep of its team while nobody has it, its managers."""
    if not may_work(handoff, user):
        if handoff.holder_id and user.is_rep:
            raise AlreadyTaken(_("%(name)s has this lead.") % {"name": handoff.holder})
        raise NotAllowed


def may_work(handoff: Handoff, user: User) -> bool:
    """Return whether `user` may touch, pass on or judge `handoff`."""
    if user.is_admin:
        return True
    in_team = handoff.team_id in user.team_ids()
    if user.is_manager:
        return in_team or handoff.holder_id == user.pk
    return user.is_rep and (handoff.holder_id == user.pk or (in_team and handoff.holder_id is None))


def accept(handoff: Handoff, *, by: User, at: datetime) -> None:
    """Make `by` the one who accepted `handoff` (locked), as the first act on it does; managers leave it as it is."""
    if handoff.claimed_by_id is not None or not by.is_rep:
        return
    if handoff.assigned_to_id != by.pk:
        if handoff.assigned_to_id:
            end_assignment(handoff, at=at, because=Assignment.How.CLAIM)
        begin_assignment(handoff, by, how=Assignment.How.CLAIM, by=by, at=at)
    settle_waiting(handoff, at=at)
    handoff.claimed_by, handoff.claimed_at = by, at
    handoff.seen_at = handoff.seen_at or at
    if handoff.lead.owner_id != by.pk:
        handoff.lead.owner = by
        handoff.lead.save(update_fields=["owner"])


def save(handoff: Handoff, *fields: str) -> None:
    """Save these fields of a locked handoff, as a new version."""
    handoff.version += 1
    handoff.save(update_fields=["version", "claimed_by", "claimed_at", "seen_at", *fields])


def copy_state(source: Handoff, target: Handoff) -> None:
    """Bring the caller's copy up to date without another query."""
    for name in source.__dict__:
        if name != "_state":
            setattr(target, name, source.__dict__[name])
