"""The demo's personas and content catalogue, held against whom and what the demo shows."""

import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from handoff.intake.demo.cast import PAGES, PAPERS
from handoff.intake.demo.life import cast
from handoff.intake.demo.patterns import CONTENT, PERSONAS
from handoff.intake.demo.stage import first_model, set_stage
from scoring.content import with_content
from scoring.engine import personas_of
from scoring.fields import microseconds
from scoring.publishing import prepared_of, problems_of

END = datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.mark.django_db
def test_every_persona_fits_somebody_and_the_negative_one_only_a_handful() -> None:
    set_stage(END - timedelta(days=365))
    model = first_model(END - timedelta(days=365))
    assert problems_of(model) == []
    leads = [one.lead for one in cast(random.Random("1.0"), 1.0, END - timedelta(days=365), END)]
    columns = {"title": [lead["title"] for lead in leads]}
    companies = {f"company.{name}": [lead["company"][name] for lead in leads] for name in ("industry", "employees")}
    found = personas_of(prepared_of(model), pl.DataFrame({**columns, **companies}), microseconds(END))
    counts = {row["key"]: sum(row["key"] in {p.key for p in fitting} for fitting in found) for row in PERSONAS}
    assert min(counts.values()) > 0
    assert counts["competitor"] < len(leads) / 40
    assert counts["energy-head"] > len(leads) / 20


def test_the_catalogue_knows_every_page_and_piece_that_says_how_near_somebody_is() -> None:
    pages = sorted(set(PAGES) - {"/", "/about/", "/careers/"})
    seen = [{"url": page} for page in pages] + [{"content": paper} for paper in PAPERS]
    frame = pl.DataFrame(seen, schema=dict.fromkeys(("url", "content", "form"), pl.String))
    found = with_content(frame, CONTENT)["content.phase"]
    assert found.null_count() == 0
    assert set(found) == {"awareness", "consideration", "decision"}
