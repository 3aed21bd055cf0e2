"""Touches that look made for the clock: just before it was due without a word, or three within a minute."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.people.models import Team, User
from handoff.queue.models import Clock, Touch

LOOKED_BACK = timedelta(days=30)
JUST_BEFORE = timedelta(minutes=5)
MANY, WITHIN = 3, timedelta(minutes=1)
AT_MOST = 200


@dataclass(frozen=True)
class OddStop:
    """One touch, and what is odd about it."""

    touch: Touch
    why: str | Promise


def one_key_evidence() -> str:
    """Return what stands as evidence of a touch that was logged with one key: no more than that it was."""
    return _("logged with one key")


def teams_that_list(user: User) -> list[Team]:
    """Return the teams of `user` that agreed to such a list."""
    teams = Team.objects.filter(keeps_odd_stops=True)
    return list(teams if user.is_admin else teams.filter(pk__in=user.team_ids()))


def odd_stops(teams: list[Team], *, at: datetime) -> list[OddStop]:
    """Return the odd touches of the last 30 days in the handoffs of `teams`, newest first."""
    touches = Touch.objects.filter(handoff__team__in=teams, logged_at__gt=at - LOOKED_BACK)
    wordless = touches.filter(Q(evidence="") | Q(evidence__in=_one_key_texts()), note="")
    in_time = Clock.objects.filter(stopped_at__lte=F("due_at"), stopped_at__gte=F("due_at") - JUST_BEFORE)
    late = wordless.filter(handoff__clocks__in=in_time, handoff__clocks__stopped_at=F("at"))
    why: dict[int, str | Promise] = dict.fromkeys(_in_bursts(touches), gettext_lazy("three or more within a minute"))
    why |= dict.fromkeys(late.values_list("pk", flat=True), gettext_lazy("just before it was due, without a word"))
    found = Touch.objects.filter(pk__in=why).select_related("by", "handoff__lead").order_by("-logged_at", "-pk")
    return [OddStop(touch, why[touch.pk]) for touch in found[:AT_MOST]]


def _in_bursts(touches: "QuerySet[Touch]") -> set[int]:
    by_person: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for person, moment, pk in touches.order_by("logged_at", "pk").values_list("by", "logged_at", "pk"):
        by_person[person].append((moment, pk))
    return {
        pk
        for logged in by_person.values()
        for first, last in zip(range(len(logged)), range(MANY - 1, len(logged)), strict=False)
        if logged[last][0] - logged[first][0] <= WITHIN
        for _moment, pk in logged[first : last + 1]
    }


def _one_key_texts() -> set[str]:
    texts = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            texts.add(one_key_evidence())
    return texts
