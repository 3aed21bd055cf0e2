"""A version as a file: what goes out comes back, and what is wrong is said."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from scoring.exchange import Unreadable, read, written
from scoring.models import ScoringModel
from scoring.publishing import publish
from tests.making import MONDAY_9AM, PRICING, make_model

pytestmark = pytest.mark.django_db

DEEP = {"id": "n", "not": {"id": "a", "any": [{"id": "l", "field": "country", "op": "is", "value": "NL"}]}}


def make_rich_model() -> ScoringModel:
    """Make a draft that uses what a file can hold."""
    silence = {"kind": "silence", "dimension": "timing", "points": "-12.50", "silence_days": 30, "is_active": False}
    model = make_model(
        {**PRICING, "half_life": 30, "limit": 3, "limit_per": "week"},
        {"name": "Énergie, not Dutch", "points": 5, "condition": DEEP},
        silence,
        fast_lane_kinds=["demo_request"],
        fast_lane_condition={"field": "form", "op": "is", "value": "sales"},
        fit_minimum=10,
        note="For the autumn.",
    )
    model.groups.filter(key="fit").update(cap="40.00", floor=0)
    return ScoringModel.objects.get(pk=model.pk)


def test_what_was_exported_comes_back_as_an_equal_draft() -> None:
    model = make_rich_model()
    draft = read(written(model), by=None, at=MONDAY_9AM)
    assert written(draft) == written(model)
    assert draft.spec() == model.spec()
    assert draft.is_draft
    assert draft.version == model.version + 1


def test_rules_keep_their_keys() -> None:
    draft = read(written(make_rich_model()), by=None, at=MONDAY_9AM)
    assert draft.rules.filter(key="pricing").exists()


def test_the_file_is_readable_text_and_says_nothing_of_dates_or_people() -> None:
    text = written(make_rich_model())
    assert "Énergie" in text
    assert text.endswith("}\n")
    assert set(json.loads(text)) == {"format", "name", "settings", "groups", "rules", "content", "personas"}


def test_another_name_can_be_given() -> None:
    assert read(written(make_rich_model()), by=None, at=MONDAY_9AM, name="From Berlin").name == "From Berlin"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        pytest.param(["format"], "else", "no scoring model", id="another format"),
        pytest.param(["rules", 0, "points"], "many", "rules[0]: points", id="points that are no number"),
        pytest.param(["rules", 0, "group"], "elsewhere", "rules[0].group", id="a group that is not in the file"),
        pytest.param(["rules", 0, "colour"], "red", "rules[0].colour is unknown", id="a member nobody knows"),
        pytest.param(["rules", 0, "condition"], ["x"], "rules[0].condition", id="a condition that is a list"),
        pytest.param(["rules", 0, "condition"], {"all": [{}]}, "rules[0].condition", id="a branch that says nothing"),
        pytest.param(["rules", 0, "activity_kinds"], "page_view", "a list of kinds", id="kinds that are no list"),
        pytest.param(["rules", 0, "key"], "pricing", "rules[1]", id="a key that comes twice"),
        pytest.param(["groups"], {}, "groups: a list is missing", id="groups that are no list"),
        pytest.param(["groups", 0, "dimension"], "width", "groups[0]: dimension", id="a dimension that does not exist"),
        pytest.param(
            ["settings", "time_zone"], "Mars/Base", "settings.time_zone", id="a time zone that does not exist"
        ),
        pytest.param(["settings", "threshold"], 0, "above zero", id="a threshold of zero"),
        pytest.param(["settings", "hysteresis"], 50, "below the threshold", id="a hysteresis like the threshold"),
        pytest.param(["groups", 0, "floor"], 41, "groups[0]: floor: The floor is at most", id="a floor above the cap"),
        pytest.param(["groups", 0, "cap"], "much", "groups[0]: cap", id="a cap that is no number"),
        pytest.param(["rules", 0, "at_least_of"], "days", "Say from how many on", id="days without a number"),
        pytest.param(["rules", 2, "half_life"], 30, "no such bound", id="silence that fades"),
        pytest.param(["settings", "threshold"], None, "settings: threshold", id="no threshold"),
    ],
)
def test_a_file_with_a_mistake_says_where_and_makes_nothing(path: list[Any], value: Any, said: str) -> None:
    content = json.loads(written(make_rich_model()))
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(Unreadable, match=said.replace("[", r"\[")):
        read(json.dumps(content), by=None, at=MONDAY_9AM)
    assert ScoringModel.objects.count() == 1


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(Unreadable, match="no JSON"):
        read("{", by=None, at=MONDAY_9AM)


def test_the_command_writes_the_file_alone_and_reads_it_back(tmp_path: Path) -> None:
    model = make_rich_model()
    publish(model, by=None, at=MONDAY_9AM)
    out = StringIO()
    call_command("scoring_model", "export", "live", stdout=out)
    assert out.getvalue() == written(model)
    file = tmp_path / "model.json"
    file.write_text(out.getvalue(), encoding="utf-8")
    call_command("scoring_model", "import", str(file), "--name", "Copy", stdout=StringIO())
    assert written(ScoringModel.objects.get(name="Copy")).replace('"Copy"', '"Test"') == written(model)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["export", "live"], "There is no version live; there are: none", id="nothing is live"),
        pytest.param(["export", "7"], "There is no version 7", id="a version that does not exist"),
        pytest.param(["export", "last"], "use a number or “live”", id="a version that is no number"),
        pytest.param(["import", "/nowhere/model.json"], "can't be read", id="a file that does not exist"),
    ],
)
def test_the_command_says_what_it_can_not_do(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("scoring_model", *arguments)
