"""What time it is where a lead is: by its phone number, else by its country."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.core import get_global
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from phonenumbers import timezone as zones_by_number

from handoff.leads.models import Lead


def place_and_time(lead: Lead, at: datetime) -> str:
    """Return where `lead` is and what time it is there, as far as both are known: "Germany, 10:42 there"."""
    country = lead.country or (lead.company.country if lead.company else "")
    region, zones = _of_number(lead.phone)
    time = _time_in(zones, at)
    if time is None:
        region, time = country, _time_in(get_global("territory_zones").get(country, ()), at)
    place = _country_name(region or country)
    if time is None:
        return place
    shown = date_format(time.replace(tzinfo=None), "H:i" if time.date() == localtime(at).date() else "D H:i")
    if not place:
        return _("%(time)s there") % {"time": shown}
    return _("%(place)s, %(time)s there") % {"place": place, "time": shown}


def _of_number(phone: str) -> tuple[str, Sequence[str]]:
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return "", ()
    return phonenumbers.region_code_for_number(number) or "", zones_by_number.time_zones_for_number(number)


def _time_in(zones: Sequence[str], at: datetime) -> datetime | None:
    """Return the time in `zones`, None where it differs between them."""
    times = [at.astimezone(ZoneInfo(zone)) for zone in zones if zone != zones_by_number.UNKNOWN_TIMEZONE]
    return times[0] if len({time.utcoffset() for time in times}) == 1 else None


def _country_name(code: str) -> str:
    return str(Locale.parse(get_language() or "en", sep="-").territories.get(code, code))
