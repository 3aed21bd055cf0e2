"""What one version says otherwise than another, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import models
from django.template.defaultfilters import floatformat
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from scoring.models import ScoringModel
from scoring.presenting import Reader, rule_rows

Said = Mapping[str, str]  # what it is about -> what is said of it


@dataclass(frozen=True)
class Change:
    """One part of a version that is new, gone, or otherwise than before."""

    name: str
    kind: str  # "added", "removed" or "changed"
    lines: list[tuple[str, str, str]]  # what, before, after


def changes(before: ScoringModel | None, after: ScoringModel) -> list[Change]:
    """Return what `after` says otherwise than `before`: settings, rules, groups, personas, content."""
    found = []
    old_parts = _parts(before) if before else {}
    new_parts = _parts(after)
    for key in {**new_parts, **old_parts}:
        (name, new), (old_name, old) = new_parts.get(key, ("", {})), old_parts.get(key, ("", {}))
        lines = [
            (what, old.get(what) or "—", new.get(what) or "—")
            for what in {**new, **old}
            if (old.get(what) or "") != (new.get(what) or "")
        ]
        kind = "added" if key not in old_parts else "removed" if key not in new_parts else "changed"
        if lines:
            found.append(Change(name or old_name, kind, lines))
    return [*found, *_order_of_content(before, after)] if before else found


def _order_of_content(before: ScoringModel, after: ScoringModel) -> list[Change]:
    """Return whether the lines that both have stand in another order, as the first that fits counts."""
    orders = [list(model.content.values_list("looks_at", "pattern")) for model in (before, after)]
    both = set(orders[0]).intersection(orders[1])
    old, new = ([line for line in order if line in both] for order in orders)
    was, now = (", ".join(pattern for _looks_at, pattern in order) for order in (old, new))
    return [Change(_("Content catalogue"), "changed", [(_("order"), was, now)])] if old != new else []


def _parts(model: ScoringModel) -> dict[tuple[str, str], tuple[str, Said]]:
    """Return each part of `model` by what stays the same of it: its name, and what is said of it."""
    reader = Reader.now(whole=True)
    parts: dict[tuple[str, str], tuple[str, Said]] = {("settings", ""): (_("Settings"), _settings(model, reader))}
    for group in model.groups.all():
        said = {
            _("name"): group.name,
            _("dimension"): group.get_dimension_display(),
            _("floor"): _number(group.floor),
            _("cap"): _number(group.cap),
        }
        parts["group", group.key] = (_("Group “%(name)s”") % {"name": group.name}, said)
    for row in rule_rows(model, reader):
        parts["rule", row.rule.key] = (row.rule.name, {
            _("name"): row.rule.name,
            _("looks for"): row.said,
            _("points"): row.points,
            _("half-life"): row.half_life,
            _("counts"): row.counts,
            _("group"): row.rule.group.name,
            _("active"): _("yes") if row.rule.is_active else _("no"),
        })  # fmt: skip
    for persona in model.personas.all():
        said = {
            _("name"): persona.name,
            _("standing"): persona.get_standing_display(),
            _("until"): date_format(persona.until) if persona.until else "",
            _("looks for"): reader.said_profile(persona.condition),
            _("pains"): persona.pains,
            _("goals"): persona.goals,
        }
        parts["persona", persona.key] = (_("Persona “%(name)s”") % {"name": persona.name}, said)
    for entry in model.content.all():
        said = {
            _("phase"): entry.get_phase_display() if entry.phase else "",
            _("offer"): entry.offer,
            _("campaign"): entry.campaign,
        }
        parts["content", f"{entry.looks_at}:{entry.pattern}"] = (
            _("Content %(pattern)s") % {"pattern": entry.pattern},
            said,
        )
    return parts


def _settings(model: ScoringModel, reader: Reader) -> Said:
    numbers = [field for field in ScoringModel._meta.fields if isinstance(field, models.DecimalField)]
    return {
        **{str(field.verbose_name): _number(getattr(model, field.name)) for field in numbers},
        _("fast lane"): reader.said_lane(model.fast_lane_kinds, model.fast_lane_condition),
        _("product signals"): reader.said_lane(model.product_kinds, model.product_condition),
        _("time zone"): model.time_zone,
    }


def _number(value: object) -> str:
    return str(floatformat(value, -2))
