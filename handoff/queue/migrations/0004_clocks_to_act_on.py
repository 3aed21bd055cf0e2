"""Clocks that run already are enforced as they were: their breach is what is next to be done; SQLs are taken on."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, OuterRef, Subquery


def act_when_due(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    clock = apps.get_model("queue", "Clock")
    clock.objects.filter(stopped_at=None, breach=None).update(acts_at=F("due_at"))
    first = clock.objects.filter(handoff=OuterRef("pk")).order_by("id").values("policy")[:1]
    apps.get_model("queue", "Handoff").objects.filter(closed_at=None).update(policy=Subquery(first))
    apps.get_model("queue", "Qualification").objects.filter(accepted_at=None).update(accepted_at=F("at"))


class Migration(migrations.Migration):
    dependencies = [("queue", "0003_ladders_and_lapsing"), ("sla", "0003_targets_keep_their_meaning")]

    operations = [migrations.RunPython(act_when_due, migrations.RunPython.noop)]
