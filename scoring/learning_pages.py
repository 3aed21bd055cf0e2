"""The pages on which a version is measured by verdicts: the back-test, and suggested points."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import messages
from django.core import signing
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import floatformat
from django.utils import timezone
from django.utils.translation import gettext as _

from scoring.backtesting import FEWEST, MOST, OLD_ENOUGH, backtest
from scoring.drafting import draft_suggested
from scoring.evaluating import Offer
from scoring.forms import BacktestForm
from scoring.judging import Figure, Judgement
from scoring.marking import mark_not_scorable
from scoring.model_pages import CHANGE, Page, shown
from scoring.models import NotScorable, ScoringModel
from scoring.population import population
from scoring.presenting import Reader
from scoring.publishing import problems_of
from scoring.rates import Rate
from scoring.spec import RuleSpec
from scoring.suggesting_points import NEWER, SIZES, suggest_points
from scoring.wording import said_decline

if TYPE_CHECKING:
    from scoring.admin import ScoringModelAdmin

POINTS = "admin:scoring_scoringmodel_points"
SALT = "scoring.suggested-points"
USUAL = timedelta(days=182)
FIRST = date(1970, 1, 1)


class Said(NamedTuple):
    """A figure as it is read: its value, its bounds, and over how many."""

    value: str
    low: str
    high: str
    n: int


def _backtest(admin: "ScoringModelAdmin", request: HttpRequest, model: ScoringModel) -> HttpResponse:
    """Show the version, and what is live, against the verdicts of a period."""
    now = timezone.now()
    last = timezone.localdate(now - OLD_ENOUGH)
    form = BacktestForm(request.GET or {"since": last - USUAL, "until": last})
    problems, found = problems_of(model), None
    if form.is_valid() and not problems:
        # Nothing was handed over before, nor is judged after; the ends of the calendar are no instants in every zone.
        since, until = (min(max(form.cleaned_data[name], FIRST), last) for name in ("since", "until"))
        found = backtest(model, since=_midnight(since), until=_midnight(until) + timedelta(days=1), at=now)
    title = _("Back-test of version %(n)d") % {"n": model.version}
    rows = _figures(found.live, found.draft) if found and found.draft else []
    return shown(
        admin, request, "backtest", model, title=title, form=form, found=found, rows=rows, problems=problems,
        fewest=FEWEST, most=MOST,
    )  # fmt: skip


def _figures(live: Judgement | None, draft: Judgement) -> list[tuple[str, str, Said | None, Said | None]]:
    """Return each figure with what it means, and as both versions have it."""
    named = {
        "precision": (_("Precision"), _("of those over the line, became SQLs")),
        "kept": (_("SQLs kept"), _("of the known SQLs, over the line")),
        "top_tenth": (_("Lift of the top tenth"), _("SQLs among the tenth with the most points, against all")),
        "top_fifth": (_("Lift of the top fifth"), _("the same among the best fifth")),
        "auc": (_("ROC AUC"), _("how often an SQL has more points than a lead that was disqualified")),
        "average_precision": (_("Average precision"), _("the share of SQLs down to each SQL, on average")),
    }
    return [
        (label, hint, _said(getattr(live, name)) if live else None, _said(getattr(draft, name)))
        for name, (label, hint) in named.items()
    ]


def _said(one: Rate | Figure | None) -> Said | None:
    if isinstance(one, Rate):
        bounds = one.interval
        return Said(_percent(one.share or 0.0), _percent(bounds.low), _percent(bounds.high), one.of) if bounds else None
    return Said(floatformat(one.value, 2), floatformat(one.low, 2), floatformat(one.high, 2), one.n) if one else None


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _points(admin: "ScoringModelAdmin", request: HttpRequest, model: ScoringModel) -> HttpResponse:
    """Show what the verdicts suggest beside the live rules or instead of them; make either a draft."""
    live = ScoringModel.objects.live().first()
    if live is None:
        messages.info(request, _("No version is live yet; publish one, so that sales can judge what it hands over."))
        return redirect(CHANGE, model.pk)
    if live != model:
        return redirect(POINTS, live.pk)
    if "rules" in request.POST:
        return _make_draft(request, live)
    if request.method == "POST":
        mark_not_scorable(request.POST.getlist("not_scorable"), by=request.user, at=timezone.now())  # type: ignore[arg-type]
        messages.success(request, _("Rules are suggested without what you marked."))
        return redirect(request.get_full_path())
    most = next((size for size in SIZES if request.GET.get("most") == str(size)), SIZES[0])
    found = suggest_points(live, most=most, at=timezone.now())
    return shown(
        admin, request, "points", model, title=_("Suggested points"), found=found, most=most, sizes=SIZES,
        newer=round(100 * NEWER), fields=_fields(),
        offers=[_offered(found.added, live, None), _offered(found.fresh, live, found.threshold)],
    )  # fmt: skip


def _offered(offer: Offer, live: ScoringModel, threshold: float | None) -> dict[str, Any]:
    """Return an offer as the page shows it: its rules in words, and signed, so that a click makes just these."""
    reader = Reader.now()
    rows = [(one, reader.said_suggested(one.rule), Rate(one.accepted, one.n)) for one in offer.rules]
    rules = [[{**vars(one.rule), "points": one.points}, said] for one, said, _rate in rows]
    content = {"model": live.pk, "threshold": threshold, "rules": rules}
    return {
        "rows": rows,
        "worth": offer.worth,
        "base": offer.base,
        "declined": said_decline(offer.declined),
        "is_fresh": threshold is not None,
        "threshold": threshold,
        "signed": signing.dumps(content, salt=SALT, compress=True),
    }


def _make_draft(request: HttpRequest, live: ScoringModel) -> HttpResponse:
    try:
        content = signing.loads(request.POST["rules"], salt=SALT)
    except signing.BadSignature as error:
        raise BadRequest from error  # the page sends what it was given
    rules = [(_rule(given), said) for given, said in content["rules"]]
    if content["model"] != live.pk or not rules:
        messages.error(request, _("Another version is live meanwhile; look at what is suggested for that."))
        return redirect(POINTS, live.pk)
    threshold, now = content["threshold"], timezone.now()
    draft = draft_suggested(
        live, rules, instead=threshold is not None, threshold=threshold, by=request.user, at=now  # type: ignore[arg-type]
    )  # fmt: skip
    messages.success(
        request, _("%(draft)s has the suggested points. Nothing is live until you publish it.") % {"draft": draft}
    )
    return redirect(CHANGE, draft.pk)


def _rule(given: dict[str, Any]) -> RuleSpec:
    return replace(RuleSpec(**given), kinds=tuple(given["kinds"]))


def _fields() -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Return what may be marked, in groups: name, label, and whether it is marked."""
    seen, marked = population(), set(NotScorable.objects.values_list("name", flat=True))
    never = seen.not_suggested()
    profile = [(name, field.label) for name, field in seen.profile_fields().items()]
    groups = [(_("Who they are"), profile), (_("What they do"), seen.activity_kinds())]
    return [
        (title, [(name, label, name in marked) for name, label in named if name not in never])
        for title, named in groups
    ]


PAGES: dict[str, Page] = {"backtest": _backtest, "points": _points}
