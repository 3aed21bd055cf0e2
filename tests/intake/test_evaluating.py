"""Suggestions from any file: the types of its columns, its verdicts, a card over it, and what the command prints."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.core.management import CommandError, call_command

from handoff.intake.any_file import NoTable, Table, read_table
from handoff.intake.kinds import as_dates, as_numbers, filled, type_of
from scoring import yardsticks
from scoring.fields import FieldType
from scoring.fields import FieldType as Type

DRAW = np.random.default_rng
Run = Callable[..., dict[str, Any]]


def column(cells: list[str], name: str = "x") -> pl.Series:
    return filled(pl.Series(name, cells, pl.String))


WORDS = ["alpha", "beta", "gamma", "delta"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(["1", "2.5", "-3", ""] * 20, Type.NUMBER, id="numbers with blanks"),
        pytest.param(["1,250", "12,000", "7"] * 20, Type.NUMBER, id="grouped thousands"),
        pytest.param(["1.250,5", "12,0", "7,25"] * 20, Type.NUMBER, id="a decimal comma"),
        pytest.param(["€ 1,250.00", "€ 8.50", "€ 9"] * 20, Type.NUMBER, id="money"),
        pytest.param(["12%", "7 %"] * 20, Type.NUMBER, id="per cent"),
        pytest.param(
            [*[str(n * n % 53) for n in range(50)], "n/a", "unclear"], Type.NUMBER, id="a stray word among numbers"
        ),
        pytest.param(["yes", "No", "", "YES"] * 20, Type.YES_NO, id="yes and no"),
        pytest.param(["1", "0"] * 20, Type.YES_NO, id="noughts and ones"),
        pytest.param(["1.0", "0.0"] * 20, Type.YES_NO, id="the same with a point"),
        pytest.param(["true", "False"] * 20, Type.YES_NO, id="true and false"),
        pytest.param(["ja", "nein"] * 20, Type.YES_NO, id="ja and nein"),
        pytest.param(["0"] * 97 + ["1", "2", "3"], Type.NUMBER, id="counts that are mostly nought"),
        pytest.param(["yes"] * 98 + ["unknown", "no"], Type.CHOICE, id="a third answer"),
        pytest.param(["2026-01-31", "2026-02-01 10:30", "2026-03-01T10:30:00Z"] * 9, Type.DATE, id="days and times"),
        pytest.param(["31-12-2026", "01-02-2026"] * 20, Type.DATE, id="days first"),
        pytest.param(["12/31/2026", "02/01/2026"] * 20, Type.DATE, id="months first"),
        pytest.param(["31.12.2026", "1.2.2026"] * 20, Type.DATE, id="days with points"),
        pytest.param(["20261231", "20260101"] * 20, Type.DATE, id="days without signs"),
        pytest.param(WORDS * 20, Type.CHOICE, id="one of a few"),
        pytest.param([f"{WORDS[n % 4]} {n}" for n in range(200)], Type.TEXT, id="words"),
        pytest.param([f"{n:08x}-1" for n in range(200)], None, id="codes without words"),
        pytest.param(["0031", "0032"] * 20, Type.CHOICE, id="codes with noughts"),
        pytest.param(["same"] * 40, None, id="the same everywhere"),
        pytest.param([""] * 40, None, id="nothing at all"),
        pytest.param(["x", ""] * 20, Type.YES_NO, id="a cross or nothing"),
        pytest.param(["Google", "Select", "Direct", ""] * 20, Type.CHOICE, id="a list nobody chose from"),
        pytest.param([str(1000 + 3 * n) for n in range(100)], None, id="ascending ids"),
        pytest.param([str(n) for n in DRAW(1).permutation(100)], None, id="packed ids in any order"),
        pytest.param([str(n) for n in DRAW(1).permutation(100_000)[:100]], Type.NUMBER, id="amounts, all different"),
    ],
)
def test_what_a_column_holds_is_found_out(cells: list[str], expected: FieldType | None) -> None:
    assert type_of(column(cells)) == expected


@pytest.mark.parametrize("name", ["Lead ID", "leadNumber", "customer_no", "Rechnung Nummer"])
def test_different_whole_numbers_that_are_called_an_id_are_one(name: str) -> None:
    assert type_of(column([str(n) for n in DRAW(1).permutation(100_000)[:100]], name)) is None


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(["1.250,5", "12"], [1250.5, 12.0], id="a decimal comma"),
        pytest.param(["1,250.5", "12"], [1250.5, 12.0], id="a decimal point"),
        pytest.param(["93.994", "-36.4"], [93.994, -36.4], id="three decimals"),
        pytest.param(["1e3", "inf"], [1000.0, None], id="no number is endless"),
        pytest.param(["0031", "0.5"], [None, 0.5], id="a code is none"),
    ],
)
def test_numbers_are_read_as_they_are_written(cells: list[str], expected: list[float | None]) -> None:
    assert as_numbers(column(cells)).to_list() == expected


def test_the_form_that_most_days_have_decides() -> None:
    dates = as_dates(column(["25/12/2026", "13/01/2026", "01/02/2026"]))
    assert dates.cast(pl.Datetime("us")).dt.month().to_list() == [12, 1, 2]


def table(cells: list[str]) -> Table:
    return Table(pl.DataFrame([column(cells, "Won?")]), 0)


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "0"], ["1.0", "0.0"], ["yes", "no"], ["TRUE", "false"], ["Won", "Lost"], ["y", "N"], ["ja", "nee"],
        ["Closed Won", "Closed Lost"], ["converted", "not converted"], ["t", "f"], ["subscribed!", "no"], ["SQL", "no"],
    ],
    ids="/".join,
)  # fmt: skip
def test_verdicts_are_read_in_the_words_of_the_file(cells: list[str]) -> None:
    assert table([*cells, "", cells[0]]).verdicts("won?")[1].tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("cells", "label", "said"),
    [
        pytest.param(["1", "0"], "win", "no column “win”; there are: Won?", id="no such column"),
        pytest.param(["a", "b", "c"], "Won?", "3 different values (a, b, c)", id="three values"),
        pytest.param(["1", "1", ""], "Won?", "1 different values (1)", id="one value"),
        pytest.param(["red", "blue"], "Won?", "“blue” or “red”, and which of them is a success", id="no telling which"),
        pytest.param(["won", "good"], "Won?", "“good” or “won”", id="both good"),
    ],
)
def test_a_column_that_gives_no_verdicts_is_refused_with_its_values(cells: list[str], label: str, said: str) -> None:
    with pytest.raises(NoTable) as refused:
        table(cells).verdicts(label)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a,b\n1,x\n2,y\n", id="commas"),
        pytest.param(b"a;b\n1;x\n2;y\n", id="semicolons"),
        pytest.param("\ufeffa,b\r\n1,x\r\n2,y\r\n".encode(), id="a byte order mark"),
        pytest.param(b"a,b,\n1,x,\n2,y,\n", id="an empty last column"),
        pytest.param(b'a,b\n"1,x",\n2,y\n', id="a row in its first cell"),
        pytest.param("a\tb\n1\tx\n2\ty\n".encode("utf-16"), id="tabs in UTF-16"),
    ],
)
def test_files_of_any_make_are_read_alike(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(content)
    found = read_table(tmp_path / "f.csv")
    assert (found.cells.to_dict(as_series=False), found.skipped) == ({"a": ["1", "2"], "b": ["x", "y"]}, 0)


def test_a_row_of_another_size_is_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("a,b\n1,x\n2\n3,y,z\n4,w\n")
    found = read_table(tmp_path / "f.csv")
    assert (found.cells["a"].to_list(), found.skipped) == (["1", "4"], 2)


def rows(n: int, seed: int = 7) -> list[dict[str, Any]]:
    """Draw leads of whom those from a fair, in the trade and of a large firm are accepted more often."""
    draw, found = DRAW(seed), []
    for number in range(n):
        row = {
            "id": 5000 + number,
            "mail": f"p{number}@{draw.choice(['gmail', 'firm'])}.example",
            "source": draw.choice(["fair", "web", "partner", ""], p=[0.2, 0.4, 0.3, 0.1]),
            "size": int(draw.lognormal(4, 1.5)),
            "in trade": draw.choice(["yes", "no"]),
            "seen": f"2026-0{draw.integers(1, 9)}-11",
            "note": " ".join(draw.choice(WORDS, 3)),
        }
        odds = -2 + 2.0 * (row["source"] == "fair") + 1.5 * (row["size"] >= 100) + 0.8 * (row["in trade"] == "yes")
        found.append({**row, "verdict": "won" if draw.random() < 1 / (1 + np.exp(-odds)) else "lost"})
    return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that calls the command on rows and returns what it printed; other learners only on demand."""

    def running(given: list[dict[str, Any]], *more: str, learners: bool = False) -> dict[str, Any]:
        monkeypatch.setattr(yardsticks, "is_there", lambda: learners)
        monkeypatch.setattr("handoff.intake.management.commands.evaluate_suggestions.is_there", lambda: learners)
        path, out, err = tmp_path / "leads.csv", io.StringIO(), io.StringIO()
        pl.DataFrame(given).write_csv(path)
        call_command("evaluate_suggestions", str(path), "--label", "verdict", "--json", *more, stdout=out, stderr=err)
        return {**json.loads(out.getvalue()), "said": err.getvalue()}

    return running


def card(tmp_path: Path, *rules: tuple[int, dict[str, Any]], **more: Any) -> str:
    """Write a scoring model of such points and conditions to a file."""
    path = tmp_path / "card.json"
    listed = [
        {"group": "fit", "key": f"r{n}", "name": f"Rule {n}", "points": points, "condition": condition}
        for n, (points, condition) in enumerate(rules)
    ]
    groups = [{"key": "fit", "name": "Fit", "dimension": "fit"}]
    content = {"format": "handoff-scoring-model/1", "name": "Card", "settings": {}, "groups": groups, "rules": listed}
    path.write_text(json.dumps(content | more))
    return str(path)


def test_what_is_hidden_in_a_file_is_found_and_said_in_words(run: Run) -> None:
    given = rows(1500)
    found = run(given)
    texts = {rule["text"]: rule for rule in found["rules"]}
    assert {text.split(" is ")[0] for text in texts if " and " not in text} == {"source", "size", "in trade"}
    fair = texts["source is fair"]
    won = [row["verdict"] == "won" for row in given if row["source"] == "fair"]
    assert (fair["n"], fair["rate"]) == (len(won), round(sum(won) / len(won), 4))
    assert fair["points"] > texts["in trade is yes"]["points"] > 0
    assert found["declined"] is None
    assert found["auc"].keys() == {"rules", "card", "card_plus_three", "logistic", "boosting"}
    assert found["auc"]["rules"] > 0.7
    assert found["auc"]["card"] is found["auc"]["logistic"] is None


@pytest.mark.long
def test_other_learners_are_asked_where_they_are_installed(run: Run) -> None:
    if not yardsticks.is_there():
        pytest.skip("scikit-learn is an extra.")
    found = run(rows(900), "--newest", "0.3", learners=True)["auc"]
    assert found["rules"] >= found["logistic"] - 0.03
    assert found["rules"] >= found["boosting"] - 0.03


def test_three_rules_are_added_to_a_card_and_excluded_columns_are_in_none(run: Run, tmp_path: Path) -> None:
    weak = card(tmp_path, (20, {"field": "traits.In-Trade", "op": "is", "value": "YES"}))
    found = run(rows(1500), "--card", weak, "--exclude", "Size", "--rules", "4")
    assert 0.5 < found["auc"]["card"] < found["auc"]["card_plus_three"]
    assert all("size" not in rule["text"] for rule in found["rules"])
    assert len(found["rules"]) <= 4


def test_a_card_that_is_better_is_left_alone(run: Run, tmp_path: Path) -> None:
    given = rows(1500)
    for row in given[1000:]:
        row["verdict"] = "won" if row["note"].startswith("alpha") else "lost"
    good = card(tmp_path, (50, {"field": "note", "op": "starts_with", "value": "alpha"}))
    found = run(given, "--card", good, "--newest", "0.3")
    assert found["rules"] == []
    assert "does no better than the rules there are" in found["declined"]
    assert found["auc"]["card"] > 0.9


def test_rules_of_a_card_that_a_file_says_nothing_about_are_named(run: Run, tmp_path: Path) -> None:
    made = card(
        tmp_path,
        (10, {"field": "source", "op": "is", "value": "fair"}),
        (10, {"field": "colour", "op": "is", "value": "red"}),
    )
    found = run(rows(300), "--card", made)
    assert "“Rule 1”" in found["said"]
    assert "“Rule 0”" not in found["said"]


def test_a_column_from_after_the_verdict_is_warned_about(run: Run) -> None:
    given = [{**row, "stage": "deal" if row["verdict"] == "won" else "open"} for row in rows(600)]
    found = run(given)
    assert found["auc"]["rules"] > 0.93
    assert "too good to be true" in found["said"]
    assert "too good" not in run(rows(600))["said"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param(["--exclude", "colour"], "no column “colour”; there are: id, mail", id="an unknown exclusion"),
        pytest.param(["--rules", "none"], "use a whole number from 1", id="no number of rules"),
        pytest.param(["--newest", "30"], "use a share between 0 and 1", id="no share"),
        pytest.param(["--card", "nowhere.json"], "nowhere.json", id="no card there"),
    ],
)
def test_what_is_asked_wrongly_is_answered_clearly(more: list[str], said: str, run: Run) -> None:
    with pytest.raises(CommandError) as refused:
        run(rows(30), *more)
    assert said in str(refused.value)


def test_a_file_that_is_none_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"nothing\.csv"):
        call_command("evaluate_suggestions", str(tmp_path / "nothing.csv"), "--label", "x")


@pytest.mark.parametrize("n", [pytest.param(60, id="too few"), pytest.param(0, id="none at all")])
def test_too_few_verdicts_are_declined(run: Run, n: int) -> None:
    given = rows(60)[:n] or [{"a": "1", "verdict": "won"}, {"a": "2", "verdict": "lost"}]
    found = run(given)
    assert found["rules"] == []
    assert "too few verdicts" in found["declined"]
    assert set(found["auc"].values()) == {None}
