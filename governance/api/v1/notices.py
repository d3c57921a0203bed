"""What was I told?"""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, account_of, actor_of, read_body, read_query
from governance.api.fields import Choice, PageQuery, Strict
from governance.api.schema import document, paged
from governance.models import Notice
from governance.roles import Verb
from governance.selectors.notices import notices_for
from governance.services.notices import read_notice

UNREAD, READ = STATES = ("unread", "read")


class NoticeShown(serializers.Serializer[Notice]):
    """One sentence for one person; the trail has the entry that says the same."""

    id = serializers.IntegerField()
    sentence = serializers.CharField()
    about = serializers.CharField(help_text="Subject, such as promotion/uid.")
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class NoticeQuery(PageQuery):
    state = Choice(STATES, required=False)


class Reading(Strict):
    """Nothing needs to be said."""


class NoticesDoor(Door):
    verbs = {"GET": Verb.READ}

    @document(
        "list_notices",
        "List what you were told, newest first",
        tag="notices",
        query=NoticeQuery,
        answer=paged(NoticeShown),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, NoticeQuery)
        rows = notices_for(account_of(request))
        if state := query.get("state"):
            rows = rows.filter(read_at__isnull=state == UNREAD)
        return self.listed(NoticeShown, rows, query)


class ReadingDoor(Door):
    verbs = {"POST": Verb.READ}

    @document(
        "read_notice",
        "Mark a notice of yours as read",
        tag="notices",
        path=["notice"],
        acts=True,
        answer=NoticeShown,
        status=201,
        refusals={404: ["unknown_notice"]},
    )
    def post(self, request: Request, notice: int) -> Response:
        read_body(request, Reading)
        return self.created(
            NoticeShown, read_notice(actor=actor_of(request), number=notice), location=reverse("notices")
        )
