"""Every tick of the house: what it does, where its act is, and how often it runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """One periodic act: called with `at=`, it finds its own work and returns how many rows it changed."""

    name: str
    act: str  # dotted path
    seconds: int


TICKS = (
    Tick("enforcement", "handoff.queue.enforcement.enforce_due", 15),
    Tick("silence", "handoff.queue.lapsing.end_silence", 60),
    Tick("crossings", "handoff.queue.rescoring.act_on_crossings", 20),
    Tick("publications", "handoff.queue.rebasing.rescore_stale", 5),
    Tick("rehearsals", "scoring.rehearsing.run_waiting", 3),
    Tick("pace", "handoff.queue.pacing.hand_over_paced", 300),
    Tick("samples", "handoff.queue.sampling.hand_over_samples", 300),
    Tick("refresh", "handoff.queue.rescoring.refresh_moving", 600),
    Tick("wake-ups", "handoff.queue.recycling.wake_due", 60),
    Tick("reminders", "handoff.queue.next_steps.remind_due", 30),
    Tick("snoozes", "handoff.queue.snoozing.end_due", 60),
    Tick("absences", "handoff.queue.standing_in.hand_on_due", 60),
    Tick("personas", "handoff.queue.lifting.lift_ended", 600),
    Tick("exclusions", "handoff.queue.excluding.keep_list", 5),
    Tick("triage", "handoff.queue.triage.keep_triage", 15),
    Tick("agreement", "handoff.feedback.agreeing.name_on_handoffs", 60),
    Tick("imports", "handoff.intake.importing.run_waiting", 5),
    Tick("weekly-views", "reports.weekly.mail_due", 600),
    Tick("notice-mail", "handoff.outbox.bundling.mail_notices", 10),
    Tick("mail", "handoff.outbox.delivery.deliver_due", 5),
)


def beat_schedule() -> dict[str, dict[str, object]]:
    """Return Celery's schedule: intervals only; an old doorbell expires instead of piling up."""
    return {
        tick.name: {
            "task": "handoff.run_tick",
            "args": [tick.name],
            "schedule": tick.seconds,
            "options": {"expires": max(tick.seconds, 10)},
        }
        for tick in TICKS
    }
