"""Which webhooks are there, in the words of an MLflow client?

Those of MLflow's dialect, and no others: a client cannot name the events of ours.
"""

from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.door import actor_of
from governance.api.mlflow.errors import InvalidParameter
from governance.api.mlflow.frame import ClientDoor
from governance.api.mlflow.parameters import Parameters, parameters_of
from governance.api.pagination import Cursor, Order, page_of, read_cursor
from governance.errors import UnknownWebhook
from governance.models import WebhookEdition, WebhookStatus
from governance.roles import Verb
from governance.selectors.webhooks import list_webhooks
from governance.services.webhook_deliveries import send_test
from governance.services.webhooks import change_webhook, create_webhook, delete_webhook
from governance.webhooks.events import Dialect, matches, names_of

# MLflow's name of each status.
_STATUSES: Final = {"ACTIVE": WebhookStatus.ACTIVE, "DISABLED": WebhookStatus.PAUSED}
_MOST: Final = 1000
_ON_A_PAGE: Final = 100
_OLDEST_FIRST: Final = Order("time", "pk")


class WebhooksDoor(ClientDoor):
    verbs = {"GET": Verb.ADMINISTER, "POST": Verb.ADMINISTER}

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        edition, _ = create_webhook(
            actor=actor_of(request),
            dialect=Dialect.MLFLOW,
            name=given.text("name"),
            url=given.text("url"),
            events=_events(given),
            description=given.text("description", default=""),
            status=_status(given) or WebhookStatus.ACTIVE,
            # Without a secret MLflow does not sign.
            secret=given.text("secret", default=""),
        )
        return Response({"webhook": _told(_found(str(edition.webhook)))})

    def get(self, request: Request) -> Response:
        given = parameters_of(request)
        most = given.whole("max_results", default=_ON_A_PAGE, least=1, most=_MOST)
        page = page_of(_webhooks(), cursor=_cursor(given), limit=most, order=_OLDEST_FIRST)
        # As MLflow does, what is empty is left out.
        told: dict[str, Any] = {"webhooks": [_told(edition) for edition in page.rows]} if page.rows else {}
        return Response(told | ({"next_page_token": page.next} if page.next else {}))


class WebhookDoor(ClientDoor):
    verbs = {"GET": Verb.ADMINISTER, "PATCH": Verb.ADMINISTER, "DELETE": Verb.ADMINISTER}

    def get(self, request: Request, webhook_id: str) -> Response:
        return Response({"webhook": _told(_found(webhook_id))})

    def patch(self, request: Request, webhook_id: str) -> Response:
        given, edition = parameters_of(request), _found(webhook_id)
        texts = {name: given.optional_text(name) for name in ("name", "description", "url")}
        changes: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
        if given.documents("events"):
            changes["events"] = _events(given)
        if status := _status(given):
            changes["status"] = status
        secret = given.optional_text("secret") or None
        change_webhook(actor=actor_of(request), uid=edition.webhook, changes=changes, secret=secret)
        return Response({"webhook": _told(_found(webhook_id))})

    def delete(self, request: Request, webhook_id: str) -> Response:
        delete_webhook(actor=actor_of(request), uid=_found(webhook_id).webhook)
        return Response({})


class WebhookTestDoor(ClientDoor):
    verbs = {"POST": Verb.ADMINISTER}

    def post(self, request: Request, webhook_id: str) -> Response:
        event = request.data.get("event") if isinstance(request.data, dict) else None
        asked = _event(Parameters(event)) if isinstance(event, dict) and event else ""
        answer = send_test(actor=actor_of(request), uid=_found(webhook_id).webhook, event=asked)
        result: dict[str, Any] = {"success": answer.has_arrived}
        if answer.status:
            result |= {"response_status": answer.status, "response_body": answer.body}
        if answer.problem:
            result["error_message"] = answer.problem
        return Response({"result": result})


def _webhooks() -> QuerySet[WebhookEdition]:
    return list_webhooks().filter(dialect=Dialect.MLFLOW.value)


def _found(webhook_id: str) -> WebhookEdition:
    """Return a webhook of this dialect. Raises: UnknownWebhook, also for what is no id at all."""
    try:
        edition = _webhooks().filter(webhook=UUID(webhook_id)).first()
    except ValueError:
        edition = None
    if edition is None:
        raise UnknownWebhook(f"Webhook with ID {webhook_id} not found.")
    return edition


def _told(edition: WebhookEdition) -> dict[str, Any]:
    # Set over our own API, it may ask by patterns, which MLflow does not know.
    names = [name for name in names_of(Dialect.MLFLOW, ()) if matches(edition.events, name)]
    pairs = [name.upper().partition(".") for name in sorted(names)]
    told = {
        "webhook_id": str(edition.webhook),
        "name": edition.name,
        "description": edition.description,
        "url": edition.url,
        "events": [{"entity": entity, "action": action} for entity, _, action in pairs],
        "status": next(name for name, status in _STATUSES.items() if status == edition.status),
        "creation_timestamp": _milliseconds(edition.created_at),  # type: ignore[attr-defined]
        "last_updated_timestamp": _milliseconds(edition.set_at),
    }
    return {name: value for name, value in told.items() if value != ""}


def _milliseconds(at: Any) -> int:
    return int(at.timestamp() * 1000)


def _events(given: Parameters) -> list[str]:
    return [_event(Parameters(event)) for event in given.documents("events")]


def _event(given: Parameters) -> str:
    """Return entity.action of one event. Raises: InvalidParameter."""
    entity, action = given.text("entity").lower(), given.text("action").lower()
    if f"{entity}.{action}" not in names_of(Dialect.MLFLOW, ()):
        raise InvalidParameter(f"Invalid action '{action}' for entity '{entity}'.", field="events")
    return f"{entity}.{action}"


def _status(given: Parameters) -> WebhookStatus | None:
    text = given.optional_text("status")
    if text and text not in _STATUSES:
        raise InvalidParameter(f"Invalid webhook status '{text}'. It is ACTIVE or DISABLED.", field="status")
    return _STATUSES[text] if text else None


def _cursor(given: Parameters) -> Cursor | None:
    text = given.optional_text("page_token")
    try:
        return read_cursor(text) if text else None
    except ValidationError:
        raise InvalidParameter("Invalid page token; take it from the answer before.", field="page_token") from None
