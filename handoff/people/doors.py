"""What every door needs: who is there."""

from typing import cast

from django.http import HttpRequest

from handoff.people.models import User


def person(request: HttpRequest) -> User:
    """Return who is signed in; the middleware lets nobody else this far."""
    return cast("User", request.user)
