"""What leads are known by: their own ids and addresses, and those of leads that were merged into them."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Q

from handoff.leads.models import Lead, LeadAlias


def keys_of(*, pk: int | None = None, external_id: str | None = None, email: str | None = None) -> list[str]:
    """Return what is given as keys: by these activities wait, and former ids are kept."""
    named = {"id": external_id, "email": email, "pk": pk}
    return [f"{kind}:{value}" for kind, value in named.items() if value not in {None, ""}]


def kept_after(pk: int) -> int | None:
    """Return the id of the lead that the one with the id `pk` was merged into, None where it was not."""
    return LeadAlias.objects.filter(key=f"pk:{pk}").values_list("lead_id", flat=True).first()


def is_taken(email: str) -> bool:
    """Return whether a lead is, or was before it was merged, known by `email`."""
    return Lead.objects.filter(email=email).exists() or LeadAlias.objects.filter(key=f"email:{email}").exists()


def lock_known(
    *,
    pks: Collection[int] = (),
    external_ids: Collection[str] = (),
    emails: Collection[str] = (),
    with_company: bool = False,
) -> tuple[list[Lead], dict[str, Lead]]:
    """Return the leads that are or were known by these, locked; and by their keys those named by a former one."""
    own = Q(pk__in=pks) | Q(external_id__in=external_ids) | Q(email__in=emails)
    keys = {key for pk in pks for key in keys_of(pk=pk)}
    keys |= {key for external_id in external_ids for key in keys_of(external_id=external_id)}
    keys |= {key for email in emails for key in keys_of(email=email)}
    former: dict[str, int] = {}
    while True:
        with transaction.atomic():
            # Locked in key order, so that two who want the same leads wait instead of deadlocking.
            found = Lead.objects.filter(own | Q(pk__in=set(former.values()))).order_by("id")
            leads = list((found.select_related("company") if with_company else found).select_for_update(of=("self",)))
            by_pk = {lead.pk: lead for lead in leads}
            unknown = keys.difference(*(keys_of(pk=x.pk, external_id=x.external_id, email=x.email) for x in leads))
            former = dict(LeadAlias.objects.filter(key__in=unknown).values_list("key", "lead_id")) if unknown else {}
            if set(former.values()) <= set(by_pk):
                return leads, {key: by_pk[pk] for key, pk in former.items()}
            # One of them was merged, perhaps while we waited. Let go of all, to lock them with the kept one in order.
            transaction.set_rollback(True)
