"""Agreeing: writing down what is live as the next version of the agreement, and signing it for one's side."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from handoff.feedback.models import Agreement, Signature
from handoff.feedback.terms import live_terms
from handoff.lib.refusals import WrongStage, require
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.models import Handoff

Side = Signature.Side


def sides_of(user: User) -> Sequence[Side]:
    """Return for which sides `user` may sign: marketers for marketing, managers for sales, administrators for one."""
    if user.is_admin:
        return (Side.MARKETING, Side.SALES)
    return (Side.MARKETING,) if user.is_marketer else (Side.SALES,) if user.is_manager else ()


@transaction.atomic
def propose(*, note: str, by: User, at: datetime) -> Agreement:
    """Write down what is live now as the next version, for both sides to sign."""
    require(sides_of(by))
    terms, newest = live_terms(at=at), Agreement.objects.select_for_update().order_by("-version").first()
    if newest and newest.terms == terms and newest.signed_at is None:
        raise WrongStage(_("%(agreement)s says the same and waits for signatures.") % {"agreement": newest})
    version = (newest.version if newest else 0) + 1
    try:
        with transaction.atomic():
            made = Agreement.objects.create(version=version, terms=terms, note=note.strip()[:300], by=by, at=at)
    except IntegrityError as error:
        raise WrongStage(_("Somebody else just wrote version %(n)d down; look at it.") % {"n": version}) from error
    record("proposed", f"agreement {made.version}", by=by, at=at)
    return made


@transaction.atomic
def sign(agreement: Agreement, *, side: str, by: User, at: datetime) -> Signature:
    """Sign `agreement` for a side; with the second signature, of somebody else, it is in force."""
    require(side in sides_of(by))
    found = Agreement.objects.select_for_update().get(pk=agreement.pk)
    if Agreement.objects.aggregate(newest=Max("version"))["newest"] != found.version:
        raise WrongStage(_("There is a newer version; sign that one."))
    signed = list(found.signatures.all())
    if any(signature.side == side for signature in signed):
        raise WrongStage(_("It is signed for that side already."))
    if any(signature.by_id == by.pk for signature in signed):
        raise WrongStage(_("You have signed for the other side; somebody else has to sign for this one."))
    made = Signature.objects.create(agreement=found, side=side, by=by, at=at)
    if signed:
        found.signed_at = at
        found.save(update_fields=["signed_at"])
    record("signed", f"agreement {found.version}", by=by, at=at, side=side)
    return made


def name_on_handoffs(*, at: datetime) -> int:
    """Note on each handoff under which version of the agreement it was opened; return how many. A tick."""
    done, until = 0, at
    for agreement in Agreement.objects.in_force().defer("terms"):
        assert agreement.signed_at is not None
        unnamed = Handoff.objects.filter(agreement=None, opened_at__gte=agreement.signed_at, opened_at__lte=until)
        done += unnamed.update(agreement=agreement.version)
        until = agreement.signed_at
    return done
