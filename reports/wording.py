"""The figures of the reports in the reader's words: shares, intervals, durations, comparisons."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from handoff.lib.durations import spoken
from handoff.queue.models import Clock
from handoff.sla.models import Metric
from reports.breaches import BreachRow
from reports.feedback import FeedbackReport
from reports.forecast import ForecastReport
from reports.funnel import FunnelReport, Step
from reports.money import Money
from reports.rules import RuleRow
from reports.sla import SlaReport
from reports.sla_figures import Figures
from reports.source_figures import Figures as SourceFigures
from reports.sources import SourcesReport
from reports.statistics import Interval, Lift, Rate, Spread

NOTHING = "–"
GOOD, FAIR = 0.9, 0.75  # the colours of a share in time


@dataclass(frozen=True)
class Note:
    """A remark under a figure; `tone` is good, bad or nothing."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Kpi:
    """One of the large figures."""

    label: str
    value: str
    notes: list[Note] = field(default_factory=list)
    url: str = ""


def grouped(number: int) -> str:
    """Return a whole number with the separators of the reader's language."""
    return str(number_format(number, decimal_pos=0, use_l10n=True, force_grouping=True))


def whole(number: float) -> str:
    """Return an amount rounded to a whole number."""
    return grouped(round(number))


def percent(share: float | None) -> str:
    """Return a share as a whole percentage."""
    return NOTHING if share is None else _("%(number)d%%") % {"number": _rounded(share)}


def interval(rate: Rate) -> str:
    """Return the 95 % interval of a rate: "81–91%"."""
    bounds = rate.interval
    if bounds is None:
        return ""
    return _("%(low)d–%(high)d%%") % {"low": _rounded(bounds.low), "high": _rounded(bounds.high)}


def count_of(rate: Rate) -> str:
    """Return a rate in counts: "170 of 196"."""
    return _("%(count)s of %(of)s") % {"count": grouped(rate.count), "of": grouped(rate.of)}


def duration(length: timedelta | None) -> str:
    """Return a duration in its two largest units."""
    if length is None:
        return NOTHING
    return spoken(length)


def share_tone(rate: Rate) -> str:
    """Return the tone of a share in time: fine, soon, late, or neutral where there are too few."""
    if rate.is_too_few or rate.share is None:
        return "neutral"
    if rate.share >= GOOD:
        return "fine"
    return "soon" if rate.share >= FAIR else "late"


def times(lift: Lift) -> str:
    """Return a lift: "1.4×"."""
    return f"{_tenths(lift.ratio)}×"


def times_interval(lift: Lift) -> str:
    """Return the 95 % interval of a lift: "1.1–1.7"."""
    return f"{_tenths(lift.low)}–{_tenths(lift.high)}"


def lift_tone(row: RuleRow) -> str:
    """Return the tone of a rule's lift: fine where it surely points the right way, late where the wrong way."""
    lift = row.lift
    if lift is None or lift.low <= 1 <= lift.high:
        return "neutral"
    return "fine" if (lift.low > 1) != row.takes else "late"


def difference(bounds: Interval) -> str:
    """Return the 95 % interval of a difference between two shares: "−3.0 to +12.4 points"."""
    return _("%(low)s to %(high)s points") % {"low": signed(100 * bounds.low), "high": signed(100 * bounds.high)}


def signed(number: float) -> str:
    """Return a number to a tenth with its sign: "+2.4", "−0.3", "0.0"."""
    tenths = round(number, 1)
    return ("+" if tenths > 0 else "−" if tenths < 0 else "") + _tenths(abs(tenths))


def kpis(report: SlaReport) -> list[Kpi]:
    """Return the large figures of the SLA report, each beside the period before."""
    now, before, metric = report.total, report.previous, str(report.metric.label)
    share = [Note(f"{count_of(now.share)} · {interval(now.share)}")] if now.share.of else []
    system_delay = _("median system delay, p90 %(p90)s") % {"p90": duration(now.delay.p90)}
    return [
        Kpi(
            _("%(metric)s in time") % {"metric": capfirst(metric)},
            percent(now.share.share),
            [*share, *_was_share(now.share, before.share)],
        ),
        Kpi(
            _("Breaches"),
            grouped(report.breaches.height),
            [_open_ones(report)],
            "#rows" if report.breaches.height else "",
        ),
        Kpi(_("Median %(metric)s") % {"metric": metric}, duration(now.took.median), _was(now, before, "median")),
        Kpi(_("90th percentile"), duration(now.took.p90), _was(now, before, "p90")),
        Kpi(_("Before it reached a rep"), duration(now.delay.median), [Note(system_delay)] if now.delay.n else []),
    ]


def funnel_kpis(report: FunnelReport) -> list[Kpi]:
    """Return the large figures of the funnel, each beside what it is compared with."""
    sql, won = report.steps[Step.QUALIFIED], report.steps[Step.WON]
    found = [Kpi(_("Handed over"), grouped(report.handed_over), [_count_open(report)])]
    for label, rate, before in (
        (_("Became an SQL"), sql.of_all, sql.before),
        (_("Became a customer"), won.of_all, won.before),
    ):
        notes = [Note(f"{count_of(rate)} · {interval(rate)}")] if rate.of else []
        found.append(Kpi(label, percent(rate.share), [*notes, *_was_share(rate, before)]))
    return [*found, Kpi(_("Median time to SQL"), duration(sql.after.median), _still_waiting(sql.after))]


def _count_open(report: FunnelReport) -> Note:
    return Note(
        _("%(open)s still open · %(undecided)s SQLs undecided")
        % {"open": grouped(report.open), "undecided": grouped(report.undecided)}
    )


def _still_waiting(after: Spread) -> list[Note]:
    return [Note(_("%(n)s got there, %(open)s still may") % {"n": grouped(after.n), "open": grouped(after.censored)})]


def feedback_kpis(report: FeedbackReport) -> list[Kpi]:
    """Return the large figures of the feedback report."""
    shares = (
        (_("Disqualified"), report.disqualified),
        (_("Against the rules"), report.against_rules),
        (_("Answered by marketing"), report.answers.answered),
    )
    found = [Kpi(label, percent(rate.share), [Note(count_of(rate))] if rate.of else []) for label, rate in shares]
    return [*found, Kpi(_("Median time to an answer"), duration(report.answers.after.median))]


def forecast_kpis(report: ForecastReport) -> list[Kpi]:
    """Return the large figures of the forecast."""
    found = [Kpi(_("Open SQLs"), grouped(report.open)), Kpi(_("Won of decided SQLs"), percent(report.decided.share))]
    for row in report.totals:
        reach = _("%(low)s to %(high)s") % {"low": whole(row.low), "high": whole(row.high)}
        label = _("Expected, %(currency)s") % {"currency": row.currency or _("no currency")}
        found.append(Kpi(label, whole(row.expected), [Note(reach)]))
    return found


def money(amount: Money | None, places: int = 2) -> str:
    """Return an amount in each of its currencies: "1,234.50 EUR + 20.00 USD"."""
    if not amount:
        return NOTHING
    shown = ((number_format(each, places, force_grouping=True), name) for name, each in sorted(amount.amounts.items()))
    return " + ".join(f"{each} {name or _('without a currency')}" for each, name in shown)


def source_kpis(report: SourcesReport) -> list[Kpi]:
    """Return the large figures of the report on sources."""
    total = report.total
    known = _("of %(known)s of %(all)s customers") % {"known": grouped(total.priced), "all": grouped(total.customers)}
    per_mql = [Note(_("%(amount)s an MQL") % {"amount": money(total.revenue_per_mql)})] if total.revenue_per_mql else []
    found = [
        Kpi(_("Leads"), grouped(total.leads)) if report.has_leads else None,
        Kpi(_("MQLs"), grouped(total.mqls)),
        Kpi(_("SQLs"), grouped(total.sqls), _of(total.sql_rate)),
        Kpi(_("Customers"), grouped(total.customers), _of(total.win_rate)),
        Kpi(_("Revenue"), money(total.revenue, 0), [*([Note(known)] if total.unpriced else []), *per_mql]),
        Kpi(_("Cost"), money(total.cost, 0), _return(total)) if report.has_costs and total.cost else None,
    ]
    return [kpi for kpi in found if kpi]


def multiple(ratio: float | None) -> str:
    """Return a ratio: "3.2×"."""
    return NOTHING if ratio is None else f"{_tenths(ratio)}×"


def _of(rate: Rate) -> list[Note]:
    return [Note(f"{percent(rate.share)} · {count_of(rate)} · {interval(rate)}")] if rate.of else []


def _return(total: SourceFigures) -> list[Note]:
    return [Note(_("%(times)s its cost came back") % {"times": multiple(total.return_)})] if total.return_ else []


def asides(figures: Figures) -> list[str]:
    """Return what the share leaves out or hides, as far as there is any."""
    said = [
        (figures.logged_late, _("%(n)s in time, but logged late")),
        (figures.at_sight, _("%(n)s rejected at sight")),
        (figures.running, _("%(n)s not yet due")),
        (figures.cancelled, _("%(n)s ended before they were due")),
        (figures.unmeasured, _("%(n)s without a clock")),
    ]
    return [text % {"n": grouped(count)} for count, text in said if count]


def standing(row: BreachRow, at: datetime) -> str:
    """Return where a breached clock stands now: "open", "touched 16:34" of the day on which it was due."""
    clock = row.clock
    if clock.stopped_at is None:
        return _("open")
    if clock.ending == Clock.Ending.AT_SIGHT:
        return _("rejected at sight")
    if clock.ending == Clock.Ending.CANCELLED:
        return str(clock.handoff.get_verdict_display()) or str(Clock.Ending.CANCELLED.label)
    is_same_day = timezone.localtime(clock.stopped_at).date() == timezone.localtime(clock.due_at).date()
    when = date_format(timezone.localtime(clock.stopped_at), "H:i") if is_same_day else moment(clock.stopped_at, at)
    if clock.metric == Metric.FIRST_TOUCH:
        return _("touched %(when)s") % {"when": when}
    if clock.metric == Metric.CONNECT:
        return _("reached %(when)s") % {"when": when}
    verdict = clock.handoff.get_verdict_display() or _("decided")
    return f"{verdict} {when}"


def moment(instant: datetime, at: datetime) -> str:
    """Return a local time, as long as it must be to be found in a calendar: "Wed 18 Nov 11:02"."""
    local = timezone.localtime(instant)
    return date_format(local, "D j M H:i" if local.year == timezone.localtime(at).year else "j M Y H:i")


def _tenths(number: float) -> str:
    return str(number_format(number, decimal_pos=1, use_l10n=True, force_grouping=True))


def _rounded(share: float) -> int:
    return round(100 * share)


def _was_share(now: Rate, before: Rate | None) -> list[Note]:
    if now.is_too_few and now.of:
        return [Note(_("too few to compare"))]
    if before is None or before.share is None:
        return []
    tone = _tone(now.share or 0.0, before.share) if not before.is_too_few else ""
    return [Note(_("was %(value)s") % {"value": percent(before.share)}, tone)]


def _was(now: Figures, before: Figures, which: str) -> list[Note]:
    """Return over how many, and the value before; less is better."""
    said = [Note(_("over %(n)s") % {"n": grouped(now.took.n)})] if now.took.n else []
    value: timedelta | None = getattr(now.took, which)
    earlier: timedelta | None = getattr(before.took, which)
    if value is None or earlier is None:
        return said
    is_comparable = not (Rate(0, now.took.n).is_too_few or Rate(0, before.took.n).is_too_few)
    tone = _tone(-value.total_seconds(), -earlier.total_seconds()) if is_comparable else ""
    return [Note(_("was %(value)s") % {"value": duration(earlier)}, tone), *said]


def _tone(now: float, before: float) -> str:
    if now == before:
        return ""
    return "good" if now > before else "bad"


def _open_ones(report: SlaReport) -> Note:
    text = _("%(open)s still open · %(never)s never touched")
    values = {"open": grouped(report.open_breaches), "never": grouped(report.total.never)}
    return Note(text % values, "bad" if report.open_breaches else "")
