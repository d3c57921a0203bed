"""Why somebody took a version out."""

import django.db.models.deletion
from django.db import migrations, models

from audits.trail.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0006_actor_proofs"),
        ("governance", "0005_waivers_delegations_and_emergencies"),
        ("registry", "0003_evidence_rollouts_and_tombstones"),
    ]

    operations = [
        migrations.CreateModel(
            name="Retirement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("suspended", "Suspended"), ("retired", "Retired"), ("deleted", "Deleted")],
                        max_length=9,
                    ),
                ),
                (
                    "sealed_reason",
                    models.TextField(db_column="reason", help_text="Encrypted under the key of who took it out."),
                ),
                ("taken_out_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("taken_out_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="retirements",
                        to="registry.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        AppendOnly("Retirement"),
    ]
