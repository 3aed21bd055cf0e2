"""Lifting the holds of personas that have expired, or are not in what is live any more."""

from datetime import datetime

from django.db import transaction

from handoff.leads.models import Hold, Lead
from handoff.queue.personas import held_back
from handoff.queue.rescoring import rescore
from scoring.fields import microseconds
from scoring.publishing import current_publication, published

AT_ONCE = 500


def lift_ended(*, at: datetime) -> int:
    """Look again at whoever such a persona holds, and let go whom no other fits; return at how many."""
    publication = current_publication(at)
    if publication is None:
        return 0
    personas = published(publication).model.personas_at(microseconds(at))
    in_force = [persona.key for persona in personas if persona.standing == "negative"]
    over = Hold.objects.filter(reason=Hold.Reason.PERSONA, released_at=None).exclude(persona__in=in_force)
    done = 0
    # Each lot is released, or held by a persona in force, so that the next one is another.
    while ids := list(over.order_by("lead_id").values_list("lead_id", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            leads = Lead.objects.filter(pk__in=ids).select_related("company").order_by("id")
            still = held_back(list(leads.select_for_update(of=("self",))), publication, at=at)
            rescore([pk for pk in ids if pk not in still], at=at)
        done += len(ids)
    return done
