"""News for the holder: their lead did something, said once an hour at most."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from handoff.leads.models import Activity, Kind, Stage
from handoff.outbox.models import Notice
from handoff.queue.models import Handoff
from handoff.queue.timeline import in_words

NO_NEWS = (Kind.EMAIL_DELIVERED, Kind.EMAIL_OPENED, Kind.EMAIL_BOUNCED)
FRESH = timedelta(hours=24)


def tell_holders(activities: Iterable[Activity], *, at: datetime, told_already: Collection[int] = ()) -> None:
    """Tell who holds the leads of `activities`, in two queries; not of `told_already`, ids of leads."""
    latest: dict[int, Activity] = {}
    for activity in activities:
        lead_id, is_noise = activity.lead_id, activity.is_machine or activity.kind in NO_NEWS
        if lead_id is None or lead_id in told_already or is_noise or at - activity.occurred_at > FRESH:
            continue
        if activity.lead and activity.lead.stage != Stage.MQL:
            continue  # nobody holds it, so nothing is asked for it
        if lead_id not in latest or latest[lead_id].occurred_at < activity.occurred_at:
            latest[lead_id] = activity
    if not latest:
        return
    # Of a handoff that opened just now its holder hears anyway.
    held = Handoff.objects.open().filter(lead__in=latest, opened_at__lt=at).exclude(claimed_by=None, assigned_to=None)
    rows = held.select_related("lead", "claimed_by", "assigned_to")
    notices = [_notice(handoff, latest[handoff.lead_id], at) for handoff in rows]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)


def _notice(handoff: Handoff, activity: Activity, at: datetime) -> Notice:
    holder = handoff.holder
    assert holder
    with translation.override(holder.language):
        text = _("%(lead)s is active: %(what)s") % {"lead": handoff.lead.name, "what": in_words(activity)}
    return Notice(
        user=holder,
        # One for each lead and hour, however much it does.
        cause=f"news:{handoff.lead_id}:{at:%Y%m%d%H}",
        text=text[:300],
        url=reverse("handoff", args=[handoff.pk]),
        about=f"handoff {handoff.pk}",
        created_at=at,
    )
