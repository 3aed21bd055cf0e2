"""The tick that sends the weekly mail of chosen views: the figures of each view, worked out as its page would."""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from handoff.people.models import SavedView, User
from handoff.people.working_lists import mail_views, readers_due
from reports.catalogue import REPORTS
from reports.wording import Kpi

log = logging.getLogger(__name__)


def mail_due(*, at: datetime) -> int:
    """Write the mails that are due and return how many. It may run twice, stop halfway or run late."""
    return sum(_survive(user, views, at) for user, views in readers_due(at=at))


def _survive(user: User, views: list[SavedView], at: datetime) -> int:
    try:
        return mail_views(user, _parts(user, views, at), at=at)
    except Exception:  # what is wrong with one person's views must not keep the others' from leaving
        log.exception("the weekly mail to %s failed", user.username)
        return 0


def _parts(user: User, views: list[SavedView], at: datetime) -> list[str]:
    with translation.override(user.language), timezone.override(ZoneInfo(user.time_zone)):
        return [_part(user, view, at) for view in views]


def _part(user: User, view: SavedView, at: datetime) -> str:
    report = REPORTS.get(view.page.removeprefix("report-"))
    if report is None:
        return _("%(name)s can't be shown any more.") % {"name": view.name}
    asked = report.question(QueryDict(view.query), user=user, at=at)
    lines = [f"{view.name} · {report.title}"]
    if asked.is_valid():
        lines += [asked.asked_period.words()]
        lines += map(_line, report.headlines(report.build(asked.cohort(), at=at)))
    else:
        lines += [_("What it asks for is not there any more.")]
    query = f"?{view.query}" if view.query else ""
    return "\n".join([*lines, f"{settings.BASE_URL}{reverse(view.page)}{query}"])


def _line(kpi: Kpi) -> str:
    notes = " · ".join(note.text for note in kpi.notes)
    return f"{kpi.label}: {kpi.value} ({notes})" if notes else f"{kpi.label}: {kpi.value}"
