"""Files that come in pieces."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0008_webhooks"),
    ]

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world, and of the file.", unique=True)),
                ("sha256", models.CharField(help_text="Digest announced, hex.", max_length=64)),
                ("size", models.BigIntegerField(help_text="Bytes announced.")),
                ("begun_at", models.DateTimeField(help_text="UTC.")),
                (
                    "expires_at",
                    models.DateTimeField(db_index=True, help_text="When it is thrown away unfinished, UTC."),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("account", "sha256", "size"), name="upload_once")],
            },
        ),
    ]
