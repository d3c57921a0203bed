"""What is said about a version, in which words, and what was taken back."""

import django.db.models.deletion
from django.db import migrations, models

from audits.trail.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0006_actor_proofs"),
        ("governance", "0010_promotions_that_replace"),
        ("registry", "0007_several_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "sealed_text",
                    models.TextField(db_column="text", help_text="First wording, encrypted under the author's key."),
                ),
                ("written_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("written_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="comments", to="registry.modelversion"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="CommentRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "sealed_text",
                    models.TextField(db_column="text", help_text="This wording, encrypted under the author's key."),
                ),
                ("written_by", models.CharField(help_text="The author of the comment, kind:id.", max_length=120)),
                ("written_at", models.DateTimeField(help_text="UTC.")),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="revisions", to="governance.comment"
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="CommentWithdrawal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("withdrawn_by", models.CharField(help_text="The author of the comment, kind:id.", max_length=120)),
                ("withdrawn_at", models.DateTimeField(help_text="UTC.")),
                (
                    "comment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="withdrawal", to="governance.comment"
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        AppendOnly("Comment"),
        AppendOnly("CommentRevision"),
        AppendOnly("CommentWithdrawal"),
    ]
