"""Pages of a list that stay whole while rows come and go: each begins after the last row of the one before."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Any, Literal

from django.db.models import F, Model, Q
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from handoff.lib.bodies import instant

NOTHING = Q(pk__in=[])


@dataclass(frozen=True)
class Key:
    """One thing that a list is ordered by. Nulls come last, in both directions."""

    name: str
    kind: Literal["time", "number", "flag", "count"] = "number"
    descending: bool = False
    nullable: bool = False

    def turned(self) -> "Key":
        """Return the key in the other direction."""
        return replace(self, descending=not self.descending)

    def of(self, row: Model) -> Any:
        """Return the key's value in `row`, as JSON holds it."""
        value: Any = row
        for name in self.name.split("__"):
            value = getattr(value, name, None)
        return value.isoformat() if isinstance(value, datetime) else value

    def read(self, value: Any) -> Any:
        """Return a value from a cursor; ValueError, TypeError or LookupError where it is none of this kind."""
        if value is None and self.nullable:
            return None
        if self.kind == "time":
            return instant(value)
        if self.kind == "count":
            return range(10_000)[value]
        if isinstance(value, bool) == (self.kind != "flag"):
            raise ValueError(value)
        if self.kind == "flag":
            return value
        if not isinstance(value, int | float) or not isfinite(value) or abs(value) >= 2**63:
            raise ValueError(value)
        return value


BACK = Key("back", "flag")  # whether a page ends before the row of its cursor, instead of beginning after it


def encoded(*values: Any) -> str:
    """Return a cursor: `values` as they stand in an address."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def cursor_of(request: Request, *keys: Key) -> list[Any]:
    """Return the values of `keys` in the request's cursor, none where it has no cursor."""
    text = request.query_params.get("cursor")
    if not text:
        return []
    try:
        values = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        return [key.read(value) for key, value in zip(keys, values, strict=True)]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        message = _("This cursor belongs to no page of this list; start without one.")
        raise ValidationError({"cursor": [message]}) from error


class Pages(CursorPagination):
    """{next, previous, results}, 50 a page. A view says its `order`, and in `orderings` what may be asked for."""

    page_size = 50
    ordering = "-id"
    next_at = previous_at = ""

    base_url: str

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.base_url = request.build_absolute_uri()
        keys = keys_for(request, view)
        back, *values = cursor_of(request, BACK, *keys) or [False]
        found = queryset.order_by(*_order(keys, back=back))
        if values:
            found = found.filter(_beyond(keys, values, back=back))
        rows = list(found[: self.page_size + 1])
        is_more, rows = len(rows) > self.page_size, rows[: self.page_size]
        if back:
            rows.reverse()
        if rows and (is_more or back):
            self.next_at = encoded(False, *(key.of(rows[-1]) for key in keys))
        if rows and (is_more if back else values):
            self.previous_at = encoded(True, *(key.of(rows[0]) for key in keys))
        return rows

    def get_next_link(self) -> str | None:
        return replace_query_param(self.base_url, "cursor", self.next_at) if self.next_at else None

    def get_previous_link(self) -> str | None:
        return replace_query_param(self.base_url, "cursor", self.previous_at) if self.previous_at else None


def keys_for(request: Request, view: Any) -> list[Key]:
    """Return what `view` is ordered by for this request, the id deciding between equals."""
    orderings: dict[str, Key] = getattr(view, "orderings", {})
    asked = request.query_params.get("ordering", "") if orderings else ""
    keys = []
    for name in filter(None, asked.split(",")):
        key = orderings[name.strip().removeprefix("-")]
        keys.append(key.turned() if name.strip().startswith("-") else key)
    keys = keys or list(getattr(view, "order", ()))
    return keys if any(key.name == "id" for key in keys) else [*keys, Key("id", descending=True)]


def _order(keys: Sequence[Key], *, back: bool) -> list[OrderBy]:
    order = []
    for key in keys:
        nulls = {"nulls_first" if back else "nulls_last": True} if key.nullable else {}
        order.append(F(key.name).desc(**nulls) if key.descending != back else F(key.name).asc(**nulls))
    return order


def _beyond(keys: Sequence[Key], values: Sequence[Any], *, back: bool) -> Q:
    """Return the condition that a row comes after these values in that direction."""
    if not keys:
        return NOTHING
    key, value = keys[0], values[0]
    if value is None:
        later = Q(**{f"{key.name}__isnull": False}) if back else NOTHING
        same = Q(**{f"{key.name}__isnull": True})
    else:
        later = Q(**{f"{key.name}__{'lt' if key.descending != back else 'gt'}": value})
        if key.nullable and not back:
            later |= Q(**{f"{key.name}__isnull": True})
        same = Q(**{key.name: value})
    return later | (same & _beyond(keys[1:], values[1:], back=back))
