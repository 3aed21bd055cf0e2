"""The agreement in words: terms as sections of lines, in the reader's language."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handoff.feedback.terms import Terms
from handoff.leads.catalogue import activity_fields
from handoff.leads.models import Kind
from handoff.sla.models import LadderStep, Metric, Policy
from scoring.models import RuleGroup
from scoring.wording import sentence


@dataclass
class Part:
    """One part of the agreement: its heading, its lines, and whether it is live without both signatures."""

    heading: str
    lines: list[str]
    is_outside: bool = False


@dataclass
class Section:
    """Parts of one kind."""

    title: str
    lead: str
    parts: list[Part] = field(default_factory=list)


def sections(terms: Terms, outside: Collection[str] = ()) -> list[Section]:
    """Return `terms` in words; the parts whose key is in `outside` are marked."""
    found = {
        "mql": Section(_("What is an MQL"), _("From here on a lead is sales' to answer.")),
        "sql": Section(_("What is an SQL"), _("Sales says that there is business to win.")),
        "policy": Section(_("What sales promises"), _("Times are business time. The first policy that fits counts.")),
        "promise": Section(_("What both sides promise"), _("What comes of it is in the report of the meeting.")),
        "reason": Section(
            _("Reasons to disqualify"), _("Marketing reads each one, and what counts against its rules.")
        ),
    }
    for key, part in terms.items():
        kind = key.partition(" ")[0]
        found[kind].parts.append(Part(_heading(kind, part), list(SAID[kind](part)), key in outside))
    return [section for section in found.values() if section.parts]


def _heading(kind: str, part: dict[str, Any]) -> str:
    """Return what a part is called: its name, of a shipped reason in the reader's language, else for whom and when."""
    name = part.get("name") or _when(part)
    return _(name) if kind == "reason" else name


def _when(part: dict[str, Any]) -> str:
    """Return the heading of a promise: for whom, and when."""
    if "first" not in part:
        return ""
    days = (date_format(date.fromisoformat(part[name]), "j M Y") for name in ("first", "last"))
    return f"{part['team'] or _('All teams')}, {' – '.join(days)}"


def _mql(part: dict[str, Any]) -> Iterator[str]:
    words = {"threshold": _number(part["threshold"]), "version": part["version"]}
    yield _("A score of at least %(threshold)s points, by version %(version)d of the scoring model.") % words
    names = dict(RuleGroup.Dimension.choices)
    for dimension, least in part["minimums"].items():
        yield _("At least %(n)s points of %(dimension)s.") % {"n": _number(least), "dimension": names[dimension]}
    yield _("It stays one until it is %(n)s points below.") % {"n": _number(part["hysteresis"])}
    for kinds, condition, said in (
        ("fast_lane_kinds", "fast_lane_condition", _("Handed over at once whatever the score: %(what)s.")),
        ("product_kinds", "product_condition", _("Handed over as a product signal: %(what)s.")),
    ):
        if part[kinds] or part[condition]:
            yield said % {"what": _trigger(part[kinds], part[condition])}


def _trigger(kinds: list[str], condition: dict[str, Any]) -> str:
    names = dict(Kind.choices)
    said = ", ".join(str(names.get(kind, kind)) for kind in kinds)
    where = sentence(condition, activity_fields()) if condition else ""
    return ", ".join(filter(None, [said, where]))


def _sql(part: dict[str, Any]) -> Iterator[str]:
    yield _("Somebody has spoken with the person, both ways.")
    yield ngettext(
        "Of budget, authority, need and timeline at least %(n)d is answered with yes or partly.",
        "Of budget, authority, need and timeline at least %(n)d are answered with yes or partly.",
        part["bant_minimum"],
    ) % {"n": part["bant_minimum"]}


def _policy(part: dict[str, Any]) -> Iterator[str]:
    metrics, actions = dict(Metric.choices), dict(LadderStep.Action.choices)
    for target in part["targets"]:
        words = {"metric": capfirst(metrics[target["metric"]]), "time": _time(target["amount"], target["unit"])}
        yield _("%(metric)s within %(time)s.") % words
    yield _("Counted in: %(hours)s.") % {"hours": dict(Policy.Hours.choices)[part["counted_in"]]}
    words = {"n": part["attempts"], "days": part["attempt_days"]}
    yield _("%(n)d attempts over %(days)d days before silence ends it.") % words
    for step in part["ladder"]:
        words = {"metric": metrics[step["metric"]], "action": actions[step["action"]]} | {"n": step["share"]}
        if step["share"] is not None:
            yield _("At %(n)d %% of the time for %(metric)s: %(action)s.") % words
        else:
            words["n"] = abs(step["offset"])
            after = _("%(n)d minutes after %(metric)s was due: %(action)s.")
            before = _("%(n)d minutes before %(metric)s is due: %(action)s.")
            yield (before if step["offset"] < 0 else after) % words


def _time(n: int, unit: str) -> str:
    said = {
        "minutes": ngettext("%(n)d minute", "%(n)d minutes", n),
        "hours": ngettext("%(n)d hour", "%(n)d hours", n),
        "days": ngettext("%(n)d day", "%(n)d days", n),
    }
    return said[unit] % {"n": n}


def _promise(part: dict[str, Any]) -> Iterator[str]:
    said = {
        "mqls": _("Marketing: %(n)d leads handed over."),
        "sql_percent": _("Marketing: %(n)d %% of them become SQLs."),
        "answer_days": _("Marketing: an answer to feedback within %(n)d days."),
        "in_time_percent": _("Sales: %(n)d %% of first touches in time."),
        "verdict_percent": _("Sales: %(n)d %% of verdicts in time."),
        "attempts": _("Sales: at least %(n)d attempts before “no response”."),
    }
    for name, text in said.items():
        if part[name] is not None:
            yield text % {"n": part[name]}


def _reason(part: dict[str, Any]) -> Iterator[str]:
    yield _("Counts against the rules.") if part["counts_against_rules"] else _("Does not count against the rules.")
    if part["is_permanent"]:
        yield _("Usually for good.")
    elif part["wake_after_days"]:
        yield ngettext("Usually back after %(n)d day.", "Usually back after %(n)d days.", part["wake_after_days"]) % {
            "n": part["wake_after_days"]
        }


def _number(value: float) -> str:
    return number_format(value, decimal_pos=0 if float(value).is_integer() else 2)


SAID: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "mql": _mql,
    "sql": _sql,
    "policy": _policy,
    "promise": _promise,
    "reason": _reason,
}
