"""Which webhooks are there, how are they set, and how are their receivers?"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery

from audits.leases import is_free
from audits.trail import trail_size
from governance.errors import UnknownWebhook, UnknownWebhookDelivery
from governance.models import (
    DeliveryState,
    WebhookDelivery,
    WebhookEdition,
    WebhookFeed,
    WebhookSecret,
    WebhookStatus,
)


class Health(StrEnum):
    """How the receiver of a webhook is, as far as it can be told from outside."""

    WELL = "well"
    FAILING = "failing"
    UNKNOWN = "unknown"


def list_webhooks() -> QuerySet[WebhookEdition]:
    """Return the newest edition of every webhook that was not deleted, with `created_at`, the time of its first."""
    later = WebhookEdition.objects.filter(webhook=OuterRef("webhook"), number__gt=OuterRef("number"))
    first = WebhookEdition.objects.filter(webhook=OuterRef("webhook"), number=1)
    newest = WebhookEdition.objects.filter(~Exists(later)).exclude(status=WebhookStatus.DELETED)
    return newest.annotate(created_at=Subquery(first.values("set_at")))


def find_webhook(uid: UUID) -> WebhookEdition | None:
    return list_webhooks().filter(webhook=uid).first()


def get_webhook(uid: UUID) -> WebhookEdition:
    """Return the newest edition of a webhook. Raises: UnknownWebhook, also when it was deleted."""
    edition = find_webhook(uid)
    if edition is None:
        raise UnknownWebhook(f"There is no webhook {uid}.")
    return edition


def webhooks_with_work(*, at: datetime) -> list[UUID]:
    """Return the active webhooks for which somebody has to do something now, and nobody does."""
    active = list_webhooks().filter(webhook=OuterRef("webhook"), status=WebhookStatus.ACTIVE)
    due = WebhookDelivery.objects.filter(feed=OuterRef("pk"), state=DeliveryState.WAITING, due_at__lte=at)
    news = Q(cursor__lt=trail_size())
    awake = Q(rest_until__isnull=True) | Q(rest_until__lte=at)
    feeds = WebhookFeed.objects.filter(is_free(at), news | (Exists(due) & awake), Exists(active))
    return list(feeds.order_by("webhook").values_list("webhook", flat=True))


def any_webhooks() -> bool:
    return WebhookFeed.objects.exists()


def secrets_in_force(uid: UUID, *, at: datetime) -> list[bytes]:
    """Return the sealed secrets that sign at a moment, the newest first."""
    signing = WebhookSecret.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), feed=uid)
    return [bytes(sealed) for sealed in signing.order_by("-id").values_list("sealed", flat=True)]


def list_deliveries(uid: UUID) -> QuerySet[WebhookDelivery]:
    """Return what was or will be sent to a webhook."""
    return WebhookDelivery.objects.filter(feed=uid).prefetch_related("attempts")


def get_delivery(uid: UUID) -> WebhookDelivery:
    """Return a delivery with its attempts. Raises: UnknownWebhookDelivery."""
    delivery = WebhookDelivery.objects.prefetch_related("attempts").filter(uid=uid).first()
    if delivery is None:
        raise UnknownWebhookDelivery(f"There is no delivery {uid}; those that ended long ago are forgotten.")
    return delivery


def standing_of(uid: UUID) -> dict[str, Any]:
    """Return how a webhook stands: its health, what waits, what was given up, and when something last arrived."""
    feed = WebhookFeed.objects.get(pk=uid)
    counts = dict(
        WebhookDelivery.objects.filter(feed=uid).values_list("state").annotate(count=Count("id")).order_by("state")
    )
    arrived = WebhookDelivery.objects.filter(feed=uid, state=DeliveryState.DELIVERED).aggregate(last=Max("ended_at"))
    health = Health.FAILING if feed.failures else Health.WELL if arrived["last"] else Health.UNKNOWN
    return {
        "health": health.value,
        "failures": feed.failures,
        "rest_until": feed.rest_until,
        "behind": max(0, trail_size() - feed.cursor),
        "waiting": counts.get(DeliveryState.WAITING, 0),
        "dead": counts.get(DeliveryState.DEAD, 0),
        "last_arrived_at": arrived["last"],
    }


def due_delivery(uid: UUID, *, token: UUID, at: datetime) -> WebhookDelivery | None:
    """Return what is to be sent next to a webhook: of all that is due, what happened first.

    None, too, for whoever does not hold the webhook's lease any more.
    """
    waiting = WebhookDelivery.objects.filter(feed=uid, state=DeliveryState.WAITING, due_at__lte=at)
    awake = Q(feed__rest_until__isnull=True) | Q(feed__rest_until__lte=at)
    return waiting.filter(awake, feed__lease_token=token).order_by("index", "part").first()
