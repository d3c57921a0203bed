"""How is somebody else's program subscribed to what happens here?"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from audits.trail import Actor, Recording, new_uid, now, record, timestamp, trail_size
from governance.actions import ACTIONS
from governance.errors import Malformed, UnknownWebhook
from governance.models import WebhookEdition, WebhookFeed, WebhookSecret, WebhookStatus
from governance.roles import Verb
from governance.selectors.webhooks import get_webhook
from governance.services._webhook_secrets import keep_secret
from governance.services.authority import authorise
from governance.webhooks.addresses import AddressRefused, read_url
from governance.webhooks.events import Dialect, means_nothing, names_of
from governance.webhooks.signatures import SecretUnfit, key_of, new_secret
from registry.services import NAME

LONGEST_OVERLAP: Final = timedelta(days=7)
# What an edition may say differently from the one before.
CHANGEABLE: Final = ("name", "description", "url", "events", "model", "status")


def create_webhook(
    *,
    actor: Actor,
    name: str,
    url: str,
    events: Iterable[str],
    dialect: Dialect = Dialect.COUNTERSIGN,
    model: str = "",
    description: str = "",
    status: WebhookStatus = WebhookStatus.ACTIVE,
    secret: str | None = None,
) -> tuple[WebhookEdition, str]:
    """Tell a program of what happens from now on, and return the webhook with the secret its messages are signed with.

    Without a secret one is made. The receiver is given it this once: it is kept sealed and never shown again. In
    MLflow's dialect it may be empty, and the messages are not signed.
    Records: webhook.created. Raises: NotEntitled, Malformed.
    """
    authorise(actor, Verb.ADMINISTER)
    said = _read(dialect, name=name, url=url, events=events, model=model, description=description, status=status)
    text = _secret(dialect, secret)
    at = now()
    with record(actor=actor, at=at) as recording:
        # From what follows on: its own entry is the first that a webhook for everything tells of.
        feed = WebhookFeed.objects.create(webhook=new_uid(), cursor=trail_size())
        if text:
            keep_secret(feed, text, at=at)
        edition = _edition(recording, feed.webhook, 1, "webhook.created", dialect=dialect.value, **said)
    return edition, text


def change_webhook(*, actor: Actor, uid: UUID, changes: Mapping[str, Any], secret: str | None = None) -> WebhookEdition:
    """Set some of `CHANGEABLE` anew, and sign with another secret at once if there is one.

    What waits goes to where the webhook points when it is sent. A paused webhook keeps its place in the trail: resumed,
    it is told of what happened meanwhile.
    Records: webhook.secret_rotated; webhook.paused, webhook.resumed or webhook.changed.
    Raises: NotEntitled, UnknownWebhook, Malformed.
    Idempotent: what changes nothing leaves no entry. Locks: the webhook's feed.
    """
    authorise(actor, Verb.ADMINISTER)
    with record(actor=actor, at=now()) as recording:
        feed = _locked(uid)
        before = get_webhook(uid)
        if secret is not None:
            _replace_secret(recording, feed, before, secret, overlap=timedelta(0))
        was = {field: getattr(before, field) for field in CHANGEABLE}
        dialect = Dialect(before.dialect)
        said = _read(dialect, **{**was, **changes})
        if said == was:
            return before
        action = "webhook.changed"
        if said["status"] != was["status"]:
            action = "webhook.paused" if said["status"] == WebhookStatus.PAUSED else "webhook.resumed"
        return _edition(recording, uid, before.number + 1, action, dialect=before.dialect, **said)


def rotate_secret(
    *, actor: Actor, uid: UUID, secret: str | None = None, overlap: timedelta = timedelta(days=1)
) -> tuple[WebhookEdition, str]:
    """Sign with another secret, and for a while with the earlier one too; return the new one, this once.

    Records: webhook.secret_rotated. Raises: NotEntitled, UnknownWebhook, Malformed. Locks: the webhook's feed.
    """
    authorise(actor, Verb.ADMINISTER)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Malformed(f"Two secrets sign together for 0 to {LONGEST_OVERLAP.days} days.", field="overlap_hours")
    with record(actor=actor, at=now()) as recording:
        feed = _locked(uid)
        edition = get_webhook(uid)
        text = _replace_secret(recording, feed, edition, secret, overlap=overlap)
    return edition, text


def delete_webhook(*, actor: Actor, uid: UUID) -> WebhookEdition:
    """End a webhook: nothing more is sent, and its secrets, deliveries and attempts are removed.

    Records: webhook.deleted. Raises: NotEntitled, UnknownWebhook. Locks: the webhook's feed.
    """
    authorise(actor, Verb.ADMINISTER)
    with record(actor=actor, at=now()) as recording:
        feed = _locked(uid)
        before = get_webhook(uid)
        said = {field: getattr(before, field) for field in CHANGEABLE} | {"status": WebhookStatus.DELETED}
        edition = _edition(recording, uid, before.number + 1, "webhook.deleted", dialect=before.dialect, **said)
        feed.delete()
    return edition


def _locked(uid: UUID) -> WebhookFeed:
    feed = WebhookFeed.objects.select_for_update().filter(pk=uid).first()
    if feed is None:
        raise UnknownWebhook(f"There is no webhook {uid}.")
    return feed


def _replace_secret(
    recording: Recording, feed: WebhookFeed, edition: WebhookEdition, secret: str | None, *, overlap: timedelta
) -> str:
    text = _secret(Dialect(edition.dialect), secret)
    # Whatever signed beside it already is over: two are enough to change over.
    ended = WebhookSecret.objects.filter(feed=feed)
    (ended.filter(ends_at__isnull=False) if overlap else ended).delete()
    ended.update(ends_at=recording.at + overlap)
    if text:
        keep_secret(feed, text, at=recording.at)
    data = {"earlier_until": timestamp(recording.at + overlap)}
    recording.note(action="webhook.secret_rotated", subject=edition.subject, data=data)
    return text


def _edition(recording: Recording, uid: UUID, number: int, action: str, **said: Any) -> WebhookEdition:
    edition = WebhookEdition(webhook=uid, number=number, set_by=str(recording.actor), set_at=recording.at, **said)
    data = {"edition": number, "dialect": edition.dialect, "events": edition.events, "model": edition.model}
    return recording.create(edition, action=action, subject=edition.subject, data=data)


def _read(
    dialect: Dialect, *, name: str, url: str, events: Iterable[str], model: str, description: str, status: str
) -> dict[str, Any]:
    """Return what an edition says. Raises: Malformed."""
    if not name.strip():
        raise Malformed("Give the webhook a name.", field="name")
    if status not in {WebhookStatus.ACTIVE, WebhookStatus.PAUSED}:
        raise Malformed("A webhook is active or paused; to end it, delete it.", field="status")
    try:
        read_url(url, allow_http=settings.WEBHOOK_HTTP, allow_private=settings.WEBHOOK_PRIVATE)
    except AddressRefused as problem:
        raise Malformed(str(problem), field="url") from None
    events = sorted(set(events))
    known = names_of(dialect, ACTIONS)
    unknown = [event for event in events if means_nothing(event, known)]
    if unknown or not events:
        some = f"{', '.join(unknown)}: there is no such event" if unknown else "Name at least one event"
        raise Malformed(f"{some}; there are {', '.join(known)}, noun.* and *.", field="events")
    # A beginning may end where no name does: with any character for which another can follow.
    if model not in {"", "*"} and not NAME.fullmatch(f"{model[:-1]}x" if model.endswith("*") else model):
        raise Malformed("Name one model, or the beginning of names and an asterisk.", field="model")
    return {
        "name": name.strip(),
        "description": description,
        "url": url,
        "events": events,
        "model": "" if model == "*" else model,
        "status": WebhookStatus(status).value,
    }


def _secret(dialect: Dialect, secret: str | None) -> str:
    if secret is None:
        return new_secret(dialect)
    if not secret and dialect is Dialect.MLFLOW:
        return ""
    try:
        key_of(dialect, secret)
    except SecretUnfit as problem:
        raise Malformed(str(problem), field="secret") from None
    return secret
