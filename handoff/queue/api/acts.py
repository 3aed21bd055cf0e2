"""Every act on a handoff: what its door takes, who may do it, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.openapi import AutoSchema
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.lib.api import StrictView
from handoff.lib.refusals import NotAllowed, Stale, require
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue import claiming, deals, next_steps, noting, snoozing, takeover, touching, undoing
from handoff.queue.api import bodies
from handoff.queue.api.queue import row
from handoff.queue.api.serializers import QueueRow
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Handoff, Verdict
from handoff.queue.models.handoffs import HandoffQuerySet
from handoff.queue.qualification import correct_sql, qualify
from handoff.queue.working import lock_lead, require_work


def require_version(handoff: Handoff, version: int | None) -> None:
    """Refuse where `handoff` changed since the caller looked, and hold it still otherwise."""
    if version is None:
        return
    lock_lead(handoff.lead_id)
    found = Handoff.objects.select_for_update(of=("self",)).get(pk=handoff.pk)
    if found.version != version:
        raise Stale(_("This lead changed since you opened it; look again and repeat."))


def if_unchanged(act: Callable[..., object]) -> Callable[..., None]:
    """Return `act`, which asks for no version itself, for callers who name the one that they saw."""

    def acted(handoff: Handoff, *, version: int | None, **given: Any) -> None:
        require_version(handoff, version)
        act(handoff, **given)

    return acted


def claim(handoff: Handoff, *, version: int | None, by: User, at: datetime) -> None:
    """Claim `handoff`; that somebody was first is said before that it changed."""
    if handoff.is_open and handoff.claimed_by_id is None:
        require_version(handoff, version)
    claiming.claim(handoff, by=by, at=at)


def leave_to_act(_handoff: Handoff, _user: User) -> None:
    """Refuse nobody beforehand."""


def require_in_hand(handoff: Handoff, user: User) -> None:
    """Refuse who may not work it; about an SQL the act knows."""
    if handoff.verdict != Verdict.QUALIFIED:
        require_work(handoff, user)


def require_manager(_handoff: Handoff, user: User) -> None:
    """Refuse who leads no team."""
    require(user.is_manager or user.is_admin)


def require_seller(_handoff: Handoff, user: User) -> None:
    """Refuse who gives no verdicts."""
    if user.is_marketer and not user.is_admin:
        raise NotAllowed


@dataclass(frozen=True)
class Act:
    """One act as its door needs it: in words, the act itself, its body, and who is refused before that is read."""

    said: str
    do: Callable[..., object]
    body: type[bodies.ActBody] = bodies.ActBody
    require: Callable[[Handoff, User], None] = require_work
    reach: Callable[[HandoffQuerySet, User], HandoffQuerySet] = HandoffQuerySet.visible_to


ACTS = {
    "claim": Act(
        "Take it; 409 `already_taken` where somebody else was first.",
        claim,
        require=leave_to_act,
        # Also what a colleague just took, so that the second hears who was first.
        reach=HandoffQuerySet.once_visible_to,
    ),
    "release": Act("Give it back to its team, with a reason.", claiming.release, bodies.ReasonBody),
    "pass": Act("Give it to a colleague, with a line.", claiming.pass_on, bodies.PassBody),
    "assign": Act("Give it to a rep, as manager.", claiming.assign, bodies.AssignBody, require_manager),
    "touches": Act(
        "Log one contact or attempt; the first one also accepts the lead.", touching.log_touch, bodies.TouchBody
    ),
    "next-step": Act(
        "Plan what happens next with an open handoff or an SQL, or take the plan away.",
        next_steps.plan_next_step,
        bodies.NextStepBody,
        require_in_hand,
    ),
    "notes": Act("Leave a note for colleagues.", if_unchanged(noting.add_note), bodies.NoteBody),
    "snooze": Act(
        "Put it out of sight until a time, or with `until` null bring it back.", snoozing.snooze, bodies.SnoozeBody
    ),
    "qualify": Act("Say yes: the lead becomes an SQL.", qualify, bodies.QualifyBody),
    "disqualify": Act("Say no: why, for how long, and which rules were wrong.", disqualify, bodies.DisqualifyBody),
    "take-on": Act(
        "Accept an SQL that a colleague passed on; it stops the takeover clock.",
        if_unchanged(takeover.accept_takeover),
        require=leave_to_act,
    ),
    "give-back": Act(
        "Give an SQL back to who qualified it, with a reason, instead of taking it on.",
        if_unchanged(takeover.return_takeover),
        bodies.ReasonBody,
        leave_to_act,
    ),
    "pass-sql": Act(
        "Offer an SQL to another colleague.", if_unchanged(takeover.pass_sql), bodies.AssignBody, leave_to_act
    ),
    "sql": Act(
        "Write down what was learned about an SQL.", if_unchanged(correct_sql), bodies.CorrectBody, leave_to_act
    ),
    "opportunity": Act("An SQL becomes an opportunity.", if_unchanged(deals.open_opportunity), require=leave_to_act),
    "won": Act("An SQL bought.", if_unchanged(deals.win), bodies.WonBody, leave_to_act),
    "lost": Act(
        "An SQL did not buy: why, and when it may come back.", if_unchanged(deals.lose), bodies.LostBody, leave_to_act
    ),
    "undo": Act("Take back one's own verdict within ten seconds.", if_unchanged(undoing.undo), require=require_seller),
    "overturn": Act(
        "Reopen a handoff whose verdict was wrong, as manager, with a reason.",
        if_unchanged(undoing.overturn),
        bodies.ReasonBody,
        require_manager,
    ),
}


class ActSchema(AutoSchema):
    """Describes an act: what it takes, and that it answers with the row."""

    def get_request_serializer(self) -> Any:
        return self.view.act.body  # type: ignore[attr-defined]

    def get_response_serializers(self) -> Any:
        return QueueRow

    def get_description(self) -> str:  # type: ignore[override]
        return str(self.view.act.said)  # type: ignore[attr-defined]


class ActView(StrictView):
    """One act on one handoff, answered with its row as it is then."""

    scope = "queue"
    schema = ActSchema()
    act: Act = ACTS["claim"]  # its address says which

    def post(self, request: Request, pk: int) -> Response:
        """Do it, unless they may not or something is missing."""
        user, now = person(request), timezone.now()
        reachable = self.act.reach(Handoff.objects.all(), user).select_related("claimed_by", "assigned_to")
        handoff = get_object_or_404(reachable, pk=pk)
        self.act.require(handoff, user)
        given = bodies.checked(self.act.body(data=request.data, context={"user": user, "handoff": handoff}))
        with transaction.atomic():
            self.act.do(handoff, **given, by=user, at=now)
        return row(pk)
