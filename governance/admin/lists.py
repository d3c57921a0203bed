"""Which tables can be searched at the desk? All of them to read, none to write."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display

from audits.evidence import Evidence
from audits.runs import CheckResult, CheckRun, Job
from audits.trail import Checkpoint, Entry
from governance.admin.acts import ON_RULES, acts_for
from governance.admin.pages import may, roles_of
from governance.models import Account, PolicyDraft, PolicyVersion, Promotion, ReportExport
from governance.roles import Role, Verb
from registry.models import AliasAssignment, ModelVersion, RegisteredModel, StageTransition


def moment_column(field: str, title: str) -> Callable[[Any], str]:
    """Return a column with a time as every page of the desk prints it."""

    @display(description=f"{title} (UTC)", ordering=field)
    def shown(row: Any) -> str:
        moment = getattr(row, field)
        return f"{moment:%-d %b %Y, %H:%M}" if moment else "–"

    return shown


class ReadOnlyList(ModelAdmin):
    """A table to look at. There is no way in it to add, change, delete or act on many rows at once."""

    actions = None
    list_display_links: list[str] | None = None
    list_per_page = 50
    list_filter_sheet = False
    show_full_result_count = False
    change_list_template = "desk/list.html"
    change_form_template = "desk/row.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(roles_of(request))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(roles_of(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        raise Http404("What happened stands on the trail.")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # Without permission to change, a posted list would be drawn as if it had been asked for.
        if request.method not in {"GET", "HEAD"}:
            raise Http404("Nothing is changed through this list.")
        return super().changelist_view(request, extra_context)


class PageList(ReadOnlyList):
    """A table whose rows have pages of their own at the desk."""

    def page_of(self, row: Any) -> str:
        raise NotImplementedError

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404("There is no such row.")
        return redirect(self.page_of(row))

    @display(description="Name")
    def opens(self, row: Any) -> str:
        return format_html('<a class="cs-link" href="{}">{}</a>', self.page_of(row), str(row))


class PromotionList(PageList):
    list_display = ["opens", "target", "outcome", moment_column("requested_at", "Asked for")]
    list_filter = ["target", "closure__outcome"]
    search_fields = ["version__model__name"]
    list_select_related = ["version__model", "closure"]

    def page_of(self, row: Promotion) -> str:
        return reverse("admin:promotion", args=[row.uid])

    @display(description="Outcome")
    def outcome(self, row: Promotion) -> str:
        closure = getattr(row, "closure", None)
        return closure.outcome if closure else "open"


class ModelList(PageList):
    list_display = ["opens", "risk_tier", "task", moment_column("registered_at", "Registered")]
    list_filter = ["risk_tier", "task"]
    search_fields = ["name", "description"]

    def page_of(self, row: RegisteredModel) -> str:
        return reverse("admin:model", args=[row.name])


class VersionList(PageList):
    list_display = ["opens", "stage", "names", "artifact_format", moment_column("registered_at", "Registered")]
    list_filter = ["position__stage", "model__risk_tier"]
    search_fields = ["model__name", "registered_sha256", "binding__sha256"]
    list_select_related = ["model", "position"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return super().get_queryset(request).prefetch_related("aliases")

    def page_of(self, row: ModelVersion) -> str:
        return reverse("admin:version", args=[row.model.name, row.number])

    @display(description="Stage")
    def stage(self, row: ModelVersion) -> str:
        return row.position.stage

    @display(description="Aliases")
    def names(self, row: ModelVersion) -> str:
        return ", ".join(alias.alias for alias in row.aliases.all()) or "–"


class CheckResultList(PageList):
    list_display = ["opens", "verdict", "said", moment_column("completed_at", "Completed")]
    list_filter = ["verdict", "run__check_name"]
    search_fields = ["run__subject", "run__check_name"]
    list_select_related = ["run"]
    ordering = ["-id"]

    def page_of(self, row: CheckResult) -> str:
        return reverse("admin:check", args=[row.run.uid])

    @display(description="Check")
    def opens(self, row: CheckResult) -> str:
        return format_html('<a class="cs-link" href="{}">{}</a>', self.page_of(row), str(row.run))

    @display(description="What it found")
    def said(self, row: CheckResult) -> str:
        sentence = str(row.report.get("sentence", ""))
        return f"{sentence[:120]}…" if len(sentence) > 120 else sentence


class CheckRunList(PageList):
    list_display = ["opens", "result_word", moment_column("ordered_at", "Ordered")]
    list_filter = ["check_name"]
    search_fields = ["subject", "check_name"]
    list_select_related = ["result"]
    ordering = ["-id"]

    def page_of(self, row: CheckRun) -> str:
        return reverse("admin:check", args=[row.uid])

    @display(description="Result")
    def result_word(self, row: CheckRun) -> str:
        result = getattr(row, "result", None)
        return result.verdict if result else "under way"


class PolicyList(PageList):
    list_display = ["opens", "name", "number", "target", moment_column("published_at", "Published")]
    list_filter = ["name", "target"]
    search_fields = ["name", "title", "text"]
    change_list_template = "desk/policies.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        drafts = PolicyDraft.objects.filter(closure__isnull=True)
        more = {"drafts": drafts, "acts": acts_for(request, ON_RULES, None)}
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def page_of(self, row: PolicyVersion) -> str:
        return reverse("admin:policy", args=[row.name, row.number])


class EntryList(PageList):
    """The trail has a page of its own; this leads there."""

    def page_of(self, row: Entry) -> str:
        return reverse("admin:entry", args=[row.index])

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:trail")


class CheckpointList(ReadOnlyList):
    list_display = ["size", moment_column("signed_at", "Signed")]
    list_display_links = ["size"]
    fields = ["size", "signed_at", "note"]


class EvidenceList(ReadOnlyList):
    list_display = ["name", "kind", "format", "row_count", "sha256"]
    list_display_links = ["name"]
    list_filter = ["kind", "format"]
    search_fields = ["name", "sha256"]
    ordering = ["-id"]
    fields = ["uid", "kind", "name", "sha256", "size", "format", "row_count", "declaration_sha256", "declaration"]


class JobList(ReadOnlyList):
    list_display = [
        "batch",
        "state",
        "attempts",
        "progress",
        moment_column("created_at", "Created"),
        moment_column("finished_at", "Finished"),
    ]
    list_filter = ["state"]
    ordering = ["-id"]


class StageTransitionList(ReadOnlyList):
    list_display = ["version", "from_stage", "to_stage", "because", moment_column("moved_at", "Moved")]
    list_select_related = ["version__model"]
    list_filter = ["to_stage"]
    search_fields = ["version__model__name"]
    ordering = ["-id"]


class AliasAssignmentList(ReadOnlyList):
    list_display = ["model", "alias", "version", "because", moment_column("assigned_at", "Assigned")]
    list_select_related = ["model", "version__model"]
    list_filter = ["alias"]
    search_fields = ["model__name"]
    ordering = ["-id"]


class ReportList(ReadOnlyList):
    list_display = ["file_name", "version", "format", "size", moment_column("exported_at", "Exported"), "take"]
    list_filter = ["format"]
    search_fields = ["version__model__name", "sha256"]
    list_select_related = ["version__model"]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        shown: list[Any] = list(super().get_list_display(request))
        return shown if may(request, Verb.EXPORT) else [name for name in shown if name != "take"]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        raise Http404("A report has no page; download it.")

    @display(description="Download")
    def take(self, row: ReportExport) -> str:
        address = reverse("admin:download_report", args=[row.uid])
        return format_html('<a class="cs-link" href="{}">Download<span class="cs-hidden"> {}</span></a>', address, row)


class AccountList(ReadOnlyList):
    """Who can get in. Operators and auditors see it; the password's hash is on no page."""

    list_display = ["display_name", "login", "kind", "is_active", "roles_held", moment_column("created_at", "Created")]
    list_display_links = ["display_name"]
    list_filter = ["kind", "is_active"]
    search_fields = ["login", "display_name"]
    fields = ["display_name", "login", "uid", "kind", "is_active", "roles_held", "created_at", "last_login"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(roles_of(request) & {Role.OPERATOR, Role.AUDITOR})

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).prefetch_related("role_grants__revocation")

    @display(description="Roles")
    def roles_held(self, row: Account) -> str:
        held = [grant for grant in row.role_grants.all() if not hasattr(grant, "revocation")]
        return ", ".join(f"{grant.role} {grant.group}".strip() for grant in held) or "none"

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return list(self.fields)


LISTS: dict[type[Model], type[ReadOnlyList]] = {
    Promotion: PromotionList,
    RegisteredModel: ModelList,
    ModelVersion: VersionList,
    StageTransition: StageTransitionList,
    AliasAssignment: AliasAssignmentList,
    CheckResult: CheckResultList,
    CheckRun: CheckRunList,
    Job: JobList,
    Evidence: EvidenceList,
    Entry: EntryList,
    Checkpoint: CheckpointList,
    PolicyVersion: PolicyList,
    ReportExport: ReportList,
    Account: AccountList,
}


def register_all(site: AdminSite) -> None:
    """Put every list on the site."""
    for model, one_list in LISTS.items():
        site.register(model, one_list)
