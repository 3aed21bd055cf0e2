"""Verdicts by what marketing looks for: their reason, the lead's source or campaign, and the rules found wrong."""

from collections import Counter
from typing import Any, NamedTuple

from django.db.models import Count, F, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.queue.models import Disqualification, DisqualificationReason
from scoring.models import Rule, ScoringModel

BY = {
    "reason": gettext_lazy("Reason"),
    "source": gettext_lazy("Source"),
    "campaign": gettext_lazy("Campaign"),
    "rule": gettext_lazy("Rule"),
}
COLUMNS = {"reason": "reason__slug", "source": "handoff__source", "campaign": "handoff__lead__campaign"}


class Group(NamedTuple):
    """Some verdicts that have something in common: what to ask for, in words, and how many."""

    value: str
    label: str
    n: int


def groups(verdicts: "QuerySet[Disqualification]", by: str) -> list[Group]:
    """Return the groups of `verdicts`, the largest first."""
    if by == "rule":
        counts = Counter(key for keys in verdicts.values_list("misleading", flat=True) for key in keys)
        names = rule_names(counts)
        found = [Group(key, names.get(key, key), n) for key, n in counts.items()]
    else:
        rows = verdicts.order_by().values(value=F(COLUMNS[by])).annotate(n=Count("id"))
        labels = {r.slug: r.label for r in DisqualificationReason.objects.all()} if by == "reason" else {}
        found = [Group(row["value"], labels.get(row["value"], row["value"]) or _("unknown"), row["n"]) for row in rows]
    return sorted(found, key=lambda group: (-group.n, group.label))


def within(verdicts: "QuerySet[Disqualification]", by: str, value: str) -> "QuerySet[Any]":
    """Return the verdicts of one group."""
    if by == "rule":
        # As text: not every database looks into a list of JSON.
        return verdicts.annotate(ticked=Cast("misleading", TextField())).filter(ticked__contains=f'"{value}"')
    return verdicts.filter(**{COLUMNS[by]: value})


def rule_names(keys: "Counter[str] | set[str]") -> dict[str, str]:
    """Return the rules' names by their keys, as the newest published version that knows them says."""
    rules = Rule.objects.filter(key__in=list(keys)).exclude(model__state=ScoringModel.State.DRAFT)
    return dict(rules.order_by("model__version").values_list("key", "name"))
