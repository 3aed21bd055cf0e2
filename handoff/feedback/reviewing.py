"""From a verdict to the rule that sales found wrong: in a draft, where it can be changed."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.feedback.acknowledging import acknowledge
from handoff.feedback.models import RuleReview
from handoff.lib.refusals import WrongStage
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.models import Disqualification
from scoring.drafting import copy_to_draft
from scoring.models import Rule, ScoringModel


@transaction.atomic
def review_rule(verdict: Disqualification, *, rule: str, by: User, at: datetime) -> Rule:
    """Return the rule with that key in the newest draft after the live version, or in a new copy of it.

    Raises WrongStage where no version that is worked on knows the rule any more.
    """
    acknowledge([verdict.pk], by=by, at=at)
    live = ScoringModel.objects.live().select_for_update().first()
    drafts = ScoringModel.objects.filter(state=ScoringModel.State.DRAFT, version__gt=live.version if live else 0)
    found = Rule.objects.filter(key=rule, model__in=drafts).order_by("-model__version").first()
    if found is None and live and live.rules.filter(key=rule).exists() and not drafts.exists():
        found = copy_to_draft(live, by=by, at=at).rules.get(key=rule)
    if found is None:
        raise WrongStage(_("The rule is no longer in what is live, nor in its draft."))
    RuleReview.objects.get_or_create(verdict=verdict, rule=rule, model=found.model, defaults={"by": by, "at": at})
    record("reviewed a rule", f"handoff {verdict.handoff_id}", by=by, at=at, rule=rule, model=found.model_id)
    return found
