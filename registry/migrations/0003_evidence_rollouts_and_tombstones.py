"""Entry types, parents, rollouts, evidence that joins later, dependencies and tombstones."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

import audits.trail.fields
from audits.trail.append_only import AppendOnly, LiftGuards


def fill_standing(apps, schema_editor):
    """Say of each version since when it has been where it is; in production, so far, everybody was served."""
    moves = apps.get_model("registry", "StageTransition").objects.filter(version=OuterRef("version")).order_by("-id")
    rows = apps.get_model("registry", "VersionStage").objects
    rows.update(since=Subquery(moves.values("moved_at")[:1]))
    rows.filter(stage="production").update(rollout="full")


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0005_keys_and_persons"),
        ("registry", "0002_guards"),
    ]

    operations = [
        LiftGuards("RegisteredModel"),
        LiftGuards("ModelVersion"),
        LiftGuards("StageTransition"),
        LiftGuards("AliasAssignment"),
        migrations.AddField(
            model_name="modelversion",
            name="parent",
            field=models.ForeignKey(
                help_text="What a fine-tune or an adapter was made from.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="descendants",
                to="registry.modelversion",
            ),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="trained_by",
            field=models.CharField(
                blank=True, default="", help_text="Owner of the training run, kind:id; may be empty.", max_length=120
            ),
        ),
        migrations.AddField(
            model_name="registeredmodel",
            name="entry_type",
            field=models.CharField(
                choices=[
                    ("trained_model", "Trained Model"),
                    ("foundation_model", "Foundation Model"),
                    ("fine_tune", "Fine Tune"),
                    ("adapter", "Adapter"),
                    ("prompt", "Prompt"),
                    ("agent", "Agent"),
                    ("vendor_model", "Vendor Model"),
                ],
                default="trained_model",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="registeredmodel",
            name="tags",
            field=audits.trail.fields.DocumentField(
                default=dict, help_text="Texts by name, given at registration; policies can ask for them."
            ),
        ),
        migrations.AddField(
            model_name="stagetransition",
            name="percent",
            field=models.PositiveSmallIntegerField(default=0, help_text="Of a canary: share of the traffic, 1 to 99."),
        ),
        migrations.AddField(
            model_name="stagetransition",
            name="rollout",
            field=models.CharField(
                blank=True,
                choices=[("shadow", "Shadow"), ("canary", "Canary"), ("blue_green", "Blue Green"), ("full", "Full")],
                default="",
                help_text="In production: how far; empty means full.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="versionstage",
            name="percent",
            field=models.PositiveSmallIntegerField(default=0, help_text="Of a canary: share of the traffic, 1 to 99."),
        ),
        migrations.AddField(
            model_name="versionstage",
            name="rollout",
            field=models.CharField(
                blank=True,
                choices=[("shadow", "Shadow"), ("canary", "Canary"), ("blue_green", "Blue Green"), ("full", "Full")],
                default="",
                help_text="Empty outside production.",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="versionstage",
            name="since",
            field=models.DateTimeField(default="2026-01-01T00:00:00Z", help_text="When it got there, UTC."),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="aliasassignment",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="alias_assignments",
                to="registry.modelversion",
            ),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="task",
            field=models.CharField(
                choices=[
                    ("binary", "Binary"),
                    ("multiclass", "Multiclass"),
                    ("regression", "Regression"),
                    ("generation", "Generation"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="EvidenceAttachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("artifact", "Artifact"), ("table", "Table"), ("document", "Document")], max_length=12
                    ),
                ),
                (
                    "purpose",
                    models.CharField(help_text="What it serves for: evaluation, dpia, model_card …", max_length=40),
                ),
                (
                    "reference",
                    audits.trail.fields.DocumentField(help_text="uid, sha256 and declaration_sha256 of the evidence."),
                ),
                ("attached_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("attached_at", models.DateTimeField(help_text="UTC.")),
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
                        related_name="attachments",
                        to="registry.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="VersionDeletion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("deleted_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("deleted_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deletion", to="registry.modelversion"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="VersionDependency",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dependents",
                        to="registry.modelversion",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dependencies",
                        to="registry.modelversion",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("version", "upstream"), name="dependency_once")],
            },
        ),
        migrations.RunPython(fill_standing, migrations.RunPython.noop),
        AppendOnly("RegisteredModel"),
        AppendOnly("ModelVersion"),
        AppendOnly("StageTransition"),
        AppendOnly("AliasAssignment"),
        AppendOnly("EvidenceAttachment"),
        AppendOnly("VersionDeletion"),
        AppendOnly("VersionDependency"),
    ]
