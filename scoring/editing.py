"""Working on a draft: what is published stays as it was, whoever asks."""

from collections.abc import Iterable
from hashlib import sha256

from django.core.serializers import serialize
from django.db import models, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from scoring.models import Rule, RuleGroup, ScoringModel


class NotADraft(Exception):
    """The version is or was live, so it stays as it is; nothing has changed."""

    def __init__(self, model: ScoringModel) -> None:
        super().__init__(_("%(model)s is no draft any more: copy it to a new draft to work on it.") % {"model": model})


def lock_draft(model_id: int) -> ScoringModel:
    """Return the draft, locked until the transaction ends so that nobody publishes it meanwhile; else NotADraft."""
    model = ScoringModel.objects.select_for_update().get(pk=model_id)
    if not model.is_draft:
        raise NotADraft(model)
    return model


def state_of(rows: Iterable[models.Model]) -> str:
    """Return a digest of `rows` as they were read; it stays the same as long as nobody changes them."""
    return sha256(serialize("json", rows).encode()).hexdigest()


@transaction.atomic
def discard(draft: ScoringModel) -> None:
    """Delete `draft` with its rules and groups; NotADraft where it was ever published."""
    locked = lock_draft(draft.pk)
    # Groups are protected by their rules, so rules go first.
    Rule.objects.filter(model=locked).delete()
    RuleGroup.objects.filter(model=locked).delete()
    locked.delete()


def new_group_key(model: ScoringModel, name: str) -> str:
    """Return a key that no group of `model` has, made from `name`."""
    taken = set(model.groups.values_list("key", flat=True))
    stem = slugify(name)[:34] or "group"
    return next(
        key for number in range(1, len(taken) + 2) if (key := f"{stem}-{number}" if number > 1 else stem) not in taken
    )
