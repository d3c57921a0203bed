"""Make entries, checkpoints and recorded rows append-only, and start the trail at nothing."""

from datetime import UTC, datetime

from django.db import migrations

from audits.trail.append_only import AppendOnly
from audits.trail.numbering import InstallNumbering


def start(apps, schema_editor):
    beginning = datetime(2000, 1, 1, tzinfo=UTC)
    apps.get_model("audits", "Head").objects.create(id=1, size=0, chain_hash=bytes(32), recorded_at=beginning)
    apps.get_model("audits", "TreeState").objects.create(id=1, size=0, frontier=b"")


class Migration(migrations.Migration):
    dependencies = [("audits", "0001_initial")]

    operations = [
        migrations.RunPython(start, migrations.RunPython.noop),
        InstallNumbering(),
        AppendOnly("Entry"),
        AppendOnly("Checkpoint"),
        AppendOnly("Evidence"),
        AppendOnly("CheckRun"),
        AppendOnly("CheckResult"),
    ]
