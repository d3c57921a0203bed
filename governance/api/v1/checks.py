"""Which checks were ordered, how far are they, and what did they find?"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.runs import CheckRun, CheckVerdict, Job, JobState
from governance.api.door import Door, actor_of, read_body, read_query, shown
from governance.api.errors import UnknownCheckRun
from governance.api.fields import Choice, Document, Line, Nothing, PageQuery, given
from governance.api.pagination import page_of
from governance.api.reach import OF_MODEL, Reach
from governance.api.schema import document, paged
from governance.roles import Verb
from governance.services.check_orders import order_checks
from registry.selectors import get_version

STATES = ("waiting", "running", "completed")


class Measurement(serializers.Serializer[Any]):
    """A number with its unit and interval."""

    name = serializers.CharField()
    value = serializers.FloatField(allow_null=True, help_text="null: not defined.")
    unit = serializers.CharField()
    group = serializers.CharField(allow_null=True, help_text="column or column/group.")
    low = serializers.FloatField(allow_null=True, help_text="Lower end of the interval.")
    high = serializers.FloatField(allow_null=True, help_text="Upper end of the interval.")
    level = serializers.FloatField(allow_null=True, help_text="Confidence level of the interval.")
    n = serializers.IntegerField(allow_null=True, help_text="Rows behind the number.")
    ideal = serializers.FloatField(allow_null=True)
    limit = serializers.FloatField(allow_null=True, help_text="The policy's limit.")
    note = serializers.CharField()


class Finding(serializers.Serializer[Any]):
    """Something a check holds against the version."""

    key = serializers.CharField(help_text="Stable from run to run.")
    severity = serializers.CharField()
    sentence = serializers.CharField()
    measurement = serializers.CharField()
    would_pass = serializers.CharField(
        default="",
        help_text="Advice: the smallest change that would pass, where one was worked out. Nothing applies it.",
    )


class CheckRunShown(serializers.Serializer[Any]):
    """The order to run one check over inputs named by digest, and what came out."""

    uid = serializers.UUIDField()
    subject = serializers.CharField(help_text="On whose behalf, e.g. version/care-programme/3.")
    check = serializers.CharField()
    check_version = serializers.IntegerField()
    parameters = Document()
    inputs = Document(help_text="Digests of tables, declarations and artifact.")
    identity = serializers.CharField(help_text="Equal identities, equal figures.")
    ordered_at = serializers.DateTimeField()
    state = Choice(STATES)
    percent = serializers.IntegerField(help_text="Share of the work that is done.")
    verdict = Choice(CheckVerdict.choices, allow_null=True)
    sentence = serializers.CharField()
    measurements = Measurement(many=True)
    findings = Finding(many=True)
    notes = serializers.ListField(child=serializers.CharField())
    completed_at = serializers.DateTimeField(allow_null=True)


class CheckRunWithStatistics(CheckRunShown):
    """A check run with the sufficient statistics from which its figures can be computed again."""

    statistics = Document()
    guards = serializers.ListField(child=serializers.CharField(), help_text="Process guards that were in force.")


class CheckQuery(PageQuery):
    check = Line(required=False, max_length=80, help_text="family.check")
    verdict = Choice(CheckVerdict.choices, required=False)


class ChecksOrdered(serializers.Serializer[Any]):
    """The check runs that were ordered."""

    items = CheckRunShown(many=True)


class VersionChecksDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ, "POST": Verb.PROMOTE}

    @document(
        "list_checks_of_version",
        "List the check runs of a version, newest first",
        tag="checks",
        path=["name", "number"],
        query=CheckQuery,
        answer=paged(CheckRunShown),
        refusals={404: ["unknown_version"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        query = read_query(request, CheckQuery)
        filters = given(query, {"check": "check_name", "verdict": "result__verdict"})
        rows = CheckRun.objects.filter(subject=get_version(name, number).subject, **filters)
        page = page_of(rows.select_related("result"), cursor=query.get("cursor"), limit=query["limit"])
        items = shown(CheckRunShown, run_documents(page.rows), many=True)
        return Response({"items": items, "next": page.next})

    @document(
        "order_checks",
        "Order the checks that were never run, broke off, or passed too long ago",
        tag="checks",
        path=["name", "number"],
        acts=True,
        answer=ChecksOrdered,
        status=201,
        refusals={404: ["unknown_version"], 409: ["nothing_to_order", "version_retired", "version_deleted"]},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        version = get_version(name, number)
        read_body(request, Nothing)
        runs = order_checks(actor=actor_of(request), version=version)
        location = reverse("version-checks", kwargs={"name": name, "number": number})
        return self.created(ChecksOrdered, {"items": run_documents(runs)}, location=location)


class CheckRunDoor(Door):
    reach = Reach(row=CheckRun, subject="subject")
    verbs = {"GET": Verb.READ}

    @document(
        "get_check_run",
        "Read a check run with its statistics",
        tag="checks",
        path=["uid"],
        answer=CheckRunWithStatistics,
        refusals={404: ["unknown_check_run"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        run = CheckRun.objects.select_related("result").filter(uid=uid).first()
        if run is None:
            raise UnknownCheckRun(f"There is no check run {uid}.")
        return self.shown(CheckRunWithStatistics, run_documents([run])[0])


def run_documents(runs: Iterable[CheckRun]) -> list[dict[str, Any]]:
    """Return runs as documents, with how far the job of their batch is."""
    runs = list(runs)
    jobs = {job.batch: job for job in Job.objects.filter(batch__in={run.batch for run in runs})}
    return [_document(run, jobs.get(run.batch)) for run in runs]


def _document(run: CheckRun, job: Job | None) -> dict[str, Any]:
    result = getattr(run, "result", None)
    report: Mapping[str, Any] = result.report if result else {}
    state, percent = _progress(job)
    return {
        "uid": run.uid,
        "subject": run.subject,
        "check": run.check_name,
        "check_version": run.check_version,
        "parameters": run.parameters,
        "inputs": run.inputs,
        "identity": run.identity,
        "ordered_at": run.ordered_at,
        "state": "completed" if result else state,
        "percent": 100 if result else percent,
        "verdict": result.verdict if result else None,
        "sentence": report.get("sentence", ""),
        "measurements": report.get("measurements", []),
        "findings": report.get("findings", []),
        "notes": report.get("notes", []),
        "statistics": report.get("statistics", {}),
        "guards": result.guards if result else [],
        "completed_at": result.completed_at if result else None,
    }


def _progress(job: Job | None) -> tuple[str, int]:
    if job is None or job.state != JobState.RUNNING:
        return "waiting", 0
    return "running", job.progress
