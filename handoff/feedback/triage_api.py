"""The triage list by program."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from handoff.feedback.triage import why_held, with_what_rows_show
from handoff.leads.models import Activity, Hold, Lead
from handoff.lib.api import refuse_unknown
from handoff.lib.bodies import Instant
from handoff.lib.paging import Key
from handoff.lib.refusals import require
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue.api.bodies import Body, checked, optional_text
from handoff.queue.models import Triage
from handoff.queue.triage import keep_held, let_through, may_triage


class AskingLead(serializers.ModelSerializer[Lead]):
    """Who asks."""

    name = serializers.CharField(read_only=True)
    company = serializers.CharField(source="company.name", default="")

    class Meta:
        model = Lead
        fields = ("id", "name", "email", "company", "stage")


class RequestShown(serializers.ModelSerializer[Activity]):
    """What they did and wrote."""

    occurred_at = Instant()
    properties = serializers.DictField()

    class Meta:
        model = Activity
        fields = ("id", "kind", "occurred_at", "properties")


class WhyShown(serializers.Serializer[Any]):
    """Why the lead is kept out of the queue, and since when."""

    reason = serializers.ChoiceField(choices=[*Hold.Reason.values, "disqualified"])
    text = serializers.CharField()
    since = Instant()


class TriageRow(serializers.ModelSerializer[Triage]):
    """One request on the list."""

    lead = AskingLead()
    request = RequestShown(allow_null=True, help_text="The latest, where they asked more than once.")
    held = serializers.SerializerMethodField()
    asked_at = Instant()
    raised_at = Instant(allow_null=True)
    due_at = Instant(allow_null=True)
    closed_at = Instant(allow_null=True)
    by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    handoff = serializers.PrimaryKeyRelatedField[Any](read_only=True, allow_null=True)

    class Meta:
        model = Triage
        fields = (
            *("id", "lead", "request", "held", "asked_at", "raised_at", "due_at"),
            *("closed_at", "outcome", "by", "note", "handoff"),
        )

    def get_held(self, triage: Triage) -> list[dict[str, Any]]:
        """Return each reason."""
        return WhyShown(why_held(triage), many=True).data  # type: ignore[return-value]


class TriageList(ListAPIView[Triage]):
    """The requests that wait for marketing's answer, what is overdue first."""

    scope = "queue"
    queryset = Triage.objects.none()
    serializer_class = TriageRow
    order = (Key("due_at", "time", nullable=True), Key("id"))

    def get_queryset(self) -> "QuerySet[Triage]":
        """Return what this person may see."""
        refuse_unknown(self.request)
        return with_what_rows_show(Triage.objects.visible_to(person(self.request)).waiting())


class LetThroughBody(Body):
    """A line for sales."""

    note = optional_text(300)


class KeepBody(Body):
    """Why the lead stays out."""

    reason = optional_text(300)


class AnswerSchema(AutoSchema):
    """Describes an answer by its view."""

    def get_request_serializer(self) -> Any:
        """Return what it takes."""
        return self.view.body  # type: ignore[attr-defined]

    def get_response_serializers(self) -> Any:
        """Return what it answers."""
        return TriageRow

    def get_description(self) -> str:  # type: ignore[override]
        """Return the view's own words."""
        return str(type(self.view).__doc__)


class LetThrough(APIView):
    """Release what holds the lead, and hand it over at once by the fast lane; 409 `not_open` where it is answered."""

    scope = "queue"
    schema = AnswerSchema()
    body: ClassVar[type[Body]] = LetThroughBody

    def post(self, request: Request, pk: int) -> Response:
        """Answer the request, unless they may not or something is missing."""
        refuse_unknown(request)
        user, now = person(request), timezone.now()
        triage = get_object_or_404(Triage.objects.visible_to(user), pk=pk)
        require(may_triage(user))
        self.act(triage, checked(self.body(data=request.data)), by=user, at=now)
        return Response(TriageRow(with_what_rows_show(Triage.objects.all()).get(pk=pk)).data)

    def act(self, triage: Triage, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Let it through."""
        let_through(triage, **given, by=by, at=at)


class Keep(LetThrough):
    """Keep the lead out of the queue, with a `reason`; if it asks again, it is listed anew."""

    body = KeepBody

    def act(self, triage: Triage, given: dict[str, Any], *, by: User, at: datetime) -> None:
        """Keep it."""
        keep_held(triage, **given, by=by, at=at)
