"""Changing a policy: what ran under it stays readable, so a change is a new version."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from handoff.lib.refusals import Refusal
from handoff.sla.models import LadderStep, Policy, Target

REVISED = (
    *("name", "position", "routes", "sources", "grades", "teams", "countries", "score_min", "score_max"),
    *("counted_in", "attempts", "attempt_days", "snoozes_at_most", "snooze_days_at_most"),
    *("returns_to", "returns_at_most"),
)


class TargetValues(NamedTuple):
    """What a target says."""

    metric: str
    amount: int
    unit: str
    channels: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    needs_proof: bool = True


class StepValues(NamedTuple):
    """What a step of the ladder says."""

    metric: str
    action: str
    share: int | None = None
    offset: int | None = None


class NotInForce(Refusal):
    """The version was replaced or retired before."""

    code = "not_in_force"


class NothingCovers(Refusal):
    """Some handoffs would be left without any policy."""

    code = "nothing_covers"


@transaction.atomic
def revise(
    policy: Policy,
    *,
    targets: Sequence[TargetValues],
    ladder: Sequence[StepValues] | None = None,
    at: datetime,
    **values: Any,
) -> Policy:
    """Put a new version of `policy` in force at `at` and retire this one; without a change, return it as it is.

    `values` are new values of what REVISED names; what is not given stays, as the ladder does. Running clocks keep the
    version they started with.
    """
    unknown = set(values) - set(REVISED)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: a version differs in {', '.join(REVISED)} only.")
    current = _locked(policy)
    before = {name: getattr(current, name) for name in REVISED}
    wanted = before | values
    steps = ladder_of(current) if ladder is None else list(ladder)
    are_same_steps = sorted(steps, key=str) == sorted(ladder_of(current), key=str)
    if wanted == before and set(targets) == set(targets_of(current)) and are_same_steps:
        return current
    if not Policy(**wanted).covers_everything:
        _require_another_for_everything(current)
    Policy.objects.filter(pk=current.pk).update(retired_at=at)
    latest = Policy.objects.filter(slug=current.slug).aggregate(top=Max("version"))["top"]
    new = Policy.objects.create(slug=current.slug, version=latest + 1, created_at=at, **wanted)
    write_terms(new, targets, steps)
    return new


@transaction.atomic
def retire(policy: Policy, *, at: datetime) -> None:
    """Take `policy` out of force at `at`; running clocks keep it."""
    current = _locked(policy)
    _require_another_for_everything(current)
    Policy.objects.filter(pk=current.pk).update(retired_at=at)


def targets_of(policy: Policy) -> list[TargetValues]:
    """Return the targets of `policy` as values."""
    return [
        TargetValues(t.metric, t.amount, t.unit, tuple(t.channels), tuple(t.outcomes), t.needs_proof)
        for t in policy.targets.all()
    ]


def ladder_of(policy: Policy) -> list[StepValues]:
    """Return the ladder of `policy` as values."""
    return [StepValues(step.metric, step.action, step.share, step.offset) for step in policy.ladder.all()]


def write_terms(policy: Policy, targets: Sequence[TargetValues], steps: Sequence[StepValues]) -> None:
    """Give a new version its targets and its ladder."""
    Target.objects.bulk_create(Target(policy=policy, **_plain(target)) for target in targets)
    LadderStep.objects.bulk_create(LadderStep(policy=policy, **step._asdict()) for step in steps)


def _plain(target: TargetValues) -> dict[str, Any]:
    return target._asdict() | {"channels": list(target.channels), "outcomes": list(target.outcomes)}


def _locked(policy: Policy) -> Policy:
    current = Policy.objects.select_for_update().get(pk=policy.pk)
    if current.retired_at is not None:
        raise NotInForce(_("%(policy)s is no longer in force: change the version that is.") % {"policy": current})
    return current


def _require_another_for_everything(policy: Policy) -> None:
    if not policy.covers_everything:
        return
    others = Policy.objects.in_force().exclude(pk=policy.pk)
    if not any(other.covers_everything for other in others):
        raise NothingCovers(
            _("%(policy)s is the last one for every route: make another without routes first.") % {"policy": policy}
        )
