"""Being away: said by oneself or a manager, ended by coming back."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.lib.refusals import Incomplete, require
from handoff.outbox.audit import record
from handoff.people.models import Absence, User, UserQuerySet


@transaction.atomic
def be_away(
    user: User,
    *,
    by: User,
    at: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    kind: str = Absence.Kind.LEAVE,
) -> Absence:
    """Keep that `user` is away from `starts_at` (else now) until before `ends_at` (else until they are back)."""
    require(may_say_of(user, by))
    starts_at = starts_at or at
    if ends_at is not None and ends_at <= max(starts_at, at):
        message = _("An absence ends after it begins, and not in the past.")
        raise Incomplete(message, fields={"ends_at": message})
    absence = Absence.objects.create(user=user, kind=kind, starts_at=starts_at, ends_at=ends_at, by=by, created_at=at)
    record("away", f"user {user.pk}", by=by, at=at, kind=kind)
    return absence


def be_sick_today(user: User, *, at: datetime) -> Absence:
    """Keep that `user` is sick from `at` until the end of their day."""
    today = at.astimezone(ZoneInfo(user.time_zone)).date()
    midnight = day_begins(today + timedelta(days=1), user)
    return be_away(user, by=user, at=at, ends_at=midnight, kind=Absence.Kind.SICK)


@transaction.atomic
def come_back(user: User, *, by: User, at: datetime) -> int:
    """End the absences of `user` that last at `at` and return how many; what was handed on stays where it is."""
    require(may_say_of(user, by))
    lasting = Absence.objects.at(at).filter(user=user)
    ended = lasting.filter(starts_at__lt=at).update(ends_at=at)
    mistaken, _rows = lasting.filter(starts_at=at).delete()  # an absence of no time is none
    if ended or mistaken:
        record("back", f"user {user.pk}", by=by, at=at)
    return ended + mistaken


@transaction.atomic
def call_off(absence: Absence, *, by: User, at: datetime) -> bool:
    """Take an absence back that has not begun at `at`, and return whether there was one."""
    require(may_say_of(absence.user, by))
    deleted, _rows = Absence.objects.filter(pk=absence.pk, starts_at__gt=at).delete()
    if deleted:
        record("absence called off", f"user {absence.user_id}", by=by, at=at, starts_at=absence.starts_at.isoformat())
    return bool(deleted)


def may_say_of(user: User, by: User) -> bool:
    """Return whether `by` may say that `user` is away: oneself, a manager of theirs, an administrator."""
    return by.pk == user.pk or people_led_by(by).filter(pk=user.pk).exists()


def people_led_by(user: Any) -> UserQuerySet:
    """Return those whose absences `user` may enter: of an administrator everybody, of a manager their teams'."""
    people = User.objects.filter(is_active=True).order_by("first_name", "id")
    if user.is_admin:
        return people
    return people.filter(teams__in=user.team_ids()).distinct() if user.is_manager else people.none()


def day_begins(day: date, user: User) -> datetime:
    """Return when `day` begins where `user` is."""
    return datetime.combine(day, time(), ZoneInfo(user.time_zone))
