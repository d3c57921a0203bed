"""How does what stands on the trail reach those who subscribed to it, whatever is killed in between?

The trail is the outbox: an entry is committed with the act, and a webhook's cursor says how far it was read. Deliveries
are made in the transaction that moves the cursor, and a message is struck off only after its receiver has taken it: so
nothing is lost, and what is sent twice carries the same id.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from random import SystemRandom
from time import monotonic
from typing import Final
from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction

from audits import leases
from audits.leases import LeaseLost
from audits.trail import Actor, now, record
from governance.errors import Malformed
from governance.models import (
    DeliveryState,
    Notice,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEdition,
    WebhookFeed,
    WebhookSecret,
    WebhookStatus,
)
from governance.roles import Verb
from governance.selectors.webhook_events import events_from, messages_about
from governance.selectors.webhooks import due_delivery, find_webhook, get_delivery, get_webhook
from governance.services._notices import tell
from governance.services._webhook_secrets import SecretNotOpened, opened_secrets
from governance.services.authority import authorise
from governance.webhooks import retries, signatures
from governance.webhooks.events import Dialect, Event, concerns, matches, names_in, sample_body
from governance.webhooks.sending import Answer, post

# How long one webhook is served before it is another one's turn.
TURN_SECONDS: Final = 5.0
# How many entries are looked at in one go.
PORTION: Final = 500

_CHANCE: Final = SystemRandom()


def deliver_webhook(*, uid: UUID) -> int:
    """Make and send what is due for one webhook, for a turn; return how many attempts that took.

    In the order of the trail, but for what failed and waits for its next attempt. Whoever finds it taken does nothing.
    Locks: the webhook's lease; what a former holder still finds out is not recorded.
    """
    attempts, until = 0, monotonic() + TURN_SECONDS
    with _held(uid) as token:
        edition = find_webhook(uid)
        if token is None or edition is None or edition.status != WebhookStatus.ACTIVE:
            return 0
        _make_deliveries(edition, token)
        while monotonic() < until and (delivery := due_delivery(uid, token=token, at=now())):
            _attempt(edition, delivery, token)
            attempts += 1
    return attempts


def order_redelivery(*, actor: Actor, uid: UUID) -> WebhookDelivery:
    """Have a message sent once more, under its old id and for another day, whether it arrived or was given up.

    Records: webhook.redelivery_ordered. Raises: NotEntitled, UnknownWebhookDelivery.
    """
    authorise(actor, Verb.ADMINISTER)
    at = now()
    with record(actor=actor, at=at) as recording:
        delivery = get_delivery(uid)
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            state=DeliveryState.WAITING, failures=0, made_at=at, due_at=at, ended_at=None
        )
        WebhookFeed.objects.filter(pk=delivery.feed_id).update(rest_until=None)
        data = {"delivery": str(delivery.uid), "index": delivery.index}
        subject = f"webhook/{delivery.feed_id}"
        recording.note(action="webhook.redelivery_ordered", subject=subject, data=data)
    return get_delivery(uid)


def send_test(*, actor: Actor, uid: UUID, event: str = "") -> Answer:
    """Send one message at once that tells of nothing, and return what came of it; also while the webhook is paused.

    `event` chooses the example in MLflow's dialect; else the first one asked for.
    Records: webhook.tested, before it is sent. Raises: NotEntitled, UnknownWebhook, Malformed.
    """
    authorise(actor, Verb.ADMINISTER)
    edition = get_webhook(uid)
    dialect = Dialect(edition.dialect)
    name = event or edition.events[0]
    if dialect is Dialect.MLFLOW and name not in edition.events:
        raise Malformed(f"This webhook asks for {', '.join(edition.events)}.", field="event")
    at = now()
    with record(actor=actor, at=at) as recording:
        message = recording.note(action="webhook.tested", subject=edition.subject, data={"event": name})
    return _send(edition, message, sample_body(dialect, webhook=str(uid), at=at, name=name), at=at)


def forget_old_deliveries(*, at: datetime) -> int:
    """Remove deliveries that ended long ago, with their attempts, and secrets that sign no more; return how many."""
    WebhookSecret.objects.filter(ends_at__lt=at).delete()
    before = at - timedelta(days=settings.WEBHOOK_HISTORY_DAYS)
    return WebhookDelivery.objects.filter(ended_at__lt=before).delete()[0]


@contextmanager
def _held(uid: UUID) -> Iterator[UUID | None]:
    """Hold a webhook's lease, if it is free; who has lost it meanwhile leaves the block and has nothing to tell."""
    feed = WebhookFeed.objects.filter(pk=uid)
    token = leases.take(feed, at=now(), seconds=settings.WEBHOOK_LEASE_SECONDS)
    with suppress(LeaseLost):
        try:
            yield token
        finally:
            if token is not None:
                leases.give_back(feed, token=token)


def _make_deliveries(edition: WebhookEdition, token: UUID) -> None:
    """Read on in the trail and make a delivery for each entry that the webhook asks for. Raises: LeaseLost."""
    cursor = WebhookFeed.objects.values_list("cursor", flat=True).get(pk=edition.webhook)
    while events := events_from(cursor, limit=PORTION):
        at = now()
        rows = [row for event in events if _concerns(edition, event) for row in _deliveries(edition, event, at)]
        cursor = events[-1].index + 1
        with transaction.atomic(durable=True):
            _keep(edition.webhook, token, at, cursor=cursor)
            WebhookDelivery.objects.bulk_create(rows)


def _concerns(edition: WebhookEdition, event: Event) -> bool:
    names = names_in(Dialect(edition.dialect), event.action)
    is_meant = any(concerns(edition.model, model) for model in event.names or {""})
    return is_meant and any(matches(edition.events, name) for name in names)


def _deliveries(edition: WebhookEdition, event: Event, at: datetime) -> Iterator[WebhookDelivery]:
    link = f"{settings.PUBLIC_URL}/admin/trail/{event.index}/"
    for part, (name, body) in enumerate(messages_about(event, Dialect(edition.dialect), link=link)):
        if matches(edition.events, name):
            yield WebhookDelivery(
                uid=uuid5(edition.webhook, f"{event.entry}/{part}"),
                feed_id=edition.webhook,
                index=event.index,
                part=part,
                event=name,
                body=body,
                made_at=at,
                due_at=at,
            )


def _attempt(edition: WebhookEdition, delivery: WebhookDelivery, token: UUID) -> None:
    """Send once and record what came of it. Raises: LeaseLost, when it took so long that somebody else has begun.

    One transaction for each message: recording one extends the lease for the next.
    """
    began = now()
    answer = _send(edition, delivery.uid, delivery.body, at=began)
    at = now()
    with transaction.atomic(durable=True):
        _keep(edition.webhook, token, at)
        WebhookAttempt.objects.create(
            delivery=delivery,
            at=began,
            milliseconds=answer.milliseconds,
            status=answer.status,
            answer=answer.body,
            problem=answer.problem,
        )
        if answer.has_arrived:
            _note_arrival(delivery, at)
        else:
            _note_failure(edition, delivery, answer, at)


def _send(edition: WebhookEdition, message: UUID, body: str, *, at: datetime) -> Answer:
    try:
        secrets = opened_secrets(edition.webhook, at=at)
    except SecretNotOpened as problem:
        return Answer(0, problem=str(problem))
    signed = signatures.headers(
        Dialect(edition.dialect),
        message=str(message),
        seconds=int(at.timestamp()),
        body=body.encode(),
        secrets_in_force=secrets,
    )
    return post(
        edition.url,
        headers={"Content-Type": "application/json", "User-Agent": "Countersign", **signed},
        body=body.encode(),
        seconds=settings.WEBHOOK_TIMEOUT_SECONDS,
        allow_http=settings.WEBHOOK_HTTP,
        allow_private=settings.WEBHOOK_PRIVATE,
    )


def _note_arrival(delivery: WebhookDelivery, at: datetime) -> None:
    feed = WebhookFeed.objects.get(pk=delivery.feed_id)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.DELIVERED, ended_at=at)
    if feed.failures:
        WebhookFeed.objects.filter(pk=feed.pk).update(failures=0, rest_until=None)
        # The receiver is back: what waits for it waits no longer.
        WebhookDelivery.objects.filter(feed=feed, state=DeliveryState.WAITING).update(due_at=at)


def _note_failure(edition: WebhookEdition, delivery: WebhookDelivery, answer: Answer, at: datetime) -> None:
    failures = delivery.failures + 1
    if answer.is_about_the_receiver:
        feed = WebhookFeed.objects.get(pk=delivery.feed_id)
        rest = retries.pause_after(feed.failures + 1, chance=_CHANCE.random(), longest=retries.LONGEST_REST)
        WebhookFeed.objects.filter(pk=feed.pk).update(failures=feed.failures + 1, rest_until=at + rest)
    message = WebhookDelivery.objects.filter(pk=delivery.pk)
    if at < delivery.made_at + retries.GIVEN_UP_AFTER:
        message.update(failures=failures, due_at=at + retries.pause_after(failures, chance=_CHANCE.random()))
        return
    message.update(failures=failures, state=DeliveryState.DEAD, ended_at=at)
    _tell_of_the_dead(edition, at)


def _tell_of_the_dead(edition: WebhookEdition, at: datetime) -> None:
    """Tell whoever set the webhook, once until it is read: a receiver that is gone loses many messages."""
    if Notice.objects.filter(about=edition.subject, read_at__isnull=True).exists():
        return
    sentence = f"The webhook {edition.name} has not taken a message for a day, and it was given up; see its deliveries."
    setters = WebhookEdition.objects.filter(webhook=edition.webhook).values_list("set_by", flat=True)
    tell(setters, sentence, about=edition.subject, at=at)


def _keep(uid: UUID, token: UUID, at: datetime, **changes: object) -> None:
    if not leases.extend(
        WebhookFeed.objects.filter(pk=uid), token=token, at=at, seconds=settings.WEBHOOK_LEASE_SECONDS, **changes
    ):
        raise LeaseLost(str(uid))
