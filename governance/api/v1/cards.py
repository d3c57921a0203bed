"""What does the model card of a version say?"""

import io
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.evidence import Evidence, EvidenceKind, local_path
from governance.api.door import Door, actor_of, read_body
from governance.api.errors import UnknownCard
from governance.api.fields import ActorField, Strict
from governance.api.preconditions import still_so
from governance.api.reach import OF_MODEL
from governance.api.schema import document
from governance.roles import Verb
from governance.services.attachments import attach_document
from registry.selectors import get_version

KIND, FILE_NAME = "model_card", "model-card.md"
LONGEST_CARD = 500_000


class CardText(Strict):
    text = serializers.CharField(max_length=LONGEST_CARD, trim_whitespace=False, help_text="Markdown, for people.")


class Card(serializers.Serializer[Any]):
    """The newest model card of a version; a policy can ask for it, and for its sections."""

    text = serializers.CharField(allow_null=True, help_text="null when it is no UTF-8 text: read it by its digest.")
    sha256 = serializers.CharField()
    sections = serializers.ListField(child=serializers.CharField(), help_text="Its headings.")
    evidence = serializers.UUIDField(help_text="uid of the document.")
    attached_by = ActorField()
    attached_at = serializers.DateTimeField()


class CardDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ, "POST": Verb.REGISTER}
    has_etag = True

    @document(
        "get_card",
        "Read the model card of a version",
        tag="versions",
        path=["name", "number"],
        answer=Card,
        has_etag=True,
        refusals={404: ["unknown_version", "unknown_card"], 500: ["evidence_damaged"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        return self.shown(Card, _card(name, number))

    @document(
        "write_card",
        "Write the model card of a version, in the place of the earlier one",
        tag="versions",
        path=["name", "number"],
        acts=True,
        has_etag=True,
        body=CardText,
        answer=Card,
        status=201,
        refusals={
            404: ["unknown_version"],
            409: ["version_retired", "version_deleted"],
            422: ["document_unacceptable"],
        },
        example={"text": "# Care programme\n\n## Intended use\n\nOffers of care, never denials.\n"},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        version = get_version(name, number)
        text = read_body(request, CardText)["text"]
        still = still_so(request, lambda: self.told(Card, _card(name, number)))
        attach_document(
            actor=actor_of(request),
            version=version,
            kind=KIND,
            name=FILE_NAME,
            file=io.BytesIO(text.encode()),
            still=still,
        )
        location = reverse("card", kwargs={"name": name, "number": number})
        return self.created(Card, _card(name, number), location=location)


def _card(name: str, number: int) -> dict[str, Any]:
    """Return the card as a document. Raises: UnknownVersion, UnknownCard."""
    rows = [row for row in get_version(name, number).attachments.all() if (row.kind, row.purpose) == _CARD]
    if not rows:
        raise UnknownCard(f"Version {number} of {name!r} has no model card; write one.")
    newest = rows[-1]
    evidence = Evidence.objects.get(uid=newest.reference["uid"])
    with local_path(evidence.sha256) as path:
        try:
            text = path.read_text("utf-8") if evidence.size <= 4 * LONGEST_CARD else None
        except UnicodeDecodeError:
            text = None
    told = {"text": text, "sha256": evidence.sha256, "sections": evidence.declaration["sections"]}
    return {**told, "evidence": evidence.uid, "attached_by": newest.attached_by, "attached_at": newest.attached_at}


_CARD = (EvidenceKind.DOCUMENT, KIND)
