"""Who else is told of what happens, and what came of telling them?"""

from django.db import models

from audits.leases import Leased
from audits.trail import DocumentField, Recorded
from governance.webhooks.events import Dialect


class WebhookStatus(models.TextChoices):
    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"


class WebhookEdition(Recorded):
    """How a webhook was set from one moment on: where to, for which events, in which dialect.

    Created by: `create_webhook`, `change_webhook` and `delete_webhook`. The newest edition of a webhook counts.
    States, of the webhook: 1. active, 2. paused (it keeps its place), 3. deleted.
    Personal data: no; the address is that of a program.
    """

    webhook = models.UUIDField(help_text="Name of the webhook for the outside world; the same in all its editions.")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the webhook.")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    url = models.CharField(max_length=1000, help_text="Where messages are sent.")
    dialect = models.CharField(max_length=11, choices=[(dialect.value, dialect.value) for dialect in Dialect])
    events = DocumentField(help_text="Names of events, noun.* or *, sorted, as the dialect calls them.")
    model = models.CharField(max_length=121, blank=True, help_text="Only about this model, or name*; empty: all.")
    status = models.CharField(max_length=7, choices=WebhookStatus)
    set_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    set_at = models.DateTimeField(help_text="UTC.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "number"], name="one_edition_per_number_of_webhook")]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        return f"webhook/{self.webhook}"


class WebhookFeed(Leased):
    """How far the trail has been read for a webhook, and how its receiver is. Operational.

    Whoever holds its lease makes the webhook's deliveries and sends them, one after the other.
    """

    webhook = models.UUIDField(primary_key=True, help_text="As in its editions.")
    cursor = models.BigIntegerField(help_text="Index of the first entry that was not looked at yet.")
    failures = models.PositiveIntegerField(default=0, help_text="Attempts in a row in which the receiver was not well.")
    rest_until = models.DateTimeField(null=True, help_text="UTC; nothing is sent before this.")

    def __str__(self) -> str:
        return f"webhook {self.webhook} at {self.cursor}"


class WebhookSecret(models.Model):
    """What a webhook's messages are signed with. Operational; no entry and no digest covers it.

    Sealed with AES-256-GCM under a key made from the installation's secret key, which is not in the database.
    """

    feed = models.ForeignKey(WebhookFeed, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.BinaryField(max_length=300, help_text="Nonce of 12 bytes, ciphertext and tag.")
    made_at = models.DateTimeField(help_text="UTC.")
    ends_at = models.DateTimeField(null=True, help_text="UTC; signs until then. null: the one in force.")

    def __str__(self) -> str:
        return f"secret of {self.feed_id}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class WebhookDelivery(models.Model):
    """One message about one event for one webhook, and how far it got. Operational.

    Its uid follows from webhook and entry, so that however often it is made and sent, the receiver sees one id.
    """

    uid = models.UUIDField(unique=True, help_text="The message's id, the same in every attempt.")
    feed = models.ForeignKey(WebhookFeed, on_delete=models.CASCADE, related_name="deliveries")
    index = models.BigIntegerField(help_text="Index of the entry it tells of.")
    part = models.PositiveSmallIntegerField(default=0, help_text="Of an entry that is several events in the dialect.")
    event = models.CharField(max_length=60, help_text="As the dialect calls it.")
    body = models.TextField(help_text="JSON, the same bytes in every attempt.")
    state = models.CharField(max_length=9, choices=DeliveryState, default=DeliveryState.WAITING)
    failures = models.PositiveIntegerField(default=0, help_text="Failed attempts since it was made or sent again.")
    made_at = models.DateTimeField(help_text="UTC; when it was made or, by hand, sent again.")
    due_at = models.DateTimeField(help_text="UTC; not tried before this.")
    ended_at = models.DateTimeField(null=True, help_text="UTC; when it arrived or was given up.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feed", "index", "part"], name="one_delivery_per_webhook_and_event")
        ]
        indexes = [
            models.Index(fields=["feed", "state", "index"], name="webhook_delivery_next"),
            models.Index(fields=["ended_at"], name="webhook_delivery_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.event} at {self.index}: {self.state}"


class WebhookAttempt(models.Model):
    """One try to deliver, and what was answered. Operational."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField(help_text="UTC.")
    milliseconds = models.PositiveIntegerField(help_text="How long it took.")
    status = models.PositiveSmallIntegerField(help_text="HTTP status; 0 when nothing came back.")
    answer = models.TextField(blank=True, help_text="Beginning of the answer, at most 1,000 bytes.")
    problem = models.CharField(max_length=300, blank=True, help_text="Why nothing came back, or what is wrong with it.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.status or self.problem}"
