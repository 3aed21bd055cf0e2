"""What every door needs: who is there, and how what they try is answered."""

from collections.abc import Callable
from typing import TypeVar, cast

from django.contrib import messages
from django.http import HttpRequest

from handoff.lib.refusals import Refusal
from handoff.people.models import User

T = TypeVar("T")


def person(request: HttpRequest) -> User:
    """Return who is signed in; the middleware lets nobody else this far."""
    return cast("User", request.user)


def tried(request: HttpRequest, act: Callable[[], T], done: str | Callable[[T], str]) -> T | None:
    """Do `act` and say `done`, or why it was refused; return what it returned, None where it was refused."""
    try:
        result = act()
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return None
    messages.success(request, done if isinstance(done, str) else done(result))
    return result
