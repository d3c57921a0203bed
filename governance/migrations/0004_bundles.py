"""Keep on record which evidence bundles were taken away."""

import django.db.models.deletion
from django.db import migrations, models

import audits.trail.fields
from audits.trail.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0005_keys_and_persons"),
        ("governance", "0003_sealed_reasons"),
    ]

    operations = [
        migrations.CreateModel(
            name="BundleExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "subjects",
                    audits.trail.fields.DocumentField(
                        help_text="What the bundle is about, sorted; [] for the whole trail."
                    ),
                ),
                ("checkpoint_size", models.BigIntegerField(help_text="Entries under the checkpoint it holds.")),
                (
                    "since",
                    models.BigIntegerField(help_text="Size of the checkpoint it shows to be continued; 0 for none."),
                ),
                ("file_name", models.CharField(max_length=200)),
                ("sha256", models.CharField(help_text="Digest of the bytes, hex.", max_length=64)),
                ("size", models.BigIntegerField(help_text="Bytes.")),
                ("exported_by", models.CharField(db_index=True, help_text="Actor, kind:id.", max_length=120)),
                ("exported_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        AppendOnly("BundleExport"),
    ]
