"""Rules at work: a small world worked out by hand, and random ones against plain Python."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handoff.leads.models import Lead, Stage
from handoff.people.models import User
from handoff.queue.models import Disqualification, Handoff, Route, Verdict
from handoff.queue.opening import entry_json
from reports.rules import Figure, RuleRow, RulesReport
from reports.statistics import Rate
from scoring.course import Reading
from scoring.drafting import copy_to_draft
from scoring.models import Publication, Rule
from scoring.publishing import publish
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_handoff,
    make_lead,
    make_live,
    make_marketer,
    make_reason,
    make_rep,
    make_user,
)
from tests.reports.asking import ask, rules_of
from tests.reports.carrying import RULES, carry, end, frozen, say_no
from tests.reports.rules_oracle import assert_equals_the_oracle

pytestmark = pytest.mark.django_db
LATER = MONDAY_9AM + 42 * DAY


def by_key(report: RulesReport) -> dict[str, RuleRow]:
    return {row.known.key: row for row in report.rows}


@pytest.fixture
def live() -> Publication:
    return make_live(*RULES)


@pytest.fixture
def small_world(live: Publication) -> None:
    """Twelve of the right size that read prices (70 points), ten heads of the right size (60), three that asked."""
    sam = make_rep()
    priced = [carry(live, {"size": 40, "pricing": 30}) for _ in range(12)]
    heads = [carry(live, {"size": 40, "head": 20}) for _ in range(10)]
    asked = [carry(live, {"pricing": 30, "free-mail": -10}, Route.FAST_LANE) for _ in range(3)]
    for handoff in [*priced[:6], *heads[:2], *asked]:
        end(handoff, Verdict.QUALIFIED)
    for handoff in priced[6:8]:
        say_no(handoff, sam, misleading=["pricing", "pricing"])
    for handoff in [*priced[8:10], *heads[2:7]]:
        say_no(handoff, sam)
    say_no(priced[10], sam, "bad-data", misleading=["pricing"])
    end(heads[7], Verdict.LAPSED)


@pytest.mark.usefixtures("small_world")
def test_every_figure_of_the_small_world_is_the_one_worked_out_by_hand() -> None:
    report = rules_of(make_marketer(), LATER)
    assert (report.handed_over, report.judged, report.against) == (25, 25, Rate(9, 22))
    # Of 22 by score nine were disqualified against the rules: 5 of 10 by "head" are more, 4 of 12 by "pricing" less.
    found = [(row.known.key, round(row.harm, 2), row.is_too_few) for row in report.rows]
    assert found[:2] == [("head", 0.91, False), ("pricing", -0.91, False)]
    # "size" has only three handoffs without it to compare with, "free-mail" three with it, "opens" none at all.
    assert found[2:] == [("size", 0.0, True), ("free-mail", 0.0, True), ("opens", 0.0, True)]
    rows = by_key(report)
    pricing = rows["pricing"]
    assert (pricing.carried, pricing.took, pricing.decisive) == (15, 0, Rate(12, 15))
    assert (pricing.sql_with, pricing.sql_without) == (Rate(9, 15), Rate(2, 10))
    assert (pricing.ticked, pricing.needless) == (Rate(2, 4), Rate(4, 12))
    assert pricing.lift
    # 0.6 / 0.2, and exp(1.96 x sqrt(1/9 - 1/15 + 1/2 - 1/10)) = 3.7.
    assert [round(value, 2) for value in (pricing.lift.ratio, pricing.lift.low, pricing.lift.high)] == [
        3.0,
        0.81,
        11.08,
    ]
    assert (rows["head"].decisive, rows["head"].sql_with, rows["head"].sql_without) == (
        Rate(10, 10),
        Rate(2, 10),
        Rate(9, 15),
    )
    assert (rows["size"].decisive, rows["size"].lift) == (Rate(22, 22), None)
    free = rows["free-mail"]
    assert (free.takes, free.carried, free.took, free.sql_with) == (True, 0, 3, Rate(3, 3))
    assert (rows["opens"].carried, rows["opens"].sql_without) == (0, Rate(11, 25))


@pytest.mark.parametrize(
    ("cap", "minimum", "decisive"),
    [
        pytest.param(None, None, ["pricing", "size"], id="without either 50 are missed"),
        pytest.param(30, None, ["pricing", "size"], id="the cap is reached by pricing alone, so opens change nothing"),
        pytest.param(None, 33, ["opens", "pricing", "size"], id="without opens the least interest is missed"),
        pytest.param(12, None, ["size"], id="opens and webinar fill the cap even without pricing"),
    ],
)
def test_decisive_is_what_a_line_of_the_version_hangs_on(
    cap: int | None, minimum: int | None, decisive: list[str]
) -> None:
    webinar = {"key": "webinar", "points": 10, "dimension": "interest"}
    live = make_live(*RULES, webinar, interest_minimum=minimum)
    live.model.groups.filter(dimension="interest").update(cap=cap)
    points = {"size": 40, "pricing": 30, "opens": 5, **({"webinar": 10} if cap == 12 else {})}
    carry(live, points)
    report = rules_of(make_marketer(), LATER)
    assert sorted(row.known.key for row in report.rows if row.decisive.count) == decisive


def test_nothing_is_decisive_where_the_lead_asked_or_the_score_never_reached_the_line(live: Publication) -> None:
    carry(live, {"size": 40, "pricing": 30}, Route.FAST_LANE)
    carry(live, {"size": 40})
    assert [row.decisive.count for row in rules_of(make_marketer(), LATER).rows] == [0] * 5


@pytest.mark.parametrize(
    ("late", "judged"), [pytest.param(-HOUR, 0, id="an hour younger"), pytest.param(0 * HOUR, 1, id="six weeks old")]
)
def test_a_handoff_counts_once_it_is_six_weeks_old(live: Publication, late: Any, judged: int) -> None:
    end(carry(live, {"size": 60}), Verdict.QUALIFIED)
    report = rules_of(make_marketer(), LATER + late, "from=2026-03-01&to=2026-03-31")
    assert (report.handed_over, report.younger, report.judged) == (1, 1 - judged, judged)


def test_what_no_model_scored_is_left_out(live: Publication) -> None:
    make_handoff()
    Handoff.objects.update(is_imported_history=True)
    carry(live, {"size": 60})
    report = rules_of(make_marketer(), LATER)
    assert (report.handed_over, report.unscored, report.judged) == (2, 1, 1)


def test_a_rule_is_the_same_in_every_version_and_compared_within_versions_that_had_it(live: Publication) -> None:
    carry(live, {"size": 60})
    draft = copy_to_draft(live.model, by=None, at=MONDAY_9AM)
    draft.rules.filter(key="size").update(name="Fifty to five hundred people")
    draft.rules.filter(key="opens").update(is_active=False)
    second = publish(draft, by=None, at=MONDAY_9AM)
    carry(second, {"size": 70})
    carry(second, {"head": 70})
    Rule.objects.create(model=draft, group=draft.groups.get(dimension="fit"), key="late", name="New", points=3)
    rows = by_key(rules_of(make_marketer(), LATER))
    assert (rows["size"].carried, rows["size"].known.name) == (2, "Fifty to five hundred people")
    assert (rows["size"].is_alive, rows["opens"].is_alive) == (True, False)
    assert (rows["opens"].sql_without, rows["late"].sql_without) == (Rate(0, 1), Rate(0, 2))


def test_what_a_draft_says_of_a_rule_is_not_read_before_it_is_published(live: Publication) -> None:
    carry(live, {"size": 60})
    draft = copy_to_draft(live.model, by=None, at=MONDAY_9AM)
    draft.rules.filter(key="size").update(name="Tried out", points=-99, group=draft.groups.get(dimension="timing"))
    known = by_key(rules_of(make_marketer(), LATER))["size"].known
    assert known.pk == live.model.rules.get(key="size").pk
    assert (known.name, known.dimension) != ("Tried out", "timing")
    publish(draft, by=None, at=MONDAY_9AM)
    known = by_key(rules_of(make_marketer("mo"), LATER))["size"].known
    assert (known.name, known.dimension, known.points) == ("Tried out", "timing", -99)


def test_a_rep_reads_what_the_rules_did_in_own_handoffs(live: Publication) -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    mine, theirs = carry(live, {"size": 60}), carry(live, {"size": 60})
    Handoff.objects.filter(pk=mine.pk).update(claimed_by=sam)
    Handoff.objects.filter(pk=theirs.pk).update(claimed_by=sasha)
    report = rules_of(sam, LATER)
    assert report.behind(by_key(report)["size"], Figure.CARRIED) == [mine.pk]


def test_unless_asked_it_is_about_the_half_year_that_ended_six_weeks_ago() -> None:
    period = ask("rules", make_marketer(), LATER).asked_period
    assert (period.last.isoformat(), period.days) == ("2026-03-02", 182)


POINTS = st.sampled_from([-20.0, -5.0, 0.0, 2.5, 12.0, 25.0, 40.0])
HANDOFFS = st.lists(
    st.fixed_dictionaries(
        {
            "version": st.integers(0, 1),
            "points": st.dictionaries(st.sampled_from([rule["key"] for rule in RULES]), POINTS),
            "route": st.sampled_from([Route.SCORE, Route.SCORE, Route.FAST_LANE]),
            "verdict": st.sampled_from(["", "qualified", "cooled", "no-budget", "no-budget", "bad-data"]),
            "ticks": st.lists(st.sampled_from(["size", "pricing", "opens", "group:fit"])),
            "age": st.integers(41, 44),
        }
    ),
    max_size=30,
)


@pytest.fixture
def versions(live: Publication) -> list[Publication]:
    """Return two versions; the second has no rule about opened mails, holds its groups and wants some interest."""
    draft = copy_to_draft(live.model, by=None, at=MONDAY_9AM)
    draft.rules.filter(key="opens").update(is_active=False)
    draft.groups.filter(dimension="fit").update(cap=45, floor=-5)
    draft.groups.filter(dimension="interest").update(cap=30)
    draft.interest_minimum = 5
    draft.save()
    return [live, publish(draft, by=None, at=MONDAY_9AM)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=settings().max_examples // 4)
@given(HANDOFFS)
@pytest.mark.properties
def test_whatever_happened_the_report_says_what_plain_python_says(
    versions: list[Publication], drawn: list[dict[str, Any]]
) -> None:
    Disqualification.objects.all().delete()
    Handoff.objects.all().delete()
    reader = User.objects.filter(username="ada").first() or make_user("ada", "admin")
    lead = Lead.objects.first() or make_lead(stage=Stage.MQL)
    specs = [version.model.spec() for version in versions]
    made = Handoff.objects.bulk_create(
        handoff_of(lead, versions[one["version"]], frozen(specs[one["version"]], one["points"]), one) for one in drawn
    )
    reasons = {slug: make_reason(slug) for slug in ("no-budget", "bad-data")}
    Disqualification.objects.bulk_create(
        Disqualification(handoff=handoff, by=reader, at=LATER, reason=reasons[one["verdict"]], misleading=one["ticks"])
        for handoff, one in zip(made, drawn, strict=True)
        if one["verdict"] in reasons
    )
    handoffs = Handoff.objects.select_related("publication", "disqualification__reason")
    report = rules_of(reader, LATER, "from=2026-01-01&to=2026-12-31")
    assert_equals_the_oracle(report, list(handoffs), LATER)


def handoff_of(lead: Lead, publication: Publication, reading: Reading, drawn: Mapping[str, Any]) -> Handoff:
    verdict = "disqualified" if "-" in drawn["verdict"] else drawn["verdict"]
    return Handoff(
        lead=lead,
        publication=publication,
        route=drawn["route"],
        opened_at=LATER - drawn["age"] * DAY,
        closed_at=LATER,
        verdict=verdict or "lapsed",
        total=reading.total,
        grade=reading.grade,
        reasons=[entry_json(entry, {}) for entry in reading.entries],
        fit=reading.dimensions["fit"],
        interest=reading.dimensions["interest"],
        timing=reading.dimensions["timing"],
    )
