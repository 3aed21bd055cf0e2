"""Challenging what is live: a second version scores a share of the new leads for some weeks (decision 0015)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from scoring.models import Challenge, Publication, ScoringModel
from scoring.population import population
from scoring.publishing import (
    NotPublishable,
    current_publication,
    problems_of,
    problems_of_rehearsal,
    running_challenge,
)
from scoring.rehearsing import latest

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

WEEKS = (4, 8)  # at least and at most
SAME = ("fast_lane_kinds", "fast_lane_condition", "product_kinds", "product_condition", "time_zone")


def problems_of_challenger(model: ScoringModel, at: datetime) -> list[str]:
    """Return what stands in the way of letting `model` challenge what is live, in sentences."""
    live, found = current_publication(at), problems_of(model)
    if live is None:
        return [*found, _("Nothing is live that could be challenged; publish a version first.")]
    if model.state not in {ScoringModel.State.DRAFT, ScoringModel.State.RETIRED}:
        found.append(_("Only a draft or a retired version can be a challenger."))
    if running_challenge(at):
        found.append(_("A challenger runs already; end it first."))
    mine, theirs = model.spec(), live.model.spec()
    is_same = mine.content == theirs.content and mine.personas == theirs.personas
    if not is_same or any(getattr(model, name) != getattr(live.model, name) for name in SAME):
        found.append(
            _("Lanes, content, personas and time zone must be those of what is live: a challenger differs in points.")
        )
    rehearsal = latest(model)
    found += problems_of_rehearsal(rehearsal, model) if rehearsal else [_("Rehearse the version first.")]
    scored, leads = population().scored(live.pk)
    if scored < leads:
        found.append(_("The base is being scored; wait until all leads are scored by what is live."))
    return found


@transaction.atomic
def start_challenge(
    model: ScoringModel, *, share: int, weeks: int, by: "AbstractBaseUser | None", at: datetime
) -> Challenge:
    """Let `model` score `share` percent of the leads that come in for some `weeks`; NotPublishable where it may not."""
    # As publishing does: who publishes and who challenges wait for each other.
    versions = {row.pk: row for row in ScoringModel.objects.select_for_update().order_by("id")}
    locked, live = versions[model.pk], current_publication(at)
    problems = problems_of_challenger(locked, at)
    if not WEEKS[0] <= weeks <= WEEKS[1]:
        problems.append(
            _("A challenge takes from %(least)d to %(most)d weeks.") % {"least": WEEKS[0], "most": WEEKS[1]}
        )
    if problems or live is None:
        raise NotPublishable(problems)
    ScoringModel.objects.filter(pk=locked.pk).update(state=ScoringModel.State.CHALLENGER)
    given = {"model": locked, "rehearsal": latest(locked), "at": at, "by": by, "rescored_at": at}
    publication = Publication.objects.create(**given)
    until = at + timedelta(weeks=weeks)
    return Challenge.objects.create(publication=publication, against=live, share=share, started_at=at, ends_at=until)


@transaction.atomic
def end_challenge(challenge: Challenge, *, by: "AbstractBaseUser | None", at: datetime) -> bool:
    """Give the leads of `challenge` back to what is live; its version retires. False where it had ended already."""
    running = Challenge.objects.filter(pk=challenge.pk, ended_at=None)
    if not running.update(ended_at=at, ended_by=by):
        return False
    ScoringModel.objects.filter(pk=challenge.publication.model_id).update(state=ScoringModel.State.RETIRED)
    return True
