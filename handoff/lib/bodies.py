"""What comes in through the API: JSON that a database can keep, and times that say where they are."""

import json
from datetime import UTC, datetime
from math import isinf
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from handoff.lib.refusals import Refusal

LARGEST = 20 * 2**20  # bytes of a body; a thousand activities are a few hundred thousand
YEARS = range(1970, 2200)  # what lies outside is a slip of the sender, and the ends no instant in every time zone


class TooLarge(Refusal):
    """A body larger than anything honest."""

    code = "too_large"
    status = 413


class BadInstant(ValueError):
    """A text that is no instant; `code` says whether only its offset is missing."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class JsonParser(JSONParser):
    """Parses JSON in UTF-8, and refuses what is too large, too deep or no number."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        text = stream.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise TooLarge(_("The body is larger than %(most)d MiB; send less at a time.") % {"most": LARGEST >> 20})
        if not text.strip():
            return {}  # a body may be left out
        try:
            return json.loads(text.decode(), parse_constant=_refuse, parse_float=_finite)
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error
        except ValueError as error:
            raise ParseError(_("The body is no JSON: %(why)s.") % {"why": error}) from error


def _refuse(text: str) -> float:
    raise ValueError(_("“%(value)s” is no number") % {"value": text})


def _finite(text: str) -> float:
    number = float(text)
    return _refuse(text) if isinf(number) else number


def instant(value: object) -> datetime:
    """Return the instant that an ISO text with an offset names; BadInstant says what is wrong."""
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.year not in YEARS:
        message = _("“%(value)s” is no time; use 2026-11-22T10:00:00+01:00.")
        raise BadInstant("invalid_time", message % {"value": str(value)[:60]})
    if moment.tzinfo is None:
        raise BadInstant("naive_time", _("“%(value)s” has no offset; add Z or +01:00.") % {"value": value})
    return moment


@extend_schema_field(OpenApiTypes.DATETIME)
class Instant(serializers.DateTimeField):
    """A time with its offset, shown in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        try:
            return instant(value)
        except BadInstant as error:
            raise serializers.ValidationError(str(error), code=error.code) from error
