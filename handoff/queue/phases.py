"""How near a purchase a lead seems: the furthest phase of the content, forms and pages used lately."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from handoff.leads.facts import fitting
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
    publication = publication or current_publication(at)
    catalogue = published(publication).model.content if publication else ()
    if not any(line.phase for line in catalogue):
        return None
    used = Activity.objects.filter(lead=lead, occurred_at__gt=at - LATELY, occurred_at__lte=at, is_machine=False)
    rows = used.exclude(kind__in=UNUSED).order_by("occurred_at", "id").values_list("occurred_at", "properties")
    whens, properties = [row[0] for row in rows], [row[1] for row in rows]
    columns = {name: [fitting(given.get(name), FieldType.TEXT) for given in properties] for name in LOOKED_AT}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(LOOKED_AT, pl.String))
    phases = with_content(frame, catalogue)["content.phase"].to_list()
    phase = furthest(phases)
    if not phase:
        return None
    latest = max(number for number, found in enumerate(phases) if found == phase)
    what = _what(frame[latest], [line for line in catalogue if line.phase == phase])
    return Reached(phase, str(Phase(phase).label), what, whens[latest])


def _what(used: pl.DataFrame, lines: Sequence[ContentSpec]) -> str:
    """Return which page, piece or form one of `lines` speaks of: of a page, its path."""
    line = next(line for line in lines if used[line.looks_at][0] and with_content(used, [line])["content.phase"][0])
    said = str(used[line.looks_at][0])
    path = re.sub(r"^https?://[^/?#]*|[?#].*$", "", said) if line.looks_at == "url" else said
    return (path or "/")[:80]
