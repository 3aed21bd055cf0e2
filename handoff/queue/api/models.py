"""Scoring models: listed, shown, published."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from handoff.lib.api import refuse_unknown
from handoff.lib.refusals import NotAllowed, Refusal
from handoff.people.doors import person
from handoff.queue.api import serializers as shown
from handoff.queue.api.bodies import PublishBody, checked
from scoring.models import ScoringModel
from scoring.publishing import NotPublishable, publish


class HasProblems(Refusal):
    """A model that cannot go live; `problems` says why."""

    code = "not_publishable"


class ModelList(ListAPIView[ScoringModel]):
    """Every version of the scoring model, newest first."""

    scope = "models"
    queryset = ScoringModel.objects.all()
    serializer_class = shown.ModelShown


class ModelDetail(APIView):
    """One version."""

    scope = "models"

    @extend_schema(responses=shown.WholeModel)
    def get(self, request: Request, pk: int) -> Response:
        """Show one version with its groups and rules."""
        refuse_unknown(request)
        return Response(shown.WholeModel(get_object_or_404(_whole(), pk=pk)).data)


class Publish(APIView):
    """Putting a version live."""

    scope = "models"

    @extend_schema(request=PublishBody, responses=shown.WholeModel)
    def post(self, request: Request, pk: int) -> Response:
        """Make this version the live one; the one before retires. Leads are rescored within a minute."""
        refuse_unknown(request)
        user, now = person(request), timezone.now()
        model = get_object_or_404(ScoringModel, pk=pk)
        if not (user.is_marketer or user.is_admin):
            raise NotAllowed
        given = checked(PublishBody(data=request.data))
        try:
            publish(model, by=user, at=now, **given)
        except NotPublishable as error:
            raise HasProblems(str(error), problems=error.problems) from error
        return Response(shown.WholeModel(_whole().get(pk=pk)).data)


def _whole() -> "QuerySet[ScoringModel]":
    return ScoringModel.objects.prefetch_related("groups", "rules__group")
