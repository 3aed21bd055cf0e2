"""One filter set for the list of leads, on the page and in the API."""

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Lead, Stage

LEAST_DIGITS = 3
NUMBER_SIGNS = frozenset("0123456789 +-/.()")


def matching_person(query: str, prefix: str = "") -> Q:
    """Return the condition that a lead's name, address, company or phone has every word of `query`."""
    return _with_words(query, prefix) | _with_number(query, prefix)


def _with_number(query: str, prefix: str) -> Q:
    """Return the condition for a phone number, however its digits are grouped and its country is dialled."""
    digits = "".join(character for character in query.replace("(0)", "") if character.isdigit()).lstrip("0")
    if not digits or set(query) - NUMBER_SIGNS:
        return Q(pk__in=[])
    if len(digits) < LEAST_DIGITS:
        # So few say something only as the code of a country.
        return Q(**{f"{prefix}phone__startswith": f"+{digits}"}) if query.strip().startswith("+") else Q(pk__in=[])
    return Q(**{f"{prefix}phone__contains": digits})


def _with_words(query: str, prefix: str) -> Q:
    found = Q()
    for word in query.split()[:6]:
        names = ("first_name", "last_name", "email", "company__name", "external_id")
        any_of = Q()
        for name in names:
            any_of |= Q(**{f"{prefix}{name}__icontains": word})
        digits = "".join(character for character in word if character.isdigit())
        # The digits of an address are nobody's number.
        if len(digits) >= LEAST_DIGITS and not set(word) - NUMBER_SIGNS:
            any_of |= Q(**{f"{prefix}phone__endswith": digits})
        found &= any_of
    return found


class LeadFilter(django_filters.FilterSet):
    """Stage, sources, owner, score, date of creation, and words."""

    q = django_filters.CharFilter(label=_("Name, company, e-mail, phone"), method="filter_words")
    stage = django_filters.MultipleChoiceFilter(label=_("Stage"), choices=Stage.choices)
    source = django_filters.CharFilter(label=_("Source"), lookup_expr="iexact")
    owner = django_filters.CharFilter(label=_("Owner"), field_name="owner__username")
    score_min = django_filters.NumberFilter(label=_("Score from"), field_name="score__total", lookup_expr="gte")
    score_max = django_filters.NumberFilter(label=_("Score to"), field_name="score__total", lookup_expr="lte")
    created_after = django_filters.IsoDateTimeFilter(
        label=_("Created after"), field_name="created_at", lookup_expr="gte"
    )
    created_before = django_filters.IsoDateTimeFilter(
        label=_("Created before"), field_name="created_at", lookup_expr="lt"
    )
    ordering = django_filters.OrderingFilter(
        fields={"score__total": "score", "created_at": "created_at", "updated_at": "updated_at", "id": "id"}
    )

    class Meta:
        model = Lead
        fields: list[str] = []

    def filter_words(self, rows: "QuerySet[Lead]", _name: str, value: str) -> "QuerySet[Lead]":
        """Return the leads that have every word."""
        return rows.filter(matching_person(value))
