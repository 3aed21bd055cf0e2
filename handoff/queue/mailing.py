"""Mail that reps start from: a template in the lead's language, filled in, as a link that their mail program opens."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.db.models import Q

from handoff.leads.models import Lead
from handoff.people.models import User
from handoff.queue.models import MailTemplate

PLACEHOLDERS = ("first_name", "last_name", "company", "title", "my_name")
IN_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Offer:
    """One template for one lead: `address` is a mailto: with subject and text."""

    id: int
    name: str
    address: str


def unknown_placeholders(text: str) -> list[str]:
    """Return what stands in braces in `text` and cannot be filled in."""
    return [name for name in IN_BRACES.findall(text) if name not in PLACEHOLDERS]


def filled_in(text: str, lead: Lead, user: User) -> str:
    """Return `text` with what is known of `lead` and `user` in place of the names in braces."""
    values = {
        "first_name": lead.first_name or lead.name,
        "last_name": lead.last_name or lead.name,
        "company": lead.company.name if lead.company else "",
        "title": lead.title,
        "my_name": str(user),
    }
    return IN_BRACES.sub(lambda found: values.get(found[1], found[0]), text)


def offers(lead: Lead, team_id: int | None, user: User) -> list[Offer]:
    """Return the templates for `lead`: of each name one, the team's before everybody's, in the language nearest."""
    if not lead.email:
        return []
    languages = [lead.language[:2].lower(), user.language, "en"]

    def distance(template: MailTemplate) -> tuple[int, bool]:
        language = template.language
        return (languages.index(language) if language in languages else len(languages), template.team_id is None)

    by_name: dict[str, list[MailTemplate]] = {}
    for template in MailTemplate.objects.filter(Q(team=None) | Q(team=team_id)):
        by_name.setdefault(template.name, []).append(template)
    return [_offer(min(found, key=distance), lead, user) for found in by_name.values()]


def _offer(template: MailTemplate, lead: Lead, user: User) -> Offer:
    text = {"subject": filled_in(template.subject, lead, user), "body": filled_in(template.body, lead, user)}
    text["body"] = "\r\n".join(text["body"].splitlines())
    address = f"mailto:{quote(lead.email or '', safe='@')}?{urlencode(text, quote_via=quote)}"
    return Offer(template.pk, template.name, address)
