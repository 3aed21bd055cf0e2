"""Durations in words as short as a pill."""

from datetime import timedelta

from django.utils.translation import gettext as _


def spoken(duration: timedelta) -> str:
    """Return the two largest units: "38m", "2h 51m", "3d 4h"."""
    minutes = max(int(duration.total_seconds() // 60), 0)
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return _("%(days)dd %(hours)dh") % {"days": days, "hours": hours} if hours else _("%(days)dd") % {"days": days}
    if hours:
        return _("%(hours)dh %(minutes)02dm") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)dm") % {"minutes": minutes}
