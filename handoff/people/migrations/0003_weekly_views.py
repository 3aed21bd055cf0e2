from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0002_absences_and_working_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="savedview",
            name="is_weekly",
            field=models.BooleanField(default=False, verbose_name="in the weekly mail"),
        ),
        migrations.AddIndex(
            model_name="savedview",
            index=models.Index(condition=models.Q(("is_weekly", True)), fields=["user"], name="view_to_mail"),
        ),
    ]
