"""The queue: its rows, and every act on a handoff."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from handoff.lib.api import refuse_unknown
from handoff.lib.paging import Key
from handoff.lib.refusals import Incomplete, NotAllowed, Refusal, Stale
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue import (
    claiming,
    disqualification,
    next_steps,
    noting,
    qualification,
    snoozing,
    takeover,
    touching,
    undoing,
)
from handoff.queue.api import bodies
from handoff.queue.api.bodies import checked
from handoff.queue.api.serializers import QueueRow
from handoff.queue.filters import HandoffFilter
from handoff.queue.models import Clock, Handoff, NextStep
from handoff.queue.working import lock_lead, require_work


class NothingWaits(Refusal):
    """No lead waits that they could take."""

    code = "nothing_waiting"
    status = 404


def shown(handoffs: "QuerySet[Handoff]") -> "QuerySet[Handoff]":
    """Return `handoffs` with all that a row shows, in a fixed number of queries."""
    clocks = Clock.objects.select_related("policy", "breach")
    planned = NextStep.objects.filter(ended_at=None)
    return handoffs.select_related(
        "lead__company", "lead__score", "claimed_by", "assigned_to", "team"
    ).prefetch_related(Prefetch("clocks", clocks), Prefetch("next_steps", planned, to_attr="planned"))


def row(pk: int) -> Response:
    """Return a handoff as it is after an act, also where it is no longer theirs to see."""
    return Response(QueueRow(shown(Handoff.objects.all()).get(pk=pk)).data)


class Queue(ListAPIView[Handoff]):
    """The open handoffs that this person may see, most urgent first."""

    scope = "queue"
    queryset = Handoff.objects.none()
    serializer_class = QueueRow
    filterset_class = HandoffFilter
    order = (
        Key("priority", descending=True),
        Key("due_at", "time", nullable=True),
        Key("total", descending=True),
        Key("id"),
    )

    def get_queryset(self) -> "QuerySet[Handoff]":
        """Return what this person may see."""
        return shown(Handoff.objects.visible_to(person(self.request)).open())


class QueueDetail(APIView):
    """One handoff."""

    scope = "queue"

    @extend_schema(responses=QueueRow)
    def get(self, request: Request, pk: int) -> Response:
        """Show one handoff, also one that has its verdict."""
        refuse_unknown(request)
        handoffs = shown(Handoff.objects.visible_to(person(request)))
        return Response(QueueRow(get_object_or_404(handoffs, pk=pk)).data)


class ActSchema(AutoSchema):
    """Describes an act by its view: what it takes, and that it answers with the row."""

    def get_request_serializer(self) -> Any:
        """Return what the act takes."""
        return self.view.body  # type: ignore[attr-defined]

    def get_response_serializers(self) -> Any:
        """Return what it answers."""
        return QueueRow

    def get_description(self) -> str:  # type: ignore[override]
        """Return the view's own words."""
        return str(type(self.view).__doc__)


class ActView(APIView):
    """One act on one handoff, answered with its row as it is then."""

    scope = "queue"
    schema = ActSchema()
    body: ClassVar[type[bodies.ActBody]] = bodies.ActBody

    def post(self, request: Request, pk: int) -> Response:
        """Do it, unless they may not or something is missing."""
        refuse_unknown(request)
        user, now = person(request), timezone.now()
        handoff = get_object_or_404(self.reachable(user), pk=pk)
        self.require(handoff, user)
        given = checked(self.body(data=request.data, context={"user": user, "handoff": handoff}))
        with transaction.atomic():
            self.act(handoff, given, by=user, at=now)
        return row(pk)

    def reachable(self, user: User) -> "QuerySet[Handoff]":
        """Return the handoffs that are there at all for `user`."""
        return Handoff.objects.visible_to(user).select_related("claimed_by", "assigned_to")

    def require(self, handoff: Handoff, user: User) -> None:
        """Refuse who may see it but not do this, before reading what they sent."""
        require_work(handoff, user)

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Call the act with what was given."""
        raise NotImplementedError


def require_version(handoff: Handoff, version: int | None) -> None:
    """Refuse where `handoff` changed since the caller looked, and hold it still otherwise."""
    if version is None:
        return
    lock_lead(handoff.lead_id)
    found = Handoff.objects.select_for_update(of=("self",)).get(pk=handoff.pk)
    if found.version != version:
        raise Stale(_("This lead changed since you opened it; look again and repeat."))


class TakeNext(APIView):
    """Taking whatever is most urgent."""

    scope = "queue"

    @extend_schema(request=None, responses=QueueRow)
    def post(self, request: Request) -> Response:
        """Claim the most urgent lead that waits in the queues of one's teams; 404 `nothing_waiting` if none does."""
        refuse_unknown(request)
        user, now = person(request), timezone.now()
        if user.is_marketer and not user.is_admin:
            raise NotAllowed
        handoff = claiming.take_next(by=user, at=now)
        if handoff is None:
            raise NothingWaits(_("No lead waits in your teams' queues."))
        return row(handoff.pk)


class Claim(ActView):
    """Take it; 409 `already_taken` where somebody else was first."""

    def reachable(self, user: User) -> "QuerySet[Handoff]":
        """Return also what a colleague just took, so that the second hears who was first."""
        return Handoff.objects.once_visible_to(user).select_related("claimed_by", "assigned_to")

    def require(self, handoff: Handoff, user: User) -> None:
        """Leave it to the act."""

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Claim it."""
        if handoff.is_open and handoff.claimed_by_id is None:
            require_version(handoff, given["version"])
        claiming.claim(handoff, by=by, at=at)


class Release(ActView):
    """Give it back to its team, with a reason."""

    body = bodies.ReasonBody

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Release it."""
        claiming.release(handoff, **given, by=by, at=at)


class PassOn(ActView):
    """Give it to a colleague, with a line."""

    body = bodies.PassBody

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Pass it on."""
        claiming.pass_on(handoff, **given, by=by, at=at)


class Assign(ActView):
    """Give it to a rep, as manager."""

    body = bodies.AssignBody

    def require(self, handoff: Handoff, user: User) -> None:
        """Refuse who leads no team."""
        if not (user.is_manager or user.is_admin):
            raise NotAllowed
        require_work(handoff, user)

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Assign it."""
        claiming.assign(handoff, **given, by=by, at=at)


class Touches(ActView):
    """Log one contact or attempt; the first one also accepts the lead."""

    body = bodies.TouchBody

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Log it."""
        happened_at = given.pop("at")
        touching.log_touch(handoff, **given, happened_at=happened_at, by=by, at=at)


class NextStepDoor(ActView):
    """Plan what happens next, or take the plan away."""

    body = bodies.NextStepBody

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Plan it."""
        step_at = given.pop("at")
        if given["what"].strip() and step_at is None:
            message = _("Say when you will do it.")
            raise Incomplete(message, fields={"at": message})
        next_steps.plan_next_step(handoff, **given, step_at=step_at, by=by, at=at)


class Notes(ActView):
    """Leave a note for colleagues."""

    body = bodies.NoteBody

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Add it."""
        require_version(handoff, given["version"])
        noting.add_note(handoff, text=given["text"] or given["note"], by=by, at=at)


class SnoozeDoor(ActView):
    """Put it out of sight until a time, or with `until` null bring it back."""

    body = bodies.SnoozeBody

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Snooze it."""
        snoozing.snooze(handoff, **given, by=by, at=at)


class Qualify(ActView):
    """Say yes: the lead becomes an SQL."""

    body = bodies.QualifyBody

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Qualify it."""
        to = given["takes_over"]
        if to and to.pk not in {by.pk, handoff.holder_id} and to not in claiming.colleagues_of(by):
            message = _("%(name)s can't take leads of yours; choose a rep of your teams.") % {"name": to}
            raise Incomplete(message, fields={"takes_over": message})
        qualification.qualify(handoff, **given, by=by, at=at)


class TakeOn(ActView):
    """Accept an SQL that a colleague passed on; it stops the takeover clock."""

    def require(self, handoff: Handoff, user: User) -> None:
        """Leave it to the act."""

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Accept it."""
        require_version(handoff, given["version"])
        takeover.accept_takeover(handoff, by=by, at=at)


class Disqualify(ActView):
    """Say no: why, for how long, and which rules were wrong."""

    body = bodies.DisqualifyBody

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Disqualify it."""
        disqualification.disqualify(handoff, **given, by=by, at=at)


class Undo(ActView):
    """Take back one's own verdict within ten seconds."""

    def require(self, handoff: Handoff, user: User) -> None:
        """Refuse who gives no verdicts."""
        if user.is_marketer and not user.is_admin:
            raise NotAllowed

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Undo it."""
        require_version(handoff, given["version"])
        undoing.undo(handoff, by=by, at=at)


class Overturn(ActView):
    """Reopen a handoff whose verdict was wrong, as manager, with a reason."""

    body = bodies.ReasonBody

    def require(self, handoff: Handoff, user: User) -> None:
        """Refuse who leads no team."""
        if not (user.is_manager or user.is_admin):
            raise NotAllowed

    def act(self, handoff: Handoff, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Overturn it."""
        require_version(handoff, given["version"])
        undoing.overturn(handoff, reason=given["reason"], by=by, at=at)
