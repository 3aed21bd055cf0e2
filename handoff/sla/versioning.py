"""Changing a policy: what ran under it stays readable, so a change is a new version."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from handoff.lib.refusals import Refusal
from handoff.sla.models import Policy, Target

TargetValues = tuple[str, int, str]  # metric, amount, unit
REVISED = ("name", "position", "routes", "counted_in")


class NotInForce(Refusal):
    """The version was replaced or retired before."""

    code = "not_in_force"


class NothingCovers(Refusal):
    """Some handoffs would be left without any policy."""

    code = "nothing_covers"


@transaction.atomic
def revise(policy: Policy, *, targets: Sequence[TargetValues], at: datetime, **values: Any) -> Policy:
    """Put a new version of `policy` in force at `at` and retire this one; without a change, return it as it is.

    `values` are new values of name, position, routes or counted_in; what is not given stays. Running clocks keep the
    version they started with.
    """
    unknown = set(values) - set(REVISED)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: a version differs in {', '.join(REVISED)} only.")
    current = _locked(policy)
    wanted = {name: getattr(current, name) for name in REVISED} | values
    if wanted == {name: getattr(current, name) for name in REVISED} and set(targets) == set(targets_of(current)):
        return current
    if wanted["routes"]:
        _require_another_for_everything(current)
    Policy.objects.filter(pk=current.pk).update(retired_at=at)
    latest = Policy.objects.filter(slug=current.slug).aggregate(top=Max("version"))["top"]
    new = Policy.objects.create(slug=current.slug, version=latest + 1, created_at=at, **wanted)
    Target.objects.bulk_create(
        Target(policy=new, metric=metric, amount=amount, unit=unit) for metric, amount, unit in targets
    )
    return new


@transaction.atomic
def retire(policy: Policy, *, at: datetime) -> None:
    """Take `policy` out of force at `at`; running clocks keep it."""
    current = _locked(policy)
    _require_another_for_everything(current)
    Policy.objects.filter(pk=current.pk).update(retired_at=at)


def targets_of(policy: Policy) -> list[TargetValues]:
    """Return the targets of `policy` as values."""
    return [(target.metric, target.amount, target.unit) for target in policy.targets.all()]


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
