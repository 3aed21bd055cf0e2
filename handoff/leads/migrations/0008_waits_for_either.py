from typing import Any

from django.db import migrations, models
from django.db.models import Value
from django.db.models.fields.json import KT
from django.db.models.functions import Concat


def wait_for_the_address_too(apps: Any, _schema_editor: Any) -> None:
    """Let what waits for an id, and was sent with an address, wait for that as well."""
    waiting = apps.get_model("leads", "Activity").objects.filter(lead=None, waits_key__startswith="id:")
    with_address = waiting.filter(waits_for__email__isnull=False).exclude(waits_for__email=None)
    with_address.update(waits_too=Concat(Value("email:"), KT("waits_for__email")))


class Migration(migrations.Migration):
    dependencies = [("leads", "0007_drawn_for_a_challenger")]

    operations = [
        migrations.AddField(
            model_name="activity",
            name="waits_too",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=260),
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(
                condition=models.Q(("lead", None), models.Q(("waits_too", ""), _negated=True)),
                fields=["waits_too"],
                name="activity_waiting_too",
            ),
        ),
        migrations.RunPython(wait_for_the_address_too, migrations.RunPython.noop),
    ]
