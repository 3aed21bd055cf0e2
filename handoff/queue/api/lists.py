"""Lists that come in: how long they may be, and what happens when two arrive at once."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError
from django.utils.translation import gettext as _
from drf_spectacular.utils import PolymorphicProxySerializer

from handoff.lib.refusals import Refusal

AT_MOST = 1000
T = TypeVar("T")


class TooMany(Refusal):
    """More at a time than is taken."""

    code = "too_many"
    status = 413


class NotAList(Refusal):
    """Neither one nor a list of them."""

    code = "invalid"
    status = 400


def one_of(name: str, *shapes: Any) -> PolymorphicProxySerializer:
    """Describe what has one of several shapes."""
    return PolymorphicProxySerializer(name, shapes, resource_type_field_name=None, many=False)


def items_of(body: Any) -> list[Any]:
    """Return the list that came, one object being a list of one."""
    if isinstance(body, dict):
        return [body]
    if not isinstance(body, list):
        raise NotAList(_("The body is an object or a list of objects."))
    if len(body) > AT_MOST:
        raise TooMany(_("%(n)d at a time; at most %(most)d are taken.") % {"n": len(body), "most": AT_MOST})
    return body


def twice(act: Callable[[], T]) -> T:
    """Return what `act` answers, done again where another request wrote the same rows at the same moment."""
    try:
        return act()
    except IntegrityError:
        # The other one was first and is through, so that now its rows are found.
        return act()
