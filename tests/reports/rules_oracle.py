"""What became of the handoffs that each rule carried, worked out handoff by handoff in plain Python."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from handoff.queue.models import Handoff
from reports.rules import Figure, RulesReport
from scoring.models import ScoringModel
from scoring.spec import DIMENSIONS, ModelSpec

SIX_WEEKS = timedelta(days=42)
Found = Mapping[str, set[int]]


def assert_equals_the_oracle(report: RulesReport, handoffs: Collection[Handoff], at: datetime) -> None:
    """Compare every figure of every rule, and the handoffs behind it, with what `handoffs` say."""
    judged = {each.pk: each for each in handoffs if each.publication_id and each.opened_at <= at - SIX_WEEKS}
    specs = {model.pk: model.spec() for model in ScoringModel.objects.all()}
    found = {rule: _figures(rule, judged, specs) for rule in _rules_of(judged.values(), specs)}
    assert report.judged == len(judged)
    assert {row.known.key for row in report.rows} == set(found)
    for row in report.rows:
        expected = found[row.known.key]
        behind = {figure: report.behind(row, figure) for figure in Figure}
        assert {figure: set(keys) for figure, keys in behind.items()} == expected, row.known.key
        assert all(keys == _newest_first(keys, judged) for keys in behind.values())
        assert (row.carried, row.took) == (len(expected["carried"]), len(expected["took"]))
        with_it = "carried" if expected["carried"] else "took"
        rates = {
            "decisive": ("decisive", "carried"),
            "sql_with": ("sql_with", with_it),
            "sql_without": ("sql_without", "without"),
            "ticked": ("ticked", "against"),
            "needless": ("needless", "decisive"),
        }
        for name, (count, of) in rates.items():
            rate = getattr(row, name)
            assert (rate.count, rate.of) == (len(expected[count]), len(expected[of])), (row.known.key, name)
        assert abs(row.harm - _harm(expected, judged)) < 1e-9
    order = [(row.is_too_few, -row.harm) for row in report.rows]
    assert order == sorted(order)


def _figures(rule: str, judged: Mapping[int, Handoff], specs: Mapping[int, ModelSpec]) -> dict[str, set[int]]:
    knew = {pk for pk, each in judged.items() if rule in {one.key for one in specs[_model(each)].rules}}
    points = {pk: entry["points"] for pk in knew for entry in judged[pk].reasons if entry["rule"] == rule}
    carried, took = {pk for pk in points if points[pk] > 0}, {pk for pk in points if points[pk] < 0}
    with_it = carried or took
    sqls = {pk for pk in knew if judged[pk].verdict == "qualified"}
    against = {pk for pk in with_it if _is_against(judged[pk])}
    decisive = {pk for pk in with_it if _is_decisive(rule, judged[pk], specs[_model(judged[pk])])}
    return {
        "carried": carried,
        "took": took,
        "decisive": decisive,
        "sql_with": with_it & sqls,
        "without": knew - with_it,
        "sql_without": (knew - with_it) & sqls,
        "against": against,
        "ticked": {pk for pk in against if rule in judged[pk].disqualification.misleading},
        "needless": decisive & against,
    }


def _harm(found: Found, judged: Mapping[int, Handoff]) -> float:
    by_score = [each for each in judged.values() if each.route == "score"]
    usual = sum(map(_is_against, by_score)) / len(by_score) if by_score else 0.0
    return len(found["needless"]) - usual * len(found["decisive"])


def _is_against(handoff: Handoff) -> bool:
    return handoff.verdict == "disqualified" and handoff.disqualification.reason.counts_against_rules


def _is_decisive(rule: str, handoff: Handoff, spec: ModelSpec) -> bool:
    """Score the handoff twice from its reasons: with the rule a line is reached, and without it that line is missed."""
    if handoff.route != "score":
        return False
    whole, rest = _dimensions(handoff, spec), _dimensions(handoff, spec, without=rule)
    lines = [(sum(whole.values()), sum(rest.values()), spec.threshold)]
    lines += [(whole[name], rest[name], limit) for name, limit in spec.minimums.items() if limit is not None]
    return any(round(there, 6) >= limit > round(left, 6) for there, left, limit in lines)


def _dimensions(handoff: Handoff, spec: ModelSpec, without: str = "") -> dict[str, float]:
    group_of = {rule.key: rule.group for rule in spec.rules}
    sums = {group.key: 0.0 for group in spec.groups}
    for entry in handoff.reasons:
        if entry["rule"] in group_of and entry["rule"] != without:
            sums[group_of[entry["rule"]]] += entry["points"]
    found = dict.fromkeys(map(str, DIMENSIONS), 0.0)
    for group in spec.groups:
        points = sums[group.key]
        points = min(points, group.cap) if group.cap is not None else points
        found[group.dimension] += max(points, group.floor) if group.floor is not None else points
    return found


def _rules_of(handoffs: Collection[Handoff], specs: Mapping[int, ModelSpec]) -> set[str]:
    return {rule.key for each in handoffs for rule in specs[_model(each)].rules}


def _model(handoff: Handoff) -> int:
    assert handoff.publication
    return handoff.publication.model_id


def _newest_first(keys: list[int], judged: Mapping[int, Handoff]) -> list[int]:
    return sorted(keys, key=lambda pk: (judged[pk].opened_at, pk), reverse=True)
