"""Refusals: what an act answers when it cannot be done. Doors turn them into a message or a problem."""

from typing import Any

from django.utils.translation import gettext as _


class Refusal(Exception):
    """An act that was not done; nothing has changed. `message` says what happened and what to do."""

    code = "refused"
    status = 409

    def __init__(self, message: str = "", **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extra = extra


class AlreadyTaken(Refusal):
    """Somebody else was first."""

    code = "already_taken"


class NotOpen(Refusal):
    """The handoff has its verdict already."""

    code = "not_open"


class NotHeld(Refusal):
    """Nobody holds the handoff."""

    code = "not_held"


class WrongStage(Refusal):
    """The lead is not where this act can be done."""

    code = "wrong_stage"


class Stale(Refusal):
    """The row changed since the caller looked at it."""

    code = "stale"


class TooLate(Refusal):
    """The moment for this act has passed."""

    code = "too_late"


class AlreadyMerged(Refusal):
    """The lead is no more: it was merged into another."""

    code = "already_merged"


class NotAllowed(Refusal):
    """They may see it, but not do this with it."""

    code = "not_allowed"
    status = 403

    def __init__(self, message: str = "", **extra: Any) -> None:
        super().__init__(message or _("Your role does not permit this."), **extra)


def require(allowed: object) -> None:
    """Refuse an act that a role does not permit."""
    if not allowed:
        raise NotAllowed


class Incomplete(Refusal):
    """Something that the act needs is missing or wrong; `extra["fields"]` says where."""

    code = "incomplete"
    status = 400
