"""Keep the keys under which people's free text is encrypted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audits", "0004_witnesses")]

    operations = [
        migrations.CreateModel(
            name="PersonKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        help_text="Named in the ciphertext and in the entry of an erasure.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("actor", models.CharField(help_text="Whose texts, kind:id.", max_length=120)),
                ("purpose", models.CharField(help_text="Which kind of text, e.g. approval.", max_length=20)),
                ("secret", models.BinaryField(help_text="AES-256 key; empty once it is destroyed.", max_length=32)),
                ("made_at", models.DateTimeField(help_text="UTC.")),
                ("destroyed_at", models.DateTimeField(help_text="UTC.", null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("actor", "purpose"), name="one_key_per_actor_and_purpose")
                ],
            },
        ),
    ]
