"""Leads that may be the same person: suggested by what they have in common, until somebody says they are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.leads.models import Lead
from handoff.leads.recording import may_correct
from handoff.lib.refusals import AlreadyMerged, Incomplete, NotAllowed
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.models import Disqualification, NotTheSame

DUPLICATE = "duplicate"  # the reason by which sales names the other lead
A_FEW = 5  # leads with one number; more of them ring at a switchboard
SHOWN = 5
MAILBOX = gettext_lazy("the same mailbox")
PHONE = gettext_lazy("the same phone number")
NAME = gettext_lazy("the same name at the same company")
NAMED = gettext_lazy("sales called it a duplicate")


@dataclass(frozen=True)
class Suggestion:
    """Two leads that may be the same person, and why; the older one would be kept."""

    lead: Lead
    other: Lead
    why: Sequence[str | Promise]


def suggested_for(lead: Lead, *, to: User) -> list[Suggestion]:
    """Return the leads that may be the same person as `lead`, as far as `to` may see them."""
    named, refused = _named([lead]), _refused(lead)
    alike = Q(pk__in={pk for pair in named for pk in pair})
    alike |= Q(mailbox=lead.mailbox) if lead.mailbox else Q()
    alike |= Q(phone=lead.phone) if lead.phone else Q()
    alike |= Q(company=lead.company_id, called=lead.called) if lead.company_id and lead.called else Q()
    others = Lead.objects.visible_to(to).filter(alike).exclude(pk__in=[lead.pk, *refused])
    found = list(others.select_related("company", "owner", "team").order_by("id")[:50])
    is_switchboard = sum(other.phone == lead.phone for other in found) >= A_FEW
    suggestions = [Suggestion(lead, other, _why(lead, other, named, by_phone=not is_switchboard)) for other in found]
    return [suggestion for suggestion in suggestions if suggestion.why][:SHOWN]


def suggested(to: User) -> "QuerySet[Lead]":
    """Return the leads that may be an older one (`older_id`, the likeliest) of whom `to` may see both."""
    seen = Lead.objects.visible_to(to)
    refused = NotTheSame.objects.filter(lead=OuterRef("pk"), other=OuterRef(OuterRef("pk")))
    older = seen.filter(pk__lt=OuterRef("pk")).exclude(Exists(refused)).order_by("id").values("pk")
    by_name = older.filter(company__isnull=False, company=OuterRef("company"), called=OuterRef("called"))
    by_sales = Disqualification.objects.filter(reason__slug=DUPLICATE)
    older_id = Coalesce(
        Subquery(older.filter(mailbox=OuterRef("mailbox"))[:1]),
        Subquery(older.filter(pk__in=by_sales.filter(handoff__lead=OuterRef(OuterRef("pk"))).values("other_lead"))[:1]),
        Subquery(older.filter(pk__in=by_sales.filter(other_lead=OuterRef(OuterRef("pk"))).values("handoff__lead"))[:1]),
        Subquery(older.filter(phone=OuterRef("phone"), phone__in=_shared("phone", most=A_FEW))[:1]),
        Subquery(by_name[:1]),
    )
    # First what can be read off the indexes: who shares anything at all.
    alike = Q(mailbox__in=_shared("mailbox")) | Q(phone__in=_shared("phone", most=A_FEW))
    alike |= Q(called__in=_shared("called", "company").values("called"))
    alike |= Q(pk__in=by_sales.values("handoff__lead")) | Q(pk__in=by_sales.values("other_lead"))
    return seen.filter(alike).annotate(older_id=older_id).filter(older_id__isnull=False).order_by("-id")


def _shared(*names: str, most: int | None = None) -> "QuerySet[Lead, tuple[str, ...]]":
    """Return the values of these columns that more than one lead has."""
    rows = Lead.objects.filter(**{f"{name}__isnull": False for name in names})
    if "phone" in names:
        rows = rows.exclude(phone="")
    groups = rows.values(*names).annotate(n=Count("pk")).filter(n__gt=1)
    return (groups.filter(n__lte=most) if most else groups).values_list(*names)


def with_reasons(leads: Sequence[Lead]) -> list[Suggestion]:
    """Return a page of `suggested` leads, each with the older one and why."""
    older = Lead.objects.select_related("company", "owner", "team").in_bulk({lead.older_id for lead in leads})  # type: ignore[attr-defined]
    named = _named(leads)
    found = [(older[lead.older_id], lead) for lead in leads]  # type: ignore[attr-defined]
    return [Suggestion(kept, other, _why(kept, other, named, by_phone=True)) for kept, other in found]


def _why(lead: Lead, other: Lead, named: set[tuple[int, int]], *, by_phone: bool) -> Sequence[str | Promise]:
    is_named = {(lead.pk, other.pk), (other.pk, lead.pk)} & named
    has_name = lead.called and lead.company_id and (lead.called, lead.company_id) == (other.called, other.company_id)
    reasons = {
        NAMED: is_named,
        MAILBOX: lead.mailbox and lead.mailbox == other.mailbox,
        PHONE: by_phone and lead.phone and lead.phone == other.phone,
        NAME: has_name,
    }
    return [reason for reason, holds in reasons.items() if holds]


def _named(leads: Iterable[Lead]) -> set[tuple[int, int]]:
    """Return the pairs with one of `leads` that sales named: the duplicate, and which lead it was one of."""
    keys = [lead.pk for lead in leads]
    rows = Disqualification.objects.filter(reason__slug=DUPLICATE, other_lead__isnull=False)
    either = rows.filter(handoff__lead__in=keys) | rows.filter(other_lead__in=keys)
    return set(either.values_list("handoff__lead", "other_lead"))


def _refused(lead: Lead) -> set[int]:
    """Return the leads of which somebody said that they are not the same person as `lead`."""
    pairs = NotTheSame.objects.filter(Q(lead=lead) | Q(other=lead)).values_list("lead_id", "other_id")
    return {pk for pair in pairs for pk in pair} - {lead.pk}


def may_merge(lead: Lead, user: User) -> bool:
    """Return whether `user` may say of `lead` who it is: who may correct it, but no rep, as it cannot be undone."""
    return not user.is_rep and may_correct(lead, user)


@transaction.atomic
def dismiss(lead: Lead, other: Lead, *, by: User, at: datetime) -> None:
    """Record that two leads are not the same person, so that they are never suggested again."""
    if not may_merge(lead, by) or not may_merge(other, by):
        raise NotAllowed
    first, second = sorted((lead.pk, other.pk))
    if first == second:
        raise Incomplete(_("Choose two different leads."))
    # Neither is merged meanwhile.
    if len(Lead.objects.filter(pk__in=[first, second]).order_by("id").select_for_update().values_list("pk")) < 2:
        raise AlreadyMerged(_("One of them was merged into another lead meanwhile; look again."))
    NotTheSame.objects.get_or_create(lead_id=first, other_id=second, defaults={"by": by, "at": at})
    record("not the same", f"lead {first}", by=by, at=at, other=second)


def merge_dismissals(gone: Lead, kept: Lead) -> None:
    """Let what was said of `gone` be said of `kept`."""
    about = NotTheSame.objects.filter(Q(lead=gone) | Q(other=gone))
    for pair in about.order_by("id"):
        other = pair.other_id if pair.lead_id == gone.pk else pair.lead_id
        if other != kept.pk:
            first, second = sorted((kept.pk, other))
            said = {"by_id": pair.by_id, "at": pair.at}
            NotTheSame.objects.get_or_create(lead_id=first, other_id=second, defaults=said)
    about.delete()
