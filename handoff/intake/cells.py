"""Cells: the value that a text has under its column's type."""

import math
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from gettext import translation

import pycountry

from handoff.intake.columns import Column, ColumnType
from handoff.intake.remarks import Trouble
from handoff.leads import normalising

OTHER_NAMES = {
    "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
    "großbritannien": "GB", "engeland": "GB", "groot-brittannië": "GB", "u.s.a.": "US", "u.s.": "US", "vs": "US",
    "amerika": "US", "uae": "AE", "vae": "AE", "holland": "NL", "the netherlands": "NL", "russia": "RU",
    "russland": "RU", "rusland": "RU", "turkey": "TR", "brunei": "BN", "macedonia": "MK", "ivory coast": "CI",
    "cape verde": "CV", "swaziland": "SZ", "burma": "MM", "vatican city": "VA",
}  # fmt: skip


def read_cell(column: Column, text: str) -> object:
    """Return what one cell says under its column, None where it is empty; raise Trouble."""
    text = text.strip()
    text = "" if text in column.empty else column.values.get(text, text)
    if not text:
        return None
    return READERS[column.type](column, text) if column.type in READERS else text


def _number_shape(point: str, group: str) -> re.Pattern[str]:
    whole = rf"[0-9]+|[0-9]{{1,3}}({group}[0-9]{{3}})+|(?={point}[0-9])"
    return re.compile(rf"[+-]?({whole})({point}[0-9]*)?([eE][+-]?[0-9]{{1,3}})?")


# Thousands are grouped only where the mapping says which sign is which: 1.234 is not the same to all.
NUMBERS = {"": _number_shape(r"\.", "(?!)"), ".": _number_shape(r"\.", ","), ",": _number_shape(",", r"\.")}


def _read_number(column: Column, text: str) -> int | float:
    plain = text.replace(".", "").replace(",", ".") if column.decimal == "," else text.replace(",", "")
    number = float(plain) if NUMBERS[column.decimal].fullmatch(text) else math.inf
    if math.isinf(number):
        raise Trouble("no_number", text, accepted=f"1234{column.decimal or '.'}5")
    # Past 2**53 a JSON number is no longer exact.
    return int(number) if plain.lstrip("+-").isdigit() and abs(number) <= 2**53 else number


def _read_word(column: Column, text: str) -> object:
    word = text.casefold()
    if word not in column.words:
        raise Trouble(f"no_{column.type}", text, accepted=", ".join(column.words))
    return column.words[word]


def _moment(column: Column, text: str, code: str, example: str) -> datetime:
    """Return the time as it is written, by the first format that fits, or as ISO 8601 where there is none."""
    for form in column.formats or ("",):
        with suppress(ValueError):
            return datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
    raise Trouble(code, text, accepted=examples_of(column.formats) or example)


def examples_of(formats: Iterable[str]) -> str:
    """Return how one and the same moment is written in each of `formats`."""
    return " / ".join(datetime(2026, 3, 31, 14, 5).strftime(form) for form in formats)  # noqa: DTZ001 (only shown)


def _read_date(column: Column, text: str) -> str:
    return _moment(column, text, "no_date", "2026-03-31").date().isoformat()


def _read_time(column: Column, text: str) -> datetime:
    moment = _moment(column, text, "no_time", "2026-03-31T14:05:00+02:00")
    if moment.tzinfo is None and column.zone is None:
        raise Trouble("no_offset", text)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=column.zone)).astimezone(UTC)
    except OverflowError as error:  # the first and last day of the calendar have no place in another zone
        raise Trouble("no_time", text, accepted="2026-03-31T14:05:00+02:00") from error


def _read_choices(column: Column, text: str) -> list[str] | None:
    parts = (part.strip() for part in text.split(column.separator))
    chosen = [column.values.get(part, part) for part in parts if part not in column.empty]
    return list(dict.fromkeys(part for part in chosen if part)) or None


def _read_email(_column: Column, text: str) -> str:
    # Only what can't be an address at all; whether it can exist is for the act that keeps it.
    if not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+", text):
        raise Trouble("no_email", text)
    return text


def _read_country(_column: Column, text: str) -> str:
    code = country_code(text)
    if code is None:
        raise Trouble("no_country", text)
    return code


def _read_domain(_column: Column, text: str) -> str | None:
    try:
        return normalising.clean_domain(text)
    except normalising.BadValue as error:
        raise Trouble("no_domain", text) from error


READERS: dict[ColumnType, Callable[[Column, str], object]] = {
    ColumnType.NUMBER: _read_number,
    ColumnType.BOOLEAN: _read_word,
    ColumnType.DATE: _read_date,
    ColumnType.CHOICES: _read_choices,
    ColumnType.EMAIL: _read_email,
    ColumnType.COUNTRY: _read_country,
    ColumnType.DOMAIN: _read_domain,
    ColumnType.TIME: _read_time,
    ColumnType.CONSENT: _read_word,
    ColumnType.KNOWN: _read_word,
}


def country_code(text: str) -> str | None:
    """Return the ISO 3166 alpha-2 code of a code or a name in English, Dutch or German; None for anything else."""
    return _other_names().get(text.casefold()) or normalising.country_code(text)


@cache
def _other_names() -> dict[str, str]:
    known = {name.casefold(): code for name, code in OTHER_NAMES.items()}
    for language in ("nl", "de"):
        translated = translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language]).gettext
        for country in pycountry.countries:
            for name in {country.name, getattr(country, "common_name", country.name)}:
                known.setdefault(translated(name).casefold(), country.alpha_2)
    return known
