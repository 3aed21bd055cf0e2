"""A model's rules as marketers read them: one sentence and a few short numbers each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring.conditions import Catalogue
from scoring.models import Rule, RuleGroup, ScoringModel
from scoring.population import population
from scoring.spec import RuleSpec
from scoring.wording import sentence


@dataclass(frozen=True)
class Reader:
    """What is needed to read rules aloud: the catalogues and the names of the kinds, looked up once.

    Long lists are cut short, unless they are to be read `whole`.
    """

    profile: Catalogue
    activity: Catalogue
    kinds: Mapping[str, str]
    whole: bool = False

    @classmethod
    def now(cls, *, whole: bool = False) -> "Reader":
        """Return a reader of today's catalogue."""
        seen = population()
        return cls(seen.profile_fields(), seen.activity_fields(), dict(seen.activity_kinds()), whole)

    def said(self, rule: Rule) -> str:
        """Return what `rule` looks for, as one sentence."""
        if rule.kind == Rule.Kind.PROFILE:
            return self.said_profile(rule.condition)
        what = self.said_activity(rule.activity_kinds, rule.condition)
        if rule.kind == Rule.Kind.SILENCE:
            return _("nothing for %(days)s: %(what)s") % {"days": days(rule.silence_days or 0), "what": what}
        return what

    def said_suggested(self, rule: RuleSpec) -> str:
        """Return what a suggested rule looks for, and how often."""
        values = {name: getattr(rule, name) for name in ("kind", "condition", "at_least", "at_least_of", "window")}
        row = Rule(activity_kinds=list(rule.kinds), **values)
        row.at_least = row.at_least if row.at_least != 1 else None  # "once" goes without saying
        return ", ".join(filter(None, [self.said(row), self.counts(row)]))

    def said_profile(self, condition: Mapping[str, object]) -> str:
        """Return "industry is energy"."""
        return sentence(condition, self.profile, whole=self.whole) or _("everybody")

    def said_lane(self, kinds: Sequence[str], condition: Mapping[str, object]) -> str:
        """Return what hands over by itself, empty where nothing does."""
        return self.said_activity(kinds, condition) if kinds else ""

    def said_activity(self, kinds: Sequence[str], condition: Mapping[str, object]) -> str:
        """Return "page view where page address contains pricing"."""
        what = _(" or ").join(self.kinds.get(kind, kind.replace("_", " ")) for kind in kinds) or _("any activity")
        where = sentence(condition, self.activity, whole=self.whole)
        return _("%(what)s where %(where)s") % {"what": what, "where": where} if where else what

    def counts(self, rule: Rule) -> str:
        """Return how often and how long `rule` counts, such as "3 a week"; empty where it has no such bounds."""
        said = []
        if rule.at_least and rule.at_least_of == Rule.Unit.VALUES:
            field = self.activity.get(rule.values_of)
            of = {"n": rule.at_least, "field": field.label if field else rule.values_of}
            said.append(_("once from %(n)d different values of %(field)s") % of)
        elif rule.at_least:
            unit = rule.get_at_least_of_display()
            said.append(_("once from %(n)d %(unit)s") % {"n": rule.at_least, "unit": unit})
        if rule.limit and rule.limit_per:
            said.append(f"{rule.limit} {rule.get_limit_per_display()}")
        if rule.window:
            said.append(_("for %(days)s") % {"days": days(rule.window)})
        return ", ".join(said)


@dataclass(frozen=True)
class RuleRow:
    """One line of the table of rules."""

    rule: Rule
    said: str
    points: str
    half_life: str
    counts: str


def rule_rows(model: ScoringModel, reader: Reader) -> list[RuleRow]:
    """Return the rules of `model` as `reader` says them, dimension by dimension."""
    rules = list(model.rules.select_related("group"))
    rules.sort(key=lambda rule: RuleGroup.Dimension.values.index(rule.group.dimension))
    return [
        RuleRow(
            rule,
            reader.said(rule),
            signed(rule.points),
            days(rule.half_life) if rule.half_life else "",
            reader.counts(rule),
        )
        for rule in rules
    ]


def signed(points: Decimal) -> str:
    """Return "+15", "−2.5" or "0"."""
    sign = "−" if points < 0 else "+" if points else ""
    return sign + floatformat(abs(points), -2)


def days(number: Decimal | int) -> str:
    """Return "30 days"."""
    return ngettext("%(n)s day", "%(n)s days", 1 if number == 1 else 2) % {"n": floatformat(number, -2)}
