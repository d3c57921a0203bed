"""Make the facts of the registry append-only."""

from django.db import migrations

from audits.trail.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [
        AppendOnly("RegisteredModel"),
        AppendOnly("ModelVersion"),
        AppendOnly("StageTransition"),
        AppendOnly("AliasAssignment"),
    ]
