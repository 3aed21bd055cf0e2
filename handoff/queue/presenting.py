"""Handoffs as pages and API show them: what is due, why now, how strong."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce, Least
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from handoff.lib.durations import spoken
from handoff.people.models import User
from handoff.queue.current_scores import Strength, current_scores
from handoff.queue.models import Clock, Handoff, NextStep, Qualification, Route, Snooze
from handoff.sla.models import Metric

SOON = timedelta(hours=1)
WITHIN = timedelta(hours=3)
UNTIL_TEXTS = {
    Metric.FIRST_TOUCH: (gettext_lazy("First touch in {time}"), gettext_lazy("First touch {time} late")),
    Metric.CONNECT: (gettext_lazy("Connect in {time}"), gettext_lazy("Connect {time} late")),
    Metric.VERDICT: (gettext_lazy("Verdict in {time}"), gettext_lazy("Verdict {time} late")),
    Metric.TAKEOVER: (gettext_lazy("Take over in {time}"), gettext_lazy("Takeover {time} late")),
}


@dataclass(frozen=True)
class Pill:
    """What is due next: its words now, and the templates with which a browser counts on."""

    text: str
    tone: str
    due: datetime | None
    until_text: str = ""
    late_text: str = ""


def with_what_rows_show(handoffs: "QuerySet[Handoff]") -> "QuerySet[Handoff]":
    """Return `handoffs` with everything that a row of the queue shows, in a fixed number of queries."""
    running = Clock.objects.running().only("handoff_id", "metric", "due_at")
    planned = NextStep.objects.filter(ended_at=None).only("handoff_id", "what", "at")
    because = Snooze.objects.filter(ended_at=None, handoff=OuterRef("pk")).values("reason")[:1]
    related = ("lead__company", "lead__score", "claimed_by", "assigned_to", "sample")
    return (
        handoffs.select_related(*related)
        .annotate(snoozed_because=Subquery(because))
        .prefetch_related(
            Prefetch("clocks", queryset=running, to_attr="running_clocks"),
            Prefetch("next_steps", queryset=planned, to_attr="planned"),
        )
    )


def due_pill(handoff: Handoff, at: datetime) -> Pill:
    """Return the pill of whatever comes first, a running clock or the next step; of a closed one its verdict."""
    if not handoff.is_open:
        return Pill(str(handoff.get_verdict_display()), "neutral", None)
    first = min(handoff.running_clocks, key=lambda clock: clock.due_at, default=None)  # type: ignore[attr-defined]
    step = min(handoff.planned, key=lambda step: step.at, default=None)  # type: ignore[attr-defined]
    if step and not (first and first.due_at <= step.at):
        return _pill(step.at, *_step_words(step.what), at)
    if first:
        until, late = UNTIL_TEXTS[Metric(first.metric)]
        return _pill(first.due_at, str(Metric(first.metric).label), str(until), str(late), at)
    return Pill(_("nothing due"), "neutral", None)


def _step_words(what: str) -> tuple[str, str, str]:
    short = what if len(what) <= 24 else what[:23] + "…"
    safe = {"what": short.replace("{", "(").replace("}", ")")}
    return short, _("%(what)s in {time}") % safe, _("%(what)s {time} late") % safe


def answer_pill(due: datetime | None, at: datetime) -> Pill:
    """Return the pill of a request that waits for marketing's answer."""
    if due is None:
        return Pill(_("no time agreed"), "neutral", None)
    return _pill(due, _("answer"), _("Answer in {time}"), _("Answer {time} late"), at)


def _pill(due: datetime, label: str, until: str, late: str, at: datetime) -> Pill:
    left = due - at
    if left < timedelta(0):
        return Pill(late.format(time=spoken(max(-left, timedelta(minutes=1)))), "late", due, until, late)
    if left <= WITHIN:
        return Pill(until.format(time=spoken(left)), "soon" if left <= SOON else "fine", due, until, late)
    when = _("%(what)s by %(when)s") % {"what": capfirst(label), "when": short_time(due, at)}
    return Pill(when, "fine" if left < timedelta(days=7) else "neutral", due, until, late)


def short_time(moment: datetime, at: datetime) -> str:
    """Return a time as short as it can be understood: "14:00", "Thu 11:20", "4 Jan"."""
    local, today = timezone.localtime(moment), timezone.localtime(at).date()
    days = (local.date() - today).days
    if days == 0:
        return date_format(local, "H:i")
    if days == -1:
        return _("yesterday %(time)s") % {"time": date_format(local, "H:i")}
    if -7 < days < 7:
        return date_format(local, "D H:i")
    return date_format(local, "j M" if local.year == timezone.localtime(at).year else "j M Y")


def why_now(handoff: Handoff, *, most: int = 2) -> str:
    """Return the strongest reasons in words: "Pricing page ×4 · Whitepaper"."""
    best = [entry for entry in handoff.reasons if entry["points"] > 0 and entry["count"]]
    best.sort(key=lambda entry: (entry["dimension"] == "fit", -entry["points"]))
    said = [entry["name"] + (f" ×{entry['count']}" if entry["count"] > 1 else "") for entry in best[:most]]
    return " · ".join(said) or handoff.opening_note or str(handoff.get_route_display())


def so_far(handoff: Handoff, at: datetime) -> str:
    """Return what happened since: route, tries, when it cools."""
    parts = [str(handoff.get_route_display())]
    if handoff.snoozed_until and handoff.snoozed_until > at:
        words = {"when": short_time(handoff.snoozed_until, at), "why": handoff.snoozed_because}  # type: ignore[attr-defined]
        parts.insert(0, _("snoozed until %(when)s: %(why)s") % words)
    if handoff.raised_at:
        parts.append(_("asked again %(when)s") % {"when": short_time(handoff.raised_at, at)})
    if handoff.connected_at:
        parts.append(_("connected %(when)s") % {"when": short_time(handoff.connected_at, at)})
    tries = handoff.touches_count
    parts.append(ngettext("%(n)d try", "%(n)d tries", tries) % {"n": tries} if tries else _("no try yet"))
    cools_at = cools(handoff)
    if cools_at and cools_at > at:
        parts.append(_("cools in %(time)s") % {"time": spoken(cools_at - at)})
    return " · ".join(parts)


def cools(handoff: Handoff) -> datetime | None:
    """Return when an untouched handoff would cool, None for one that will not."""
    score = getattr(handoff.lead, "score", None)
    was_asked_for = handoff.route != Route.SCORE or handoff.raised_at or handoff.reopened_at
    if (
        was_asked_for
        or handoff.claimed_by_id
        or handoff.touched_at
        or not handoff.is_open
        or hasattr(handoff, "sample")
    ):
        return None
    return score.crosses_at if score and score.is_mql else None


def score_shares(strength: Strength) -> dict[str, int]:
    """Return fit, interest and timing as whole percentages of what is a lot for each."""
    most = {"fit": 60.0, "interest": 80.0, "timing": 60.0}
    return {name: round(100 * max(0.0, min(getattr(strength, name) / top, 1.0))) for name, top in most.items()}


@dataclass(frozen=True)
class Row:
    """One row of the queue."""

    handoff: Handoff
    pill: Pill
    why: str
    since: str
    strength: Strength
    shares: dict[str, int]


def rows(handoffs: Iterable[Handoff], at: datetime) -> list[Row]:
    """Return the rows that a page of the queue shows, with the scores of the moment."""
    shown = list(handoffs)
    now = current_scores(shown, at)
    return [Row(h, due_pill(h, at), why_now(h), so_far(h, at), now[h.pk], score_shares(now[h.pk])) for h in shown]


@dataclass(frozen=True)
class SqlRow:
    """An SQL in a list: what is due next with it, and what this person may do with it."""

    qualification: Qualification
    pill: Pill
    since: str
    is_theirs: bool = False


def with_next_steps(found: "QuerySet[Qualification]") -> "QuerySet[Any]":
    """Return SQLs with everything that a row shows, in a fixed number of queries; each with `due_at` and `step`."""
    running = Clock.objects.running().filter(metric=Metric.TAKEOVER, handoff=OuterRef("handoff"))
    planned = NextStep.objects.filter(ended_at=None, handoff=OuterRef("handoff"))
    takeover, step_at = Subquery(running.values("due_at")[:1]), F("handoff__next_step_at")
    # Of a blank and an instant the databases disagree on which is less, so each stands in for the other.
    due_at = Least(Coalesce(takeover, step_at), Coalesce(step_at, takeover))
    beside = found.annotate(due_at=due_at, step=Subquery(planned.values("what")[:1]))
    return beside.select_related("handoff__lead__company", "handoff__team", "by", "takes_over")


def sql_rows(found: Iterable[Qualification], user: User, at: datetime) -> list[SqlRow]:
    """Return the rows of SQLs, as `with_next_steps` found them, for `user`."""
    return [SqlRow(one, _sql_pill(one, at), _qualified(one, at), _may_work(one, user)) for one in found]


def _may_work(sql: Qualification, user: User) -> bool:
    return user.is_admin or sql.takes_over_id == user.pk or (user.is_manager and sql.handoff.team_id in user.team_ids())


def _sql_pill(sql: Qualification, at: datetime) -> Pill:
    due, step = sql.due_at, sql.step  # type: ignore[attr-defined]
    if due is None:
        return Pill(_("nothing due") if sql.accepted_at else _("To take over"), "neutral", None)
    if step and due == sql.handoff.next_step_at:
        return _pill(due, *_step_words(step), at)
    until, late = UNTIL_TEXTS[Metric.TAKEOVER]
    return _pill(due, str(Metric.TAKEOVER.label), str(until), str(late), at)


def _qualified(qualification: Qualification, at: datetime) -> str:
    words = {"when": short_time(qualification.at, at), "name": qualification.by}
    parts = [_("qualified %(when)s by %(name)s") % words]
    if qualification.expected_close:
        parts.append(_("expected to close %(day)s") % {"day": date_format(qualification.expected_close, "j M Y")})
    return " · ".join(parts)


def clock_json(clock: Clock) -> dict[str, Any]:
    """Return a clock as the contract names it."""
    breach = getattr(clock, "breach", None)
    return {
        "metric": clock.metric,
        "policy": clock.policy.slug,
        "due_at": clock.due_at,
        "stopped_at": clock.stopped_at,
        "breached_at": breach.due_at if breach and not breach.annulled_at else None,
    }
