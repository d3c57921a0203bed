"""Keep beside each entry the proof that the service wrote it."""

from django.db import migrations, models

from audits.trail.numbering import FUNCTION

WITHOUT_PROOFS = "countersign_append(uuid[], text, text[], text[], text[], text[])"


def number_with_proofs(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        # Two functions of one name would let a caller without proofs go on.
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {WITHOUT_PROOFS}", params=None)
        schema_editor.execute(FUNCTION, params=None)


class Migration(migrations.Migration):
    dependencies = [("audits", "0005_keys_and_persons")]

    operations = [
        migrations.AddField(
            model_name="entry",
            name="proof",
            field=models.BinaryField(
                help_text="HMAC by the service that wrote it; none in entries older than proofs.",
                max_length=32,
                null=True,
            ),
        ),
        migrations.RunPython(number_with_proofs),
    ]
