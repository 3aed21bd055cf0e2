"""How near a purchase a lead seems: the furthest phase of the content, forms and pages used lately."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from handoff.leads.fitting import fitting
from handoff.leads.models import Activity, Kind, Lead
from scoring.content import LOOKED_AT, furthest, with_content
from scoring.fields import FieldType
from scoring.models import Phase, Publication
from scoring.publishing import current_publication, published
from scoring.spec import ContentSpec

LATELY = timedelta(days=30)
# Mail that lies in a box was not used by anybody.
UNUSED = (Kind.EMAIL_DELIVERED, Kind.EMAIL_BOUNCED, Kind.UNSUBSCRIBED)


@dataclass(frozen=True)
class Reached:
    """A phase, the page, form or piece of content that reached it last, and when."""

    phase: str
    label: str
    what: str
    at: datetime


def phase_at(lead: Lead, at: datetime, *, publication: Publication | None = None) -> Reached | None:
    """Return the phase of `lead` at `at` under the model that was live then (`publication`, where it is known).

    None where nothing of the last 30 days is in that model's content catalogue.
    """
    catalogue = _catalogue(publication or current_publication(at))
    used = _used([lead.pk], at, catalogue) if catalogue else None
    phase = furthest(used["content.phase"].to_list()) if used is not None else None
    if used is None or not phase:
        return None
    latest = used.filter(pl.col("content.phase") == phase)[-1]
    what = _what(latest, [line for line in catalogue if line.phase == phase])
    return Reached(phase, str(Phase(phase).label), what, latest["at"][0])


def phases_of(lead_ids: Collection[int], at: datetime, *, publication: Publication | None = None) -> dict[int, str]:
    """Return the phase of each of these leads that has reached one, in one query."""
    catalogue = _catalogue(publication or current_publication(at))
    used = _used(lead_ids, at, catalogue) if catalogue and lead_ids else None
    if used is None:
        return {}
    reached = {lead: furthest(group["content.phase"].to_list()) for (lead,), group in used.group_by("lead")}
    return {int(lead): phase for lead, phase in reached.items() if phase}


def _catalogue(publication: Publication | None) -> Sequence[ContentSpec]:
    catalogue = published(publication).model.content if publication else ()
    return catalogue if any(line.phase for line in catalogue) else ()


def _used(lead_ids: Collection[int], at: datetime, catalogue: Sequence[ContentSpec]) -> pl.DataFrame:
    """Return what these leads used in the last 30 days, in order: lead, at, what was looked at, and its phase."""
    used = Activity.objects.filter(
        lead__in=lead_ids, occurred_at__gt=at - LATELY, occurred_at__lte=at, is_machine=False
    )
    rows = list(
        used.exclude(kind__in=UNUSED).order_by("occurred_at", "id").values_list("lead", "occurred_at", "properties")
    )
    looked = {name: [fitting(row[2].get(name), FieldType.TEXT) for row in rows] for name in LOOKED_AT}
    frame = pl.DataFrame(looked, schema=dict.fromkeys(LOOKED_AT, pl.String))
    return with_content(frame, catalogue).with_columns(
        pl.Series("lead", [row[0] for row in rows], pl.Int64), pl.Series("at", [row[1] for row in rows], pl.Object)
    )


def _what(used: pl.DataFrame, lines: Sequence[ContentSpec]) -> str:
    """Return which page, piece or form one of `lines` speaks of: of a page, its path."""
    line = next(line for line in lines if used[line.looks_at][0] and with_content(used, [line])["content.phase"][0])
    said = str(used[line.looks_at][0])
    path = re.sub(r"^https?://[^/?#]*|[?#].*$", "", said) if line.looks_at == "url" else said
    return (path or "/")[:80]
