"""Where leads come from: other names of sources, and what each cost."""

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


def plain(name: str) -> str:
    """Return a name without doubled or outer blanks."""
    return " ".join(name.split())


class SourceAlias(models.Model):
    """A name under which a source comes in that is counted as another one."""

    name = models.CharField(_("name that comes in"), max_length=120)
    source = models.CharField(_("counts as"), max_length=120)

    class Meta:
        verbose_name = _("other name of a source")
        verbose_name_plural = _("other names of sources")
        ordering = ["source", "name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="one_meaning_per_name_of_a_source")]

    def __str__(self) -> str:
        return f"{self.name} → {self.source}"

    def clean(self) -> None:
        self.name, self.source = plain(self.name), plain(self.source)
        others = SourceAlias.objects.exclude(pk=self.pk)
        if self.name.casefold() == self.source.casefold():
            raise ValidationError({"source": _("A source is no other name of itself.")})
        if known := others.filter(name__iexact=self.source).first():
            message = _("“%(name)s” itself counts as “%(source)s”: choose that.")
            raise ValidationError({"source": message % {"name": known.name, "source": known.source}})
        if known := others.filter(source__iexact=self.name).first():
            message = _("“%(name)s” counts as this one: let it count as the other first.")
            raise ValidationError({"name": message % {"name": known.name}})


class SourceCost(models.Model):
    """What a source cost in a month, in one currency."""

    source = models.CharField(_("source"), max_length=120)
    month = models.DateField(_("month"), help_text=_("Any day of it."))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    currency = models.CharField(
        _("currency"), max_length=3, validators=[RegexValidator("^[A-Z]{3}$", _("Use three letters, such as EUR."))]
    )

    class Meta:
        verbose_name = _("cost of a source")
        verbose_name_plural = _("costs of sources")
        ordering = ["-month", "source", "currency"]
        constraints = [
            models.UniqueConstraint(Lower("source"), "month", "currency", name="one_cost_per_source_and_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="cost_of_a_whole_month"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="cost_of_zero_or_more"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.month:%Y-%m}: {self.amount} {self.currency}"

    def clean(self) -> None:
        self.source = plain(self.source)
        if self.month:
            self.month = self.month.replace(day=1)
