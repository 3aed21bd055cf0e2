"""Leads and activities coming in: stored, scored and handed over before the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from handoff.leads.activity_columns import activity_frame
from handoff.leads.catalogue import activity_fields
from handoff.leads.identities import keys_of, lock_known
from handoff.leads.models import MAIL_KINDS, Activity, Lead, Stage
from handoff.leads.normalising import TEXT_LIMITS, BadValue, check_storable, clean_email, clean_text
from handoff.leads.recording import Recorded, record_leads
from handoff.people.models import User
from handoff.queue.models import Handoff, Route
from handoff.queue.news import tell_holders
from handoff.queue.raising import raise_request
from handoff.queue.recycling import wake_by_activities
from handoff.queue.rescoring import Trigger, rescore
from scoring.conditions import fields_of
from scoring.engine import matching
from scoring.models import Publication
from scoring.preparing import with_looked_at
from scoring.publishing import current_publication, published

AHEAD = timedelta(minutes=5)
EARLIEST = 1970  # years before are a mistake of the sender, and the earliest ones no instant in every time zone
KNOWN = {"source", "id", "lead", "kind", "occurred_at", "properties"}
FAST_LANE_FRESH = timedelta(hours=24)


@dataclass
class Received:
    """What became of a list of activities; `rejected` has index, code and detail."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)


@transaction.atomic
def receive_leads(
    rows: Sequence[dict[str, Any]],
    *,
    by: User | None,
    at: datetime,
    stage: Stage = Stage.SUBSCRIBER,
    about: Lead | None = None,
    only_known: bool = False,
) -> list[Recorded]:
    """Record leads, let them collect what waited for them, and score those that changed."""
    results = record_leads(rows, by=by, at=at, stage=stage, about=about, only_known=only_known)
    changed = {r.lead.pk: r.lead for r in results if r.lead and r.outcome in {"created", "updated"}}
    keyed = {key: x for x in changed.values() for key in keys_of(external_id=x.external_id, email=x.email)}
    collected = collect_waiting(keyed)
    follow_up(collected, at=at, also=changed)
    return results


def collect_waiting(by_key: Mapping[str, Lead]) -> list[Activity]:
    """Give the leads what came before they were known, and waits under these keys; return it."""
    nobodys = Activity.objects.filter(lead=None)
    # What is excluded is outside the index.
    found = nobodys.filter(waits_key__in=by_key) | nobodys.filter(waits_too__in=by_key).exclude(waits_too="")
    waiting = list(found.select_for_update().order_by("id"))
    for activity in waiting:
        activity.lead = by_key.get(activity.waits_key) or by_key[activity.waits_too]
        activity.waits_key = activity.waits_too = ""
    Activity.objects.bulk_update(waiting, ["lead", "waits_key", "waits_too"], batch_size=500)
    return waiting


@transaction.atomic
def receive_activities(
    items: Sequence[dict[str, Any]], *, at: datetime, is_history: bool = False, opens: bool = True
) -> Received:
    """Store activities once each, score their leads, and (`opens`) hand over whoever crosses or asks for contact.

    History (`is_history`, from an import) counts as received when it happened.
    """
    answer = Received()
    parsed = _parse_all(items, at, answer)
    leads = _leads_of(parsed)
    fresh = _without_known(parsed, answer)
    activities = [_activity(item, _lead_for(item, leads), None if is_history else at) for item in fresh]
    Activity.objects.bulk_create(activities, batch_size=500)
    answer.accepted = len(activities)
    if opens:
        follow_up([activity for activity in activities if activity.lead_id], at=at)
    else:
        rescore({activity.lead_id for activity in activities if activity.lead_id}, at=at, opens=False)
    return answer


def _parse_all(items: Sequence[dict[str, Any]], at: datetime, answer: Received) -> list[dict[str, Any]]:
    parsed = []
    for index, item in enumerate(items):
        try:
            parsed.append(parse_activity(item, at))
        except BadValue as error:
            answer.rejected.append({"index": index, "code": error.code, "detail": str(error)})
    return parsed


def parse_activity(item: object, at: datetime) -> dict[str, Any]:
    """Return one activity checked and typed; BadValue says what is wrong."""
    check_storable(item, "activity")
    if not isinstance(item, dict):
        raise BadValue("invalid", _("An activity is an object, not “%(value)s”.") % {"value": str(item)[:60]})
    if unknown := sorted(set(item) - KNOWN):
        raise BadValue("unknown_field", _("There is no field “%(name)s” in an activity.") % {"name": unknown[0]})
    clean: dict[str, Any] = {}
    for name, most in (("source", 60), ("id", 120), ("kind", 40)):
        value = item.get(name)
        value = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if not value or len(value) > most:
            raise BadValue(
                "invalid", _("%(name)s is missing or longer than %(most)d characters.") % {"name": name, "most": most}
            )
        clean[name] = value
    clean["occurred_at"] = _instant(item.get("occurred_at"), at)
    properties = {} if item.get("properties") is None else item["properties"]
    if not isinstance(properties, dict):
        raise BadValue("invalid", _("properties is an object of names and values."))
    clean["properties"] = properties
    clean["lead"] = _identity(item.get("lead"))
    return clean


def _instant(value: object, at: datetime) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else parse_datetime(str(value))
    except ValueError:
        moment = None
    if moment is None:
        raise BadValue(
            "invalid_time", _("occurred_at: “%(value)s” is no time; use 2026-11-22T10:00:00+01:00.") % {"value": value}
        )
    if moment.tzinfo is None:
        raise BadValue("naive_time", _("occurred_at: “%(value)s” has no offset; add Z or +01:00.") % {"value": value})
    if moment.year < EARLIEST:
        raise BadValue("invalid_time", _("occurred_at: “%(value)s” is too long ago.") % {"value": value})
    if moment > at + AHEAD:
        raise BadValue("in_future", _("occurred_at: “%(value)s” is more than five minutes ahead.") % {"value": value})
    return moment


def _identity(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not any(value.get(name) for name in ("id", "external_id", "email")):
        raise BadValue("no_identity", _("lead names the lead by external_id, email or id."))
    found: dict[str, Any] = {}
    if value.get("id"):
        if not str(value["id"]).isdecimal() or len(str(value["id"])) > 18:
            raise BadValue("invalid", _("lead.id: “%(value)s” is no id.") % {"value": value["id"]})
        found["id"] = int(value["id"])
    if value.get("external_id"):
        found["external_id"] = clean_text(value["external_id"], "lead.external_id", TEXT_LIMITS["external_id"])
    if value.get("email"):
        found["email"] = clean_email(value["email"])
    if not any(found.values()):
        raise BadValue("no_identity", _("lead names the lead by external_id, email or id."))
    return found


@dataclass
class _Leads:
    by_pk: dict[int, Lead]
    by_id: dict[str, Lead]
    by_email: dict[str, Lead]
    former: dict[str, Lead]


def _leads_of(items: Sequence[dict[str, Any]]) -> _Leads:
    names = [item["lead"] for item in items]
    # Locked: two lists about the same leads wait for each other, so no score misses an activity.
    leads, former = lock_known(
        pks={n["id"] for n in names if "id" in n},
        external_ids={n["external_id"] for n in names if "external_id" in n},
        emails={n["email"] for n in names if n.get("email")},
    )
    return _Leads(
        {lead.pk: lead for lead in leads},
        {lead.external_id: lead for lead in leads if lead.external_id},
        {lead.email: lead for lead in leads if lead.email},
        former,
    )


def _lead_for(item: dict[str, Any], leads: _Leads) -> Lead | None:
    name = item["lead"]
    return (
        leads.by_pk.get(name.get("id", 0))
        or leads.by_id.get(name.get("external_id", ""))
        or leads.by_email.get(name.get("email") or "")
        or next((leads.former[key] for key in _keys(name) if key in leads.former), None)
    )


def _keys(name: dict[str, Any]) -> list[str]:
    return keys_of(external_id=name.get("external_id"), email=name.get("email"), pk=name.get("id"))


def _without_known(items: Sequence[dict[str, Any]], answer: Received) -> list[dict[str, Any]]:
    """Drop what is stored already and repeats inside the list, counting them."""
    by_source: dict[str, set[str]] = {}
    for item in items:
        by_source.setdefault(item["source"], set()).add(item["id"])
    seen = {
        (source, known)
        for source, ids in by_source.items()
        for known in Activity.objects.filter(source=source, source_id__in=ids).values_list("source_id", flat=True)
    }
    fresh = []
    for item in items:
        key = (item["source"], item["id"])
        if key in seen:
            answer.duplicates += 1
        else:
            seen.add(key)
            fresh.append(item)
    return fresh


def _activity(item: dict[str, Any], lead: Lead | None, received_at: datetime | None) -> Activity:
    name = item["lead"]
    first, second, *_rest = ["", ""] if lead else [*_keys(name), ""]
    return Activity(
        lead=lead,
        source=item["source"],
        source_id=item["id"],
        kind=item["kind"],
        occurred_at=item["occurred_at"],
        received_at=received_at or item["occurred_at"],
        properties={key: value for key, value in item["properties"].items() if key != "machine"},
        is_machine=item["properties"].get("machine") is True,
        waits_for=None if lead else name,
        waits_key=first,
        waits_too=second,
    )


def follow_up(activities: Sequence[Activity], *, at: datetime, also: Sequence[int] | dict[int, Lead] = ()) -> None:
    """Do what follows from new activities: stages, wake-ups, scores, handoffs, requests raised again."""
    active = {a.lead_id for a in activities if a.lead_id and a.kind not in MAIL_KINDS and not a.is_machine}
    if active and any(a.lead and a.lead.stage == Stage.SUBSCRIBER for a in activities):
        Lead.objects.filter(id__in=active, stage=Stage.SUBSCRIBER).update(stage=Stage.LEAD, stage_since=at)
    if any(activity.lead and activity.lead.is_asleep for activity in activities):
        wake_by_activities(activities, at=at)
    publication = current_publication(at)
    triggers = _triggers(activities, publication, at)
    open_before = (
        set(Handoff.objects.open().filter(lead__in=triggers).values_list("lead_id", flat=True)) if triggers else set()
    )
    touched = {a.lead_id for a in activities if a.lead_id} | set(also)
    rescore([lead for lead in touched if lead], at=at, triggers=triggers, publication=publication)
    for lead_id, trigger in triggers.items():
        if trigger.route == Route.FAST_LANE:
            raise_request(lead_id, trigger.activity, was_open=lead_id in open_before, at=at)
    tell_holders(activities, at=at, told_already=triggers)


def _triggers(activities: Sequence[Activity], publication: Publication | None, at: datetime) -> dict[int, Trigger]:
    """Return, by lead, the activity that hands it over by itself: a request for contact before a product signal."""
    fresh = [a for a in activities if a.lead_id and at - a.occurred_at <= FAST_LANE_FRESH]
    if publication is None or not fresh:
        return {}
    model, fields = publication.model, activity_fields()
    names = with_looked_at(fields_of(model.fast_lane_condition) | fields_of(model.product_condition))
    types = {name: fields[name].type for name in names}
    content = published(publication).model.content
    rows = [(a.lead_id, a.occurred_at, a.kind, a.is_machine, a.properties, a.pk) for a in fresh]
    frame = activity_frame(rows, list(range(len(rows))), types)
    found: dict[int, Trigger] = {}
    for route, kinds, condition in (
        (Route.PRODUCT, model.product_kinds, model.product_condition),
        (Route.FAST_LANE, model.fast_lane_kinds, model.fast_lane_condition),
    ):
        for row in matching(kinds, condition, frame, fields, content):
            lead_id = fresh[row].lead_id
            if lead_id is not None:
                found[lead_id] = Trigger(route, fresh[row])
    return found
