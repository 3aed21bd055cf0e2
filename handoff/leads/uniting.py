"""Making one profile of two: what the kept lead says wins, and its blanks are filled from the other."""

from typing import Any

from handoff.leads.models import Lead
from handoff.leads.normalising import is_disposable, is_free
from handoff.leads.recording import PLAIN


def unite(kept: Lead, gone: Lead) -> None:
    """Fill in `kept` (unsaved) what `gone` knows more; its beginnings are those of whichever came first."""
    first, later = sorted((kept, gone), key=lambda lead: (lead.created_at, lead.pk))
    kept.original_source = first.original_source or later.original_source
    kept.created_at = first.created_at
    for name in (*PLAIN, "source"):
        if not getattr(kept, name):
            setattr(kept, name, getattr(gone, name))
    kept.company = kept.company or gone.company
    kept.traits = united_traits(kept.traits, gone.traits)
    kept.email_is_free, kept.email_is_disposable = is_free(kept.email), is_disposable(kept.email)
    kept.is_imported_history = kept.is_imported_history and gone.is_imported_history


def united_traits(kept: dict[str, Any], gone: dict[str, Any]) -> dict[str, Any]:
    """Return the traits of both; of one that both have, lists are joined, and else the first one's value wins."""
    return {**gone, **kept, **{name: _joined(kept[name], gone[name]) for name in kept.keys() & gone.keys()}}


def _joined(kept: Any, gone: Any) -> Any:
    if isinstance(kept, list) and isinstance(gone, list):
        return [*kept, *(item for item in gone if item not in kept)]
    return gone if kept in (None, "") else kept
