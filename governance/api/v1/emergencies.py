"""How do two people go past the policies, and how does a third look back?"""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, actor_of, read_body
from governance.api.fields import ActorField, Choice, Password, Strict, Text
from governance.api.schema import document
from governance.api.v1.promotions import OF_PROMOTION, Reason
from governance.errors import UnknownBreakGlass
from governance.models import BreakGlass, BreakGlassVerdict
from governance.roles import Verb
from governance.services.emergencies import confirm_break_glass, invoke_break_glass, review_break_glass


class BreakGlassRequest(Strict):
    reason = Text(help_text="What cannot wait, in a sentence.")
    password = Password()


class BreakGlassConfirmationRequest(Strict):
    password = Password()


class BreakGlassReviewRequest(Strict):
    verdict = Choice(BreakGlassVerdict.choices)
    reason = Text(help_text="Why, in a sentence.")
    password = Password()


class BreakGlassConfirmationShown(serializers.Serializer[Any]):
    """A second person agreed, and the version moved."""

    confirmed_by = ActorField()
    confirmed_at = serializers.DateTimeField()
    skipped = Reason(many=True, help_text="What the gate held against the move.")
    review_due_at = serializers.DateTimeField()


class BreakGlassReviewShown(serializers.Serializer[Any]):
    """A third person looked back."""

    verdict = Choice(BreakGlassVerdict.choices)
    reason = serializers.CharField()
    reviewed_by = ActorField()
    reviewed_at = serializers.DateTimeField()


class BreakGlassShown(serializers.Serializer[BreakGlass]):
    """Somebody asked to go past the policies, and what came of it."""

    uid = serializers.UUIDField()
    promotion = serializers.UUIDField(source="promotion.uid")
    reason = serializers.CharField()
    invoked_by = ActorField()
    invoked_at = serializers.DateTimeField()
    confirmation = serializers.SerializerMethodField()
    review = serializers.SerializerMethodField()

    @extend_schema_field(BreakGlassConfirmationShown(allow_null=True))
    def get_confirmation(self, row: BreakGlass) -> Any:
        found = getattr(row, "confirmation", None)
        return BreakGlassConfirmationShown(found, context=self.context).data if found else None

    @extend_schema_field(BreakGlassReviewShown(allow_null=True))
    def get_review(self, row: BreakGlass) -> Any:
        found = getattr(row, "review", None)
        return BreakGlassReviewShown(found, context=self.context).data if found else None


def get_break_glass(uid: UUID) -> BreakGlass:
    """Return the break-glass of a promotion. Raises: UnknownBreakGlass."""
    rows = BreakGlass.objects.select_related("promotion", "confirmation", "review")
    row = rows.filter(promotion__uid=uid).first()
    if row is None:
        raise UnknownBreakGlass(f"Nobody invoked break-glass for a promotion {uid}.")
    return row


def _answered(door: Door, uid: UUID) -> Response:
    return door.created(BreakGlassShown, get_break_glass(uid), location=reverse("break-glass", kwargs={"uid": uid}))


class BreakGlassDoor(Door):
    reach = OF_PROMOTION
    verbs = {"GET": Verb.READ, "POST": Verb.BREAK_GLASS}

    @document(
        "get_break_glass",
        "Read how an emergency was handled",
        tag="emergencies",
        path=["uid"],
        answer=BreakGlassShown,
        refusals={404: ["unknown_break_glass"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(BreakGlassShown, get_break_glass(uid))

    @document(
        "invoke_break_glass",
        "Ask to let an open promotion through in an emergency",
        tag="emergencies",
        path=["uid"],
        acts=True,
        body=BreakGlassRequest,
        answer=BreakGlassShown,
        status=201,
        refusals={
            403: ["signature_refused"],
            404: ["unknown_promotion"],
            409: ["break_glass_forbidden", "break_glass_out_of_turn", "promotion_closed"],
        },
        example={"reason": "The live version turns away every patient since midnight."},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        invoke_break_glass(actor=actor_of(request), uid=uid, **read_body(request, BreakGlassRequest))
        return _answered(self, uid)


class BreakGlassConfirmationDoor(Door):
    reach = OF_PROMOTION
    verbs = {"POST": Verb.BREAK_GLASS}

    @document(
        "confirm_break_glass",
        "Agree as a second person; the version moves now",
        tag="emergencies",
        path=["uid"],
        acts=True,
        body=BreakGlassConfirmationRequest,
        answer=BreakGlassShown,
        status=201,
        refusals={
            403: ["signature_refused"],
            404: ["unknown_promotion", "unknown_break_glass"],
            409: ["same_person", "break_glass_forbidden", "promotion_closed"],
        },
        example={"password": "nine-green-bottles-standing"},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        confirm_break_glass(actor=actor_of(request), uid=uid, **read_body(request, BreakGlassConfirmationRequest))
        return _answered(self, uid)


class BreakGlassReviewDoor(Door):
    reach = OF_PROMOTION
    verbs = {"POST": Verb.BREAK_GLASS}

    @document(
        "review_break_glass",
        "Look back as a third person: was it justified?",
        tag="emergencies",
        path=["uid"],
        acts=True,
        body=BreakGlassReviewRequest,
        answer=BreakGlassShown,
        status=201,
        refusals={
            403: ["signature_refused"],
            404: ["unknown_break_glass"],
            409: ["same_person", "break_glass_out_of_turn"],
        },
        example={"verdict": "justified", "reason": "Nobody could have waited for the figures."},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        body = read_body(request, BreakGlassReviewRequest)
        verdict = BreakGlassVerdict(body.pop("verdict"))
        review_break_glass(actor=actor_of(request), uid=uid, verdict=verdict, **body)
        return _answered(self, uid)
