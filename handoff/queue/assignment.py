"""Giving a handoff to a rep: who had the lead before, the colleague who knows the company, or the next in turn."""

from datetime import datetime

from django.db.models import DateTimeField, F, Max, Value
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.leads.models import Lead, Stage
from handoff.outbox.notices import notify, settle
from handoff.people.models import Absence, Team, User
from handoff.queue.models import Assignment, Handoff, Route
from handoff.queue.rotation import available, next_in_turn
from handoff.sla.agreements import Agreements
from handoff.sla.models import Policy

IN_CONTACT = (Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER)


def give_in_turn(handoff: Handoff, *, at: datetime, agreements: Agreements) -> User | None:
    """Assign a new handoff by the rules and return to whom, None where it waits for somebody to take it."""
    before = _handoff_before(handoff)
    avoiding = (
        before.holder if before and before.policy and before.policy.returns_to == Policy.ReturnsTo.OTHER else None
    )
    rep, how = None if avoiding else _had_it_before(handoff, before, at), Assignment.How.MEMORY
    if rep is None:
        rep, how = _in_contact_with_company(handoff.lead, at), Assignment.How.COLLEAGUE
        rep = None if rep == avoiding else rep
    if rep is None and handoff.team and handoff.team.giving == Team.Giving.ROTATION:
        rep = next_in_turn(handoff.team, at=at, avoiding=avoiding, agreements=agreements)
        how = Assignment.How.ROTATION
        if rep is None:
            tell_nobody_is_free(handoff, at=at)
    if rep:
        assign_to(handoff, rep, how=how, by=None, at=at, is_new=True)
    return rep


def _handoff_before(handoff: Handoff) -> Handoff | None:
    """Return the lead's last handoff; its policy says whether the same rep gets the lead again."""
    closed = Handoff.objects.filter(lead=handoff.lead_id, closed_at__isnull=False).order_by("-closed_at", "-id")
    # Most have none: whether there is one is asked for less than for all that is known about it.
    last = closed.values_list("pk", flat=True).first()
    return Handoff.objects.select_related("claimed_by", "assigned_to", "policy").get(pk=last) if last else None


def _had_it_before(handoff: Handoff, before: Handoff | None, at: datetime) -> User | None:
    """Return who held the lead's last handoff, if they are still in the team, here, and have room."""
    if before is None or before.holder_id is None or handoff.team is None:
        return None
    return next((seat.user for seat in available(handoff.team, at=at) if seat.user_id == before.holder_id), None)


def _in_contact_with_company(lead: Lead, at: datetime) -> User | None:
    if lead.company_id is None:
        return None
    others = Lead.objects.filter(company_id=lead.company_id, stage__in=IN_CONTACT, owner__is_active=True)
    here = others.exclude(pk=lead.pk).exclude(owner__in=Absence.objects.at(at).values("user"))
    last = here.select_related("owner").order_by("-stage_since", "-id").first()
    return last.owner if last else None


def tell_nobody_is_free(handoff: Handoff, *, at: datetime) -> None:
    """Tell the managers, once, that a lead of a team that is given leads waits because nobody has room."""

    def say() -> str:
        return _("Nobody in %(team)s is free for %(lead)s.") % {"team": handoff.team, "lead": handoff.lead.name}

    url = reverse("handoff", args=[handoff.pk])
    notify(
        User.objects.managers_of(handoff.team),
        cause=f"nobody-free:{handoff.pk}",
        say=say,
        url=url,
        at=at,
        about=f"handoff {handoff.pk}",
    )


def assign_to(
    handoff: Handoff,
    user: User,
    *,
    how: str,
    by: User | None,
    at: datetime,
    note: str = "",
    because: str = "",
    is_new: bool = False,
) -> None:
    """Make `user` the holder of `handoff` (locked by the caller) from `at` on; who had it before no longer has.

    Of a new one (`is_new`) there is nothing to end.
    """
    if not is_new:
        end_assignment(handoff, at=at, because=because or how)
        settle_waiting(handoff, at=at)
    begin_assignment(handoff, user, how=how, by=by, at=at, note=note, is_new=is_new)
    handoff.assigned_to, handoff.claimed_by, handoff.claimed_at, handoff.seen_at = user, None, None, None
    if user.team_ids() and handoff.team_id not in user.team_ids():
        handoff.team_id = user.team_ids()[0]
    handoff.version += 1
    handoff.save(update_fields=["assigned_to", "claimed_by", "claimed_at", "seen_at", "team", "version"])
    Lead.objects.filter(pk=handoff.lead_id).update(owner=user)
    if by is None or by.pk != user.pk:
        _tell(handoff, user, at)


def settle_waiting(handoff: Handoff, *, at: datetime) -> None:
    """Somebody has `handoff` now: nobody need hear any more that it waits, or that it was theirs before."""
    settle(f"handoff {handoff.pk}", kinds=["waiting", "assigned", "request", "nobody-free", "nobody"], at=at)


def give_back(handoff: Handoff, *, because: str, at: datetime) -> None:
    """Take `handoff` (locked by the caller) from its holder, so that it waits for its team again."""
    end_assignment(handoff, at=at, because=because)
    handoff.assigned_to = handoff.claimed_by = handoff.claimed_at = None
    handoff.version += 1
    handoff.save(update_fields=["assigned_to", "claimed_by", "claimed_at", "version"])
    Lead.objects.filter(pk=handoff.lead_id).update(owner=None)


def begin_assignment(
    handoff: Handoff, user: User, *, how: str, by: User | None, at: datetime, note: str = "", is_new: bool = False
) -> None:
    """Write down that `user` holds `handoff` from `at` on, and not before whoever held it last."""
    # An act's `at` is read before it waits for the lock, so it may lie before what the act ahead of it wrote down.
    standing = Assignment.objects.filter(handoff=handoff)
    last = standing.aggregate(ended=Max("ended_at"))["ended"] if not is_new else None
    started_at = max(at, last) if last else at
    Assignment.objects.create(handoff=handoff, user=user, how=how, by=by, note=note, started_at=started_at)


def end_assignment(handoff: Handoff, *, at: datetime, because: str) -> None:
    """End the standing assignment, if there is one, and not before it began."""
    ended_at = Greatest(F("started_at"), Value(at, DateTimeField()))
    Assignment.objects.filter(handoff=handoff, ended_at=None).update(ended_at=ended_at, ended_because=because)


def _tell(handoff: Handoff, user: User, at: datetime) -> None:
    def say() -> str:
        return _("%(lead)s was handed over to you.") % {"lead": handoff.lead.name}

    cause = f"assigned:{handoff.pk}:{handoff.version}"
    url, asked = reverse("handoff", args=[handoff.pk]), handoff.route == Route.FAST_LANE
    notify([user], cause=cause, say=say, url=url, at=at, about=f"handoff {handoff.pk}", urgent=asked)
