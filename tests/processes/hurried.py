"""The site's Celery application; its beat rings for enforcement alone, each second, so that kills meet it at work."""

from handoff.config.celery import app

app.conf.beat_schedule = {
    "enforcement": {"task": "handoff.run_tick", "args": ["enforcement"], "schedule": 1, "options": {"expires": 10}}
}
