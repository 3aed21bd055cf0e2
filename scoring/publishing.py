"""Publishing: switching which version is live. Leads are rescored by whoever watches the publications."""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from scoring.conditions import BadCondition, check
from scoring.engine import Prepared, prepare
from scoring.models import Publication, ScoringModel
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
    found = []
    rules = [rule for rule in model.rules.all() if rule.is_active]
    if not rules:
        found.append(_("The model has no rules; add at least one."))
    for rule in rules:
        try:
            check(rule.condition, profile if rule.kind == "profile" else activity)
        except BadCondition as error:
            found.append(f"{rule.name}: {mistake(error)}")
        if rule.kind == "silence" and not rule.silence_days:
            found.append(_("%(rule)s: say after how many days of silence.") % {"rule": rule.name})
        if rule.group.model_id != model.pk:
            found.append(_("%(rule)s: its group belongs to another version.") % {"rule": rule.name})
    return found


@transaction.atomic
def publish(
    model: ScoringModel, *, by: "AbstractBaseUser | None", at: datetime, note: str = "", qualifying: str = "now"
) -> Publication:
    """Make `model` the live one from `at` on; the one before retires. NotPublishable where it has mistakes."""
    # The lock on every version makes two publishers wait for each other.
    versions = {row.pk: row for row in ScoringModel.objects.select_for_update().order_by("id")}
    locked = versions[model.pk]
    problems = problems_of(locked)
    if locked.state == ScoringModel.State.LIVE:
        problems.append(_("%(model)s is live already.") % {"model": locked})
    if problems:
        raise NotPublishable(problems)
    ScoringModel.objects.live().update(state=ScoringModel.State.RETIRED)
    ScoringModel.objects.filter(pk=model.pk).update(state=ScoringModel.State.LIVE)
    model.state = ScoringModel.State.LIVE
    return Publication.objects.create(model=locked, at=at, by=by, note=note, qualifying=qualifying)  # type: ignore[misc]


@lru_cache(maxsize=16)
def _prepared(publication_id: int, model_id: int) -> Prepared:
    """A published model is never edited, so what it says needs reading once per process."""
    model = ScoringModel.objects.prefetch_related("groups", "rules").get(pk=model_id).spec()
    return prepare(model, population().profile_fields(), population().activity_fields())


def published(publication: Publication) -> Prepared:
    """Return what `publication` published, ready for the engine."""
    return _prepared(publication.pk, publication.model_id)


def forget_specs() -> None:
    """Drop what was read: only a test that reuses a row's id needs this."""
    _prepared.cache_clear()


def current_publication(at: datetime) -> Publication | None:
    """Return what is live at `at`, None before the first publication."""
    return Publication.objects.filter(at__lte=at).order_by("-at", "-id").select_related("model").first()
