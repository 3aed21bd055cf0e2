"""Activities: what leads did, stored, scored and handed over before the answer."""

from dataclasses import asdict

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from handoff.lib.api import StrictView
from handoff.lib.refusals import require
from handoff.people.doors import person
from handoff.queue.api import serializers as shown
from handoff.queue.api.lists import items_of, one_of, twice
from handoff.queue.receiving import receive_activities


class Activities(StrictView):
    """The door through which activities come in."""

    scope = "leads"

    @extend_schema(
        request=one_of("OneOrManyActivities", shown.ActivityGiven, shown.ActivityGiven(many=True)),
        responses=shown.ActivitiesReceived,
    )
    def post(self, request: Request) -> Response:
        """Take one activity or a list of at most 1000; those of an unknown lead wait for it."""
        user, now = person(request), timezone.now()
        require(user.is_marketer or user.is_admin)
        items = items_of(request.data)
        return Response(asdict(twice(lambda: receive_activities(items, at=now))))
