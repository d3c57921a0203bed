"""Policies that are proposed, waivers, delegations, conditions, emergencies, re-certification, rollouts."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import audits.trail.fields
from audits.trail.append_only import AppendOnly, LiftGuards


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0005_keys_and_persons"),
        ("governance", "0004_bundles"),
        ("registry", "0003_evidence_rollouts_and_tombstones"),
    ]

    operations = [
        LiftGuards("PolicyVersion"),
        LiftGuards("Promotion"),
        LiftGuards("GateDecisionRecord"),
        LiftGuards("Approval"),
        migrations.AddField(
            model_name="approval",
            name="meaning",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What the signature means: reviewed, approved, responsible_for.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="on_behalf_of",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Who delegated the right to speak, kind:id; may be empty.",
                max_length=120,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="reauthenticated_at",
            field=models.DateTimeField(
                help_text="When the password was given again for this signature, UTC.", null=True
            ),
        ),
        migrations.AddField(
            model_name="gatedecisionrecord",
            name="policies",
            field=audits.trail.fields.DocumentField(
                default=list, help_text="Policies it was decided by: name, number and sha256 of each."
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="authored_by",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Actor who proposed it, kind:id; never who published it.",
                max_length=120,
            ),
        ),
        migrations.AddField(
            model_name="promotion",
            name="percent",
            field=models.PositiveSmallIntegerField(default=0, help_text="Of a canary: share of the traffic, 1 to 99."),
        ),
        migrations.AddField(
            model_name="promotion",
            name="rollout",
            field=models.CharField(
                blank=True,
                choices=[("shadow", "Shadow"), ("canary", "Canary"), ("blue_green", "Blue Green"), ("full", "Full")],
                default="",
                help_text="Step of production; empty outside it.",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="approval",
            name="policy_sha256",
            field=models.CharField(help_text="Digest of the set of policies.", max_length=64),
        ),
        migrations.AlterField(
            model_name="openpromotion",
            name="target",
            field=models.CharField(
                blank=True,
                choices=[
                    ("development", "Development"),
                    ("staging", "Staging"),
                    ("production", "Production"),
                    ("suspended", "Suspended"),
                    ("retired", "Retired"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="promotion",
            name="policy",
            field=models.ForeignKey(
                help_text="No longer written: one policy guarded a move before several could.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="governance.policyversion",
            ),
        ),
        migrations.AlterField(
            model_name="promotion",
            name="target",
            field=models.CharField(
                blank=True,
                choices=[
                    ("development", "Development"),
                    ("staging", "Staging"),
                    ("production", "Production"),
                    ("suspended", "Suspended"),
                    ("retired", "Retired"),
                ],
                help_text="Empty: only the alias moves.",
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="ApprovalLapse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "because",
                    models.CharField(
                        help_text="What changed: artifact, evidence, policies, or several.", max_length=40
                    ),
                ),
                ("lapsed_at", models.DateTimeField(help_text="UTC.")),
                (
                    "approval",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lapse", to="governance.approval"
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
        migrations.CreateModel(
            name="BreakGlass",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "sealed_reason",
                    models.TextField(db_column="reason", help_text="Encrypted under the key of who invoked it."),
                ),
                ("invoked_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("invoked_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "promotion",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="break_glass",
                        to="governance.promotion",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="BreakGlassConfirmation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("confirmed_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("confirmed_at", models.DateTimeField(help_text="UTC.")),
                (
                    "skipped",
                    audits.trail.fields.DocumentField(
                        help_text="What the gate would have answered: the reasons that were gone past."
                    ),
                ),
                ("review_due_at", models.DateTimeField(help_text="UTC; 72 hours later.")),
                (
                    "break_glass",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmation",
                        to="governance.breakglass",
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
        migrations.CreateModel(
            name="BreakGlassReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "verdict",
                    models.CharField(
                        choices=[("justified", "Justified"), ("not_justified", "Not Justified")], max_length=14
                    ),
                ),
                (
                    "sealed_reason",
                    models.TextField(db_column="reason", help_text="Encrypted under the reviewer's key."),
                ),
                ("reviewed_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("reviewed_at", models.DateTimeField(help_text="UTC.")),
                (
                    "break_glass",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="review", to="governance.breakglass"
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
        migrations.CreateModel(
            name="Condition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "sealed_text",
                    models.TextField(
                        db_column="text", help_text="What must be done, encrypted under the author's key."
                    ),
                ),
                ("owner", models.CharField(help_text="Who must do it, kind:id.", max_length=120)),
                ("set_by", models.CharField(help_text="The approver, kind:id.", max_length=120)),
                ("set_at", models.DateTimeField(help_text="UTC.")),
                ("due_at", models.DateTimeField(help_text="UTC.")),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="conditions", to="governance.approval"
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
            name="ConditionFulfilment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "sealed_note",
                    models.TextField(db_column="note", help_text="What was seen, encrypted under that person's key."),
                ),
                ("met_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("met_at", models.DateTimeField(help_text="UTC.")),
                (
                    "condition",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fulfilment",
                        to="governance.condition",
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
        migrations.CreateModel(
            name="DeadlinePassed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("waiver", "Waiver"),
                            ("condition", "Condition"),
                            ("break_glass_review", "Break Glass Review"),
                            ("recertification_due", "Recertification Due"),
                            ("recertification", "Recertification"),
                            ("approval", "Approval"),
                            ("delegation", "Delegation"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "about",
                    models.CharField(help_text="Subject of what had the deadline, such as waiver/uid.", max_length=300),
                ),
                ("due_at", models.DateTimeField(help_text="UTC.")),
                ("reminder", models.PositiveIntegerField(default=0, help_text="0 for the first, then 1, 2, 3 …")),
                ("noted_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deadlines_passed",
                        to="registry.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                ("group", models.CharField(help_text="Group for which the delegate may speak.", max_length=12)),
                ("starts_at", models.DateTimeField(help_text="UTC.")),
                ("ends_at", models.DateTimeField(help_text="UTC.")),
                ("delegated_by", models.CharField(help_text="Actor, kind:id: the delegator.", max_length=120)),
                ("delegated_at", models.DateTimeField(help_text="UTC.")),
                (
                    "delegate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations_held",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "delegator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations_given",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        help_text="Only this model; null: all.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.registeredmodel",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="DelegationRevocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revoked_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("revoked_at", models.DateTimeField(help_text="UTC.")),
                (
                    "delegation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revocation",
                        to="governance.delegation",
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
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sentence", models.CharField(max_length=500)),
                ("about", models.CharField(help_text="Subject, such as promotion/uid.", max_length=300)),
                ("created_at", models.DateTimeField(help_text="UTC.")),
                ("read_at", models.DateTimeField(help_text="UTC.", null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notices", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="PolicyDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                ("name", models.CharField(db_index=True, max_length=60)),
                ("title", models.CharField(max_length=200)),
                ("text", models.TextField(help_text="The YAML document, verbatim.")),
                ("sha256", models.CharField(help_text="Digest of the text, hex.", max_length=64)),
                (
                    "sealed_reason",
                    models.TextField(blank=True, db_column="reason", help_text="Encrypted under the author's key."),
                ),
                ("authored_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("proposed_at", models.DateTimeField(help_text="UTC.")),
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
        migrations.CreateModel(
            name="PolicyDraftClosure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "outcome",
                    models.CharField(
                        choices=[("published", "Published"), ("refused", "Refused"), ("withdrawn", "Withdrawn")],
                        max_length=10,
                    ),
                ),
                ("closed_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("closed_at", models.DateTimeField(help_text="UTC.")),
                (
                    "draft",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="closure", to="governance.policydraft"
                    ),
                ),
                (
                    "edition",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="draft_closure",
                        to="governance.policyversion",
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
        migrations.CreateModel(
            name="RecertificationTrigger",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("drift", "Drift"),
                            ("training_data", "Training Data"),
                            ("upstream", "Upstream"),
                            ("incident", "Incident"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "because",
                    models.CharField(
                        blank=True, help_text="Subject of what happened, such as a version.", max_length=300
                    ),
                ),
                (
                    "sealed_reason",
                    models.TextField(
                        blank=True, db_column="reason", help_text="Encrypted under the key of who raised it."
                    ),
                ),
                ("raised_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("raised_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="triggers", to="registry.modelversion"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Recusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                ("person", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("sealed_reason", models.TextField(db_column="reason", help_text="Encrypted under the person's key.")),
                ("recused_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="recusals", to="governance.promotion"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Waiver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="Name for the outside world.", unique=True)),
                (
                    "target",
                    models.CharField(
                        choices=[
                            ("development", "Development"),
                            ("staging", "Staging"),
                            ("production", "Production"),
                            ("suspended", "Suspended"),
                            ("retired", "Retired"),
                        ],
                        max_length=12,
                    ),
                ),
                ("policy", models.CharField(help_text="Name of the policy.", max_length=60)),
                (
                    "requirement",
                    models.CharField(help_text="Id of the requirement or document in the policy.", max_length=80),
                ),
                (
                    "finding",
                    models.CharField(blank=True, help_text="Stable key of one finding; empty for all.", max_length=300),
                ),
                ("sealed_reason", models.TextField(db_column="reason", help_text="Encrypted under the grantor's key.")),
                (
                    "sealed_control",
                    models.TextField(
                        db_column="compensating_control",
                        help_text="What is done instead, encrypted under the grantor's key.",
                    ),
                ),
                ("granted_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("granted_at", models.DateTimeField(help_text="UTC.")),
                ("expires_at", models.DateTimeField(help_text="UTC; at most 90 days later.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="waivers", to="registry.modelversion"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WaiverRevocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revoked_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("revoked_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
                (
                    "waiver",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="revocation", to="governance.waiver"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="condition",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("set_at"))), name="condition_leaves_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="deadlinepassed",
            constraint=models.UniqueConstraint(
                fields=("kind", "about", "due_at", "reminder"), name="deadline_noted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="delegation_has_an_end"
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(("delegator", models.F("delegate")), _negated=True),
                name="nobody_delegates_to_themself",
            ),
        ),
        migrations.AddConstraint(
            model_name="recusal",
            constraint=models.UniqueConstraint(fields=("promotion", "person"), name="one_recusal_per_person"),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("granted_at"))), name="waiver_has_an_end"
            ),
        ),
        AppendOnly("PolicyVersion"),
        AppendOnly("Promotion"),
        AppendOnly("GateDecisionRecord"),
        AppendOnly("Approval"),
        AppendOnly("ApprovalLapse"),
        AppendOnly("BreakGlass"),
        AppendOnly("BreakGlassConfirmation"),
        AppendOnly("BreakGlassReview"),
        AppendOnly("Condition"),
        AppendOnly("ConditionFulfilment"),
        AppendOnly("DeadlinePassed"),
        AppendOnly("Delegation"),
        AppendOnly("DelegationRevocation"),
        AppendOnly("PolicyDraft"),
        AppendOnly("PolicyDraftClosure"),
        AppendOnly("RecertificationTrigger"),
        AppendOnly("Recusal"),
        AppendOnly("Waiver"),
        AppendOnly("WaiverRevocation"),
    ]
