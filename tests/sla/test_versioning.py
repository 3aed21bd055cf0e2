"""A change of a policy is a new version: what ran under the old one stays as it was."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handoff.queue.models import Clock
from handoff.sla.models import Policy
from handoff.sla.versioning import (
    REVISED,
    NothingCovers,
    NotInForce,
    StepValues,
    TargetValues,
    ladder_of,
    retire,
    revise,
    targets_of,
)
from tests.making import (
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_manager,
    make_marketer,
    make_policy,
    make_team,
    make_user,
)
from tests.scoring.admin_forms import shown_inputs, sign_in, text_of

pytestmark = pytest.mark.django_db
TARGETS = [TargetValues("first_touch", 2, "hours"), TargetValues("verdict", 10, "days")]
LADDER = [StepValues("first_touch", "tell_owner", share=50), StepValues("first_touch", "next_rep", offset=60)]


def test_a_change_puts_a_new_version_in_force_and_retires_the_old_one() -> None:
    old = make_policy(first_touch_hours=4)
    new = revise(old, targets=TARGETS, at=MONDAY_9AM, name="Stricter")
    old.refresh_from_db()
    assert (new.slug, new.version, new.name, new.position) == ("standard", 2, "Stricter", old.position)
    assert (old.retired_at, new.created_at, new.retired_at) == (MONDAY_9AM, MONDAY_9AM, None)
    assert targets_of(new) == TARGETS
    assert targets_of(old)[0] == TargetValues("first_touch", 4, "hours", needs_proof=False)


def test_a_change_keeps_the_ladder_unless_it_is_part_of_the_change() -> None:
    first = revise(make_policy(), targets=TARGETS, ladder=LADDER, at=MONDAY_9AM)
    second = revise(first, targets=TARGETS, at=MONDAY_9AM + timedelta(hours=1), name="Renamed")
    assert ladder_of(second) == LADDER
    third = revise(second, targets=TARGETS, ladder=LADDER[:1], at=MONDAY_9AM + timedelta(hours=2))
    assert (ladder_of(third), third.version) == (LADDER[:1], 4)
    assert ladder_of(second) == LADDER


def test_at_each_instant_exactly_one_version_is_in_force() -> None:
    old = make_policy()
    new = revise(old, targets=TARGETS, at=MONDAY_9AM)
    just_before = MONDAY_9AM - timedelta(microseconds=1)
    for instant, expected in ((just_before, old), (MONDAY_9AM, new)):
        in_force = Policy.objects.filter(created_at__lte=instant).exclude(retired_at__lte=instant)
        assert in_force.get() == expected


def test_running_clocks_keep_their_version_and_new_ones_take_the_new() -> None:
    make_calendar()
    old = make_policy(first_touch_hours=4)
    before = make_handoff()
    new = revise(old, targets=TARGETS, at=MONDAY_9AM + timedelta(hours=1))
    after = make_handoff(at=MONDAY_9AM + timedelta(hours=2))
    assert set(Clock.objects.filter(handoff=before).values_list("policy", flat=True)) == {old.pk}
    assert set(Clock.objects.filter(handoff=after).values_list("policy", flat=True)) == {new.pk}


def test_saving_without_a_change_makes_no_version() -> None:
    policy = make_policy()
    assert revise(policy, targets=list(reversed(targets_of(policy))), at=MONDAY_9AM) == policy
    assert Policy.objects.count() == 1


def test_a_version_that_is_not_in_force_is_not_changed() -> None:
    old = make_policy()
    revise(old, targets=TARGETS, at=MONDAY_9AM)
    with pytest.raises(NotInForce):
        revise(old, targets=[], at=MONDAY_9AM)
    assert Policy.objects.count() == 2


def test_the_last_policy_for_every_route_stays() -> None:
    last = make_policy()
    make_policy(slug="fast", routes=["fast_lane"])
    with pytest.raises(NothingCovers):
        retire(last, at=MONDAY_9AM)
    with pytest.raises(NothingCovers):
        revise(last, targets=TARGETS, at=MONDAY_9AM, routes=["score"])
    with pytest.raises(NothingCovers):
        revise(last, targets=TARGETS, at=MONDAY_9AM, score_min=50.0)
    make_policy(slug="other")
    retire(last, at=MONDAY_9AM)
    assert not Policy.objects.in_force().filter(slug="standard").exists()


def test_a_version_differs_in_what_it_says_only() -> None:
    with pytest.raises(ValueError, match="slug"):
        revise(make_policy(), targets=TARGETS, at=MONDAY_9AM, slug="other")


# The page


def policy_form(policy: Policy, **values: Any) -> dict[str, Any]:
    """Return what the policy's page would send."""
    form: dict[str, Any] = {name: getattr(policy, name) for name in REVISED if not name.startswith("score_")}
    targets = list(policy.targets.all())
    form |= {"targets-TOTAL_FORMS": len(targets), "targets-INITIAL_FORMS": len(targets)}
    for place, target in enumerate(targets):
        form |= {f"targets-{place}-{name}": getattr(target, name) for name in ("id", "metric", "amount", "unit")}
        form |= {f"targets-{place}-needs_proof": "on"} if target.needs_proof else {}
    form |= {"ladder-TOTAL_FORMS": 1, "ladder-INITIAL_FORMS": 0}
    return {**form, **values}


def admin_at(policy: Policy) -> tuple[Client, str]:
    """Return an administrator's browser, and the address of the policy's page."""
    client = Client()
    client.force_login(make_user("ada", "admin"))
    return client, reverse("admin:sla_policy_change", args=[policy.pk])


def test_saving_the_page_goes_to_the_new_version() -> None:
    old = make_policy(first_touch_hours=4)
    client, url = admin_at(old)
    page = client.post(url, policy_form(old, **{"targets-0-amount": "3", "targets-1-DELETE": "on"}), follow=True)
    new = Policy.objects.in_force().get()
    assert targets_of(new) == [TargetValues("first_touch", 3, "hours", needs_proof=False)]
    assert page.redirect_chain[-1][0] == reverse("admin:sla_policy_change", args=[new.pk])
    assert "Standard (v2) is in force for new handoffs" in page.content.decode()
    assert [target[:3] for target in targets_of(old)] == [("first_touch", 4, "hours"), ("verdict", 10, "days")]


def test_the_page_is_saved_as_it_is_shown_with_its_blank_rows() -> None:
    policy = revise(make_policy(), targets=TARGETS, ladder=LADDER, at=MONDAY_9AM)
    client, url = sign_in(make_user("ada", "admin")), reverse("admin:sla_policy_change", args=[policy.pk])
    shown = shown_inputs(client.get(url).content.decode())
    assert shown["ladder-3-counted"] == "share"  # a blank row, as a browser sends it
    unchanged = client.post(url, shown)
    assert (unchanged.status_code, Policy.objects.get(retired_at=None)) == (302, policy)
    client.post(url, {**shown, "targets-0-amount": "3"})
    new = Policy.objects.get(retired_at=None)
    assert (new.version, targets_of(new)[0].amount, ladder_of(new)) == (3, 3, LADDER)


@pytest.mark.parametrize(
    ("when", "counted", "stored"),
    [
        pytest.param(50, "share", {"share": 50, "offset": None}, id="a share"),
        pytest.param(15, "minutes_before", {"share": None, "offset": -15}, id="minutes before"),
        pytest.param(2, "hours_after", {"share": None, "offset": 120}, id="hours after"),
    ],
)
def test_a_step_is_written_as_people_say_it(when: int, counted: str, stored: dict[str, Any]) -> None:
    policy = make_policy()
    client, url = admin_at(policy)
    step = {"ladder-0-metric": "first_touch", "ladder-0-when": when, "ladder-0-counted": counted}
    client.post(url, policy_form(policy, **step, **{"ladder-0-action": "tell_team"}))
    new = Policy.objects.in_force().get()
    assert ladder_of(new) == [StepValues("first_touch", "tell_team", **stored)]
    page = client.get(reverse("admin:sla_policy_change", args=[new.pk])).content.decode()
    assert f'name="ladder-0-when" value="{when}"' in page
    assert f'<option value="{counted}" selected>' in page


def test_who_may_only_read_a_policy_reads_when_each_step_comes() -> None:
    policy = revise(make_policy(), targets=TARGETS, ladder=LADDER, at=MONDAY_9AM)
    page = text_of(sign_in(make_marketer()).get(reverse("admin:sla_policy_change", args=[policy.pk])))
    assert "At: 50 Counted in: percent of the target" in page
    assert "At: 1 Counted in: hours after it was due" in page
    assert "None" not in page


def test_more_days_than_anybody_means_are_refused() -> None:
    policy = make_policy()
    client, url = admin_at(policy)
    page = client.post(url, policy_form(policy, **{"targets-1-amount": "10000"}))
    assert "At most 1000 days." in page.content.decode()


def test_a_band_of_scores_has_some_score_in_it() -> None:
    policy = make_policy()
    client, url = admin_at(policy)
    page = client.post(url, policy_form(policy, score_min="80", score_max="60"))
    assert "No score is at least 80 and below 60" in page.content.decode()


def test_a_retired_version_is_only_read() -> None:
    old = make_policy()
    revise(old, targets=TARGETS, at=MONDAY_9AM)
    client, url = admin_at(old)
    assert b'name="name"' not in client.get(url).content
    assert client.post(url, policy_form(old, name="Changed")).status_code == 403
    assert client.post(reverse("admin:sla_policy_retire", args=[old.pk])).status_code == 403
    assert client.post(reverse("admin:sla_policy_delete", args=[old.pk]), {"post": "yes"}).status_code == 403


def test_a_refusal_is_said_on_the_page() -> None:
    policy = make_policy()
    client, url = admin_at(policy)
    page = client.post(url, policy_form(policy, routes=["score"]), follow=True)
    assert "is the last one for every route" in page.content.decode()
    page = client.post(reverse("admin:sla_policy_retire", args=[policy.pk]), follow=True)
    assert "is the last one for every route" in page.content.decode()


def test_a_manager_changes_what_is_for_own_teams_alone_and_keeps_it_so() -> None:
    mia = make_manager()
    make_policy()
    own = make_policy(slug="own", teams=["benelux"])
    client = Client()
    client.force_login(mia)
    url = reverse("admin:sla_policy_change", args=[own.pk])
    assert "Choose the teams it is for." in client.post(url, policy_form(own, teams=[])).content.decode()
    client.post(url, policy_form(own, name="Ours"))
    assert Policy.objects.in_force().get(slug="own").name == "Ours"
    for teams in ([], ["benelux", "nordics"], ["nordics"]):
        Policy.objects.filter(slug="standard").update(teams=teams)
        other = Policy.objects.get(slug="standard")
        url = reverse("admin:sla_policy_change", args=[other.pk])
        assert client.post(url, policy_form(other, name="Mine")).status_code == 403
        assert client.post(reverse("admin:sla_policy_retire", args=[other.pk])).status_code == 403


def test_a_manager_is_offered_own_teams_only_and_no_button_for_what_is_not_theirs() -> None:
    mia, policy = make_manager(), make_policy()
    make_team("Nordics")
    client, add = Client(), reverse("admin:sla_policy_add")
    client.force_login(mia)
    assert "nordics" not in client.get(add).content.decode()
    blank = {"slug": "second", "targets-TOTAL_FORMS": 0, "targets-INITIAL_FORMS": 0}
    for teams, said in (([], "Choose the teams it is for."), (["nordics"], "not one of the available choices")):
        assert said in client.post(add, policy_form(policy, teams=teams) | blank).content.decode()
    client.post(add, policy_form(policy, teams=["benelux"]) | blank)
    assert Policy.objects.get(slug="second").teams == ["benelux"]
    page = client.get(reverse("admin:sla_policy_change", args=[policy.pk]))
    assert (page.context["may_retire"], b'name="_save"' in page.content) == (False, False)


def test_a_short_name_that_is_taken_is_refused() -> None:
    policy = make_policy()
    client, _url = admin_at(policy)
    form = policy_form(policy, slug="standard") | {"targets-TOTAL_FORMS": 0, "targets-INITIAL_FORMS": 0}
    page = client.post(reverse("admin:sla_policy_add"), form).content.decode()
    assert "There is a policy “standard” already" in page


def test_a_step_at_an_absurd_share_is_refused() -> None:
    policy = make_policy()
    client, url = admin_at(policy)
    step = {"ladder-0-metric": "first_touch", "ladder-0-when": "9000", "ladder-0-counted": "share"}
    page = client.post(url, policy_form(policy, **step, **{"ladder-0-action": "tell_team"})).content.decode()
    assert "At most 1000 percent." in page


def test_a_marketer_reads_policies() -> None:
    policy = make_policy()
    client = Client()
    client.force_login(make_marketer())
    url = reverse("admin:sla_policy_change", args=[policy.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, policy_form(policy)).status_code == 403
