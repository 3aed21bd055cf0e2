"""Files of what sources cost: each row one source, month and currency."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from handoff.intake.importing import plan_import, run_import
from handoff.intake.mapping import MappingError, parse_mapping
from handoff.intake.models import Import
from handoff.leads.models import Lead, SourceCost
from tests.making import MONDAY_9AM, make_team

GERMAN = """
[file]
decimal = ","
[cost]
source = "Kanal"
month = { column = "Monat", format = "%m.%Y" }
amount = "Kosten"
currency = { constant = "EUR" }
"""


def imported(folder: Path, content: str, mapping: str = "source_costs") -> Import:
    path = folder / "costs.csv"
    path.write_text(content)
    run = plan_import(path, mapping=mapping, by=None, at=MONDAY_9AM)
    run_import(run, at=MONDAY_9AM)
    return run


def counts(run: Import) -> tuple[int, int, int, int]:
    return run.created, run.updated, run.unchanged, run.refused


def costs() -> list[tuple[str, date, Decimal, str]]:
    return [*SourceCost.objects.order_by("id").values_list("source", "month", "amount", "currency")]


@pytest.mark.django_db
def test_costs_come_in_once_and_a_corrected_row_takes_the_place_of_what_was_known(tmp_path: Path) -> None:
    make_team()
    rows = "Source,Month,Spend,Currency\nFair,2026-01,1200.10,eur\nfair,2026-02-14,0.3,EUR\nFair,2026-01,99,USD\n"
    assert counts(imported(tmp_path, rows)) == (3, 0, 0, 0)
    january, february = date(2026, 1, 1), date(2026, 2, 1)
    known = [("Fair", january, Decimal("1200.10"), "EUR"), ("fair", february, Decimal("0.30"), "EUR")]
    assert costs() == [*known, ("Fair", january, Decimal(99), "USD")]
    assert counts(imported(tmp_path, rows)) == (0, 0, 3, 0)
    assert counts(imported(tmp_path, rows.replace("Fair,2026-01,99", "FAIR,2026-01,98"))) == (0, 1, 2, 0)
    assert costs() == [*known, ("FAIR", january, Decimal(98), "USD")]
    assert not Lead.objects.exists()


@pytest.mark.django_db
def test_what_is_no_cost_is_refused_with_its_line_and_the_rest_is_kept(tmp_path: Path) -> None:
    make_team()
    run = imported(
        tmp_path,
        "Source,Month,Spend,Currency\nFair,2026-01,-1,EUR\nFair,soon,1,EUR\nFair,2026-01,much,EUR\n"
        "Fair,2026-01,1,Euro\n,2026-01,1,EUR\nFair,2026-01,1e13,EUR\nFair,2026-01,1,EUR\nFair,2026-01,2,EUR\n",
    )
    assert counts(run) == (1, 1, 0, 6)
    assert [(one.line, one.column, one.is_refusal) for one in run.remarks.all()] == [
        (2, "Spend", True), (3, "Month", True), (4, "Spend", True), (5, "Currency", True), (6, "Source", True),
        (7, "Spend", True), (9, "", False),
    ]  # fmt: skip
    assert costs() == [("Fair", date(2026, 1, 1), Decimal(2), "EUR")]


@pytest.mark.django_db
def test_a_mapping_of_ones_own_reads_other_months_and_amounts(tmp_path: Path) -> None:
    make_team()
    (tmp_path / "german.toml").write_text(GERMAN)
    imported(tmp_path, "Kanal;Monat;Kosten\nMesse;03.2026;1.234,50\n", str(tmp_path / "german.toml"))
    assert costs() == [("Messe", date(2026, 3, 1), Decimal("1234.50"), "EUR")]


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param('[cost]\nsource = "S"\nmonth = "M"\n', "amount, currency", id="half a cost"),
        pytest.param(GERMAN + '[lead]\nexternal_id = "ID"\n', "a mapping of its own", id="leads in the same file"),
    ],
)
def test_a_mapping_of_costs_that_is_not_right_is_refused(text: str, accepted: str) -> None:
    with pytest.raises(MappingError, match=accepted):
        parse_mapping(text, name="m")
