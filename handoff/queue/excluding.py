"""Keeping the exclusion list: entries that hold whoever they match, and let go of them when they end.

The entry is the act. Those who are known already follow a thousand at a time, each lot in a transaction of its own:
the first lot with the act, the others by the tick, which also ends what has expired.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.leads.exclusions import clean_pattern, close_gate, justify_anew, known_to
from handoff.leads.models import Exclusion, Hold, Lead
from handoff.leads.normalising import BadValue
from handoff.lib.refusals import Incomplete, WrongStage, require
from handoff.outbox.audit import record
from handoff.outbox.notices import News, notify_all
from handoff.people.models import User
from handoff.queue.cooling import cool
from handoff.queue.models import Handoff
from handoff.queue.rescoring import rescore
from handoff.queue.working import lock_leads

AT_ONCE = 1000


def may_exclude(user: User) -> bool:
    """Return whether `user` keeps the exclusion list: marketers and administrators."""
    return user.is_marketer or user.is_admin


def exclude(
    *, kind: str, value: str, why: str, by: User, at: datetime, note: str = "", expires_at: datetime | None = None
) -> Exclusion:
    """Put an entry on the list: who comes in from now on is held by it, and soon whoever is known already."""
    require(may_exclude(by))
    try:
        pattern = clean_pattern(kind, value)
    except BadValue as error:
        raise Incomplete(str(error), fields={"value": str(error)}) from error
    if expires_at is not None and expires_at <= at:
        message = _("Choose a date in the future.")
        raise Incomplete(message, fields={"expires_at": message})
    with transaction.atomic():
        close_gate()
        same = Exclusion.objects.filter(kind=kind, value=pattern, ended_at=None)
        same.filter(expires_at__lte=at).update(ended_at=at)
        if same.exists():
            raise WrongStage(_("“%(value)s” is on the list already.") % {"value": pattern})
        given = {"kind": kind, "value": pattern, "why": why, "note": note.strip()[:300]}
        entry = Exclusion.objects.create(**given, by=by, at=at, expires_at=expires_at)
        record("excluded", f"exclusion {entry.pk}", by=by, at=at, kind=kind, value=pattern)
    _hold_some(entry, at=at)
    return entry


def end_exclusion(entry: Exclusion, *, by: User, at: datetime) -> None:
    """Take `entry` off the list: whoever no other entry holds is let go, and handed over where the score says so."""
    require(may_exclude(by))
    with transaction.atomic():
        if not Exclusion.objects.filter(pk=entry.pk, ended_at=None).update(ended_at=at, ended_by=by):
            raise WrongStage(_("“%(value)s” is no longer on the list.") % {"value": entry.value})
        record("exclusion ended", f"exclusion {entry.pk}", by=by, at=at, value=entry.value)
    _release_some(at=at, of=entry)
    entry.refresh_from_db()


def keep_list(*, at: datetime) -> int:
    """End what has expired, hold whom new entries match, and let go whom ended ones held; return how many changed."""
    ended = Exclusion.objects.filter(ended_at=None, expires_at__lte=at).update(ended_at=at)
    for entry in Exclusion.objects.standing(at).filter(applied_at=None).order_by("id"):
        ended += _all_lots(lambda entry=entry: _hold_some(entry, at=at))  # type: ignore[misc]
    return ended + _all_lots(lambda: _release_some(at=at))


def _all_lots(lot: Callable[[], int]) -> int:
    done = 0
    while changed := lot():
        done += changed
        if changed < AT_ONCE:
            break
    return done


@transaction.atomic
def _hold_some(entry: Exclusion, *, at: datetime) -> int:
    """Hold some of those who are known and not held by `entry` yet; return how many."""
    found = list(known_to(entry).order_by("id").values_list("id", flat=True)[:AT_ONCE])
    lock_leads(found)
    ids = list(known_to(entry).filter(pk__in=found).order_by("id").values_list("id", flat=True))
    holds = [Hold(lead_id=pk, reason=Hold.Reason.EXCLUDED, exclusion=entry, at=at) for pk in ids]
    Hold.objects.bulk_create(holds, ignore_conflicts=True)
    handoffs = Handoff.objects.open().filter(lead__in=ids).select_related("lead", "team", "claimed_by", "assigned_to")
    _take_back(handoffs.order_by("id"), entry, at)
    if len(found) < AT_ONCE:
        Exclusion.objects.filter(pk=entry.pk).update(applied_at=at)
    return len(found)


def _take_back(handoffs: "QuerySet[Handoff]", entry: Exclusion, at: datetime) -> None:
    """What nobody worked on cools, as if its score no longer held; what somebody has stays, and they are told."""
    news = []
    for handoff in handoffs:
        if cool(handoff, cooled_at=at, at=at):
            continue
        words = {"lead": handoff.lead.name, "entry": entry}
        news.append(
            News(
                [handoff.holder] if handoff.holder else list(User.objects.managers_of(handoff.team)),
                cause=f"excluded:{entry.pk}:{handoff.pk}",
                say=lambda words=words: (  # type: ignore[misc]
                    _("%(lead)s is on marketing's exclusion list now: %(entry)s. What is open stays open.") % words
                ),
                url=reverse("handoff", args=[handoff.pk]),
                about=f"handoff {handoff.pk}",
            )
        )
    notify_all(news, at=at)


@transaction.atomic
def _release_some(*, at: datetime, of: Exclusion | None = None) -> int:
    """Look again at some who are held by an entry that has ended; return at how many."""
    over = Hold.objects.filter(reason=Hold.Reason.EXCLUDED, released_at=None, exclusion__ended_at__isnull=False)
    over = over.filter(exclusion=of) if of else over
    ids = list(over.order_by("lead_id").values_list("lead_id", flat=True)[:AT_ONCE])
    lock_leads(ids)
    leads = list(Lead.objects.filter(pk__in=ids).select_related("company").order_by("id"))
    rescore(justify_anew(leads, at=at), at=at)
    return len(ids)
