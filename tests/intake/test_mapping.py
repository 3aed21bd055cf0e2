"""A mapping is checked as a whole before any file is read."""

from pathlib import Path

import pytest

from handoff.intake.mapping import MappingError, load_mapping, parse_mapping, shipped_mappings

LEAD = '[lead]\nexternal_id = "ID"\n'


def test_every_shipped_mapping_loads_by_its_name() -> None:
    assert {"generic", "x_education"} <= set(shipped_mappings())
    for name in shipped_mappings():
        assert load_mapping(name).name == name


def test_a_path_loads_a_mapping_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "fair.toml"
    path.write_text(LEAD, encoding="utf-8-sig")
    assert load_mapping(path).name == load_mapping(str(path)).name == "fair"


@pytest.mark.parametrize("name", ["../settings", "nothing", ""], ids=["a way out", "unknown", "empty"])
def test_a_name_that_is_not_shipped_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(MappingError, match=r"generic, .*x_education"):
        load_mapping(name)


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"gone\.toml"):
        load_mapping(tmp_path / "gone.toml")


def test_a_text_is_short_for_a_column_and_a_trait_is_labelled_after_its_name() -> None:
    mapping = parse_mapping(LEAD + '[traits]\nlast_visit = "Visit"\n', name="m")
    assert mapping.lead["external_id"].headers == ("ID",)
    assert mapping.traits["last_visit"].headers == ("Visit",)
    assert mapping.traits["last_visit"].label == "Last visit"


def test_what_the_file_means_by_empty_holds_for_each_column_beside_its_own() -> None:
    text = '[file]\nempty = ["Select"]\n' + LEAD + '[traits]\ncity = {column = "City", empty = ["?"]}\n'
    assert parse_mapping(text, name="m").traits["city"].empty == {"", "Select", "?"}


ACTIVITY = '[[activities]]\nkind = "call"\nid = "{ID}-call"\n'
REFUSED = [
    ("no TOML", "[lead", "TOML", "valid TOML"),
    ("an unknown table", LEAD + "[leads]\n", "leads", "activities, company"),
    ("no identity", '[lead]\nsource = "S"\n', "lead", "external_id or email"),
    ("a constant identity", '[lead]\nemail = {constant = "a@example.com"}\n', "lead", "external_id or email"),
    ("an unknown field", LEAD + 'mail = "M"\n', "lead.mail", "email, external_id"),
    ("a field that is a number", "[lead]\nexternal_id = 3\n", "lead.external_id", "a table"),
    ("an unknown option", LEAD + 'email = {colum = "M"}\n', "lead.email.colum", "column"),
    ("column and constant", LEAD + 'email = {column = "M", constant = "x"}\n', "lead.email.column", "either"),
    ("neither column nor constant", LEAD + "[traits]\ncity = {}\n", "traits.city.column", "either"),
    (
        "an unknown type",
        LEAD + '[traits]\nage = {column = "A", type = "int"}\n',
        "traits.age.type",
        "text, number, boolean",
    ),
    ("another type for a fixed field", LEAD + 'phone = {column = "P", type = "number"}\n', "lead.phone.type", "text"),
    ("a trait with a capital", LEAD + '[traits]\nCity = "City"\n', "traits.City", "small letters"),
    (
        "a constant of another type",
        LEAD + '[traits]\nage = {type = "number", constant = "three"}\n',
        "traits.age.constant",
        "type number",
    ),
    ("an unknown delimiter", '[file]\ndelimiter = ":"\n' + LEAD, "file.delimiter", '";"'),
    ("an unknown encoding", '[file]\nencoding = "utf8x"\n' + LEAD, "file.encoding", "cp1252"),
    ("an unknown zone", '[file]\nzone = "Mars/Olympus"\n' + LEAD, "file.zone", "Europe/Amsterdam"),
    ("an unknown decimal sign", '[file]\ndecimal = ";"\n' + LEAD, "file.decimal", '"."'),
    ("consent that says nothing", LEAD + '[consent]\nemail = "Mail"\n', "consent.email.objection", "Yes"),
    ("an activity without a time", LEAD + ACTIVITY, "activities[1].at", "belongs in [traits]"),
    (
        "an activity whose time is constant",
        LEAD + ACTIVITY + 'at = {constant = "2026-01-01"}\n',
        "activities[1].at",
        "a column",
    ),
    (
        "an activity id without a column",
        LEAD + '[[activities]]\nkind = "call"\nat = "At"\nid = "call"\n',
        "activities[1].id",
        "tells rows apart",
    ),
    ("an activity without a kind", LEAD + '[[activities]]\nat = "At"\nid = "{ID}"\n', "activities[1].kind", "a kind"),
    (
        "two activities with one id",
        LEAD + (ACTIVITY + 'at = "At"\n') * 2,
        "activities[2].id",
        "no other activity",
    ),
]


@pytest.mark.parametrize(("text", "key", "accepted"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_a_mapping_is_refused_with_file_key_and_what_is_accepted(text: str, key: str, accepted: str) -> None:
    with pytest.raises(MappingError) as refused:
        parse_mapping(text, name="m", file="m.toml")
    assert refused.value.key == key
    assert str(refused.value).startswith(f"m.toml: {key} = ")
    assert accepted in str(refused.value)
