"""A promotion can ask that all others in its target retire once the version moves."""

from django.db import migrations, models

from audits.trail.append_only import AppendOnly, LiftGuards


class Migration(migrations.Migration):
    dependencies = [("governance", "0009_uploads")]

    operations = [
        LiftGuards("Promotion"),
        migrations.AddField(
            model_name="promotion",
            name="replaces",
            field=models.BooleanField(
                default=False, help_text="Whether all others in the target retire once it moves."
            ),
        ),
        AppendOnly("Promotion"),
    ]
