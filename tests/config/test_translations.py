"""Every text has its Dutch and German, with the same names in it."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings

NAMED = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


@pytest.fixture(params=["nl", "de"])
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    path = Path(settings.LOCALE_PATHS[0]) / request.param / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        return read_po(file, locale=request.param)


def texts(message: Message) -> list[tuple[str, str]]:
    """Return the singular and plural of a text, each with its translation."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    return list(zip(message.id, message.string or ("", ""), strict=True))


def names(text: str) -> "Counter[tuple[str, str]]":
    return Counter(NAMED.findall(text))


def test_nothing_is_left_untranslated(catalogue: Catalog) -> None:
    assert [text for message in catalogue if message.id for text, said in texts(message) if not said.strip()] == []


def test_nothing_is_only_guessed(catalogue: Catalog) -> None:
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


def test_each_translation_has_the_names_of_its_text(catalogue: Catalog) -> None:
    wrong = []
    for message in catalogue:
        for text, said in texts(message) if message.id else []:
            # A singular may do without its number: "one lead".
            if not set(names(said)) <= set(names(text)) or (text == message.id and names(text) != names(said)):
                wrong.append((text, said))
    assert wrong == []
