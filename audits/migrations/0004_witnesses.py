"""Remember what witnesses said of us, what we said of others as their witness, and where checkpoints were kept."""

import django.db.models.deletion
from django.db import migrations, models

from audits.trail.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("audits", "0003_tiles")]

    operations = [
        migrations.CreateModel(
            name="Anchoring",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("anchor", models.CharField(help_text="The place, as COUNTERSIGN_ANCHORS names it.", max_length=500)),
                ("size", models.BigIntegerField(help_text="Entries covered.")),
                ("kept_at", models.DateTimeField(help_text="UTC.")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("anchor",), name="one_row_per_anchor")]},
        ),
        migrations.CreateModel(
            name="WitnessedCheckpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "origin",
                    models.CharField(help_text="The log's name, first line of its checkpoints.", max_length=300),
                ),
                (
                    "origin_sha256",
                    models.CharField(db_index=True, help_text="SHA-256 of the origin, hex.", max_length=64),
                ),
                (
                    "old_size",
                    models.BigIntegerField(help_text="Size of the checkpoint remembered before; 0 for none."),
                ),
                ("size", models.BigIntegerField(help_text="Entries covered.")),
                ("root", models.BinaryField(help_text="RFC 6962 root.", max_length=32)),
                (
                    "note",
                    models.TextField(help_text="The note as the log sent it, with its signature, verbatim."),
                ),
                ("seen_at", models.DateTimeField(help_text="UTC.")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("origin", "old_size"), name="one_future_per_log"),
                    models.UniqueConstraint(fields=("origin", "size"), name="one_tree_per_size"),
                ]
            },
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "witness",
                    models.CharField(help_text="Name and key id of the witness's key.", max_length=300),
                ),
                (
                    "line",
                    models.TextField(help_text="The C2SP signature line, verbatim, with its newline."),
                ),
                (
                    "time",
                    models.BigIntegerField(help_text="POSIX seconds, by the witness's clock; inside the signature."),
                ),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cosignatures",
                        to="audits.checkpoint",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("checkpoint", "witness"), name="one_word_per_witness")]
            },
        ),
        AppendOnly("Cosignature"),
        AppendOnly("WitnessedCheckpoint"),
    ]
