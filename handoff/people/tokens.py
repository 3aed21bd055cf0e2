"""API tokens: shown once, kept as a digest, checked on each request."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from handoff.people.models import ApiToken, User

CALENDAR = "calendar"  # opens the calendar feed, and nothing of the API
SCOPES = (
    *("leads:read", "leads:write", "queue:read", "queue:write"),
    *("reports:read", "models:read", "models:write", CALENDAR),
)
PREFIX = "hof_"


class UnknownScope(ValueError):
    """A scope that does not exist."""


def digest(secret: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_token(
    user: User, *, at: datetime, scopes: Sequence[str] = (), name: str = "", lasts: timedelta | None = None
) -> str:
    """Make a token with `user`'s rights, narrowed to `scopes` if any are given, and return it; it is not kept."""
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownScope(
                _("“%(scope)s” is no scope; use: %(known)s.") % {"scope": scope, "known": ", ".join(SCOPES)}
            )
    secret = PREFIX + secrets.token_urlsafe(32)
    expires_at = at + lasts if lasts else None
    ApiToken.objects.create(
        user=user, name=name, digest=digest(secret), scopes=list(scopes), created_at=at, expires_at=expires_at
    )
    return secret


def find_token(secret: str, *, at: datetime) -> ApiToken | None:
    """Return the valid token with this secret, its owner along with it, and note that it was used."""
    token = ApiToken.objects.valid(at).select_related("user").filter(digest=digest(secret)).first()
    if token and token.last_used_on != at.date():
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=at.date())
    return token


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the token's owner, None without such a header, or refuse."""
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        secret = parts[1].decode(errors="replace") if len(parts) == 2 else ""
        token = find_token(secret, at=timezone.now())
        if token is None:
            raise AuthenticationFailed(_("This token is unknown, expired or revoked; make a new one."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """A scoped token opens only what its scopes name; views name theirs in `scope`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        token = request.auth
        if not isinstance(token, ApiToken) or not token.scopes:
            return True
        noun = getattr(view, "scope", None)
        verb = "read" if request.method in {"GET", "HEAD", "OPTIONS"} else "write"
        return noun is not None and f"{noun}:{verb}" in token.scopes
