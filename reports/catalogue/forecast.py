"""What the forecast is called, what works it out, and its tables."""

from django.utils.translation import gettext_lazy as _

from reports import wording
from reports.catalogue.report import Report
from reports.forecast import forecast_report
from reports.tables import Column, Kind, Table

EXPECTED = (
    Column("currency", _("Currency")),
    Column("at", _("As of"), Kind.MOMENT),
    Column("open", _("Open SQLs"), Kind.COUNT),
    Column("expected", _("Expected"), Kind.MONEY),
    Column("low", _("At least"), Kind.MONEY),
    Column("high", _("At most"), Kind.MONEY),
)
FORECAST = Report(
    name="forecast",
    title=_("Forecast"),
    build=forecast_report,
    headlines=wording.forecast_kpis,
    numbers=(Column("open", kind=Kind.COUNT), Column("decided", kind=Kind.RATE)),
    tables=(
        Table("totals", _("Revenue to be expected from open SQLs"), EXPECTED, opens=("open",)),
        Table(
            "bands",
            _("By strength"),
            (
                Column("band", source="band.value"),
                Column("name", _("Strength"), source="band.label"),
                Column("currency", _("Currency")),
                Column("open", _("Open SQLs"), Kind.COUNT),
                Column("chance", _("Won of decided ones"), Kind.RATE),
                Column("worth", _("If all were won"), Kind.MONEY),
                Column("expected", _("Expected"), Kind.MONEY),
            ),
            opens=("open",),
            keys=("band", "currency"),
        ),
        Table(
            "past",
            _("Earlier forecasts against what came"),
            (
                *EXPECTED,
                Column("came", _("Came since"), Kind.MONEY),
                Column("still_open", _("Still open"), Kind.COUNT),
                Column("is_inside", kind=Kind.FLAG),
            ),
            note=_("worked out anew from what was known then"),
            opens=("open",),
            keys=("currency", "at"),
        ),
    ),
)
