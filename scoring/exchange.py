"""A version of the scoring model as one JSON file, for review, for git and for another installation.

    {"format": "handoff-scoring-model/1", "name", "settings": {field: value}, "groups": [{"key", ...}],
     "rules": [{"key", "group": key of a group, ...}], "content": [{"pattern", ...}], "personas": [{"key", ...}]}

Equal versions give equal text: number of the version, dates and people stay out of it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils.translation import gettext as _

from scoring.drafting import next_version
from scoring.models import ContentEntry, Persona, Rule, RuleGroup, ScoringModel
from scoring.spec import ModelSpec

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

FORMAT = "handoff-scoring-model/1"


def _said_by(kind: type[models.Model], *but: str) -> list[str]:
    """Return the fields in which a row of `kind` says something itself: all `but` these, ids and other rows."""
    names = [field.name for field in kind._meta.concrete_fields if not field.is_relation]
    return [name for name in names if name not in {"id", *but}]


SETTINGS = _said_by(ScoringModel, "name", "version", "state", "created_at")
GROUP, RULE, CONTENT, PERSONA = (_said_by(kind) for kind in (RuleGroup, Rule, ContentEntry, Persona))
LISTS = {"fast_lane_kinds", "product_kinds", "activity_kinds"}
TREES = {"fast_lane_condition", "product_condition", "condition"}


class Unreadable(ValueError):
    """A file that is no scoring model; the message says where and what is accepted."""


def written(model: ScoringModel) -> str:
    """Return the whole of `model` as JSON text."""
    groups = {group.pk: group for group in model.groups.all()}
    content = {
        "format": FORMAT,
        "name": model.name,
        "settings": _values(model, SETTINGS),
        "groups": [_values(group, GROUP) for group in groups.values()],
        "rules": [{"group": groups[rule.group_id].key, **_values(rule, RULE)} for rule in model.rules.all()],
        "content": [_values(entry, CONTENT) for entry in model.content.all()],
        "personas": [_values(persona, PERSONA) for persona in model.personas.all()],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder) + "\n"


def _values(row: models.Model, names: list[str]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


@transaction.atomic
def read(text: str, *, by: "AbstractBaseUser | None", at: datetime, name: str = "") -> ScoringModel:
    """Make a new draft of what `written` wrote, named `name` if one is given; Unreadable where it is something else."""
    content = _content(text)
    model = _model(content)
    model.name, model.version = name or content.get("name", ""), next_version()
    model.created_at, model.created_by = at, by  # type: ignore[assignment]
    _save(model, "settings")
    for where, part in _parts(content, model):
        _save(part, where)
    return model


def spec_in(text: str) -> ModelSpec:
    """Return what `written` wrote as values for the engine, without a database; Unreadable if it is something else."""
    content = _content(text)
    model = _model(content)
    parts: dict[type, list[Any]] = {kind: [] for kind in (RuleGroup, Rule, ContentEntry, Persona)}
    for number, (where, part) in enumerate(_parts(content, model), 1):
        part.pk = number
        _clean(part.clean_fields, where, exclude=[field.name for field in part._meta.fields if field.is_relation])
        _clean(part.clean, where)
        if isinstance(part, Rule):
            part.group_id = part.group.pk
        parts[type(part)].append(part)
    return model.spec_of(*parts.values())


def _model(content: Mapping[str, Any]) -> ScoringModel:
    given = _members(content.get("settings"), "settings", SETTINGS)
    if given.get("time_zone") not in {None, *available_timezones()}:
        zone = given["time_zone"]
        raise Unreadable(_("settings.time_zone: “%(zone)s” is none; use one such as Europe/Berlin.") % {"zone": zone})
    model = ScoringModel(**given)
    _clean(model.clean_fields, "settings", exclude=["name", "version", "created_at", "created_by"])
    _clean(model.clean, "settings")
    return model


def _parts(content: Mapping[str, Any], model: ScoringModel) -> Iterator[tuple[str, models.Model]]:
    """Yield the groups, rules, content and personas of `model`, unsaved, each with where it stands."""
    groups: dict[str, RuleGroup] = {}
    for where, row in _rows(content, "groups"):
        group = RuleGroup(model=model, **_members(row, where, GROUP))
        groups[group.key] = group
        yield where, group
    for where, row in _rows(content, "rules"):
        values = _members(row, where, ["group", *RULE])
        found = groups.get(str(values.pop("group", "")))
        if found is None:
            known = ", ".join(groups)
            raise Unreadable(
                _("%(where)s: use the key of a group: %(known)s.") % {"where": f"{where}.group", "known": known}
            )
        yield where, Rule(model=model, group=found, **values)
    for where, row in _rows(content, "content", []):
        yield where, ContentEntry(model=model, **_members(row, where, CONTENT))
    for where, row in _rows(content, "personas", []):
        yield where, Persona(model=model, **_members(row, where, PERSONA))


def _content(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text, parse_constant=_refused_number)
    except ValueError as error:
        raise Unreadable(_("This is no JSON: %(error)s.") % {"error": error}) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Unreadable(_("This is no scoring model: its “format” is not “%(format)s”.") % {"format": FORMAT})
    return content


def _refused_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _rows(content: Mapping[str, Any], name: str, default: list[Any] | None = None) -> Iterator[tuple[str, Any]]:
    """Yield each row of the list `name`, with where it stands."""
    rows = content.get(name, default)
    if not isinstance(rows, list):
        raise Unreadable(_("%(where)s: a list is missing.") % {"where": name})
    for place, row in enumerate(rows):
        yield f"{name}[{place}]", row


def _members(row: Any, where: str, known: list[str]) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise Unreadable(_("%(where)s: names with values are missing.") % {"where": where})
    for name, value in row.items():
        here = {"where": f"{where}.{name}", "known": ", ".join(known)}
        if name not in known:
            raise Unreadable(_("%(where)s is unknown; use: %(known)s.") % here)
        if name in LISTS and not (isinstance(value, list) and all(isinstance(kind, str) for kind in value)):
            raise Unreadable(_("%(where)s: use a list of kinds of activities.") % here)
        if name in TREES and not _is_tree(value):
            raise Unreadable(_("%(where)s: use a condition of all, any, not and fields, or {}.") % here)
    return row


def _is_tree(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if "field" in value:
        return isinstance(value["field"], str) and isinstance(value.get("op"), str)
    if "not" in value:
        return bool(value["not"]) and _is_tree(value["not"])
    if "any" in value or "all" in value:
        branches = [value[joiner] for joiner in ("all", "any") if joiner in value]
        return all(isinstance(some, list) and all(branch and _is_tree(branch) for branch in some) for some in branches)
    return not value


def _save(row: models.Model, where: str) -> None:
    _clean(row.clean_fields, where)  # first, as the checks across fields take what it made of the text
    _clean(row.full_clean, where)
    row.save()


def _clean(clean: Callable[..., None], where: str, **how: Any) -> None:
    try:
        clean(**how)
    except ValidationError as error:
        said = [f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items()]
        raise Unreadable(f"{where}: {' '.join(said)}") from error
