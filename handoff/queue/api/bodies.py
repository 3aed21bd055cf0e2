"""What the acts take. Fields may be missing here where the act itself says what it needs."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from handoff.leads.catalogue import activity_kinds
from handoff.leads.models import Kind, Lead
from handoff.lib.api import flat
from handoff.lib.bodies import Instant
from handoff.lib.refusals import Incomplete
from handoff.people.models import User
from handoff.queue.bulk import AT_MOST
from handoff.queue.claiming import colleagues_of
from handoff.queue.models import Answer, BudgetState, BuyingRole, DisqualificationReason, Outcome, Touch, TouchChannel
from handoff.queue.models.qualifications import BANT
from scoring.models import Publication

NOTE = 10_000  # characters


class NaiveTime(Incomplete):
    """A time without an offset: nobody knows when that is."""

    code = "naive_time"


def optional_text(limit: int, **options: Any) -> serializers.CharField:
    """Return a field for a text that may be missing or blank."""
    return serializers.CharField(required=False, allow_blank=True, default="", max_length=limit, **options)


def checked(body: serializers.Serializer[Any]) -> dict[str, Any]:
    """Return what `body` says; Incomplete names each field that is wrong."""
    if body.is_valid():
        return dict(body.validated_data)
    wrong = {str(name): flat(errors) for name, errors in body.errors.items()}
    codes = serializers.ValidationError(body.errors).get_codes()
    refusal = NaiveTime if ["naive_time"] in codes.values() else Incomplete  # type: ignore[union-attr]
    raise refusal(flat(body.errors), fields=wrong)


class Body(serializers.Serializer[Any]):
    """A body in which a field that nobody knows is refused."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            message = _("There is no such field; use: %(known)s.") % {"known": ", ".join(self.fields)}
            raise serializers.ValidationError({unknown[0][:60]: [message]})
        return super().to_internal_value(data)


class PublishBody(Body):
    """Which rehearsal is followed, and what happens to leads that newly qualify; `pace` is per rep a day."""

    rehearsal = serializers.IntegerField(min_value=1, required=False)
    qualifying = serializers.ChoiceField(choices=Publication.Qualifying.choices, default=Publication.Qualifying.NOW)
    pace = serializers.IntegerField(min_value=1, max_value=100, required=False)
    note = optional_text(300)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a pace without its number, and a number without the pace."""
        if (attrs["qualifying"] == Publication.Qualifying.PACED) != ("pace" in attrs):
            raise serializers.ValidationError({"pace": _("“paced” and a pace per rep a day go together.")})
        return attrs


@extend_schema_field(OpenApiTypes.STR)
class Person(serializers.Field[User, Any, str, User]):
    """A colleague by username or id."""

    def to_internal_value(self, data: Any) -> User:
        found = None
        active = User.objects.filter(is_active=True)
        if isinstance(data, str) and len(data) <= 150 and data.isprintable():
            found = active.filter(username=data).first()
            data = int(data) if data.isdecimal() and len(data) <= 18 else data
        if found is None and isinstance(data, int) and not isinstance(data, bool):
            found = active.filter(pk=data).first()
        if found is None:
            raise serializers.ValidationError(_("Nobody here has this username or id."))
        return found

    def to_representation(self, value: User) -> str:
        return value.username


class ActBody(Body):
    """With `version`, the act is refused as stale where the row changed since."""

    version = serializers.IntegerField(required=False, allow_null=True, default=None)


class ReasonBody(ActBody):
    """Why."""

    reason = optional_text(300)


class PassBody(ActBody):
    """To whom (username or id), with a line."""

    to = Person()
    note = optional_text(300)


class AssignBody(ActBody):
    """To whom: username or id."""

    to = Person()


class AssignManyBody(Body):
    """Which handoffs, by id, go to whom (username or id); with `to` null, out by turn in the team of each."""

    handoffs = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), allow_empty=False, max_length=AT_MOST
    )
    to = Person(allow_null=True)


class TouchBody(ActBody):
    """One contact or attempt; `at` is now unless said."""

    channel = serializers.ChoiceField(choices=TouchChannel.choices)
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    direction = serializers.ChoiceField(choices=Touch.Direction.choices, default=Touch.Direction.OUT)
    at = Instant(source="happened_at", required=False, allow_null=True, default=None)
    note = optional_text(NOTE)
    evidence = optional_text(300)


class NextStepBody(ActBody):
    """What happens next and when; without `at` the plan is taken away."""

    what = optional_text(200)
    at = Instant(source="step_at", required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["what"].strip() and attrs["step_at"] is None:
            raise serializers.ValidationError({"at": [_("Say when you will do it.")]})
        return attrs


class NoteBody(ActBody):
    """Something a colleague should know, as `text` or `note`."""

    text = optional_text(NOTE)
    note = optional_text(NOTE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        note = attrs.pop("note")
        return {**attrs, "text": attrs["text"] or note}


class SnoozeBody(ActBody):
    """Until when, and why it can wait; `until` null ends a snooze."""

    until = Instant(allow_null=True)
    reason = optional_text(200)


class Letter(Body):
    """One letter of BANT."""

    answer = serializers.ChoiceField(choices=Answer.choices)
    note = optional_text(300)


class WonBody(ActBody):
    """For how much."""

    value = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=Decimal(0), required=False, allow_null=True, default=None
    )
    currency = serializers.RegexField(r"^([A-Za-z]{3})?$", required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Keep the currency beside an amount only."""
        if "currency" in attrs or attrs.get("value") is not None:
            attrs["currency"] = attrs.get("currency", "").upper() if attrs.get("value") is not None else ""
        return attrs


class SqlBody(WonBody):
    """What sales knows about an SQL; what is absent stays as it is."""

    budget = Letter(required=False)
    authority = Letter(required=False)
    need = Letter(required=False)
    timeline = Letter(required=False)
    budget_state = serializers.ChoiceField(choices=BudgetState.choices, required=False, allow_blank=True)
    role = serializers.ChoiceField(choices=BuyingRole.choices, required=False, allow_blank=True)
    starts_on = serializers.DateField(required=False, allow_null=True)
    others = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    expected_close = serializers.DateField(required=False, allow_null=True)


class CorrectBody(SqlBody):
    """What was learned about an SQL since."""

    value = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=Decimal(0), required=False, allow_null=True
    )
    currency = serializers.RegexField(r"^([A-Za-z]{3})?$", required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take each letter apart, as the act takes them."""
        for name in BANT:
            if name in attrs:
                letter = attrs[name]
                attrs |= {name: letter["answer"], f"{name}_note": letter["note"]}
        if "currency" in attrs:
            attrs["currency"] = attrs["currency"].upper()
        return attrs


class QualifyBody(SqlBody):
    """BANT, who takes the lead on (username or id; else its holder), and what it may be worth."""

    takes_over = Person(required=False, allow_null=True, default=None)

    def validate_takes_over(self, value: User | None) -> User | None:
        by, holder_id = self.context["user"], self.context["handoff"].holder_id
        if value and value.pk not in {by.pk, holder_id} and value not in colleagues_of(by):
            message = _("%(name)s can't take leads of yours; choose a rep of your teams.")
            raise serializers.ValidationError(message % {"name": value})
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Put the four letters together, as the act takes them."""
        letters = {name: attrs.pop(name) for name in BANT if name in attrs}
        attrs["bant"] = {name: (letter["answer"], letter["note"]) for name, letter in letters.items()}
        return super().validate(attrs)


class ContractBody(ActBody):
    """A reason, and under which contract the lead comes back; what is absent follows from the reason."""

    reason = serializers.CharField(max_length=50, help_text="The slug of a reason on the list.")
    permanent = serializers.BooleanField(required=False, allow_null=True, default=None)
    wake_at = Instant(required=False, allow_null=True, default=None)
    wake_kinds = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=50)
    wake_points = serializers.DecimalField(
        max_digits=6, decimal_places=2, min_value=Decimal(0), max_value=Decimal(1000), required=False
    )
    competitor = optional_text(120)

    def validate_wake_kinds(self, value: list[str]) -> list[str]:
        """Refuse what no lead can do."""
        # The shipped ones first: those that were seen are looked up among all activities.
        unknown = set(value) - set(Kind.values) and set(value) - {kind for kind, _label in activity_kinds()}
        if unknown:
            message = _("“%(kind)s” is no kind of activity; use: %(known)s.")
            said = {"kind": sorted(unknown)[0], "known": ", ".join(Kind.values)}
            raise serializers.ValidationError(message % said)
        return value

    def validate_reason(self, value: str) -> DisqualificationReason:
        """Return the reason that is meant."""
        offered = {reason.slug: reason for reason in DisqualificationReason.objects.filter(is_active=True)}
        if value not in offered:
            raise serializers.ValidationError(
                _("There is no such reason; use: %(known)s.") % {"known": ", ".join(offered)}
            )
        return offered[value]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fill in what the reason says."""
        if "wake_points" in attrs:
            attrs["wake_points"] = float(attrs["wake_points"])
        return attrs


class LostBody(ContractBody):
    """Why an SQL was lost, in a reason of the list, in words, or both."""

    reason = serializers.CharField(max_length=50, required=False)
    because = optional_text(300)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Leave the lead a way back unless it is lost for good."""
        attrs["permanent"] = bool(attrs["permanent"])
        return super().validate(attrs)


class DisqualifyBody(ContractBody):
    """Why not, for how long, and which rules were wrong: an empty list says that none was."""

    misleading = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=500)
    objects = serializers.BooleanField(required=False, default=False, help_text="They want no contact.")
    note = optional_text(NOTE)
    other_lead = serializers.IntegerField(required=False, allow_null=True, default=None)
    right_person = optional_text(200, help_text="A name; with an address, as in Ann <ann@company.example>, a lead too.")
    owner = Person(required=False, allow_null=True, default=None)

    def validate_other_lead(self, value: int | None) -> Lead | None:
        """Return the lead that is meant, if this person sees it."""
        if value is None:
            return None
        found = Lead.objects.visible_to(self.context["user"]).filter(pk=value).first()
        if found is None or found.pk == self.context["handoff"].lead_id:
            raise serializers.ValidationError(_("You see no other lead with this id."))
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fill in what the reason says, and what an empty list of signals does."""
        if attrs["permanent"] is None:
            attrs["permanent"] = attrs["reason"].is_permanent
        attrs["none_misleading"] = attrs.get("misleading") == []
        return super().validate(attrs)
