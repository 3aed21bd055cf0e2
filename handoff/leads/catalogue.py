"""The fields that rules can look at, with their types and the values seen in them."""

from collections import Counter

from django.db.models import Count
from django.utils.translation import gettext as _

from handoff.leads.models import Activity, Kind, Lead, TraitField
from scoring.fields import Field, FieldType

TEXT, NUMBER, YES_NO, CHOICE = FieldType.TEXT, FieldType.NUMBER, FieldType.YES_NO, FieldType.CHOICE


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
    ]
    return {field.name: field for field in fields}


def activity_kinds() -> list[tuple[str, str]]:
    """Return the shipped kinds, and the others that were seen, with their labels."""
    shipped = {str(value): str(label) for value, label in Kind.choices}
    seen = Activity.objects.exclude(kind__in=shipped).order_by("kind").values_list("kind", flat=True).distinct()
    return [*shipped.items(), *((kind, kind.replace("_", " ")) for kind in seen)]


def seen_values(name: str, *, most: int = 30) -> list[str]:
    """Return the values most often found in the profile field `name`; of a list, each of its items."""
    path = name.replace("company.", "company__").replace("traits.", "traits__")
    rows = Lead.objects.exclude(**{f"{path}__isnull": True}).values_list(path).annotate(n=Count("id"))
    counted: Counter[str] = Counter()
    for value, n in rows.order_by("-n")[: most * 4]:
        for item in value if isinstance(value, list) else [value]:
            counted[str(item)] += n
    return [value for value, _n in counted.most_common(most) if value]


def described_traits(lead: Lead) -> list[tuple[str, str]]:
    """Return the lead's traits as they are read: label and value in words."""
    labels = dict(TraitField.objects.filter(name__in=lead.traits).values_list("name", "label"))
    return [(labels.get(name, name), _in_words(value)) for name, value in lead.traits.items()]


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
