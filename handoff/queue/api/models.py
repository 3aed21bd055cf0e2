"""Scoring models: listed, shown, rehearsed, published."""

from datetime import datetime

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from handoff.lib.api import StrictView
from handoff.lib.refusals import Refusal, require
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue.api import serializers as shown
from handoff.queue.api.bodies import Body, PublishBody, checked
from scoring.models import Rehearsal, ScoringModel
from scoring.population import population
from scoring.publishing import NotPublishable, publish
from scoring.rehearsing import ask, latest, rehearsed

HELD_AT_ONCE = 20_000  # leads that a request may take the time for


class HasProblems(Refusal):
    """A model that cannot go live; `problems` says why."""

    code = "not_publishable"


class NotRehearsed(Refusal):
    """A version that nobody has rehearsed as it is now."""

    code = "not_rehearsed"


class ModelList(ListAPIView[ScoringModel]):
    """Every version of the scoring model, newest first."""

    scope = "models"
    queryset = ScoringModel.objects.all()
    serializer_class = shown.ModelShown


class ModelDetail(RetrieveAPIView[ScoringModel]):
    """Show one version with its groups and rules."""

    scope = "models"
    queryset = ScoringModel.objects.prefetch_related("groups", "rules__group", "content", "personas")
    serializer_class = shown.WholeModel


class Rehearse(StrictView):
    """What putting a version live would do."""

    scope = "models"

    @extend_schema(request=Body, responses={202: shown.RehearsalShown})
    def post(self, request: Request, pk: int) -> Response:
        """Ask for a rehearsal of this version; read it at the Location until its state is done."""
        model = _worked_on(request, pk)
        checked(Body(data=request.data))
        try:
            rehearsal = ask(model, by=person(request), at=timezone.now())
        except NotPublishable as error:
            raise HasProblems(str(error), problems=error.problems) from error
        url = reverse("api-rehearsal", args=[rehearsal.pk], request=request)
        return Response({**shown.RehearsalShown(rehearsal).data, "url": url}, status=202, headers={"Location": url})


class RehearsalDetail(RetrieveAPIView[Rehearsal]):
    """Show how far a rehearsal is, and what it found."""

    scope = "models"
    queryset = Rehearsal.objects.all()
    serializer_class = shown.RehearsalShown


class Publish(StrictView):
    """Putting a version live."""

    scope = "models"

    @extend_schema(request=PublishBody, responses=shown.WholeModel)
    def post(self, request: Request, pk: int) -> Response:
        """Make this version the live one; the one before retires. Leads are rescored within a minute.

        Without a `rehearsal` the last one of this version as it is now counts; up to 20,000 leads one is held at once.
        """
        model, now = _worked_on(request, pk), timezone.now()
        given = checked(PublishBody(data=request.data))
        try:
            rehearsal = _named(model, given.pop("rehearsal", None), by=person(request), at=now)
            publish(model, by=person(request), at=now, rehearsal=rehearsal, **given)
        except NotPublishable as error:
            raise HasProblems(str(error), problems=error.problems) from error
        return Response(shown.WholeModel(ModelDetail.queryset.get(pk=pk)).data)


def _worked_on(request: Request, pk: int) -> ScoringModel:
    model = get_object_or_404(ScoringModel, pk=pk)
    require(person(request).is_marketer or person(request).is_admin)
    return model


def _named(model: ScoringModel, pk: int | None, *, by: User, at: datetime) -> Rehearsal:
    """Return the rehearsal that is meant; nobody publishes blind."""
    if pk is not None:
        named = Rehearsal.objects.filter(pk=pk).first()
        if named is None:
            raise NotPublishable([_("There is no rehearsal %(n)d.") % {"n": pk}])
        return named
    last = latest(model)
    if last is not None and last.findings:
        return last
    if population().size() > HELD_AT_ONCE:
        raise NotRehearsed(_("Rehearse this version first: POST models/%(n)d/rehearse/.") % {"n": model.pk})
    return rehearsed(model, by=by, at=at)
