"""Conditions and their mistakes in words, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scoring.conditions import BadCondition, Catalogue, Tree
from scoring.evaluating import Decline, Declined
from scoring.fields import OPERATORS, FieldType

OPERATOR_LABELS = {
    "is": gettext_lazy("is"),
    "is_not": gettext_lazy("is not"),
    "is_one_of": gettext_lazy("is one of"),
    "is_none_of": gettext_lazy("is none of"),
    "contains": gettext_lazy("contains"),
    "contains_any_of": gettext_lazy("contains one of"),
    "does_not_contain": gettext_lazy("does not contain"),
    "starts_with": gettext_lazy("starts with"),
    "ends_with": gettext_lazy("ends with"),
    "at_least": gettext_lazy("is at least"),
    "at_most": gettext_lazy("is at most"),
    "more_than": gettext_lazy("is more than"),
    "less_than": gettext_lazy("is less than"),
    "between": gettext_lazy("is between"),
    "is_yes": gettext_lazy("is yes"),
    "is_no": gettext_lazy("is no"),
    "on_or_after": gettext_lazy("is on or after"),
    "before": gettext_lazy("is before"),
    "in_last_days": gettext_lazy("is within the last … days"),
    "days_ago": gettext_lazy("is at least … days ago"),
    "in_next_days": gettext_lazy("is within the next … days"),
    "has_any_of": gettext_lazy("has one of"),
    "has_all_of": gettext_lazy("has all of"),
    "has_none_of": gettext_lazy("has none of"),
    "is_blank": gettext_lazy("is blank"),
    "is_filled": gettext_lazy("is filled in"),
}
ALL_OF = {"has_all_of"}
MOST_SPOKEN = 6  # values of a list, where it is not read whole
MISTAKES = {
    "unknown_field": gettext_lazy("There is no field “%(field)s”; choose one from the list."),
    "unknown_operator": gettext_lazy("“%(field)s” can't be compared by “%(op)s”; choose one of: %(known)s."),
    "unknown_form": gettext_lazy("A condition is 'all', 'any', 'not' or a field; this one has: %(keys)s."),
    "no_number": gettext_lazy("%(field)s: “%(value)s” is no number; use digits, such as 50 or 12.5."),
    "two_readings": gettext_lazy(
        "%(field)s: “%(value)s” can be read in two ways; write a thousand as 1000, and three decimals with a zero "
        "behind them, such as 1.2340."
    ),
    "negative_days": gettext_lazy("%(field)s: %(value)s days are below zero; use zero or more."),
    "no_date": gettext_lazy("%(field)s: “%(value)s” is no date; use year-month-day, such as 2026-11-22."),
    "no_range": gettext_lazy("%(field)s: give the lower and the higher value, such as 50 and 500."),
    "missing": gettext_lazy("%(field)s: a value is missing; fill one in, or choose “is blank”."),
}

DECLINED = {
    Decline.TOO_FEW: gettext_lazy(
        "There are too few verdicts to learn from: %(n)d of the rarer kind, and %(least)d are needed."
    ),
    Decline.NOTHING: gettext_lazy("Nothing stands out from what chance would do."),
    Decline.BASE_IS_BETTER: gettext_lazy(
        "On verdicts that it was not learned from, it does no better than the rules there are: an AUC of %(reached).3f "
        "against %(base).3f."
    ),
}


def said_decline(declined: Declined | None) -> str | None:
    """Say why nothing is suggested, None where something is."""
    return None if declined is None else str(DECLINED[declined.why]) % declined.about


def mistake(error: BadCondition) -> str:
    """Say what is wrong with a condition, and what would do."""
    about = dict(error.about)
    if "type" in about:
        known = OPERATORS[FieldType(str(about["type"]))]
        about["known"] = ", ".join(str(OPERATOR_LABELS[op]) for op in known)
        about["op"] = OPERATOR_LABELS.get(str(about["op"]), about["op"])
    return str(MISTAKES[error.code]) % about


def sentence(tree: Tree, catalogue: Catalogue, *, whole: bool = False) -> str:
    """Read `tree` aloud: "industry is energy or finance and employees is between 50 and 500".

    Long lists are cut short, unless it is read `whole`.
    """
    if "field" in tree:
        field = catalogue.get(tree["field"])
        operator = OPERATORS[field.type].get(tree.get("op", "")) if field else None
        if field is None or operator is None:
            return _("unknown field %(name)s") % {"name": tree["field"]}
        said = f"{field.label} {OPERATOR_LABELS[tree['op']]}"
        if operator.takes == "none":
            return said
        # All of several are joined like the two ends of a range.
        value = _spoken("two" if tree["op"] in ALL_OF else operator.takes, tree.get("value"), whole=whole)
        return said.replace("…", value) if "…" in said else f"{said} {value}"
    if "not" in tree:
        return _("not (%(condition)s)") % {"condition": sentence(tree["not"], catalogue, whole=whole)}
    parts = [_in_brackets(branch, catalogue, whole=whole) for branch in tree.get("any") or tree.get("all") or ()]
    return (_(" or ") if tree.get("any") else _(" and ")).join(parts)


def _in_brackets(branch: Tree, catalogue: Catalogue, *, whole: bool) -> str:
    said = sentence(branch, catalogue, whole=whole)
    return f"({said})" if len(branch.get("all", ())) > 1 or len(branch.get("any", ())) > 1 else said


def _spoken(takes: str, raw: object, *, whole: bool) -> str:
    values = [_spoken_one(value) for value in (raw if isinstance(raw, list) else [raw])]
    if len(values) > MOST_SPOKEN and not whole:
        rest = ngettext("%(n)d more", "%(n)d more", len(values) - 5) % {"n": len(values) - 5}
        return ", ".join([*values[:5], rest])
    if takes == "two" and len(values) > 1:
        return _("%(low)s and %(high)s") % {"low": ", ".join(values[:-1]), "high": values[-1]}
    if len(values) > 1:
        return _("%(first)s or %(last)s") % {"first": ", ".join(values[:-1]), "last": values[-1]}
    return values[0] if values else ""


def _spoken_one(value: object) -> str:
    said = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return f"“{said}”" if "," in said else said
