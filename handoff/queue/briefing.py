"""What a rep reads before the call: why the lead counts now, and what changed since sales last said no."""

from dataclasses import dataclass, field
from datetime import datetime

from handoff.leads.models import Activity
from handoff.queue.models import Disqualification, Handoff
from handoff.queue.presenting import short_time
from handoff.queue.rescoring import Read

SHOWN = 8
A_GAIN = 0.5  # points below this are nothing new, but what a fading entry lost or kept


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

    verdict: Disqualification
    wake_at: datetime | None
    gained: list[Line] = field(default_factory=list)

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


def last_time(handoff: Handoff, read: Read | None) -> LastTime | None:
    """Return how the lead's handoff before this one was turned down, None where none was."""
    before = Disqualification.objects.filter(handoff__lead=handoff.lead_id, at__lt=handoff.opened_at)
    last = before.select_related("reason", "by", "handoff__recycling").order_by("-at", "-id").first()
    if last is None:
        return None
    recycling = getattr(last.handoff, "recycling", None)
    then = {entry["rule"]: entry["points"] for entry in last.handoff.reasons}
    gains = [(e.points - then.get(e.rule, 0.0), e.name) for e in read.reading.entries] if read else []
    gained = [Line(name, points) for points, name in sorted(gains, reverse=True) if points >= A_GAIN]
    return LastTime(last, recycling.wake_at if recycling else None, gained)
