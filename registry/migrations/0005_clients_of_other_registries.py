"""Tags and descriptions that change, other names, deleted models, and versions that stand for a source alone."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

import audits.trail.fields
from audits.trail.append_only import AppendOnly, LiftGuards


def fill(apps, schema_editor):
    """Say of each version which model it is of and when it moved last, and of each model what it is called."""
    transitions = apps.get_model("registry", "StageTransition").objects
    versions = apps.get_model("registry", "ModelVersion").objects.filter(pk=OuterRef("pk"))
    moves = transitions.filter(version=OuterRef("pk")).order_by("-moved_at")
    apps.get_model("registry", "VersionStage").objects.update(
        model_id=Subquery(versions.values("model_id")[:1]),
        number=Subquery(versions.values("number")[:1]),
        updated_at=Subquery(moves.values("moved_at")[:1]),
    )
    changes = {}
    deletions = apps.get_model("registry", "VersionDeletion").objects.values_list("version__model_id", "deleted_at")
    for model_id, at in [*transitions.values_list("version__model_id", "moved_at"), *deletions]:
        changes[model_id] = max(at, changes.get(model_id, at))
    states = apps.get_model("registry", "ModelState").objects
    for model in apps.get_model("registry", "RegisteredModel").objects.all():
        updated_at = max(model.registered_at, changes.get(model.pk, model.registered_at))
        states.create(model=model, name=model.name, is_listed=True, updated_at=updated_at)


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0006_actor_proofs"),
        ("registry", "0004_orders_of_models"),
    ]

    operations = [
        LiftGuards("RegisteredModel"),
        LiftGuards("ModelVersion"),
        LiftGuards("AliasAssignment"),
        migrations.CreateModel(
            name="Annotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("description", models.TextField(help_text="None: not spoken of.", null=True)),
                (
                    "tags",
                    audits.trail.fields.DocumentField(
                        default=dict, help_text="Texts by name; null for a tag that was taken away."
                    ),
                ),
                ("noted_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("noted_at", models.DateTimeField(help_text="UTC.")),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ArtifactBinding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(help_text="Digest of the artifact, hex.", max_length=64)),
                ("format", models.CharField(help_text="skops, xgboost, lightgbm or onnx.", max_length=20)),
                ("bound_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("bound_at", models.DateTimeField(help_text="UTC.")),
            ],
        ),
        migrations.CreateModel(
            name="CurrentAnnotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tag", models.CharField(blank=True, help_text="Empty: the description.", max_length=250)),
                ("value", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="ModelListing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_listed", models.BooleanField()),
                ("listed_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("listed_at", models.DateTimeField(help_text="UTC.")),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ModelRename",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="The new name.", max_length=256)),
                ("renamed_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("renamed_at", models.DateTimeField(help_text="UTC.")),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ModelState",
            fields=[
                (
                    "model",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="state",
                        serialize=False,
                        to="registry.registeredmodel",
                    ),
                ),
                ("name", models.CharField(help_text="Present name.", max_length=256, unique=True)),
                ("is_listed", models.BooleanField(help_text="No longer, once it is deleted.")),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_index=True,
                        help_text="When its name, its description or one of its versions changed last, UTC.",
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="modelversion",
            name="artifact_once_in_a_model",
        ),
        # The names in Python change and the columns' do not.
        migrations.AlterField(
            "modelversion",
            "artifact_sha256",
            models.CharField(
                null=True,
                db_column="artifact_sha256",
                help_text="Digest of the artifact it was registered with, hex; null: by its source alone.",
                max_length=64,
            ),
        ),
        migrations.RenameField("modelversion", "artifact_sha256", "registered_sha256"),
        migrations.AlterField(
            "modelversion",
            "artifact_format",
            models.CharField(
                blank=True,
                db_column="artifact_format",
                help_text="skops, xgboost, lightgbm or onnx; or empty.",
                max_length=20,
            ),
        ),
        migrations.RenameField("modelversion", "artifact_format", "registered_format"),
        migrations.AddField(
            model_name="modelversion",
            name="logged_model",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Model of a tracking server it is, as the pipeline says.",
                max_length=256,
            ),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="run_id",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Run of a tracking server that made it, as the pipeline says.",
                max_length=256,
            ),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="run_link",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Where that run can be looked at, as the pipeline says.",
                max_length=500,
            ),
        ),
        migrations.AddField(
            model_name="versionstage",
            name="model",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="positions",
                to="registry.registeredmodel",
            ),
        ),
        migrations.AddField(
            model_name="versionstage",
            name="number",
            field=models.PositiveIntegerField(default=0, help_text="The version's."),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="versionstage",
            name="updated_at",
            field=models.DateTimeField(
                default="2026-01-01T00:00:00Z",
                help_text="When its stage, its description or what is known of its artifact changed last, UTC.",
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="aliasassignment",
            name="alias",
            field=models.CharField(help_text="e.g. champion.", max_length=255),
        ),
        migrations.AlterField(
            model_name="currentalias",
            name="alias",
            field=models.CharField(max_length=255),
        ),
        migrations.AlterField(
            model_name="registeredmodel",
            name="name",
            field=models.CharField(
                help_text="Name it was registered under; its entries keep it for good.", max_length=256, unique=True
            ),
        ),
        migrations.AddIndex(
            model_name="modelversion",
            index=models.Index(
                condition=models.Q(("run_id", ""), _negated=True), fields=["run_id"], name="version_by_run"
            ),
        ),
        migrations.AddIndex(
            model_name="versionstage",
            index=models.Index(fields=["model", "stage", "number"], name="newest_in_a_stage"),
        ),
        migrations.AddIndex(
            model_name="versionstage",
            index=models.Index(fields=["updated_at", "version"], name="version_by_update"),
        ),
        migrations.AddIndex(
            model_name="versionstage",
            index=models.Index(fields=["model", "updated_at"], name="version_of_model_by_update"),
        ),
        migrations.AddConstraint(
            model_name="modelversion",
            constraint=models.UniqueConstraint(
                fields=("model", "registered_sha256"),
                name="artifact_once_in_a_model",
            ),
        ),
        migrations.AddField(
            model_name="annotation",
            name="entry",
            field=models.OneToOneField(
                editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
            ),
        ),
        migrations.AddField(
            model_name="annotation",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="annotations", to="registry.registeredmodel"
            ),
        ),
        migrations.AddField(
            model_name="annotation",
            name="version",
            field=models.ForeignKey(
                help_text="None: of the model.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="annotations",
                to="registry.modelversion",
            ),
        ),
        migrations.AddField(
            model_name="artifactbinding",
            name="entry",
            field=models.OneToOneField(
                editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
            ),
        ),
        migrations.AddField(
            model_name="artifactbinding",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.registeredmodel"
            ),
        ),
        migrations.AddField(
            model_name="artifactbinding",
            name="version",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="binding", to="registry.modelversion"
            ),
        ),
        migrations.AddField(
            model_name="currentannotation",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="noted", to="registry.registeredmodel"
            ),
        ),
        migrations.AddField(
            model_name="currentannotation",
            name="version",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="noted", to="registry.modelversion"
            ),
        ),
        migrations.AddField(
            model_name="modellisting",
            name="entry",
            field=models.OneToOneField(
                editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
            ),
        ),
        migrations.AddField(
            model_name="modellisting",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="listings", to="registry.registeredmodel"
            ),
        ),
        migrations.AddField(
            model_name="modelrename",
            name="entry",
            field=models.OneToOneField(
                editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
            ),
        ),
        migrations.AddField(
            model_name="modelrename",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="renames", to="registry.registeredmodel"
            ),
        ),
        migrations.AddConstraint(
            model_name="artifactbinding",
            constraint=models.UniqueConstraint(fields=("model", "sha256"), name="artifact_bound_once_in_a_model"),
        ),
        migrations.AddIndex(
            model_name="currentannotation",
            index=models.Index(fields=["tag", "version"], name="annotation_by_tag"),
        ),
        migrations.AddConstraint(
            model_name="currentannotation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("version__isnull", True)), fields=("model", "tag"), name="model_tag_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="currentannotation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("version__isnull", False)), fields=("version", "tag"), name="version_tag_once"
            ),
        ),
        migrations.AddIndex(
            model_name="modelrename",
            index=models.Index(fields=["name"], name="rename_by_name"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        AppendOnly("RegisteredModel"),
        AppendOnly("ModelVersion"),
        AppendOnly("AliasAssignment"),
        AppendOnly("Annotation"),
        AppendOnly("ArtifactBinding"),
        AppendOnly("ModelListing"),
        AppendOnly("ModelRename"),
    ]
