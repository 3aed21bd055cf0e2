"""Sources over a small world worked out by hand, and over random ones beside plain Python."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.leads.models import Lead, SourceAlias, SourceCost, Stage
from handoff.people.models import User
from handoff.queue.models import Deal, Handoff, Route, Verdict
from reports.money import Money
from reports.source_figures import By, Figure, Figures
from reports.sources import SourcesReport
from reports.statistics import Rate
from tests.making import DAY, HOUR, MONDAY_9AM, make_manager, make_marketer, make_rep, make_team
from tests.reports.asking import sources_of

pytestmark = pytest.mark.django_db
MARCH = "from=2026-03-01&to=2026-03-31"
LATER = MONDAY_9AM + 90 * DAY
NONE = dict.fromkeys(("total", "fit", "interest", "timing"), 0.0)


class Story(NamedTuple):
    """One lead, and what became of it: when it came, whether and when it was handed over, its verdict, its deal."""

    original: str
    latest: str = ""
    triggering: str = ""
    campaign: str = ""
    came: timedelta = timedelta(0)
    handed_over: timedelta | None = None
    verdict: str = ""
    won: bool | None = None
    value: Decimal | None = None
    currency: str = "EUR"
    stage: str = Stage.LEAD


def live(stories: Iterable[Story], by: User) -> None:
    team = make_team()
    for story in stories:
        came = MONDAY_9AM + story.came
        lead = Lead.objects.create(
            original_source=story.original, source=story.latest or story.original, campaign=story.campaign, team=team,
            stage=story.stage, stage_since=came, created_at=came, updated_at=came,
        )  # fmt: skip
        if story.handed_over is None:
            continue
        opened_at = MONDAY_9AM + story.handed_over
        handoff = Handoff.objects.create(
            lead=lead, team=team, route=Route.SCORE, opened_at=opened_at, source=story.triggering or lead.source,
            verdict=story.verdict, closed_at=opened_at + DAY if story.verdict else None, **NONE,
        )  # fmt: skip
        if story.won is not None:
            money = {"value": story.value, "currency": story.currency} if story.value is not None else {}
            Deal.objects.create(handoff=handoff, is_won=story.won, by=by, at=opened_at + 2 * DAY, **money)


SQL, NO = Verdict.QUALIFIED, Verdict.DISQUALIFIED
SMALL_WORLD = (
    # Google, as "google ads" too: four leads, three handed over in March, two SQLs, one customer for 1,000.10 euros.
    Story("Google", "Fair", handed_over=DAY, verdict=SQL, won=True, value=Decimal("1000.10"), stage=Stage.CUSTOMER),
    Story("google ads", triggering="Webinar", campaign="Spring", handed_over=2 * DAY, verdict=SQL, stage=Stage.SQL),
    Story("Google", campaign="Spring", handed_over=80 * DAY, verdict=NO),  # in May
    Story("GOOGLE", campaign="Autumn", came=-9 * DAY, handed_over=3 * DAY, verdict=NO),  # came in February
    Story("Google", campaign="Spring"),
    # Fair: two handed over, both customers, one of them for an amount that nobody gave and one for dollars.
    Story("Fair", handed_over=DAY, verdict=SQL, won=True, stage=Stage.CUSTOMER),
    Story("Fair", handed_over=DAY, verdict=SQL, won=True, value=Decimal(50), currency="USD", stage=Stage.CUSTOMER),
    # One without a source, lost, and one merged away, which counts nowhere but as a lead.
    Story("", handed_over=DAY, verdict=SQL, won=False, stage=Stage.LOST),
    Story("", handed_over=DAY, verdict=Verdict.MERGED),
)


@pytest.fixture
def marketer() -> User:
    marketer = make_marketer()
    live(SMALL_WORLD, marketer)
    SourceAlias.objects.create(name="Google Ads", source="Google")
    for source, month, amount, currency in (
        ("Google", date(2026, 3, 1), "600.00", "EUR"),
        ("google  ads", date(2026, 3, 1), "60.30", "EUR"),
        ("Fair", date(2026, 3, 1), "100.00", "EUR"),
        ("Billboard", date(2026, 3, 1), "31.00", "EUR"),
        ("Google", date(2026, 2, 1), "9999.00", "EUR"),
    ):
        SourceCost.objects.create(source=source, month=month, amount=Decimal(amount), currency=currency)
    return marketer


def figures(report: SourcesReport, name: str) -> Figures:
    row = report.row(name.casefold())
    assert row, name
    return row.figures


def money(**amounts: str) -> Money:
    return Money({currency: Decimal(amount) for currency, amount in amounts.items()})


def test_every_figure_of_the_small_world_is_the_one_worked_out_by_hand(marketer: User) -> None:
    report = sources_of(marketer, LATER, MARCH)
    assert [row.source for row in report.rows] == ["GOOGLE", "Fair", "", "Billboard"]
    google = figures(report, "Google")
    assert (google.leads, google.mqls, google.sqls, google.customers, google.unpriced) == (4, 3, 2, 1, 0)
    assert (google.sql_rate, google.win_rate) == (Rate(2, 3), Rate(1, 2))  # one SQL is not decided yet
    assert (google.revenue, google.revenue_per_mql) == (money(EUR="1000.10"), money(EUR="333.37"))
    assert google.cost == money(EUR="660.30")
    assert list(google.costs.values()) == [
        money(EUR="165.08"), money(EUR="220.10"), money(EUR="330.15"), money(EUR="660.30"),
    ]  # fmt: skip
    assert google.return_ == pytest.approx(1000.10 / 660.30)
    fair = figures(report, "Fair")
    assert (fair.leads, fair.mqls, fair.customers, fair.unpriced) == (2, 2, 2, 1)
    assert (fair.revenue, fair.cost, fair.return_) == (money(USD="50"), money(EUR="100"), None)
    nowhere = figures(report, "")
    assert (nowhere.leads, nowhere.mqls, nowhere.sqls, nowhere.customers) == (2, 1, 1, 0)
    assert (nowhere.sql_rate, nowhere.win_rate) == (Rate(1, 1), Rate(0, 1))
    assert figures(report, "Billboard").cost == money(EUR="31")
    assert report.currencies == ["EUR", "USD"]
    total = report.total
    assert (total.leads, total.mqls, total.sqls, total.customers) == (8, 6, 5, 3)
    assert (total.revenue, total.cost) == (money(EUR="1000.10", USD="50"), money(EUR="791.30"))


def test_campaigns_stand_below_their_source(marketer: User) -> None:
    report = sources_of(marketer, LATER, MARCH)
    google, fair = report.row("google"), report.row("fair")
    assert google
    assert fair
    found = {each.campaign: (each.leads, each.figures.mqls, each.figures.revenue) for each in google.campaigns}
    assert found == {
        "": (1, 1, money(EUR="1000.10")), "Spring": (3, 1, Money()), "Autumn": (0, 1, Money()),
    }  # fmt: skip
    assert fair.campaigns == []  # no lead of it has one


@pytest.mark.parametrize(
    ("by", "mqls", "leads"),
    [
        (By.ORIGINAL, {"GOOGLE": 3, "Fair": 2, "": 1, "Billboard": 0}, {"GOOGLE": 4, "Fair": 2, "": 2, "Billboard": 0}),
        (By.LATEST, {"GOOGLE": 2, "Fair": 3, "": 1, "Billboard": 0}, {"Google": 3, "Fair": 3}),
        (By.TRIGGERING, {"GOOGLE": 1, "Fair": 3, "Webinar": 1, "": 1}, {"Webinar": 0}),
    ],
)
def test_each_lead_has_three_sources(marketer: User, by: By, mqls: dict[str, int], leads: dict[str, int]) -> None:
    report = sources_of(marketer, LATER, f"{MARCH}&by={by}")
    assert {name: figures(report, name).mqls for name in mqls} == mqls
    assert {name: figures(report, name).leads for name in leads} == leads


def test_part_of_a_month_has_its_part_of_the_cost(marketer: User) -> None:
    report = sources_of(marketer, LATER, "from=2026-02-25&to=2026-03-10")
    # 4 of 28 days of 9,999.00, and 10 of 31 days of 600.00 and of 60.30.
    assert figures(report, "Google").cost == money(EUR=str(Decimal("1428.43") + Decimal("193.55") + Decimal("19.45")))


def test_one_source_is_left_under_whatever_name(marketer: User) -> None:
    for name in ("google", "GOOGLE%20ADS"):
        report = sources_of(marketer, LATER, f"{MARCH}&source={name}")
        assert [row.source for row in report.rows] == ["GOOGLE"]
        assert report.total == report.rows[0].figures
    assert sources_of(marketer, LATER, f"{MARCH}&source=Atlantis").rows == []


def test_costs_are_shown_where_the_report_is_about_all_of_the_house(marketer: User) -> None:
    benelux, manager = make_team(), make_manager()
    assert sources_of(manager, LATER, MARCH).total.cost == money(EUR="791.30")
    assert not sources_of(manager, LATER, f"{MARCH}&team={benelux.slug}").total.cost
    assert sources_of(marketer, LATER, f"{MARCH}&route=score").has_leads is False
    make_team("DACH")
    narrow = sources_of(User.objects.get(pk=manager.pk), LATER, MARCH)
    assert (narrow.has_costs, narrow.has_leads) == (False, True)
    assert not narrow.total.cost
    rep = sources_of(make_rep("sasha"), LATER, MARCH)
    assert (rep.has_costs, rep.has_leads, rep.rows) == (False, False, [])


def test_five_queries_whatever_the_number_of_sources(marketer: User) -> None:
    with CaptureQueriesContext(connection) as few:
        sources_of(marketer, LATER, MARCH)
    live([Story(f"S{n}", campaign=f"C{n}", handed_over=HOUR, verdict=SQL, won=True) for n in range(50)], marketer)
    with CaptureQueriesContext(connection) as many:
        assert len(sources_of(marketer, LATER, MARCH).rows) == 54
    assert len(many) == len(few)


NAMES = st.sampled_from(["", "Fair", "fair", "Google", "Google Ads", "Web"])
SPANS = st.integers(-40, 40).map(lambda days: days * DAY)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    verdict = draw(st.sampled_from(["", SQL, SQL, SQL, NO, Verdict.LAPSED, Verdict.MERGED]))
    return Story(
        *(draw(NAMES), draw(NAMES), draw(NAMES), draw(st.sampled_from(["", "Spring", "Autumn"]))),
        came=draw(SPANS),
        handed_over=draw(st.none() | SPANS),
        verdict=verdict,
        won=draw(st.sampled_from([None, True, False])) if verdict == SQL else None,
        value=draw(st.none() | st.decimals(0, 10**9, places=2)),
        currency=draw(st.sampled_from(["EUR", "USD"])),
        stage=draw(st.sampled_from([Stage.LEAD, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.LOST])),
    )


@pytest.mark.properties
@settings(max_examples=25)
@given(st.lists(stories(), max_size=12), st.sampled_from(By), st.sampled_from([-20, 0, 25, 60]))
def test_the_report_counts_what_plain_python_counts(told: list[Story], by: By, later: int) -> None:
    Handoff.objects.all().delete()
    Lead.objects.all().delete()
    SourceAlias.objects.all().delete()
    SourceAlias.objects.create(name="Google Ads", source="Google")
    marketer = User.objects.filter(username="max").first() or make_marketer()
    live(told, marketer)
    first, last, at = date(2026, 2, 20), date(2026, 3, 15), MONDAY_9AM + later * DAY
    report = sources_of(marketer, at, f"from={first}&to={last}&by={by}")
    expected = {(key, name): counted(told, by, key, name, at, first, last) for key, name in groups(told, by)}
    found: dict[tuple[str, str | None], Any] = {(row.key, None): summary(row.figures) for row in report.rows}
    found |= {(row.key, one.campaign): summary(one.figures) for row in report.rows for one in row.campaigns}
    assert {group: values for group, values in found.items() if group in expected} == {
        group: values for group, values in expected.items() if group in found
    }
    assert {group for group, values in expected.items() if values[0] or values[1]} - {
        (key, name) for key, name in expected if name is not None and not has_campaigns(report, key)
    } <= found.keys()
    for row in report.rows:
        for figure in Figure:
            assert report.behind(row, figure).count() == getattr(row.figures, figure)


def has_campaigns(report: SourcesReport, key: str) -> bool:
    row = report.row(key)
    return bool(row and row.campaigns)


def meant(name: str) -> str:
    return {"google ads": "google"}.get(name.casefold(), name.casefold())


def source_of(story: Story, by: By, *, as_lead: bool) -> str:
    latest = story.latest or story.original
    if by == By.ORIGINAL:
        return meant(story.original)
    return meant(latest if as_lead or by == By.LATEST else story.triggering or latest)


def groups(told: Sequence[Story], by: By) -> set[tuple[str, str | None]]:
    keys = {source_of(story, by, as_lead=as_lead) for story in told for as_lead in (True, False)}
    return {(key, name) for key in keys for name in (None, *{story.campaign for story in told})}


def summary(found: Figures) -> tuple[Any, ...]:
    counts = (found.leads, found.mqls, found.sqls, found.customers, found.unpriced)
    return (*counts, found.sql_rate, found.win_rate, dict(found.revenue.amounts))


def counted(
    told: Sequence[Story], by: By, key: str, campaign: str | None, at: datetime, first: date, last: date
) -> tuple[Any, ...]:
    def is_inside(span: timedelta | None) -> bool:
        return span is not None and first <= (MONDAY_9AM + span + HOUR).date() <= last  # Amsterdam's date

    told = [story for story in told if campaign in {None, story.campaign}]
    leads = [story for story in told if is_inside(story.came) and source_of(story, by, as_lead=True) == key]
    mqls = [
        story
        for story in told
        if is_inside(story.handed_over)
        and source_of(story, by, as_lead=False) == key
        and story.verdict != Verdict.MERGED
    ]
    sqls = [story for story in mqls if story.verdict == SQL]
    won = [story for story in sqls if (story.won if story.won is not None else story.stage == Stage.CUSTOMER)]
    open_ones = [story for story in sqls if story.won is None and story.stage in {Stage.SQL, Stage.OPPORTUNITY}]
    old = [s for s in mqls if s.verdict or (s.handed_over is not None and MONDAY_9AM + s.handed_over <= at - 42 * DAY)]
    revenue: dict[str, Decimal] = {}
    for story in won:
        if story.won and story.value is not None:
            revenue[story.currency] = revenue.get(story.currency, Decimal(0)) + story.value
    unpriced = sum(not story.won or story.value is None for story in won)
    counts = (len(leads), len(mqls), len(sqls), len(won), unpriced)
    return (*counts, Rate(len(sqls), len(old)), Rate(len(won), len(old) - len(open_ones)), revenue)
