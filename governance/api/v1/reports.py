"""How is a report about a version taken away?"""

from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.evidence import local_path
from governance.api.door import Door, actor_of, read_body
from governance.api.errors import UnknownReport
from governance.api.fields import ActorField, Choice, Strict
from governance.api.reach import OF_MODEL, Reach
from governance.api.schema import document
from governance.models import ReportExport
from governance.reports import FORMATS
from governance.roles import Verb
from governance.services.exports import export_report
from registry.selectors import get_version

OF_REPORT = Reach(row=ReportExport, model="version__model__name")
# A report is read, never run: whatever its bytes say, the browser may do nothing but show them.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, no-store",
}


class ReportRequest(Strict):
    format = Choice(list(FORMATS))


class ReportShown(serializers.Serializer[ReportExport]):
    """A report that somebody took; its bytes are kept under their digest."""

    uid = serializers.UUIDField()
    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")
    format = Choice(list(FORMATS))
    media_type = serializers.CharField()
    file_name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    exported_by = ActorField()
    exported_at = serializers.DateTimeField()


class ReportsDoor(Door):
    reach = OF_MODEL
    verbs = {"POST": Verb.EXPORT}

    @document(
        "export_report",
        "Make the report of a version",
        tag="reports",
        path=["name", "number"],
        acts=True,
        body=ReportRequest,
        answer=ReportShown,
        status=201,
        refusals={404: ["unknown_version"]},
        example={"format": "pdf"},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        version = get_version(name, number)
        format_name = read_body(request, ReportRequest)["format"]
        report = export_report(actor=actor_of(request), version=version, format_name=format_name)
        return self.created(ReportShown, report, location=reverse("report", kwargs={"uid": report.uid}))


class ReportDoor(Door):
    reach = OF_REPORT
    verbs = {"GET": Verb.EXPORT}

    @document(
        "get_report",
        "Read what is on record about a report",
        tag="reports",
        path=["uid"],
        answer=ReportShown,
        refusals={404: ["unknown_report"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(ReportShown, get_report(uid))


class ReportContentDoor(Door):
    reach = OF_REPORT
    verbs = {"GET": Verb.EXPORT}

    @document(
        "get_report_content",
        "Download a report",
        tag="reports",
        path=["uid"],
        answer=OpenApiTypes.BINARY,
        media_type="application/pdf",
        also={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/html"): OpenApiTypes.STR,
            (200, "text/csv"): OpenApiTypes.STR,
        },
        refusals={404: ["unknown_report"], 500: ["evidence_damaged"]},
    )
    def get(self, request: Request, uid: UUID) -> FileResponse:
        report = get_report(uid)
        with local_path(report.sha256) as path:
            # The open file outlives the path, should that be a copy made for this reading.
            file = path.open("rb")
        return FileResponse(
            file, as_attachment=True, filename=report.file_name, content_type=report.media_type, headers=HEADERS
        )


def get_report(uid: UUID) -> ReportExport:
    """Return the report of that uid. Raises: UnknownReport."""
    report = ReportExport.objects.select_related("version__model").filter(uid=uid).first()
    if report is None:
        raise UnknownReport(f"There is no report {uid}.")
    return report
