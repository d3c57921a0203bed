"""Who else is told of what happens."""

import django.db.models.deletion
from django.db import migrations, models

import audits.trail.fields
from audits.trail.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [
        ("audits", "0006_actor_proofs"),
        ("governance", "0007_token_scopes"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(help_text="The message's id, the same in every attempt.", unique=True)),
                ("index", models.BigIntegerField(help_text="Index of the entry it tells of.")),
                (
                    "part",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Of an entry that is several events in the dialect."
                    ),
                ),
                ("event", models.CharField(help_text="As the dialect calls it.", max_length=60)),
                ("body", models.TextField(help_text="JSON, the same bytes in every attempt.")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("delivered", "Delivered"), ("dead", "Dead")],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(
                        default=0, help_text="Failed attempts since it was made or sent again."
                    ),
                ),
                ("made_at", models.DateTimeField(help_text="UTC; when it was made or, by hand, sent again.")),
                ("due_at", models.DateTimeField(help_text="UTC; not tried before this.")),
                ("ended_at", models.DateTimeField(help_text="UTC; when it arrived or was given up.", null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WebhookFeed",
            fields=[
                ("lease_token", models.UUIDField(help_text="Who may deliver: only the newest holder.", null=True)),
                ("lease_until", models.DateTimeField(help_text="UTC; after this the work counts as lost.", null=True)),
                ("webhook", models.UUIDField(help_text="As in its editions.", primary_key=True, serialize=False)),
                ("cursor", models.BigIntegerField(help_text="Index of the first entry that was not looked at yet.")),
                (
                    "failures",
                    models.PositiveIntegerField(
                        default=0, help_text="Attempts in a row in which the receiver was not well."
                    ),
                ),
                ("rest_until", models.DateTimeField(help_text="UTC; nothing is sent before this.", null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(help_text="UTC.")),
                ("milliseconds", models.PositiveIntegerField(help_text="How long it took.")),
                ("status", models.PositiveSmallIntegerField(help_text="HTTP status; 0 when nothing came back.")),
                ("answer", models.TextField(blank=True, help_text="Beginning of the answer, at most 1,000 bytes.")),
                (
                    "problem",
                    models.CharField(
                        blank=True, help_text="Why nothing came back, or what is wrong with it.", max_length=300
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="governance.webhookdelivery",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="feed",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="governance.webhookfeed"
            ),
        ),
        migrations.CreateModel(
            name="WebhookSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed", models.BinaryField(help_text="Nonce of 12 bytes, ciphertext and tag.", max_length=300)),
                ("made_at", models.DateTimeField(help_text="UTC.")),
                (
                    "ends_at",
                    models.DateTimeField(help_text="UTC; signs until then. null: the one in force.", null=True),
                ),
                (
                    "feed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="secrets", to="governance.webhookfeed"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WebhookEdition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "webhook",
                    models.UUIDField(
                        help_text="Name of the webhook for the outside world; the same in all its editions."
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="1, 2, 3 … within the webhook.")),
                ("name", models.CharField(max_length=120)),
                ("description", models.TextField(blank=True)),
                ("url", models.CharField(help_text="Where messages are sent.", max_length=1000)),
                (
                    "dialect",
                    models.CharField(choices=[("countersign", "countersign"), ("mlflow", "mlflow")], max_length=11),
                ),
                (
                    "events",
                    audits.trail.fields.DocumentField(
                        help_text="Names of events, noun.* or *, sorted, as the dialect calls them."
                    ),
                ),
                (
                    "model",
                    models.CharField(
                        blank=True, help_text="Only about this model, or name*; empty: all.", max_length=121
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("paused", "Paused"), ("deleted", "Deleted")], max_length=7
                    ),
                ),
                ("set_by", models.CharField(help_text="Actor, kind:id.", max_length=120)),
                ("set_at", models.DateTimeField(help_text="UTC.")),
                (
                    "entry",
                    models.OneToOneField(
                        editable=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="audits.entry"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("webhook", "number"), name="one_edition_per_number_of_webhook")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["feed", "state", "index"], name="webhook_delivery_next"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["ended_at"], name="webhook_delivery_ended"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("feed", "index", "part"), name="one_delivery_per_webhook_and_event"
            ),
        ),
        AppendOnly("WebhookEdition"),
    ]
