"""Merging: two leads are one person, so that one of them is kept, with everything of both."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Model
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.leads.consent import permissions_of
from handoff.leads.identities import kept_after, keys_of
from handoff.leads.models import Basis, Consent, Hold, Lead, LeadAlias, LeadChange, LeadScore, Stage, profile_of
from handoff.leads.recording import PLAIN, hold_objectors
from handoff.leads.uniting import unite
from handoff.lib.refusals import AlreadyMerged, Incomplete, require
from handoff.outbox.audit import record
from handoff.outbox.notices import notify, settle
from handoff.people.models import User
from handoff.queue.clocks import cancel_clocks
from handoff.queue.closing import finish
from handoff.queue.duplicates import DUPLICATE, may_merge, merge_dismissals
from handoff.queue.lapsing import end_as_lapsed, has_lapsed
from handoff.queue.models import Clock, Handoff, Merge, NotTheSame, Qualification, Recycling, Triage, Verdict
from handoff.queue.objecting import end_for_objection
from handoff.queue.receiving import collect_waiting
from handoff.queue.recycling import ASLEEP, wake_by_activities
from handoff.queue.rescoring import rescore

# How much a stage says of a person, least first: what sales has come to goes before what rests beside the road.
SAYS = (
    *(Stage.SUBSCRIBER, Stage.LEAD, Stage.NURTURE, Stage.LOST, Stage.DISQUALIFIED),
    *(Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER),
)
AT_SALES = (Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER)
MERGED = "merged"


@dataclass(frozen=True)
class Union:
    """What two leads would be as one: `lead` is a copy of the kept one, unsaved, as it would be afterwards.

    Of the open handoffs one `stays` and the others end.
    """

    lead: Lead
    stays: Handoff | None
    ends: list[Handoff]


@transaction.atomic
def merge(kept: Lead, gone: Lead, *, by: User, at: datetime) -> Merge:
    """Make one lead of two that are the same person: `kept` has everything of both, and what `gone` was known by."""
    kept, gone = _locked(kept, gone, by)
    open_ones = _open_handoffs(kept, gone)
    for handoff in open_ones:
        if has_lapsed(handoff, at=at):
            assert handoff.lapses_at is not None
            end_as_lapsed(handoff, lapsed_at=handoff.lapses_at, at=at)
    foreseen = union(kept, gone, [handoff for handoff in open_ones if handoff.is_open])
    for handoff in foreseen.ends:
        _end(handoff, stays=foreseen.stays, by=by, at=at)
    if foreseen.stays and foreseen.stays.lead_id == gone.pk:
        Handoff.objects.filter(pk=foreseen.stays.pk).update(version=F("version") + 1)
    was, gone_pk, objections = _as_it_was(gone, into=kept), gone.pk, _objections(kept) | _objections(gone)
    was_mql = LeadScore.objects.filter(lead__in=[kept, gone], is_mql=True).exists()
    _keep_one_contract(gone, kept, foreseen.lead, at)
    _bring_over(gone, kept, by, at)
    _lose(gone)
    _save(foreseen.lead, before=profile_of(kept), by=by, at=at)
    kept = foreseen.lead
    former = _lead_here(was, kept, at)
    _object_again(kept, objections, by, at)
    row = Merge.objects.create(kept=kept, gone_id=gone_pk, was=was, activities=kept.activities.count(), by=by, at=at)
    record(MERGED, f"lead {kept.pk}", by=by, at=at, gone=gone_pk, external_id=was["external_id"], email=was["email"])
    _settle(kept, by, at)
    collect_waiting(dict.fromkeys(former, kept))
    LeadScore.objects.filter(lead=kept).update(is_mql=was_mql)
    rescore([kept.pk], at=at)
    return row


def _locked(kept: Lead, gone: Lead, by: User) -> tuple[Lead, Lead]:
    """Return both, locked in the order of their ids, if `by` may merge them."""
    if kept.pk == gone.pk:
        message = _("A lead cannot be merged with itself; choose another one.")
        raise Incomplete(message, fields={"other": message})
    rows = Lead.objects.filter(pk__in=[kept.pk, gone.pk]).select_related("company").order_by("id")
    found = {lead.pk: lead for lead in rows.select_for_update(of=("self",))}
    for lead in (kept, gone):
        if lead.pk not in found:
            raise AlreadyMerged(_("%(lead)s was merged into another lead already.") % {"lead": lead.name})
        require(may_merge(found[lead.pk], by))
    return found[kept.pk], found[gone.pk]


def refuse_merged(pk: int, user: User) -> None:
    """Refuse where the lead with the id `pk` was merged into one that `user` may see; nothing where it was not."""
    kept = Lead.objects.visible_to(user).filter(pk=kept_after(pk) or 0).first()
    if kept:
        words = {"gone": f"#{pk}", "kept": kept.name}
        raise AlreadyMerged(_("%(gone)s was merged into %(kept)s already.") % words, kept=kept.pk)


def _open_handoffs(kept: Lead, gone: Lead) -> list[Handoff]:
    rows = Handoff.objects.open().filter(lead__in=[kept, gone]).select_related("team", "policy", "claimed_by")
    found = list(rows.order_by("id").select_for_update(of=("self",)))
    for handoff in found:
        handoff.lead = kept if handoff.lead_id == kept.pk else gone
    return found


def union(kept: Lead, gone: Lead, open_ones: list[Handoff]) -> Union:
    """Return what `kept` and `gone` would be as one; nothing is changed."""
    stages = {lead.pk: _stage_of(lead) for lead in (kept, gone)}
    stage = max(stages.values(), key=SAYS.index)
    ranked = sorted(open_ones, key=_precedence) if stage == Stage.MQL else []
    stays = ranked[0] if ranked else None
    # Team and owner come with what stands at sales.
    first, second = (kept, gone) if stages[kept.pk] == stage else (gone, kept)
    if stays:
        first, second = (kept, gone) if stays.lead_id == kept.pk else (gone, kept)
    lead = copy(kept)
    unite(lead, gone)
    lead.stage = stage
    lead.stage_since = min(one.stage_since for one in (kept, gone) if stages[one.pk] == stage)
    lead.woken_at = max(
        (one.woken_at for one in (kept, gone) if stages[one.pk] == stage and one.woken_at), default=None
    )
    if stage not in AT_SALES:
        first, second = kept, gone
    lead.team = first.team or second.team
    lead.owner = first.owner if stage in AT_SALES else first.owner or second.owner
    return Union(lead, stays, [handoff for handoff in open_ones if handoff is not stays])


def _stage_of(lead: Lead) -> Stage:
    """Return what its stage says of the person: that it was a duplicate says nothing of them."""
    if lead.stage in {Stage.DISQUALIFIED, Stage.NURTURE}:
        closed = Handoff.objects.filter(lead=lead, closed_at__isnull=False).order_by("-closed_at", "-id")
        if closed.values_list("disqualification__reason__slug", flat=True).first() == DUPLICATE:
            return Stage.LEAD
    return Stage(lead.stage)


def _precedence(handoff: Handoff) -> tuple[bool, datetime, datetime, int]:
    """Order open handoffs: the one that somebody touched or claimed first, else the earlier one."""
    at_work = min(filter(None, [handoff.touched_at, handoff.claimed_at]), default=None)
    return (at_work is None, at_work or handoff.opened_at, handoff.opened_at, handoff.pk)


def _end(handoff: Handoff, *, stays: Handoff | None, by: User, at: datetime) -> None:
    """End an open handoff of somebody whose other one goes on, or who is further already."""
    # Not before anything of it began: an act's time is read before it waits for the lock.
    began = handoff.clocks.running().values_list("started_at", flat=True)
    ended_at = max(at, handoff.opened_at, *began)
    cancel_clocks(handoff, happened_at=ended_at, at=at)
    holder = handoff.holder
    finish(handoff, verdict=Verdict.MERGED, at=ended_at)
    record(MERGED, f"handoff {handoff.pk}", by=by, at=at, stays=stays.pk if stays else None)
    if holder is None or holder.pk == by.pk:
        return

    def say() -> str:
        return _("%(lead)s was known twice: your handoff ended, as another one of them goes on.") % {
            "lead": handoff.lead.name
        }

    notify([holder], cause=f"merged:{handoff.pk}", say=say, url=reverse("handoff", args=[handoff.pk]), at=at)


def _as_it_was(lead: Lead, *, into: Lead) -> dict[str, Any]:
    known = {name: getattr(lead, name) for name in PLAIN}
    stood = {"stage": lead.stage, "stage_since": lead.stage_since.isoformat(), "team": lead.team_id}
    return {
        **{"id": lead.pk, "into": into.pk, "created_at": lead.created_at.isoformat()},
        **{**known, **stood, "owner": lead.owner_id, "profile": profile_of(lead)},
    }


def _bring_over(gone: Lead, kept: Lead, by: User, at: datetime) -> None:
    """Give `kept` every row that refers to `gone`, whichever table it is in."""
    LeadScore.objects.filter(lead=gone).delete()
    LeadChange.objects.filter(lead=gone, of_merged=None).update(of_merged=gone.pk)
    _keep_earliest_holds(gone, kept, by, at)
    _keep_earliest_request(gone, kept)
    merge_dismissals(gone, kept)
    for relation in Lead._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and relation.related_model is not NotTheSame:
            rows: type[Model] = relation.related_model  # type: ignore[assignment]
            name = relation.field.name  # type: ignore[union-attr]
            rows._base_manager.filter(**{name: gone}).update(**{name: kept})


def _keep_earliest_holds(gone: Lead, kept: Lead, by: User, at: datetime) -> None:
    """Of two standing holds for one reason the earlier one stands on."""
    standing = Hold.objects.filter(lead__in=[kept, gone], released_at=None).order_by("at", "id")
    seen: set[str] = set()
    for hold in standing:
        if hold.reason in seen:
            hold.released_at, hold.released_by = at, by
            hold.save(update_fields=["released_at", "released_by"])
        seen.add(hold.reason)


def _keep_one_contract(gone: Lead, kept: Lead, as_one: Lead, at: datetime) -> None:
    """Of the standing contracts the one stays under which the one lead sleeps, if it does: that which wakes first.

    One of a lead that was no more than a duplicate ends, and so does one of a lead that said less.
    """
    standing, stays = Recycling.objects.filter(lead__in=[kept, gone], woken_at=None), None
    if as_one.stage in ASLEEP and as_one.woken_at is None:
        there = standing.filter(lead__stage=as_one.stage).exclude(handoff__disqualification__reason__slug=DUPLICATE)
        stays = there.order_by("is_last", F("wake_at").asc(nulls_last=True), "at", "id").first()
    ends = standing.exclude(pk=stays.pk) if stays else standing
    ends.update(woken_at=at, woken_by=MERGED)


def _keep_earliest_request(gone: Lead, kept: Lead) -> None:
    """Of two requests on the triage list the earlier one stands on: it is one person who asks."""
    waiting = Triage.objects.filter(lead__in=[kept, gone], closed_at=None).order_by("asked_at", "id")
    Triage.objects.filter(pk__in=[row.pk for row in waiting[1:]]).delete()


def _lose(gone: Lead) -> None:
    """Delete `gone`, to which nothing refers any more."""
    deleted = gone.delete()
    assert deleted == (1, {"leads.Lead": 1}), f"rows went with a merged lead: {deleted}"


def _save(lead: Lead, *, before: dict[str, Any], by: User, at: datetime) -> None:
    after = profile_of(lead)
    differing = {name: before.get(name) for name in {*before, *after} if before.get(name) != after.get(name)}
    if differing:
        LeadChange.objects.create(lead=lead, at=at, by=by, before=differing)
    lead.updated_at = at
    lead.save()


def _lead_here(was: dict[str, Any], kept: Lead, at: datetime) -> list[str]:
    """Let what the gone lead was known by lead to `kept`; return all the keys that do so by now."""
    own = {kept.external_id, kept.email}
    named = {name: was[name] for name in ("external_id", "email") if was[name] not in own}
    LeadAlias.objects.bulk_create(LeadAlias(key=key, lead=kept, at=at) for key in keys_of(pk=was["id"], **named))
    return [*kept.aliases.values_list("key", flat=True), *keys_of(external_id=kept.external_id, email=kept.email)]


def _objections(lead: Lead) -> set[str]:
    return {name for name, permission in permissions_of(lead).items() if permission.basis == Basis.OBJECTION}


def _object_again(kept: Lead, objections: set[str], by: User, at: datetime) -> None:
    """A withdrawal on either side wins, also over a permission that the other side has from later."""
    silent = objections - _objections(kept)
    Consent.objects.bulk_create(
        Consent(lead=kept, channel=channel, basis=Basis.OBJECTION, at=at, by=by) for channel in sorted(silent)
    )
    if objections:
        hold_objectors([kept.pk], by=by, at=at)


def _settle(kept: Lead, by: User, at: datetime) -> None:
    """See to what follows for a handoff that is open, for a contract, and for takeovers that have lost their reason."""
    handoff = Handoff.objects.open().filter(lead=kept).select_related("team", "policy").first()
    if handoff and kept.holds.filter(released_at=None, reason=Hold.Reason.OBJECTION).exists():
        handoff.lead = kept
        end_for_objection(handoff, by=by, at=at)
    contract = Recycling.objects.filter(lead=kept, woken_at=None).first()
    if contract:
        # What came to the other lead since would have woken this one.
        wake_by_activities(list(kept.activities.filter(occurred_at__gte=contract.at)), at=at)
    for sql in Qualification.objects.in_hand().filter(handoff__lead=kept).exclude(takes_over=kept.owner_id):
        _give_to_the_owner(sql, kept, at)
    if kept.stage in {Stage.OPPORTUNITY, Stage.CUSTOMER}:
        waiting = Clock.objects.running().filter(handoff__lead=kept).values("handoff")
        for qualified in Handoff.objects.filter(pk__in=waiting).order_by("id"):
            cancel_clocks(qualified, happened_at=at, at=at)


def _give_to_the_owner(sql: Qualification, kept: Lead, at: datetime) -> None:
    """One person has the lead, so both SQLs that came of it are theirs; who had this one is told."""
    assert kept.owner_id is not None  # who takes an SQL on owns its lead
    about = f"handoff {sql.handoff_id}"
    cancel_clocks(sql.handoff, happened_at=at, at=at)
    settle(about, kinds=["qualified"], at=at)
    Qualification.objects.filter(pk=sql.pk).update(takes_over=kept.owner_id, accepted_at=sql.accepted_at or at)

    def say() -> str:
        return _("%(lead)s was known twice: %(name)s has both SQLs now.") % {"lead": kept.name, "name": kept.owner}

    cause, url = f"merged-sql:{sql.pk}", reverse("lead", args=[kept.pk])
    notify([sql.takes_over], cause=cause, say=say, url=url, at=at, about=about)
