"""Drafts: a copy of a version that can be worked on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.utils.crypto import get_random_string
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from scoring.editing import lock_draft, new_group_key
from scoring.models import Persona, Rule, RuleGroup, ScoringModel
from scoring.spec import RuleSpec

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def next_version() -> int:
    """Return the number of the next version."""
    return (ScoringModel.objects.aggregate(top=Max("version"))["top"] or 0) + 1


def new_key() -> str:
    """Return a key for a new rule or persona; it stays the same in every later version."""
    return "r" + get_random_string(8, "abcdefghijkmnpqrstuvwxyz23456789")


@transaction.atomic
def new_model(*, name: str, by: "AbstractBaseUser | None", at: datetime, **settings: object) -> ScoringModel:
    """Make an empty draft with one group per dimension."""
    model = ScoringModel.objects.create(name=name, version=next_version(), created_by=by, created_at=at, **settings)  # type: ignore[misc]
    add_groups(model)
    return model


def add_groups(model: ScoringModel) -> None:
    """Give `model` one group per dimension."""
    RuleGroup.objects.bulk_create(
        RuleGroup(model=model, key=value, name=str(label).capitalize(), dimension=value)
        for value, label in RuleGroup.Dimension.choices
    )


@transaction.atomic
def add_negative(
    model: ScoringModel, *, name: str, condition: Mapping[str, Any], by: "AbstractBaseUser | None", at: datetime
) -> Persona:
    """Return a new negative persona in `model` where that is a draft, else in the latest draft since, else in a copy.

    Nothing goes live by it.
    """
    drafts = ScoringModel.objects.filter(state=ScoringModel.State.DRAFT, version__gt=model.version)
    draft = model if model.is_draft else drafts.order_by("-version").first() or copy_to_draft(model, by=by, at=at)
    values = {"name": name[:80], "condition": condition, "standing": Persona.Standing.NEGATIVE, "key": new_key()}
    return Persona.objects.create(model=lock_draft(draft.pk), **values)


@transaction.atomic
def draft_suggested(
    model: ScoringModel,
    rules: Sequence[tuple[RuleSpec, str]],
    *,
    instead: bool,
    threshold: float | None = None,
    by: "AbstractBaseUser | None",
    at: datetime,
) -> ScoringModel:
    """Return a new draft with `rules` (each with its name) beside those of `model`, or `instead` of them.

    They stand in groups without floor and cap, where each gives what it was found to be worth.
    """
    draft = copy_to_draft(model, by=by, at=at)
    if instead:
        draft.rules.all().delete()
        draft.fit_minimum = draft.interest_minimum = draft.timing_minimum = None
        draft.threshold = Decimal(threshold) if threshold is not None else draft.threshold
        draft.save()
    for place, (rule, name) in enumerate(rules):
        dimension = RuleGroup.Dimension.FIT if rule.kind == "profile" else RuleGroup.Dimension.INTEREST
        values: dict[str, Any] = {
            "kind": rule.kind,
            "points": rule.points,
            "condition": dict(rule.condition),
            "window": rule.window,
        }
        values |= {"activity_kinds": list(rule.kinds), "at_least": rule.at_least, "position": place}
        Rule.objects.create(
            model=draft, group=_free_group(draft, dimension), key=new_key(), name=Truncator(name).chars(120), **values
        )
    return draft


def _free_group(model: ScoringModel, dimension: RuleGroup.Dimension) -> RuleGroup:
    free = model.groups.filter(dimension=dimension, floor=None, cap=None).first()
    name = _("Suggested") + f" ({dimension.label})"
    key = new_group_key(model, f"suggested-{dimension}")
    return free or RuleGroup.objects.create(model=model, key=key, name=name, dimension=dimension)


@transaction.atomic
def copy_to_draft(source: ScoringModel, *, by: "AbstractBaseUser | None", at: datetime) -> ScoringModel:
    """Return a new draft with everything that `source` says; rules keep their keys."""
    draft = ScoringModel.objects.get(pk=source.pk)
    draft.pk = None
    draft.version, draft.state = next_version(), ScoringModel.State.DRAFT
    draft.created_at, draft.created_by = at, by  # type: ignore[assignment]
    draft.save()
    new_groups: dict[int, RuleGroup] = {}
    for group in source.groups.all():
        new_groups[group.pk] = group
        group.pk, group.model = None, draft
        group.save()
    for parts in (source.rules, source.content, source.personas):
        rows: list[Any] = list(parts.all())
        for row in rows:
            row.pk, row.model = None, draft
            if isinstance(row, Rule):
                row.group = new_groups[row.group_id]
        parts.bulk_create(rows)
    return draft
