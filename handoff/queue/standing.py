"""How somebody's queue stands: what each view holds, what is late, and what tells that something changed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from handoff.lib.durations import spoken
from handoff.people.models import User
from handoff.queue.filters import VIEWS, midnight_after, view_conditions
from handoff.queue.models import Clock, Handoff, Qualification
from handoff.queue.presenting import SOON, short_time, with_next_steps
from handoff.sla.models import Metric

# A first touch of today may belong to a lead of last week; older ones are no news about today.
LOOKING_BACK = timedelta(days=7)
HELD = {
    "mine": gettext_lazy("%(n)d mine"),
    "today": gettext_lazy("%(n)d for today"),
    "unclaimed": gettext_lazy("%(n)d unclaimed"),
    "team": gettext_lazy("%(n)d open"),
    "snoozed": gettext_lazy("%(n)d snoozed"),
}
FEWEST = 2  # first touches, before half of them says anything


@dataclass(frozen=True)
class Standing:
    """What the views hold and how the one shown stands; `etag` changes with whatever a row could show."""

    counts: dict[str, int]
    late: int
    soon: int
    next_step_at: datetime | None
    etag: str


def standing(user: User, view: str, at: datetime) -> Standing:
    """Return how the queue of `user` stands, in one query over the open handoffs that they may see."""
    conditions = view_conditions(user, at)
    shown = conditions[view]
    figures: dict[str, Any] = {name: Count("id", filter=condition) for name, condition in conditions.items()}
    figures["late"] = Count("id", filter=shown & Q(due_at__lt=at))
    figures["soon"] = Count("id", filter=shown & Q(due_at__gte=at, due_at__lte=at + SOON))
    planned = Q(next_step_at__gte=at, next_step_at__lt=midnight_after(at))
    figures["next_step"] = Min("next_step_at", filter=shown & planned)
    # Every act makes a new version; due instants and priorities also move by themselves.
    changing = {"ids": Sum("id"), "versions": Sum("version"), "raised": Sum("priority"), "last": Max("due_at")}
    held = Handoff.objects.open_to(user).aggregate(**figures, **changing, first=Min("due_at"))
    # Scores and words such as "in 12m" move with the minute.
    seen = f"{at:%Y-%m-%d %H:%M} {sorted(held.items(), key=lambda figure: figure[0])}"
    return Standing(
        counts={name: held[name] for name in VIEWS},
        late=held["late"],
        soon=held["soon"],
        next_step_at=held["next_step"],
        etag=f'"{sha256(seen.encode()).hexdigest()[:20]}"',
    )


def headline(stands: Standing, view: str, half_within: timedelta | None, at: datetime) -> list[tuple[str, bool]]:
    """Return in words how the view stands, each with whether it is bad news."""
    words = [(str(HELD[view]) % {"n": stands.counts[view]}, False)]
    if stands.late:
        words.append((_("%(n)d late") % {"n": stands.late}, True))
    if stands.soon:
        words.append((_("%(n)d due within the hour") % {"n": stands.soon}, False))
    if stands.next_step_at:
        words.append((_("next step at %(time)s") % {"time": short_time(stands.next_step_at, at)}, False))
    if half_within is not None:
        words.append((_("half of today’s first touches within %(time)s") % {"time": spoken(half_within)}, False))
    return words


def found(number: int) -> list[tuple[str, bool]]:
    """Return in words how many leads a search or a filter found."""
    return [(ngettext("%(n)d lead found", "%(n)d leads found", number) % {"n": number}, False)]


def half_touched_within(user: User, at: datetime) -> timedelta | None:
    """Return the business time within which half of today's first touches came: a rep's own, else the teams'."""
    today = midnight_after(at) - timedelta(days=1)
    touched = Clock.objects.filter(
        metric=Metric.FIRST_TOUCH, started_at__gte=today - LOOKING_BACK, stopped_at__gte=today, stopped_at__lte=at
    ).filter(ending=Clock.Ending.MET)
    if user.is_rep:
        touched = touched.filter(handoff__claimed_by=user)
    elif user.is_manager:
        touched = touched.filter(handoff__team__in=user.team_ids())
    times = sorted(time for time in touched.values_list("elapsed", flat=True) if time is not None)
    return times[(len(times) - 1) // 2] if len(times) >= FEWEST else None


def sqls_for_today(user: User, at: datetime) -> "QuerySet[Any]":
    """Return the SQLs of `user` that want something today: to be taken on, or a next step; the most pressing first."""
    is_asked = Q(accepted_at=None) | Q(handoff__next_step_at__lt=midnight_after(at))
    found = Qualification.objects.in_hand().filter(is_asked, takes_over=user)
    return with_next_steps(found).order_by("due_at", "at", "id")
