"""Reasons are encrypted from now on. The columns stay as they are, and so do the digests of every row."""

from django.db import migrations, models

REASONS = {
    "Approval": models.TextField(db_column="reason", help_text="Encrypted under the approver's key."),
    "Promotion": models.TextField(
        blank=True, db_column="reason", help_text="What the requester says, encrypted under the requester's key."
    ),
    "Rollback": models.TextField(db_column="reason", help_text="Encrypted under the key of who rolled back."),
}


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_guards"), ("audits", "0005_keys_and_persons")]

    # The name in Python changes and the column's does not: no SQL runs, and no guarded table is built anew.
    operations = [
        operation
        for model, field in REASONS.items()
        for operation in (
            migrations.AlterField(model, "reason", field),
            migrations.RenameField(model, "reason", "sealed_reason"),
        )
    ]
