"""Sources: other names for them, and what they cost by month."""

import django.core.validators
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0005_aliases_and_likeness"),
    ]

    operations = [
        migrations.CreateModel(
            name="SourceAlias",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name that comes in")),
                ("source", models.CharField(max_length=120, verbose_name="counts as")),
            ],
            options={
                "verbose_name": "other name of a source",
                "verbose_name_plural": "other names of sources",
                "ordering": ["source", "name"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"), name="one_meaning_per_name_of_a_source"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceCost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=120, verbose_name="source")),
                ("month", models.DateField(help_text="Any day of it.", verbose_name="month")),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2,
                        max_digits=14,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="amount",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator("^[A-Z]{3}$", "Use three letters, such as EUR.")
                        ],
                        verbose_name="currency",
                    ),
                ),
            ],
            options={
                "verbose_name": "cost of a source",
                "verbose_name_plural": "costs of sources",
                "ordering": ["-month", "source", "currency"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("source"),
                        models.F("month"),
                        models.F("currency"),
                        name="one_cost_per_source_and_month",
                    ),
                    models.CheckConstraint(condition=models.Q(("month__day", 1)), name="cost_of_a_whole_month"),
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="cost_of_zero_or_more"),
                ],
            },
        ),
    ]
