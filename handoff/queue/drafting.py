"""Keeping what the form of a verdict holds, half-filled as it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from handoff.people.models import User
from handoff.queue.models import Draft, Handoff, Qualification
from handoff.queue.models.qualifications import BANT
from handoff.queue.working import require_work

ACTS = ("qualify", "disqualify")
LONGEST = 4000  # characters of one field


def keep_draft(handoff: Handoff, *, act: str, values: Mapping[str, list[str]], by: User, at: datetime) -> None:
    """Keep what the form of `act` holds so far, in place of what it held before; an ended handoff keeps nothing."""
    require_work(handoff, by)
    if not handoff.is_open:
        return
    kept = {name[:60]: [value[:LONGEST] for value in said] for name, said in values.items() if any(said)}
    Draft.objects.update_or_create(handoff=handoff, act=act, defaults={"values": kept, "by": by, "at": at})


def draft_of(handoff: Handoff, act: str) -> dict[str, Any]:
    """Return what the form of `act` begins with: its values, a list where there are several."""
    kept = Draft.objects.filter(handoff=handoff, act=act).first()
    said = kept.values.items() if kept else ()
    return {name: values if len(values) > 1 or name == "misleading" else values[0] for name, values in said}


def drop_drafts(handoff: Handoff, *, acts: Sequence[str]) -> None:
    """Forget what was half-filled: the verdict says it now."""
    Draft.objects.filter(handoff=handoff, act__in=acts).delete()


def learned(handoff: Handoff) -> list[tuple[str, str, str, str]]:
    """Return what sales has learned of the four letters so far: name, answer, answer in words and note."""
    verdict = getattr(handoff, "qualification", None)
    if verdict:
        return verdict.bant()
    kept = draft_of(handoff, "qualify")
    sql = Qualification(**{name: kept.get(name, "") for letter in BANT for name in (letter, f"{letter}_note")})
    return [letter for letter in sql.bant() if letter[1] or letter[3]]
