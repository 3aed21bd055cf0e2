"""The reasons for disqualification that come with Handoff; managers own the list from then on."""

from dataclasses import asdict, dataclass

from django.utils.translation import gettext_noop as _

from handoff.queue.models.verdicts import DisqualificationReason

Needs = DisqualificationReason.Needs


@dataclass(frozen=True)
class Shipped:
    """One reason as it is shipped: its words (translated where shown), and what follows from it."""

    name: str
    hint: str
    needs: str = ""
    counts_against_rules: bool = True
    is_permanent: bool = False
    wake_after_days: int | None = None


SHIPPED: dict[str, Shipped] = {
    "not-ready": Shipped(_("Not ready yet"), _("no project before a known date"), Needs.WAKE_UP),
    "no-budget": Shipped(_("No budget"), _("not there or not approved"), wake_after_days=180),
    "wrong-person": Shipped(_("Wrong person"), _("and who is the right one?"), Needs.PERSON, wake_after_days=180),
    "bad-fit": Shipped(_("Bad fit"), _("we cannot serve such a company"), is_permanent=True),
    "no-response": Shipped(_("No response"), _("tried for the agreed time"), wake_after_days=90),
    "chose-other": Shipped(_("Chose someone else"), _("name the competitor"), Needs.COMPETITOR, wake_after_days=365),
    "never-a-buyer": Shipped(_("Student, applicant, competitor"), _("never a buyer"), is_permanent=True),
    "customer": Shipped(
        _("Already a customer or in talks"),
        _("goes to the owner"),
        Needs.OWNER,
        counts_against_rules=False,
        is_permanent=True,
    ),
    "bad-data": Shipped(
        _("Bad data"), _("goes to intake, not to the rules"), counts_against_rules=False, is_permanent=True
    ),
    "duplicate": Shipped(
        _("Duplicate"),
        _("the same person is here already"),
        Needs.OTHER_LEAD,
        counts_against_rules=False,
        is_permanent=True,
    ),
    "do-not-contact": Shipped(
        _("Do not contact"),
        _("an objection, kept through import and merge"),
        counts_against_rules=False,
        is_permanent=True,
    ),
}


def ensure_reasons() -> None:
    """Make sure that the shipped reasons are on the list; those that managers changed stay as they are."""
    for position, (slug, reason) in enumerate(SHIPPED.items(), start=1):
        DisqualificationReason.objects.get_or_create(slug=slug, defaults={**asdict(reason), "position": position * 10})
