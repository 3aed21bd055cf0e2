"""Telling people: one line under the bell, at most once per person and cause; `bundling.py` makes mail of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation

from handoff.lib.inserting import insert_new
from handoff.outbox.models import Notice, NoticeQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

# Mail never leaves before the act that caused it can no longer be undone.
UNDO_TIME = timedelta(seconds=10)
BUNDLING_TIME = timedelta(seconds=60)  # what else happens meanwhile comes in the same mail
MORNING, SATURDAY = time(8), 5


def notify(
    people: "Iterable[AbstractUser]",
    *,
    cause: str,
    say: Callable[[], str],
    url: str,
    at: datetime,
    by_mail: bool = True,
    about: str = "",
    urgent: bool = False,
) -> None:
    """Tell each of `people` once for `cause`; `say` returns the text, and is called in their language and time zone.

    `about` names the row, such as "handoff 12", so that the notice can be settled with it.
    """
    news = News(people, cause, say, url, by_mail=by_mail, about=about, urgent=urgent)
    notify_all([news], at=at)


@dataclass(frozen=True)
class News:
    """What some people are told, as `notify` takes it."""

    people: "Iterable[AbstractUser]"
    cause: str
    say: Callable[[], str]
    url: str
    by_mail: bool = True
    about: str = ""
    urgent: bool = False


def notify_all(news: Iterable[News], *, at: datetime) -> None:
    """Tell many things at once."""
    told = [(one, person) for one in news for person in one.people]
    columns = ("user_id", "cause", "text", "url", "about", "created_at", "mail_after")
    rows = [
        (person.pk, one.cause, text, one.url, one.about, at, _mail_time(one, person, at))
        for (one, person), text in zip(told, _texts(told), strict=True)
    ]
    insert_new(Notice, columns, rows)


def _texts(told: "list[tuple[News, AbstractUser]]") -> list[str]:
    """Return what each is told, in their language and time zone; these are switched once for all who share them."""
    texts, places = [""] * len(told), defaultdict(list)
    for place, (_news, person) in enumerate(told):
        places[getattr(person, "language", settings.LANGUAGE_CODE), _zone(person)].append(place)
    for (language, zone), shared in places.items():
        with translation.override(language), timezone.override(zone):
            for place in shared:
                texts[place] = told[place][0].say()[:300]
    return texts


def _mail_time(news: News, person: "AbstractUser", at: datetime) -> datetime | None:
    return mail_time(person, at=at, urgent=news.urgent) if news.by_mail else None


def mail_time(person: "AbstractUser", *, at: datetime, urgent: bool = False) -> datetime | None:
    """Return the earliest instant at which what `person` is told at `at` goes into a mail, None for never."""
    wish = getattr(person, "notice_mail", "at_once")
    if wish == "never" or not person.email:
        return None
    if wish == "digest":
        return _next_morning(at + UNDO_TIME, _zone(person))
    return at + (UNDO_TIME if urgent else BUNDLING_TIME)


def _next_morning(at: datetime, zone: ZoneInfo) -> datetime:
    morning = datetime.combine(at.astimezone(zone), MORNING, tzinfo=zone)
    while morning < at or morning.weekday() >= SATURDAY:
        morning += timedelta(days=1)  # on the wall clock: eight stays eight across summer time
    return morning


def _zone(person: "AbstractUser") -> ZoneInfo:
    return ZoneInfo(getattr(person, "time_zone", settings.TIME_ZONE))


def mark_read(notices: Iterable[int], *, user: "AbstractUser", at: datetime) -> int:
    """Mark these notices of `user` as read and return how many were unread."""
    return _read(Notice.objects.filter(user_id=user.pk, id__in=list(notices)), at)


def mark_all_read(*, user: "AbstractUser", at: datetime, up_to: int | None = None) -> int:
    """Mark the notices of `user` as read, those with an id `up_to` a last one seen, and return how many were unread."""
    mine = Notice.objects.filter(user_id=user.pk)
    return _read(mine if up_to is None else mine.filter(id__lte=up_to), at)


def settle(about: str, *, at: datetime, kinds: Iterable[str] = (), but: Iterable[str] = ()) -> int:
    """Mark what nobody need be told of `about` any more as read, so that it is not mailed either; return how many.

    `kinds` and `but` are beginnings of causes up to a colon ("waiting", or "step:5" for one clock): only those, or all
    but those.
    """
    found = Notice.objects.filter(about=about)
    if only := _of_kinds(kinds):
        found = found.filter(only)
    return _read(found.exclude(_of_kinds(but)) if but else found, at)


def hold_unread(abouts: Iterable[str]) -> None:
    """Lock what is unread about these: who settles several of them in one transaction does so first, for `_read`."""
    found = Notice.objects.unread().filter(about__in=list(abouts))
    len(found.select_for_update().order_by("id").values_list("id"))


def _of_kinds(kinds: Iterable[str]) -> Q:
    found = Q()
    for kind in kinds:
        found |= Q(cause__startswith=f"{kind}:")
    return found


@transaction.atomic(savepoint=False)
def _read(notices: NoticeQuerySet, at: datetime) -> int:
    # Locked in the order of their ids: two who want the same rows in different orders would wait in a circle.
    ids = list(notices.unread().select_for_update().order_by("id").values_list("id", flat=True))
    return Notice.objects.filter(id__in=ids).update(read_at=at, mail_after=None) if ids else 0


def withdraw(cause: str) -> None:
    """Take back what has not reached anybody: a notice that is not read, and with it the mail it would have become."""
    Notice.objects.unread().filter(cause=cause).delete()
