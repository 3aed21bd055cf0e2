"""Where a manager begins: three things to do today, last week's figures, and the saved views."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_GET

from handoff.people.doors import person
from handoff.people.models import SavedView, User
from handoff.queue.models import Clock, Disqualification, Handoff, Qualification
from handoff.sla.models import Metric
from reports.catalogue import REPORTS
from reports.cohorts import reads_own_only

THINGS = 3
OLD = timedelta(days=1)
TOUCH = ngettext_lazy(
    "%(n)d lead waits past due for its first touch", "%(n)d leads wait past due for a first touch", "n"
)
SOON = ngettext_lazy(
    "%(n)d lead is nobody's and due within a day", "%(n)d leads are nobody's and due within a day", "n"
)
OTHERS = ngettext_lazy(
    "%(n)d lead is past due for what comes next", "%(n)d leads are past due for what comes next", "n"
)
SQLS = ngettext_lazy("%(n)d SQL is not taken on yet", "%(n)d SQLs are not taken on yet", "n")
UNREAD = ngettext_lazy("%(n)d verdict has waited a week for marketing", "%(n)d verdicts have waited a week", "n")


@dataclass(frozen=True)
class ToDo:
    """One thing to do: what, why now, and where."""

    what: str
    why: str
    url: str


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show where to begin."""
    user, now = person(request), timezone.now()
    asked = REPORTS["sla"].question(QueryDict("period=7d"), user=user, at=now)
    asked.is_valid()
    found: Any = REPORTS["sla"].build(asked.cohort(), at=now)
    things = [] if reads_own_only(user) else list(things_to_do(user, at=now))
    views = SavedView.objects.filter(user=user, page__in=[each.address for each in REPORTS.values()])
    context = {
        "things": things[:THINGS],
        "kpis": REPORTS["sla"].headlines(found) if found.total.handed_over else [],
        "period": asked.asked_period,
        "views": views.order_by("page", "name"),
        "reports": REPORTS,
        "is_own": reads_own_only(user),
    }
    return render(request, "reports/home.html", context)


def things_to_do(user: User, *, at: datetime) -> Iterator[ToDo]:
    """Yield what waits for `user`, most urgent first; what there is none of is left out."""
    opened, queue = Handoff.objects.open_to(user), reverse("queue")
    late = Clock.objects.running().filter(due_at__lt=at, handoff__in=opened).order_by()
    touch = late.filter(metric=Metric.FIRST_TOUCH).values("handoff").distinct().count()
    others = late.exclude(metric=Metric.FIRST_TOUCH).values("handoff").distinct().count()
    soon = opened.unclaimed().filter(due_at__gte=at, due_at__lt=at + OLD).count()
    handed_on = Qualification.objects.visible_to(user).in_hand().filter(accepted_at=None, at__lt=at - OLD)
    handed_on_count = handed_on.exclude(takes_over=F("by")).count()
    said = Disqualification.objects.filter(handoff__in=Handoff.objects.visible_to(user), acknowledged_at=None)
    unread = said.filter(answers=None, at__lt=at - 7 * OLD).count()
    found = (
        (touch, TOUCH, _("Give them to somebody who is there today."), f"{queue}?view=team&due=late"),
        (soon, SOON, _("Assign them before they are late."), f"{queue}?view=unclaimed"),
        (others, OTHERS, _("Ask whoever has them what is missing."), f"{queue}?view=team&due=late"),
        (handed_on_count, SQLS, _("They were passed on a day ago or longer."), reverse("qualified")),
        (unread, UNREAD, _("Bring them to the alignment meeting."), reverse("feedback")),
    )
    return (ToDo(what % {"n": count}, why, url) for count, what, why, url in found if count)
