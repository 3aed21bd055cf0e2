"""Deciding: what the two teams will change, who sees to it and until when; it is carried on until it is done."""

from datetime import date, datetime

from django.utils.translation import gettext as _

from handoff.feedback.models import Decision
from handoff.lib.refusals import Incomplete, WrongStage, require
from handoff.outbox.audit import record
from handoff.people.models import User


def may_decide(user: User) -> bool:
    """Return whether `user` writes decisions down: marketers, managers and administrators."""
    return user.is_marketer or user.is_manager or user.is_admin


def decide(*, text: str, owner: User | None, due_on: date | None, by: User, at: datetime) -> Decision:
    """Write a decision down."""
    require(may_decide(by))
    wrong = {} if text.strip() else {"text": _("Say what was decided.")}
    wrong |= {} if owner and owner.is_active else {"owner": _("Choose who sees to it.")}
    wrong |= {} if due_on else {"due_on": _("Choose until when.")}
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)
    assert owner is not None
    assert due_on is not None
    made = Decision.objects.create(text=text.strip()[:300], owner=owner, due_on=due_on, by=by, at=at)
    record("decided", f"decision {made.pk}", by=by, at=at, text=made.text)
    return made


def finish(decision: Decision, *, outcome: str, by: User, at: datetime) -> None:
    """Say that a decision is done, or no longer wanted, and what came of it."""
    require(may_decide(by) or decision.owner_id == by.pk)
    open_one = Decision.objects.filter(pk=decision.pk, done_at=None)
    if not open_one.update(done_at=at, done_by=by, outcome=outcome.strip()[:300]):
        raise WrongStage(_("It is done already."))
    record("done", f"decision {decision.pk}", by=by, at=at, outcome=outcome)
    decision.refresh_from_db()
