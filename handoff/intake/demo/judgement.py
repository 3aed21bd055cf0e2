"""Verdicts of the demo: what its reps decide, what becomes of their SQLs, and what marketing says to it."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from handoff.feedback.acknowledging import acknowledge
from handoff.feedback.answering import answer
from handoff.intake.demo.cast import weighted
from handoff.leads.models import Stage
from handoff.people.models import User
from handoff.queue.deals import lose, open_opportunity, win
from handoff.queue.disqualification import disqualify
from handoff.queue.models import DisqualificationReason, Handoff
from handoff.queue.next_steps import plan_next_step
from handoff.queue.qualification import qualify
from handoff.queue.takeover import accept_takeover, return_takeover

DECLINES = (
    (26, "not-ready", "Budget round opens later."), (14, "no-budget", "Nothing approved this year."),
    (10, "wrong-person", "Sent us to a colleague."), (14, "bad-fit", "Too small to save with us."),
    (9, "chose-other", "Signed with somebody else last month."), (8, "never-a-buyer", "Wrote a thesis about it."),
    (5, "customer", "A site of a customer of ours."), (6, "bad-data", "The number does not exist."),
)  # fmt: skip
LOSSES = ((5, "not-ready", "The project was postponed."), (3, "no-budget", "The board cut the budget."),
          (4, "chose-other", "Voltwise was cheaper."))  # fmt: skip
ANSWERS = (
    "Thanks. We lower that rule in the next version.",
    "Good to know: the landing page draws students. We change the form.",
    "The webinar was for partners; its guests will not come to you again.",
)


class Judgement:
    """How the office decides."""

    plan: Callable[..., None]

    def __init__(self, rng: random.Random, reps: dict[int, list[User]]) -> None:
        self.rng, self.reps = rng, reps
        self.reasons = {reason.slug: reason for reason in DisqualificationReason.objects.all()}
        self.truths: dict[str, float] = {}

    def decide(self, handoff: Handoff, at: datetime, rep: User) -> None:
        """Say yes or no, as the truth about the lead has it, more or less."""
        if not handoff.is_open:
            return
        truth = self.truths.get(handoff.lead.external_id or "", 0.3)
        if self.rng.random() < truth + (0.2 if handoff.route != "score" else 0.05):
            self._qualify(handoff, rep, at)
        else:
            self.decline(handoff, rep, at)

    def _qualify(self, handoff: Handoff, rep: User, at: datetime) -> None:
        rng = self.rng
        answers = rng.choices(("yes", "partly", "unknown", "no"), weights=(5, 3, 2, 1), k=4)
        answers[2] = "yes"
        answers[0] = "partly" if answers[0] == "no" else answers[0]
        names = ("budget", "authority", "need", "timeline")
        bant = {name: (answer, "") for name, answer in zip(names, answers, strict=True)}
        if sum(answer in {"yes", "partly"} for answer in answers) < 2:
            bant["budget"] = ("partly", "asked for next quarter")
        value = Decimal(rng.randrange(4, 90)) * 500
        close = at + timedelta(days=rng.randrange(20, 150))
        to = rng.choice(self.reps[handoff.team_id or 0]) if rng.random() < 0.25 else rep
        qualify(
            handoff, bant=bant, takes_over=to, by=rep, at=at, value=value, currency="EUR",
            expected_close=close.date(), starts_on=(close + timedelta(days=rng.randrange(5, 60))).date(),
            budget_state=rng.choice(("", "planned", "approved")), role=rng.choice(("decides", "influences", "")),
        )  # fmt: skip
        if to != rep:
            self.plan(at + timedelta(hours=rng.randrange(1, 40)), self._answer_offer, handoff)
        self.plan(at + timedelta(days=rng.randrange(3, 12)), self._go_on, handoff)
        self.plan(at + timedelta(days=rng.randrange(12, 110)), self._close_deal, handoff, value)

    def _answer_offer(self, handoff: Handoff, at: datetime) -> None:
        to = handoff.qualification.takes_over
        if self.rng.random() < 0.2:
            return_takeover(handoff, reason="I have no room before the holidays.", by=to, at=at)
        else:
            accept_takeover(handoff, by=to, at=at)

    def _go_on(self, handoff: Handoff, at: datetime) -> None:
        by = handoff.qualification.takes_over
        if self.rng.random() < 0.5:
            open_opportunity(handoff, by=by, at=at)
        what = self.rng.choice(("Send the offer", "Meet the director", "Ask about the pilot"))
        plan_next_step(handoff, what=what, step_at=at + timedelta(days=self.rng.randrange(2, 12)), by=by, at=at)

    def _close_deal(self, handoff: Handoff, at: datetime, value: Decimal) -> None:
        if handoff.lead.stage not in {Stage.SQL, Stage.OPPORTUNITY}:
            return
        by = handoff.qualification.takes_over
        if self.rng.random() < 0.42:
            win(handoff, value=value, currency="EUR", by=by, at=at)
            return
        slug, because = weighted(self.rng, LOSSES)
        competitor = "Voltwise" if slug == "chose-other" else ""
        lose(handoff, reason=self.reasons[slug], because=because, competitor=competitor, by=by, at=at)

    def decline(self, handoff: Handoff, rep: User, at: datetime) -> None:
        """Say no, why, and which signals were wrong."""
        rng = self.rng
        slug, note = weighted(rng, DECLINES)
        reason = self.reasons[slug]
        interest = [entry["rule"] for entry in handoff.reasons if entry["points"] > 0 and entry["count"]]
        misleading = [key for key in interest if rng.random() < (0.35 if key in {"opens", "clicks", "pages"} else 0.12)]
        needs: dict[str, dict[str, Any]] = {
            "not-ready": {"wake_at": at + timedelta(days=rng.randrange(40, 160))},
            "chose-other": {"competitor": "Voltwise"},
            "wrong-person": {"right_person": "Head of Facilities"},
            "customer": {"owner": rng.choice(self.reps[handoff.team_id or 0])},
        }
        verdict = disqualify(
            handoff, reason=reason, by=rep, at=at, note=note, permanent=reason.is_permanent,
            misleading=misleading if reason.counts_against_rules else [], wake_points=rng.choice((None, None, 20)),
            none_misleading=slug == "not-ready" and not misleading, **needs.get(slug, {}),
        )  # fmt: skip
        self.plan(at + timedelta(days=rng.uniform(1, 9)), self._read, handoff, verdict.pk)

    def _read(self, handoff: Handoff, at: datetime, verdict: int) -> None:
        marketer = User.objects.get(username="marketer")
        if handoff.disqualification.misleading and self.rng.random() < 0.3:
            answer(handoff.disqualification, text=self.rng.choice(ANSWERS), by=marketer, at=at)
        else:
            acknowledge([verdict], by=marketer, at=at)
