"""The fields that rules can look at, with their types and the values seen in them."""

from collections import Counter
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext as _

from handoff.leads.models import Activity, Kind, Lead, TraitField
from scoring.content import content_fields
from scoring.fields import Field, FieldType

TEXT, NUMBER, YES_NO, CHOICE = FieldType.TEXT, FieldType.NUMBER, FieldType.YES_NO, FieldType.CHOICE
LATEST = 5_000  # rows among which values are counted: enough to suggest some, quick to read
LONGEST = 120  # characters of a value that can still be read in a list
PERSONAL = {"email", "phone"}  # values that point at one person are no suggestion for a rule


def profile_fields() -> dict[str, Field]:
    """Return the profile's fields, traits included, by name."""
    own = [
        Field("title", _("job title"), TEXT),
        Field("country", _("country"), CHOICE),
        Field("language", _("language"), CHOICE),
        Field("source", _("latest source"), CHOICE),
        Field("original_source", _("original source"), CHOICE),
        Field("campaign", _("campaign"), CHOICE),
        Field("email", _("e-mail"), TEXT),
        Field("phone", _("phone"), TEXT),
        Field("created_on", _("known since"), FieldType.DATE),
        Field("email_is_free", _("the e-mail domain is a free provider"), YES_NO),
        Field("email_is_disposable", _("the e-mail address is disposable"), YES_NO),
        Field("company.name", _("company name"), TEXT),
        Field("company.domain", _("company domain"), TEXT),
        Field("company.industry", _("industry"), CHOICE),
        Field("company.employees", _("employees"), NUMBER),
        Field("company.annual_revenue", _("annual revenue"), NUMBER),
        Field("company.country", _("company country"), CHOICE),
    ]
    traits = [Field(f"traits.{trait.name}", trait.label, FieldType(trait.type)) for trait in TraitField.objects.all()]
    return {field.name: field for field in [*own, *traits]}


def activity_fields() -> dict[str, Field]:
    """Return the fields of an activity, by name."""
    fields = [
        Field("url", _("page address"), TEXT),
        Field("content", _("content"), TEXT),
        Field("form", _("form"), TEXT),
        Field("topic", _("topic"), TEXT),
        Field("campaign", _("campaign"), TEXT),
        Field("subject", _("subject"), TEXT),
        Field("event", _("event"), TEXT),
        Field("seconds", _("seconds"), NUMBER),
        Field("people", _("people"), NUMBER),
        Field("is_machine", _("made by a machine"), YES_NO),
        *content_fields(_("phase of the content"), _("offer of the content"), _("campaign of the content")),
    ]
    return {field.name: field for field in fields}


def activity_kinds() -> list[tuple[str, str]]:
    """Return the shipped kinds, and the others that were seen, with their labels."""
    shipped = {str(value): str(label) for value, label in Kind.choices}
    seen = Activity.objects.exclude(kind__in=shipped).order_by("kind").values_list("kind", flat=True).distinct()
    return [*shipped.items(), *((kind, kind.replace("_", " ")) for kind in seen)]


def seen_values(source: str, name: str, *, most: int = 30) -> list[str]:
    """Return the values that the latest leads, or activities, most often have in `name`; of a list, its items.

    Looks at so many rows and at no more, however many there are.
    """
    if name in PERSONAL:
        return []
    if source == "activity":
        found: QuerySet[Any, Any] = Activity.objects.values_list(KeyTransform(name, "properties"), flat=True)
    elif name.startswith("traits."):
        found = Lead.objects.values_list(KeyTransform(name.removeprefix("traits."), "traits"), flat=True)
    else:
        found = Lead.objects.values_list(name.replace(".", "__"), flat=True)
    counted: Counter[str] = Counter()
    for value in found.order_by("-id")[:LATEST]:
        items = value if isinstance(value, list) else [value]
        counted.update(str(item) for item in items if item not in (None, ""))
    return [value for value, _n in counted.most_common() if len(value) <= LONGEST][:most]


def described_traits(lead: Lead) -> list[tuple[str, str]]:
    """Return the lead's traits as they are read: label and value in words."""
    labels = dict(TraitField.objects.filter(name__in=lead.traits).values_list("name", "label"))
    return [(labels.get(name, name), _in_words(value)) for name, value in lead.traits.items()]


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
