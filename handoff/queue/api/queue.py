"""The queue: its rows, and taking whatever is most urgent."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.lib.api import StrictView
from handoff.lib.paging import Key
from handoff.lib.refusals import NotAllowed, Refusal, require
from handoff.people.doors import person
from handoff.queue import claiming
from handoff.queue.api.bodies import AssignManyBody, checked
from handoff.queue.api.serializers import QueueRow, SqlRow
from handoff.queue.bulk import assign_many
from handoff.queue.filters import HandoffFilter
from handoff.queue.models import Clock, Handoff, NextStep, Qualification
from handoff.queue.presenting import with_next_steps


class NothingWaits(Refusal):
    """No lead waits that they could take."""

    code = "nothing_waiting"
    status = 404


def shown(handoffs: "QuerySet[Handoff]") -> "QuerySet[Handoff]":
    """Return `handoffs` with all that a row shows, in a fixed number of queries."""
    clocks = Clock.objects.select_related("policy", "breach")
    planned = NextStep.objects.filter(ended_at=None)
    return handoffs.select_related(
        "lead__company", "lead__score", "claimed_by", "assigned_to", "team", "sample"
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
        return shown(Handoff.objects.visible_to(person(self.request)).open())


class QueueDetail(RetrieveAPIView[Handoff]):
    """Show one handoff, also one that has its verdict."""

    scope = "queue"
    queryset = Handoff.objects.none()
    serializer_class = QueueRow

    def get_queryset(self) -> "QuerySet[Handoff]":
        return shown(Handoff.objects.visible_to(person(self.request)))


class Qualified(ListAPIView[Qualification]):
    """The SQLs in hand that this person may see, the readiest first; `id` is that of the handoff."""

    scope = "queue"
    queryset = Qualification.objects.none()
    serializer_class = SqlRow
    order = (Key("readiness", descending=True), Key("id"))

    def get_queryset(self) -> "QuerySet[Qualification]":
        found = Qualification.objects.visible_to(person(self.request)).in_hand()
        return with_next_steps(found.by_readiness(timezone.localdate()))


class GivenShape(serializers.Serializer[Any]):
    """The ids that were given, and each that was not, with why."""

    assigned = serializers.ListField(child=serializers.IntegerField())
    rejected = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class AssignMany(StrictView):
    """Giving many away at once."""

    scope = "queue"

    @extend_schema(operation_id="queue_assign_many", request=AssignManyBody, responses=GivenShape)
    def post(self, request: Request) -> Response:
        """Give up to 1000 handoffs to a rep or out by turn, as their manager; what cannot be given is named."""
        user, now = person(request), timezone.now()
        require(user.is_manager or user.is_admin)
        said = checked(AssignManyBody(data=request.data, context={"user": user}))
        given = assign_many(dict.fromkeys(said["handoffs"]), to=said["to"], by=user, at=now)
        done, refused = [handoff.pk for handoff in given.done], dict(given.refused)
        rejected = [{"id": one.pk, "code": why.code, "detail": why.message} for one, why in refused.items()]
        missing = {*said["handoffs"]} - {*done, *(one.pk for one in refused)}
        gone = _("There is no such handoff.")
        rejected += [{"id": pk, "code": "not_found", "detail": gone} for pk in sorted(missing)]
        return Response({"assigned": done, "rejected": rejected})


class TakeNext(StrictView):
    """Taking whatever is most urgent."""

    scope = "queue"

    @extend_schema(request=None, responses=QueueRow)
    def post(self, request: Request) -> Response:
        """Claim the most urgent lead that waits in the queues of one's teams; 404 `nothing_waiting` if none does."""
        user, now = person(request), timezone.now()
        if user.is_marketer and not user.is_admin:
            raise NotAllowed
        handoff = claiming.take_next(by=user, at=now)
        if handoff is None:
            raise NothingWaits(_("No lead waits in your teams' queues."))
        return row(handoff.pk)
