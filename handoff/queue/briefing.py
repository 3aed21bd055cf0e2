"""What a rep reads before the call: why the lead counts now, and what changed since sales last said no."""

from dataclasses import dataclass, field
from datetime import datetime

from handoff.leads.models import Activity
from handoff.queue.gains import Gain, gains_since
from handoff.queue.models import Deal, Disqualification, Handoff
from handoff.queue.presenting import short_time
from handoff.queue.rescoring import Read

SHOWN = 8
A_GAIN = 0.5  # points below this round to nothing


@dataclass(frozen=True)
class Line:
    """One reason: its rule in words, its points now, and how often and when last."""

    name: str
    points: float
    note: str = ""


@dataclass(frozen=True)
class Why:
    """The strongest reasons of a score, and how many more there are."""

    lines: list[Line]
    more: int


@dataclass(frozen=True)
class LastTime:
    """What sales said when the lead was here before, and what it has gained since."""

    verdict: Disqualification | Deal
    wake_at: datetime | None
    woken_by: str = ""
    gained: list[Gain] = field(default_factory=list)

    @property
    def points(self) -> float:
        """All that was gained."""
        return sum(line.points for line in self.gained)


def why(read: Read, at: datetime) -> Why:
    """Return why the score is what it is at `at`, the strongest reasons first, in one query."""
    entries = read.reading.entries
    latest = {entry.rule: read.activity_ids[entry.activities[-1]] for entry in entries[:SHOWN] if entry.activities}
    when = dict(Activity.objects.filter(pk__in=latest.values()).values_list("pk", "occurred_at")) if latest else {}
    lines = []
    for entry in entries[:SHOWN]:
        moment = when.get(latest.get(entry.rule, 0))
        said = [f"×{entry.count}" if entry.count > 1 else "", short_time(moment, at) if moment else ""]
        lines.append(Line(entry.name, entry.points, ", ".join(filter(None, said))))
    return Why(lines, max(len(entries) - SHOWN, 0))


def last_time(handoff: Handoff, read: Read | None, at: datetime) -> LastTime | None:
    """Return how the lead's handoff before this one was turned down or lost, None where none was."""
    last: Disqualification | Deal | None = None
    for verdicts in (Disqualification.objects.all(), Deal.objects.filter(is_won=False)):
        before = verdicts.filter(handoff__lead=handoff.lead_id, at__lt=handoff.opened_at)
        found = before.select_related("reason", "by", "handoff__recycling").order_by("-at", "-id").first()
        last = found if found and (last is None or found.at > last.at) else last
    if last is None:
        return None
    contract = getattr(last.handoff, "recycling", None)
    gains = gains_since(handoff.lead, last.at, at=at, publication=read.publication) if read else []
    gained = [gain for gain in gains if gain.points >= A_GAIN]
    return LastTime(last, contract.wake_at if contract else None, contract.woken_by if contract else "", gained)
