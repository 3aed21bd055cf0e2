"""Imports count the past handoffs and touches that they brought."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0002_links"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="handoffs",
            field=models.PositiveIntegerField(default=0, verbose_name="past handoffs"),
        ),
        migrations.AddField(
            model_name="import",
            name="touches",
            field=models.PositiveIntegerField(default=0, verbose_name="past touches"),
        ),
    ]
