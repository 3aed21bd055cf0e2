"""Leads that may be the same person: suggested by what they have in common, until somebody says they are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.leads.models import Lead
from handoff.leads.recording import may_correct
from handoff.lib.refusals import AlreadyMerged, Incomplete, require
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

MOST = 10_000  # pairs in the list; who has more of them imports a list twice
# By joins alone, so that the database goes along its indexes; the conditions repeat those of the partial ones.
PAIRS = """
WITH seen AS NOT MATERIALIZED ({seen}),
few AS (SELECT phone FROM leads_lead WHERE NOT phone = '' GROUP BY phone HAVING count(*) BETWEEN 2 AND %s),
alike (older, newer) AS (
    SELECT a.id, b.id FROM seen a JOIN seen b ON b.mailbox = a.mailbox
    WHERE a.id < b.id AND a.mailbox IS NOT NULL AND b.mailbox IS NOT NULL
    UNION ALL
    SELECT a.id, b.id FROM few JOIN seen a ON a.phone = few.phone JOIN seen b ON b.phone = few.phone
    WHERE a.id < b.id AND NOT a.phone = '' AND NOT b.phone = ''
    UNION ALL
    SELECT a.id, b.id FROM seen a JOIN seen b ON b.company_id = a.company_id AND b.called = a.called
    WHERE a.id < b.id AND a.company_id IS NOT NULL AND b.company_id IS NOT NULL
        AND a.called IS NOT NULL AND b.called IS NOT NULL
    UNION ALL
    SELECT a.id, b.id FROM (
        SELECT handoff.lead_id AS one, said.other_lead_id AS other FROM queue_disqualification said
        JOIN queue_disqualificationreason reason ON reason.id = said.reason_id
        JOIN queue_handoff handoff ON handoff.id = said.handoff_id
        WHERE reason.slug = %s AND said.other_lead_id IS NOT NULL
    ) named
    JOIN seen a ON a.id = CASE WHEN one < other THEN one ELSE other END
    JOIN seen b ON b.id = CASE WHEN one < other THEN other ELSE one END
    WHERE a.id < b.id
)
SELECT min(older), newer FROM alike
WHERE NOT EXISTS (SELECT 1 FROM queue_notthesame refused WHERE refused.lead_id = older AND refused.other_id = newer)
GROUP BY newer ORDER BY newer DESC LIMIT %s
"""


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


def suggested(to: User) -> list[tuple[int, int]]:
    """Return the leads that may be an older one, newest first, each after the oldest one it may be, as ids.

    Only where `to` may see both, and no more than MOST.
    """
    columns = ("id", "mailbox", "phone", "company_id", "called")
    seen, visible = Lead.objects.visible_to(to).order_by().values(*columns).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(PAIRS.format(seen=seen), [*visible, A_FEW, DUPLICATE, MOST])
        return [(older, newer) for older, newer in cursor.fetchall()]


def with_reasons(pairs: Sequence[tuple[int, int]]) -> list[Suggestion]:
    """Return these pairs of ids as suggestions with why, but for who was merged since."""
    rows = Lead.objects.select_related("company", "owner", "team")
    found = rows.in_bulk({pk for pair in pairs for pk in pair})
    named = _named(found.values())
    leads = [(found[older], found[newer]) for older, newer in pairs if {older, newer} <= found.keys()]
    return [Suggestion(older, newer, _why(older, newer, named, by_phone=True)) for older, newer in leads]


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
    require(may_merge(lead, by) and may_merge(other, by))
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
