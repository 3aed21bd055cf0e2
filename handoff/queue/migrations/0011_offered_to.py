import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def say_to_whom(apps, _schema_editor):
    """Of each takeover's clock: who returned it when it stopped, who is to blame for its breach, or who has the SQL."""
    Clock = apps.get_model("queue", "Clock")
    returned = apps.get_model("queue", "TakeoverReturn").objects.filter(
        qualification__handoff=models.OuterRef("handoff"), at=models.OuterRef("stopped_at")
    )
    breached = apps.get_model("queue", "Breach").objects.filter(clock=models.OuterRef("pk"))
    passed = apps.get_model("queue", "Qualification").objects.filter(handoff=models.OuterRef("handoff"))
    later = Clock.objects.filter(
        handoff=models.OuterRef("handoff"), metric="takeover", round__gt=models.OuterRef("round")
    )
    takeovers = Clock.objects.filter(metric="takeover", offered_to=None)
    takeovers.update(offered_to=models.Subquery(returned.values("by")[:1]))
    takeovers.update(offered_to=models.Subquery(breached.values("holder")[:1]))
    takeovers.exclude(models.Exists(later)).update(offered_to=models.Subquery(passed.values("takes_over")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ("queue", "0010_sampling"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="clock",
            name="offered_to",
            field=models.ForeignKey(
                help_text="Who is to take the SQL on: takeover.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(say_to_whom, migrations.RunPython.noop),
    ]
