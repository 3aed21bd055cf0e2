"""Public holidays: copied into rows that people may edit, so that no upgrade ever moves a deadline."""

from datetime import date
from typing import Any

import holidays
from django.db import transaction
from django.utils.translation import gettext as _

from handoff.lib.refusals import Refusal
from handoff.sla.models import Calendar, ClosedDay


class NoSuchCountry(Refusal):
    """Nobody knows the holidays of that country or region."""

    code = "no_such_country"
    status = 400


def public_holidays(country: str, region: str, *, since: date, until: date) -> dict[date, str]:
    """Return the public holidays from `since` until before `until` with their local names; NoSuchCountry for others."""
    place: dict[str, Any] = {"country": country, "subdiv": region or None}
    try:
        # Without a language the library takes that of the process, which differs from one worker to the next.
        language = holidays.country_holidays(**place).default_language
        found = holidays.country_holidays(**place, language=language, years=range(since.year, until.year + 1))
    except NotImplementedError as error:
        text = _("No holidays are known for “%(place)s”: use a country such as NL or DE, and a region such as BY.")
        raise NoSuchCountry(text % {"place": f"{country} {region}".strip()}) from error
    return {day: name for day, name in sorted(found.items()) if since <= day < until}


@transaction.atomic
def copy_holidays(calendar: Calendar, *, since: date, until: date) -> int:
    """Close `calendar` on its country's holidays from `since` until before `until` and return how many are new.

    Days that are closed already keep their name. NoSuchCountry where nobody knows the country's holidays.
    """
    if not calendar.country:
        raise NoSuchCountry(_("Choose the country whose holidays this calendar keeps, and save."))
    known = set(calendar.closed_days.values_list("date", flat=True))
    days = public_holidays(calendar.country, calendar.region, since=since, until=until)
    new = [ClosedDay(calendar=calendar, date=day, name=name[:120]) for day, name in days.items() if day not in known]
    ClosedDay.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)
