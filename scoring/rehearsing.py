"""Rehearsing a version before it goes live: asked for by a person, worked out by the worker over everybody."""

import logging
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from scoring.fields import microseconds
from scoring.findings import Findings
from scoring.models import Rehearsal, ScoringModel
from scoring.population import population
from scoring.publishing import (
    NotPublishable,
    current_publication,
    digest_of,
    live_since,
    prepared_of,
    problems_of,
    published,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

log = logging.getLogger(__name__)
SILENT = timedelta(minutes=1)


def ask(model: ScoringModel, *, by: "AbstractBaseUser | None", at: datetime) -> Rehearsal:
    """Put a rehearsal of `model` in line, unless one waits already; NotPublishable where it has mistakes."""
    problems = problems_of(model)
    if problems:
        raise NotPublishable(problems)
    digest = digest_of(model)
    waiting = Rehearsal.objects.filter(model=model, content_digest=digest, finished_at=None).first()
    return waiting or Rehearsal.objects.create(
        model=model,
        content_digest=digest,
        asked_at=at,
        asked_by=by,
        leads_count=population().size(),  # type: ignore[misc]
    )


def latest(model: ScoringModel) -> Rehearsal | None:
    """Return the last rehearsal of `model` as it is now and against what is live now, finished or not."""
    found = Rehearsal.objects.filter(model=model, content_digest=digest_of(model)).order_by("-id").first()
    return None if found and live_since(found) else found


def run_waiting(*, at: datetime) -> int:
    """Work out the rehearsals that wait, and those whose worker fell silent; return how many."""
    silent = Q(alive_at=None) | Q(alive_at__lt=at - SILENT)
    done = 0
    for rehearsal in Rehearsal.objects.filter(silent, finished_at=None).order_by("asked_at", "id"):
        # Of two workers, one matches the row as it was read.
        same = Rehearsal.objects.filter(pk=rehearsal.pk, alive_at=rehearsal.alive_at, finished_at=None)
        if same.update(alive_at=at):
            done += 1
            try:
                run(rehearsal, at=at)
            except Exception:  # whatever is wrong with one must not keep others waiting, nor its page polling for good
                log.exception("rehearsal %s failed", rehearsal.pk)
                _finish(rehearsal, at, error="failed")
    return done


def run(rehearsal: Rehearsal, *, at: datetime) -> None:
    """Work out `rehearsal` as of `at` and keep what it found."""
    started = time.monotonic()
    if digest_of(rehearsal.model) != rehearsal.content_digest:
        _finish(rehearsal, at, error="changed")
        return
    draft = prepared_of(rehearsal.model)
    publication = current_publication(at)
    live = published(publication) if publication else None
    findings = Findings(draft, live, microseconds(at))
    needs = draft.needs | live.needs if live else draft.needs
    for batch in population().batches(needs, draft.persona_fields):
        findings.add(batch)
        # A sign of life, never a fact of the domain.
        Rehearsal.objects.filter(pk=rehearsal.pk).update(leads_done=findings.leads, alive_at=max(at, timezone.now()))
    circumstances = {
        "at": at.isoformat(),
        "seconds": round(time.monotonic() - started, 1),
        "live": publication.pk if publication else None,
        "capacity": [asdict(team) for team in population().capacity()],
    }
    _finish(rehearsal, at, result={**findings.as_json(), **circumstances})


def rehearsed(model: ScoringModel, *, by: "AbstractBaseUser | None", at: datetime) -> Rehearsal:
    """Return a finished rehearsal of `model`, worked out here and now; NotPublishable where it has mistakes."""
    rehearsal = ask(model, by=by, at=at)
    run(rehearsal, at=at)
    return rehearsal


def _finish(rehearsal: Rehearsal, at: datetime, *, result: dict[str, Any] | None = None, error: str = "") -> None:
    done = (result or {}).get("leads", 0)
    values = {"finished_at": at, "error": error, "result": result or {}, "leads_done": done, "leads_count": done}
    Rehearsal.objects.filter(pk=rehearsal.pk).update(**values)
    rehearsal.refresh_from_db()
