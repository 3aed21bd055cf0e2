"""What was agreed before touches needed proof goes on as it was agreed."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep_meaning(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("sla", "Target").objects.update(needs_proof=False)


class Migration(migrations.Migration):
    dependencies = [("sla", "0002_ladders")]

    operations = [migrations.RunPython(keep_meaning, migrations.RunPython.noop)]
