"""How far tokens reach, what follows them, and when they were last used."""

import django.db.models.deletion
from django.db import migrations, models

import audits.trail.fields
from audits.trail.append_only import AppendOnly, LiftGuards


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0006_actor_proofs"),
        ("governance", "0006_retirements"),
    ]

    operations = [
        LiftGuards("AccessToken"),
        migrations.CreateModel(
            name="TokenUse",
            fields=[
                (
                    "token",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="use",
                        serialize=False,
                        to="governance.accesstoken",
                    ),
                ),
                ("minute", models.DateTimeField(help_text="Start of the minute it was last used in, UTC.")),
                ("taken", models.PositiveIntegerField(help_text="Requests that processes took for that minute.")),
            ],
        ),
        migrations.AddField(
            model_name="accesstoken",
            name="model_names",
            field=audits.trail.fields.DocumentField(
                default=list, help_text="Names of models it reaches, credit-* for all that begin so; [] for all."
            ),
        ),
        migrations.AddField(
            model_name="accesstoken",
            name="targets",
            field=audits.trail.fields.DocumentField(
                default=list, help_text="Stages it may act for (staging, production); [] for all."
            ),
        ),
        migrations.CreateModel(
            name="TokenRotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rotated_at", models.DateTimeField(help_text="UTC.")),
                ("ends_at", models.DateTimeField(help_text="Until when the old one is taken, UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "successor",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.accesstoken"
                    ),
                ),
                (
                    "token",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rotation",
                        to="governance.accesstoken",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        AppendOnly("AccessToken"),
        AppendOnly("TokenRotation"),
    ]
