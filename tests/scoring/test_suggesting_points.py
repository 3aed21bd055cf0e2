"""Suggested points in the admin: what verdicts teach, when it is declined, and the draft that a click makes."""

import re
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from handoff.people.models import User
from scoring.backtesting import OLD_ENOUGH
from scoring.conditions import leaves
from scoring.evaluating import ADDED, FEW, TOO_FEW, Decline, Offer
from scoring.exchange import written
from scoring.marking import mark_not_scorable
from scoring.models import NotScorable, Rule, ScoringModel
from scoring.rehearsing import rehearsed
from scoring.suggesting_points import suggest_points
from tests.making import DAY, MONDAY_9AM, make_live, make_marketer, make_model, make_rep
from tests.scoring.admin_forms import sign_in, text_of
from tests.scoring.judged_worlds import Story, judged_world, tell

pytestmark = pytest.mark.django_db
NEAR = {"points": 20, "condition": {"field": "country", "op": "is_one_of", "value": ["NL", "DE"]}, "name": "Near"}


def live_model(at: datetime = MONDAY_9AM, **values: Any) -> ScoringModel:
    """Publish a model that knows only half of what matters: who is near."""
    return make_live(NEAR, at=at - 900 * DAY, threshold=20, **values).model


def world(n: int, by: User, at: datetime = MONDAY_9AM) -> None:
    judged_world(n, by=by, end=at - OLD_ENOUGH, days=500)


def said_fields(offer: Offer) -> set[str]:
    """Return what the rules of an offer look at: fields, and kinds of activities."""
    found = {str(leaf["field"]) for one in offer.rules for leaf in leaves(one.rule.condition)}
    return found.union(*(one.rule.kinds for one in offer.rules))


def test_what_sales_likes_is_suggested_beside_the_live_rules_and_instead_of_them() -> None:
    live = live_model()
    world(650, make_rep())
    found = suggest_points(live, most=10, at=MONDAY_9AM)
    assert 550 < found.n <= 650
    for offer, most in ((found.fresh, 10), (found.added, ADDED)):
        assert offer.declined is None
        assert {"company.industry", "webinar_attended"} <= said_fields(offer)
        assert "title" not in said_fields(offer)
        assert 2 <= len(offer.rules) <= most
        assert all(one.points % 5 == 0 and 0 < abs(one.points) <= 50 for one in offer.rules)
        assert offer.worth is not None
        assert offer.base is not None
        assert offer.worth.low > offer.base.value
    webinar = next(one for one in found.fresh.rules if one.rule.kinds)
    assert (webinar.rule.kind, webinar.rule.at_least, webinar.rule.window) == ("activity", 1, 30)
    assert 0 < webinar.accepted < webinar.n < found.n


def of_a_kind(accepted: int, refused: int, by: User, *, kind: str = "webinar_attended") -> None:
    """Make so many verdicts, told apart by who did something of that kind."""
    n, stories = accepted + refused, []
    for number in range(n):
        yes = number * accepted // n != (number + 1) * accepted // n
        at = MONDAY_9AM - OLD_ENOUGH - (number % 97 + 1) * DAY
        acts = ((kind, at - DAY, at - DAY, ""),) if kind and (yes or number % 7 == 0) else ()
        stories.append(Story(at, yes, lead={"country": "NL"}, acts=acts))
    tell(stories, by=by)


@pytest.mark.parametrize(
    ("accepted", "fresh", "added"),
    [
        pytest.param(TOO_FEW - 1, Decline.TOO_FEW, Decline.TOO_FEW, id="below 50 nothing"),
        pytest.param(TOO_FEW, Decline.TOO_FEW, None, id="from 50 a few beside the live rules"),
        pytest.param(FEW, None, None, id="from 200 a fresh draft too"),
    ],
)
def test_how_many_verdicts_of_the_rarer_kind_allow_what(accepted: int, fresh: Any, added: Any) -> None:
    live = live_model()
    of_a_kind(accepted, 2 * accepted, make_rep())
    found = suggest_points(live, most=10, at=MONDAY_9AM)
    assert [(offer.declined.why if offer.declined else None) for offer in (found.fresh, found.added)] == [fresh, added]
    assert [bool(offer.rules) for offer in (found.fresh, found.added)] == [fresh is None, added is None]


def test_where_nothing_tells_them_apart_it_is_declined() -> None:
    live = live_model()
    of_a_kind(60, 120, make_rep(), kind="")
    found = suggest_points(live, most=10, at=MONDAY_9AM).added
    assert (found.declined.why if found.declined else None, found.rules) == (Decline.NOTHING, [])


def test_live_rules_that_are_better_on_the_newest_verdicts_are_left_alone() -> None:
    live, stories = live_model(), []
    for number in range(900):
        at, yes = MONDAY_9AM - OLD_ENOUGH - (910 - number) / 2 * DAY, number % 2 == 0
        # Of old, webinars told; lately only the country does, which the live rules know.
        is_near, came = (number % 3 == 0, yes) if number < 620 else (yes, number % 3 == 0)
        acts = (("webinar_attended", at - DAY, at - DAY, ""),) if came else ()
        stories.append(Story(at, yes, lead={"country": "NL" if is_near else "FR"}, acts=acts))
    tell(stories, by=make_rep())
    found = suggest_points(live, most=10, at=MONDAY_9AM).fresh
    assert found.declined is not None
    assert found.declined.why == Decline.BASE_IS_BETTER
    assert found.rules == []


def test_what_is_not_scorable_is_in_no_rule_and_our_own_acts_never_are() -> None:
    live, sam, max_ = live_model(), make_rep(), make_marketer()
    of_a_kind(60, 120, sam)
    assert said_fields(suggest_points(live, most=10, at=MONDAY_9AM).added) == {"webinar_attended"}
    mark_not_scorable(["webinar_attended"], by=max_, at=MONDAY_9AM)
    found = suggest_points(live, most=10, at=MONDAY_9AM).added
    assert "webinar_attended" not in said_fields(found)
    mark_not_scorable([], by=max_, at=MONDAY_9AM)
    assert not NotScorable.objects.exists()


@pytest.mark.parametrize("kind", ["call", "meeting", "email_delivered", "email_bounced"])
def test_what_our_own_people_do_is_never_a_reason(kind: str) -> None:
    live = live_model()
    of_a_kind(60, 120, make_rep(), kind=kind)
    assert kind not in said_fields(suggest_points(live, most=10, at=MONDAY_9AM).added)


def test_no_verdicts_at_all_are_too_few() -> None:
    found = suggest_points(live_model(), most=20, at=MONDAY_9AM)
    assert (found.n, found.fresh.rules, found.added.rules) == (0, [], [])
    assert found.fresh.declined is not None


# The page


def points_url(model: ScoringModel) -> str:
    return reverse("admin:scoring_scoringmodel_points", args=[model.pk])


@pytest.fixture
def judged_live() -> ScoringModel:
    """Return the live model after months of verdicts up to now."""
    now = timezone.now()
    live = live_model(at=now)
    live.groups.filter(dimension="fit").update(cap=25)
    live.personas.create(key="p", name="Student", condition={"field": "title", "op": "contains", "value": "student"})
    world(650, make_rep(), at=now)
    return live


def signed(client: Client, live: ScoringModel) -> list[str]:
    """Return what the page's buttons send: the few beside the live rules, then the fresh draft."""
    content = client.get(points_url(live)).content.decode()
    return re.findall(r'name="rules" value="([^"]+)"', content)


def test_a_click_makes_a_draft_that_is_rehearsed_like_any_other_and_nothing_goes_live(
    judged_live: ScoringModel,
) -> None:
    client = sign_in(make_marketer())
    shown = text_of(client.get(points_url(judged_live)))
    assert "industry is Energy" in shown
    assert "webinar attended, for 30 days" in shown
    assert "where the live rules have" in shown
    before = written(judged_live)
    few, _fresh = signed(client, judged_live)
    page = client.post(points_url(judged_live), {"rules": few}, follow=True)
    draft = ScoringModel.objects.get(state="draft")
    assert page.redirect_chain[-1][0] == reverse("admin:scoring_scoringmodel_change", args=[draft.pk])
    assert "Nothing is live until you publish it." in text_of(page)
    added = draft.rules.exclude(key__in=judged_live.rules.values("key"))
    assert draft.rules.count() == judged_live.rules.count() + added.count()
    assert 2 <= added.count() <= ADDED
    # The cap of the old group would hold them down.
    assert all(rule.group.cap is None for rule in added.select_related("group"))
    assert draft.threshold == judged_live.threshold
    judged_live.refresh_from_db()
    assert (judged_live.state, written(judged_live)) == ("live", before)
    assert rehearsed(draft, by=None, at=timezone.now()).findings is not None


def test_the_fresh_draft_has_only_suggested_rules_and_keeps_personas(judged_live: ScoringModel) -> None:
    client = sign_in(make_marketer())
    _few, fresh = signed(client, judged_live)
    client.post(points_url(judged_live), {"rules": fresh})
    draft = ScoringModel.objects.get(state="draft")
    assert not draft.rules.filter(key__in=judged_live.rules.values("key")).exists()
    assert draft.rules.count() <= 10
    assert {rule.kind for rule in draft.rules.all()} == {"profile", "activity"}
    assert draft.personas.get().name == "Student"
    assert draft.threshold >= 5
    assert rehearsed(draft, by=None, at=timezone.now()).findings is not None


def test_what_was_not_signed_by_the_page_makes_no_draft(judged_live: ScoringModel) -> None:
    client = sign_in(make_marketer())
    few, _fresh = signed(client, judged_live)
    for wrong in ("", "[]", few[:-2], f"x{few}"):
        assert client.post(points_url(judged_live), {"rules": wrong}).status_code == 400
    other = make_live(NEAR, at=timezone.now()).model
    page = client.post(points_url(other), {"rules": few}, follow=True)
    assert "Another version is live meanwhile" in text_of(page)
    assert not ScoringModel.objects.filter(state="draft").exists()


def test_the_page_of_any_version_is_that_of_the_live_one_and_says_so_without_any() -> None:
    client, draft = sign_in(make_marketer()), make_model(NEAR)
    assert "No version is live yet" in text_of(client.get(points_url(draft), follow=True))
    live = live_model()
    assert client.get(points_url(draft)).url == points_url(live)  # type: ignore[attr-defined]
    shown = text_of(client.get(points_url(live), {"most": "20"}))
    assert "at most 20 rules" in shown
    assert "There are too few verdicts to learn from: 0 of the rarer kind, and 50 are needed." in shown
    assert "Make it a draft" not in shown


def test_fields_are_marked_on_the_page() -> None:
    client, live = sign_in(make_marketer()), live_model()
    client.post(points_url(live), {"not_scorable": ["country", "page_view"]})
    assert {(row.name, row.by.username) for row in NotScorable.objects.select_related("by") if row.by} == {
        ("country", "max"),
        ("page_view", "max"),
    }
    content = client.get(points_url(live)).content.decode()
    assert 'value="country" checked' in content
    assert 'value="call"' not in content
    assert 'value="email"' not in content
    client.post(points_url(live), {"marked": ""})
    assert not NotScorable.objects.exists()


def test_the_page_costs_the_same_for_many_verdicts_as_for_more() -> None:
    now = timezone.now()
    client, live, sam, counts = sign_in(make_marketer()), live_model(at=now), make_rep(), []
    for seed in range(2):
        judged_world(160, by=sam, end=now - OLD_ENOUGH - DAY, days=100, seed=seed)
        with CaptureQueriesContext(connection) as queries:
            client.get(points_url(live))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_rules_that_a_draft_got_are_named_by_what_they_look_for(judged_live: ScoringModel) -> None:
    client = sign_in(make_marketer())
    client.post(points_url(judged_live), {"rules": signed(client, judged_live)[0]})
    assert Rule.objects.filter(name="industry is Energy", model__state="draft").exists()
