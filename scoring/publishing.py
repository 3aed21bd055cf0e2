"""Publishing: switching which version is live. Leads are rescored by whoever watches the publications."""

import json
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from scoring.conditions import BadCondition, Catalogue, check
from scoring.engine import Prepared, prepare
from scoring.exchange import written
from scoring.models import Challenge, Persona, Publication, Rehearsal, Rule, RuleGroup, ScoringModel
from scoring.population import population
from scoring.wording import mistake

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class NotPublishable(Exception):
    """The model can't go live; `problems` says why, each in a sentence."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def problems_of(model: ScoringModel) -> list[str]:
    """Return what stands in the way of publishing `model`, in sentences."""
    profile, activity = population().profile_fields(), population().activity_fields()
    found = _senseless(model)
    for group in model.groups.all():
        found += [f"{group.name}: {said}" for said in _senseless(group)]
    rules = [rule for rule in model.rules.select_related("group") if rule.is_active]
    if not rules:
        found.append(_("The model has no rules; add at least one."))
    for rule in rules:
        found += _mistakes(rule, profile if rule.kind == "profile" else activity)
        found += [f"{rule.name}: {said}" for said in _senseless(rule)]
        if rule.group.model_id != model.pk:
            found.append(_("%(rule)s: its group belongs to another version.") % {"rule": rule.name})
    for persona in model.personas.all():
        found += _mistakes(persona, profile)
        if not persona.condition:
            found.append(_("%(persona)s: say who they are, else the persona is everybody.") % {"persona": persona.name})
    return found


def _senseless(part: ScoringModel | RuleGroup | Rule) -> list[str]:
    try:
        part.clean()
    except ValidationError as error:
        return error.messages
    return []


def _mistakes(part: Rule | Persona, catalogue: Catalogue) -> list[str]:
    try:
        check(part.condition, catalogue)
    except BadCondition as error:
        return [f"{part.name}: {mistake(error)}"]
    return []


@transaction.atomic
def publish(
    model: ScoringModel,
    *,
    by: "AbstractBaseUser | None",
    at: datetime,
    note: str = "",
    qualifying: str = "now",
    pace: int | None = None,
    rehearsal: Rehearsal | None = None,
) -> Publication:
    """Make `model` the live one from `at` on; the one before retires. NotPublishable where it has mistakes.

    `rehearsal` is what was known beforehand: every door names one, of the version as it is now.
    """
    # The lock on every version makes two publishers wait for each other.
    versions = {row.pk: row for row in ScoringModel.objects.select_for_update().order_by("id")}
    locked = versions[model.pk]
    problems = problems_of(locked)
    if locked.state == ScoringModel.State.LIVE:
        problems.append(_("%(model)s is live already.") % {"model": locked})
    problems += problems_of_moment(at)
    if rehearsal:
        problems += problems_of_rehearsal(rehearsal, locked)
    if problems:
        raise NotPublishable(problems)
    ScoringModel.objects.live().update(state=ScoringModel.State.RETIRED)
    ScoringModel.objects.filter(pk=model.pk).update(state=ScoringModel.State.LIVE)
    model.state = ScoringModel.State.LIVE
    said = {"note": note, "qualifying": qualifying, "pace": pace}
    return Publication.objects.create(model=locked, rehearsal=rehearsal, at=at, by=by, **said)  # type: ignore[misc]


def problems_of_moment(at: datetime) -> list[str]:
    """Return in sentences why nothing can be published at `at`, whatever it says."""
    if Challenge.objects.running(at).exists():
        return [_("A challenger runs beside what is live; end it first, so that like is compared with like.")]
    return []


def problems_of_rehearsal(rehearsal: Rehearsal, model: ScoringModel) -> list[str]:
    """Return in sentences why `rehearsal` does not say what `model` as it is now would do."""
    if rehearsal.model_id != model.pk:
        return [_("Rehearsal %(n)d is of another version; rehearse this one.") % {"n": rehearsal.pk}]
    if rehearsal.content_digest != digest_of(model):
        return [_("The version was changed after rehearsal %(n)d; rehearse it again.") % {"n": rehearsal.pk}]
    if rehearsal.findings is None:
        return [_("Rehearsal %(n)d is not finished; wait for it, or ask for another.") % {"n": rehearsal.pk}]
    since = live_since(rehearsal)
    if since:
        said = _("%(model)s went live after rehearsal %(n)d; rehearse the version again.")
        return [said % {"model": since.model, "n": rehearsal.pk}]
    return []


def live_since(rehearsal: Rehearsal) -> Publication | None:
    """Return what went live last since `rehearsal` began, None where it still says what publishing would change."""
    # By the rows, not by their times: who publishes waits for the lock with an earlier `at`.
    later = Publication.objects.filter(challenge=None, pk__gt=rehearsal.result.get("live") or 0)
    return later.select_related("model").first() if rehearsal.findings else None


def digest_of(model: ScoringModel) -> str:
    """Return a digest of all that `model` says as it is stored; equal versions have equal ones."""
    # Databases differ in how they order the members of a condition.
    content = json.loads(written(ScoringModel.objects.get(pk=model.pk)))
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def prepared_of(model: ScoringModel) -> Prepared:
    """Return `model` as it is now, ready for the engine."""
    whole = ScoringModel.objects.prefetch_related("groups", "rules", "content", "personas").get(pk=model.pk)
    return prepare(whole.spec(), population().profile_fields(), population().activity_fields())


@lru_cache(maxsize=16)
def _prepared(publication_id: int, model_id: int) -> Prepared:
    """A published model is never edited, so what it says needs reading once per process."""
    return prepared_of(ScoringModel(pk=model_id))


def published(publication: Publication) -> Prepared:
    """Return what `publication` published, ready for the engine."""
    return _prepared(publication.pk, publication.model_id)


def forget_specs() -> None:
    """Drop what was read: only a test that reuses a row's id needs this."""
    _prepared.cache_clear()


def current_publication(at: datetime) -> Publication | None:
    """Return what is live at `at`, None before the first publication. A challenger is not."""
    found = Publication.objects.filter(at__lte=at, challenge=None)
    return found.order_by("-at", "-id").select_related("model").first()


def running_challenge(at: datetime) -> Challenge | None:
    """Return the challenge that runs at `at`, if there is one."""
    return Challenge.objects.running(at).select_related("publication__model").first()
