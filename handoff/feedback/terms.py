"""What is agreed, as values: everything live that the agreement is about, part by part, to be kept and compared."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from handoff.feedback.models import Promise
from handoff.queue.models import DisqualificationReason
from handoff.queue.qualification import AGREED_MINIMUM
from handoff.sla.models import Policy
from scoring.models import ScoringModel
from scoring.models.versions import number
from scoring.spec import DIMENSIONS

Terms = dict[str, dict[str, Any]]  # by the key of each part, such as "policy standard"


def live_terms(*, at: datetime) -> Terms:
    """Return what is live now; of the promises those that are not over at `at`."""
    return dict(_parts(at.date()))


def _parts(today: date) -> Iterator[tuple[str, dict[str, Any]]]:
    model = ScoringModel.objects.live().first()
    if model:
        yield "mql", _model(model)
    yield "sql", {"bant_minimum": AGREED_MINIMUM}
    for policy in Policy.objects.in_force().prefetch_related("targets", "ladder"):
        yield f"policy {policy.slug}", _policy(policy)
    standing = Promise.objects.filter(last__gte=today).select_related("team")
    for promise in standing.order_by("first", "team__name", "id"):
        yield f"promise {promise.pk}", _promise(promise)
    for reason in DisqualificationReason.objects.filter(is_active=True):
        yield f"reason {reason.slug}", {name: getattr(reason, name) for name in OF_REASON}


OF_REASON = ("name", "counts_against_rules", "is_permanent", "wake_after_days", "wake_kinds", "wake_points")
OF_MODEL = ("name", "version", "threshold", "hysteresis")
OF_TRIGGERS = ("fast_lane_kinds", "fast_lane_condition", "product_kinds", "product_condition")
OF_POLICY = ("name", "version", "counted_in", "attempts", "attempt_days", "snoozes_at_most", "returns_at_most")
OF_PROMISE = ("mqls", "sql_percent", "answer_days", "in_time_percent", "verdict_percent", "attempts")
OF_TARGET = ("metric", "amount", "unit")
OF_STEP = ("metric", "share", "offset", "action")


def _model(model: ScoringModel) -> dict[str, Any]:
    minimums = {name: number(getattr(model, f"{name}_minimum")) for name in DIMENSIONS}
    return {
        **{name: number(getattr(model, name)) for name in (*OF_MODEL, *OF_TRIGGERS)},
        "minimums": {name: least for name, least in minimums.items() if least is not None},
    }


def _promise(promise: Promise) -> dict[str, Any]:
    when = {"first": promise.first.isoformat(), "last": promise.last.isoformat()}
    team = promise.team.name if promise.team else ""
    return {"team": team, **when, **{name: getattr(promise, name) for name in OF_PROMISE}}


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        **{name: getattr(policy, name) for name in OF_POLICY},
        "targets": [{name: getattr(target, name) for name in OF_TARGET} for target in policy.targets.all()],
        "ladder": [{name: getattr(step, name) for name in OF_STEP} for step in policy.ladder.all()],
    }


def differing(signed: Terms, live: Terms, *, at: datetime) -> list[str]:
    """Return the keys of the parts that are live otherwise than signed, or live or signed alone, in order."""
    # A promise whose time is over is live no more, and was kept or not.
    meant = {key: part for key, part in signed.items() if part.get("last", "9") >= at.date().isoformat()}
    return [key for key in dict.fromkeys([*meant, *live]) if meant.get(key) != live.get(key)]
