"""What do all doors of the API have in common?

Who comes in is known, what they may do is asked before anything is read, every answer is one form of JSON, and a
POST that is sent again gets the answer it had.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework.exceptions import NotAuthenticated
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from audits.trail import Actor
from governance.api import idempotency
from governance.api.errors import ScopeMissing
from governance.api.fields import Mentions, PageQuery
from governance.api.pagination import NEWEST_FIRST, page_of
from governance.api.parsing import StrictJSONParser
from governance.api.preconditions import etag_of, is_known, refuse_condition
from governance.api.reach import Reach, covers, reachable, refuse_out_of_reach
from governance.api.schema import DoorSchema
from governance.models import AccessToken, Account
from governance.roles import Verb
from governance.services.authority import authorise


class OneRepresentation(BaseContentNegotiation):
    """Every resource has one representation; what the Accept header wishes for does not change it."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        for parser in parsers:
            if (request.content_type or "").split(";")[0].strip().lower() == parser.media_type:
                return parser
        return None

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class Entitled(BasePermission):
    """The token's scopes and the account's roles must both allow the verb of the view; none declared, none allowed."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(view, Door):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in view.allowed_methods:
            return True  # there is no such act; 405 says so
        verb = view.verbs.get(method)
        if verb is None:
            return False
        token = request.auth
        if isinstance(token, AccessToken) and verb not in token.scopes:
            raise ScopeMissing(
                f"This token may be used for {', '.join(token.scopes)}; this needs the scope {verb.value}.",
                scope=verb.value,
            )
        authorise(account_of(request).actor, verb)
        if isinstance(token, AccessToken):
            refuse_out_of_reach(token, view.reach, request, view.kwargs)
        return True


class Door(APIView):
    """A resource: one method for each use case, each with the verb it needs in `verbs`."""

    verbs: ClassVar[Mapping[str, Verb]] = {}
    # Closed to tokens that are restricted to models or targets, unless it says what its requests are about.
    reach: ClassVar[Reach | None] = None
    # What is read here has an ETag, and what is changed here can be bound to one.
    has_etag: ClassVar[bool] = False
    # Members of the answer to a POST that are shown once: they are not kept for a replay.
    shown_once: ClassVar[frozenset[str]] = frozenset()
    permission_classes = [IsAuthenticated, Entitled]
    parser_classes = [StrictJSONParser]
    content_negotiation_class = OneRepresentation
    http_method_names = ["get", "head", "post", "put"]
    schema = DoorSchema()

    _claim: idempotency.Claim | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except BaseException:
            if self._claim:
                self._claim.release()
            raise
        if self._claim and isinstance(response, Response):
            self._claim.settle(response.render(), without=self.shown_once)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Read before anybody else looks at the stream: Django bounds the size here, and the key covers every byte.
        body = request._request.body if request.method == "POST" else b""
        if len(body) < int(request.META.get("CONTENT_LENGTH") or 0) and request.method == "POST":
            # The connection broke while it was sent: half a request must not take the key of the whole.
            raise UnreadablePostError
        super().initial(request, *args, **kwargs)
        if request.method not in ("GET", "HEAD") and not self.has_etag:
            refuse_condition(request)
        if request.method in self.allowed_methods and request.method == "POST":
            self._claim = idempotency.claim(request, account_of(request), body)

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, idempotency.Replay):
            return exc.response
        return super().handle_exception(exc)

    def created(self, serializer: type[Serializer[Any]], row: object, *, location: str) -> Response:
        return Response(shown(serializer, row, sees=self.sees), status=201, headers={"Location": location})

    def shown(self, serializer: type[Serializer[Any]], row: object) -> Response:
        document = self.told(serializer, row)
        if not self.has_etag or self.request.method not in ("GET", "HEAD"):
            return Response(document)
        headers = {"ETag": etag_of(document), "Cache-Control": "private, no-cache"}
        is_fresh = is_known(self.request, headers["ETag"])
        return Response(status=304, headers=headers) if is_fresh else Response(document, headers=headers)

    def told(self, serializer: type[Serializer[Any]], row: object) -> Any:
        """Return the document about a row, as this request may see it."""
        return shown(serializer, row, sees=self.sees)

    def listed(
        self,
        serializer: type[Serializer[Any]],
        rows: QuerySet[Any],
        query: Mapping[str, Any],
        *,
        seen: Callable[[list[Any]], list[Any]] | None = None,
    ) -> Response:
        """Answer one page of `rows`; `query` is a validated `PageQuery`, newest first where it has no order.

        `seen` looks at the rows of the page another way, such as the one of a moment that has passed.
        """
        page = page_of(
            self.reachable(rows),
            cursor=query.get("cursor"),
            limit=query["limit"],
            order=query.get("order_by", NEWEST_FIRST),
        )
        return Response(
            {
                "items": shown(serializer, seen(page.rows) if seen else page.rows, many=True, sees=self.sees),
                "next": page.next,
            }
        )

    def reachable(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of a list that the token of this request reaches; every list goes through here."""
        return reachable(self.request.auth, self.reach, rows)

    def sees(self, model: str) -> bool:
        """Return whether the token of this request may know of a model."""
        token = self.request.auth
        return not isinstance(token, AccessToken) or covers(token, model)


def account_of(request: Request) -> Account:
    """Return who is asking. Raises: NotAuthenticated."""
    if not isinstance(request.user, Account):
        raise NotAuthenticated
    return request.user


def actor_of(request: Request) -> Actor:
    return account_of(request).actor


def read_body(request: Request, serializer: type[Serializer[Any]]) -> dict[str, Any]:
    """Return the validated body. Raises: ValidationError, ParseError, UnsupportedMediaType."""
    return _validated(serializer(data=request.data))


def read_query(request: Request, serializer: type[Serializer[Any]] = PageQuery) -> dict[str, Any]:
    """Return the validated query. Raises: ValidationError."""
    return _validated(serializer(data=request.query_params.dict()))


def _validated(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _everything(model: str) -> bool:
    return True


def shown(
    serializer: type[Serializer[Any]], row: object, *, many: bool = False, sees: Callable[[str], bool] = _everything
) -> Any:
    """Return a row as a document; the people in it are looked up together at the end.

    Other models are named in it only when `sees` says that whoever asks may know of them.
    """
    mentions = Mentions()
    document = serializer(row, many=many, context={"mentions": mentions, "sees": sees}).data
    mentions.name_all()
    return document
