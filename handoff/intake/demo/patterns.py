"""What the demo's scoring model knows besides rules: whom leads are like, and what the site's content is about."""

from dataclasses import asdict
from typing import Any

from scoring.models import ContentEntry, Persona, ScoringModel
from scoring.spec import ContentSpec


def field(name: str, op: str, value: object = None) -> dict[str, object]:
    """Return one leaf of a condition."""
    return {"id": f"c-{name}-{op}", "field": name, "op": op, **({} if value is None else {"value": value})}


def both(*conditions: dict[str, object]) -> dict[str, object]:
    """Return a condition that holds where all of these do."""
    return {"id": "c-both", "all": list(conditions)}


PERSONAS: tuple[dict[str, Any], ...] = (
    {
        "key": "energy-head",
        "name": "Head with an energy bill",
        "standing": "ideal",
        "condition": both(
            field("title", "contains_any_of", ["head", "director", "vp", "energy manager"]),
            field("company.industry", "is_one_of", ["Energy", "Logistics", "Manufacturing"]),
            field("company.employees", "between", [50, 500]),
        ),
        "pains": "Peak tariffs that nobody saw coming; a board that asks for a forecast every quarter.",
        "goals": "One contract price for the year, and a plan for the night hours.",
    },
    {
        "key": "it-lead",
        "name": "Technical evaluator",
        "standing": "usual",
        "condition": field("title", "is_one_of", ["IT lead", "CTO"]),
        "pains": "Meters that speak five protocols, and no time for another integration.",
        "goals": "An interface that is documented, and data that stays in the house.",
    },
    {
        "key": "buyer",
        "name": "Buyer",
        "standing": "usual",
        "condition": field("title", "contains_any_of", ["purchasing", "controller"]),
        "pains": "Offers that cannot be compared, and contracts that renew by themselves.",
        "goals": "Three offers side by side before the budget closes.",
    },
    {
        "key": "competitor",
        "name": "Rival software maker",
        "standing": "negative",
        "condition": both(
            field("title", "is_one_of", ["Founder", "Consultant"]), field("company.industry", "is_one_of", ["Software"])
        ),
        "pains": "",
        "goals": "To see what we offer, and to sell their own.",
    },
)
CONTENT = (  # the first line that fits says the phase
    ContentSpec("url", "/pricing/*", "decision"),
    ContentSpec("url", "/product/*", "consideration"),
    ContentSpec("url", "/customers/*", "consideration"),
    ContentSpec("url", "/blog/*", "awareness"),
    ContentSpec("content", "Contracts after 2027", "decision"),
    ContentSpec("content", "Charging a fleet", "consideration"),
    ContentSpec("content", "Peak shaving in practice", "consideration"),
    ContentSpec("content", "Energy contracts, live", "consideration"),
    ContentSpec("content", "Grid tariffs explained", "awareness"),
    ContentSpec("form", "Tariff calculator", "decision"),
)


def add_patterns(model: ScoringModel) -> None:
    """Give `model` the demo's personas and its content catalogue."""
    Persona.objects.bulk_create(Persona(model=model, **persona) for persona in PERSONAS)
    ContentEntry.objects.bulk_create(ContentEntry(model=model, **asdict(line)) for line in CONTENT)
