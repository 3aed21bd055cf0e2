"""Leads: taken in, listed, shown, with their score and what happened to them."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from handoff.leads.filters import LeadFilter
from handoff.leads.models import Lead
from handoff.leads.recording import Recorded
from handoff.lib.api import StrictFilterBackend, StrictView, refuse_unknown
from handoff.lib.bodies import BadInstant, instant
from handoff.lib.paging import Key, cursor_of, encoded
from handoff.lib.refusals import Incomplete, Refusal, require
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue.api import serializers as shown
from handoff.queue.api.bodies import NaiveTime
from handoff.queue.api.lists import items_of, one_of, twice
from handoff.queue.duplicates import may_merge
from handoff.queue.merging import merge, refuse_merged
from handoff.queue.moved import moved
from handoff.queue.opening import entry_json
from handoff.queue.personas import personas_at
from handoff.queue.phases import phase_at
from handoff.queue.receiving import receive_leads
from handoff.queue.rescoring import Read, read_one
from handoff.queue.timeline import Event, event_json, timeline
from scoring.models import Persona, Phase

PAGE = 50
AHEAD = 5 * 366  # days for which a score's course is known ahead


class Refused(Refusal):
    """A lead that cannot be taken; the code says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.status = code, {"identity_conflict": 409, "not_allowed": 403}.get(code, 400)


class LeadFilterBackend(StrictFilterBackend):
    """Reads times with their offset only, also where a "+" came as a blank."""

    times = ("created_after", "created_before")

    def get_filterset_kwargs(self, request: Any, queryset: Any, view: Any) -> Any:
        kwargs = super().get_filterset_kwargs(request, queryset, view)
        query: QueryDict = kwargs["data"].copy()
        for name in self.times:
            if query.get(name):
                query[name] = asked_time(request, name).isoformat()
        return {**kwargs, "data": query}


def asked_time(request: Request, name: str) -> datetime:
    """Return the instant in the query parameter `name`."""
    try:
        return instant(request.query_params[name].replace(" ", "+"))
    except BadInstant as error:
        refusal = NaiveTime if error.code == "naive_time" else Incomplete
        raise refusal(f"{name}: {error}", fields={name: str(error)}) from error


def whole(leads: "QuerySet[Lead]") -> "QuerySet[Lead]":
    """Return `leads` with what is shown of them."""
    return leads.select_related("company", "score", "owner", "team").prefetch_related("consents")


def visible_leads(request: Request) -> "QuerySet[Lead]":
    """Return the leads that may be seen, with what is shown of them."""
    return whole(Lead.objects.visible_to(person(request)))


class LeadList(ListAPIView[Lead]):
    """The leads, and the door through which they come in."""

    scope = "leads"
    queryset = Lead.objects.none()
    serializer_class = shown.LeadShown
    filterset_class = LeadFilter
    filter_backends = [LeadFilterBackend]
    orderings = {
        "score": Key("score__total", nullable=True),
        "created_at": Key("created_at", "time"),
        "updated_at": Key("updated_at", "time"),
        "id": Key("id"),
    }

    def get_queryset(self) -> "QuerySet[Lead]":
        return visible_leads(self.request)

    @extend_schema(
        request=one_of("OneOrManyLeads", shown.LeadGiven, shown.LeadGiven(many=True)),
        responses={200: one_of("LeadOrLeads", shown.LeadShown, shown.LeadsReceived), 201: shown.LeadShown},
    )
    def post(self, request: Request) -> Response:
        """Make or change one lead or a list of at most 1000. What a rep adds is theirs."""
        refuse_unknown(request)
        user, now = person(request), timezone.now()
        items = items_of(request.data)
        results = twice(lambda: receive_leads(items, by=user, at=now))
        return Response(_tally(results)) if isinstance(request.data, list) else _one(results[0])


def _tally(results: list[Recorded]) -> dict[str, Any]:
    counts = Counter(result.outcome for result in results)
    rejected = [
        {"index": index, "code": result.code, "detail": result.detail}
        for index, result in enumerate(results)
        if result.outcome == "rejected"
    ]
    return {name: counts[name] for name in ("created", "updated", "unchanged")} | {"rejected": rejected}


def _one(result: Recorded) -> Response:
    if result.lead is None:
        raise Refused(result.code, result.detail)
    lead = whole(Lead.objects.filter(pk=result.lead.pk)).get()
    return Response(shown.LeadShown(lead).data, status=201 if result.outcome == "created" else 200)


class OneLead(StrictView):
    """A door to one lead; the id of one that was merged leads permanently to the one that was kept."""

    scope = "leads"

    def handle_exception(self, exc: Exception) -> Any:
        """Answer a request to read what was merged with where it is now, for who may see that."""
        answer = moved(self.request, self.kwargs["pk"], person(self.request)) if isinstance(exc, Http404) else None
        return answer or super().handle_exception(exc)


class PersonaFitting(serializers.Serializer[Any]):
    """A persona that fits."""

    name = serializers.CharField()
    standing = serializers.ChoiceField(choices=Persona.Standing.choices)


class LeadDetailShown(shown.LeadShown):
    """A lead with its score, phase and personas as they are now."""

    phase = serializers.ChoiceField(
        choices=Phase.choices,
        allow_blank=True,
        help_text="The furthest phase of the content, forms and pages used in the last 30 days; empty for none.",
    )
    personas = PersonaFitting(many=True, help_text="Those that fit, the ideal customer first.")

    class Meta(shown.LeadShown.Meta):
        fields = (*shown.LeadShown.Meta.fields, "phase", "personas")  # type: ignore[assignment]


class LeadDetail(OneLead):
    """One lead."""

    @extend_schema(responses=LeadDetailShown)
    def get(self, request: Request, pk: int) -> Response:
        """Show one lead, with its score, phase and personas as they are now."""
        lead, now = get_object_or_404(visible_leads(request), pk=pk), timezone.now()
        answer = {**shown.LeadShown(lead).data, "phase": "", "personas": []}
        read = read_one(lead, at=now)
        if read:
            phase = phase_at(lead, now, publication=read.publication)
            fitting = personas_at(lead, now, publication=read.publication)
            answer |= {"score": read.reading.total, "grade": read.reading.grade, "scored_at": now}
            answer |= {"phase": phase.phase if phase else "", "personas": PersonaFitting(fitting, many=True).data}
        return Response(answer)


class OtherLead(serializers.Serializer[Any]):
    """The lead that is the same person."""

    other = serializers.IntegerField(min_value=1, help_text="The id of the lead that is merged into this one.")


class LeadMerge(OneLead):
    """Two leads are one person."""

    @extend_schema(request=OtherLead, responses=shown.LeadShown)
    def post(self, request: Request, pk: int) -> Response:
        """Merge the other lead into this one, which has everything of both from then on. It cannot be undone."""
        user, now = person(request), timezone.now()
        body = OtherLead(data=request.data)
        kept = _there(user, pk)
        require(may_merge(kept, user))
        body.is_valid(raise_exception=True)
        merge(kept, _there(user, body.validated_data["other"]), by=user, at=now)
        return Response(shown.LeadShown(visible_leads(request).get(pk=pk)).data)


def _there(user: User, pk: int) -> Lead:
    """Return the lead if `user` sees it; of one that was merged, say so to who sees the one that was kept."""
    lead = Lead.objects.visible_to(user).filter(pk=pk).first()
    if lead is None:
        refuse_merged(pk, user)
        raise Http404
    return lead


class LeadScore(OneLead):
    """Why a lead has its score."""

    known = ("at",)

    @extend_schema(parameters=[OpenApiParameter("at", str, description="Now unless said.")], responses=shown.ScoreShown)
    def get(self, request: Request, pk: int) -> Response:
        """Return the score with every reason, now, in the past, or as far as it is known ahead."""
        lead, now = get_object_or_404(visible_leads(request), pk=pk), timezone.now()
        at = asked_time(request, "at") if "at" in request.query_params else now
        if (at - now).days > AHEAD:
            raise Incomplete(_("Scores are known five years ahead."), fields={"at": _("Too far ahead.")})
        return Response(shown.ScoreShown(score_json(read_one(lead, at=at, past=at < now), at)).data)


def score_json(read: Read | None, at: datetime) -> dict[str, Any]:
    """Return a score as the contract names it: zeros where no model was live."""
    if read is None:
        zeros: dict[str, Any] = dict.fromkeys(("total", "fit", "interest", "timing"), 0.0)
        nothing = dict.fromkeys(("model", "crosses_at", "cools_at"))
        return {**zeros, **nothing, "grade": "", "at": at, "is_mql": False, "entries": []}
    reading = read.reading
    return {
        "total": reading.total,
        **{str(name): points for name, points in reading.dimensions.items()},
        "grade": reading.grade,
        "model": read.publication.model_id,
        "at": at,
        "crosses_at": read.crosses_at,
        "cools_at": read.crosses_at if read.holds else None,
        "is_mql": read.holds,
        # Unrounded, so that the entries sum to the total.
        "entries": [
            {**entry_json(entry, read.activity_ids), "points": entry.points, "fresh_points": entry.fresh_points}
            for entry in reading.entries
        ],
    }


class LeadTimeline(OneLead):
    """What happened to a lead."""

    @extend_schema(parameters=[OpenApiParameter("cursor", str)], responses=shown.TimelinePage)
    def get(self, request: Request, pk: int) -> Response:
        """Return what happened, newest first, 50 at a time; the way leads back in time only."""
        lead = get_object_or_404(Lead.objects.visible_to(person(request)), pk=pk)
        until, skip = cursor_of(request, Key("at", "time"), Key("shown then", "count")) or (None, 0)
        events = timeline(lead, most=skip + PAGE + 1, until=until)[skip:]
        page = events[:PAGE]
        next_link = None
        if len(events) > PAGE:
            next_link = replace_query_param(request.build_absolute_uri(), "cursor", _cursor_after(page, until, skip))
        results = shown.EventShown([event_json(event) for event in page], many=True).data
        return Response({"next": next_link, "previous": None, "results": results})


def _cursor_after(page: list[Event], until: datetime | None, skip: int) -> str:
    """Return where the next page begins: an instant, and how many of its events were shown."""
    last = page[-1].at
    shown_then = sum(event.at == last for event in page) + (skip if until == last else 0)
    return encoded(last.isoformat(), shown_then)
