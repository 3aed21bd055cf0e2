import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0005_aliases_and_likeness"),
        ("people", "0002_absences_and_working_lists"),
        ("queue", "0009_agreement_version"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Sampling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "band",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                        verbose_name="points below the threshold",
                    ),
                ),
                (
                    "share",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="share of them, in percent",
                    ),
                ),
                (
                    "weekly_number",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                        verbose_name="at most so many a week",
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("marketing_at", models.DateTimeField(null=True)),
                ("sales_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(help_text="When the second of them signed.", null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "marketing_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sales_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="samplings",
                        to="people.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "sampling below the line",
                "verbose_name_plural": "samplings below the line",
                "ordering": ["-proposed_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Sample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("drawn", models.PositiveBigIntegerField(unique=True)),
                ("at", models.DateTimeField()),
                ("week", models.DateField(help_text="The Monday of the week it counts in, in the model's time zone.")),
                ("total", models.FloatField(verbose_name="score")),
                (
                    "handoff",
                    models.OneToOneField(
                        help_text="None where the week had no room left.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="queue.handoff",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="samples", to="leads.lead"
                    ),
                ),
                (
                    "sampling",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="samples", to="queue.sampling"
                    ),
                ),
            ],
            options={
                "verbose_name": "sample below the line",
                "verbose_name_plural": "samples below the line",
                "ordering": ["at", "id"],
            },
        ),
        migrations.AddConstraint(
            model_name="sampling",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("team",), name="one_standing_sampling_per_team"
            ),
        ),
        migrations.AddConstraint(
            model_name="sampling",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("started_at", None),
                    models.Q(("marketing_at__isnull", False), ("sales_at__isnull", False)),
                    _connector="OR",
                ),
                name="sampling_starts_when_both_have_signed",
            ),
        ),
        migrations.AddConstraint(
            model_name="sampling",
            constraint=models.CheckConstraint(
                condition=models.Q(("band__gte", 1), ("share__gte", 1), ("share__lte", 100), ("weekly_number__gte", 1)),
                name="sampling_has_a_size",
            ),
        ),
        migrations.AddIndex(
            model_name="sample",
            index=models.Index(fields=["sampling", "week"], name="sample_by_week"),
        ),
    ]
