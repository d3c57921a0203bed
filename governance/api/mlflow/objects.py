"""How are models and versions shown to an MLflow client?

`version` is a text, times are whole milliseconds, what is empty is left out. `status` is always READY: with any other a
client would wait for five minutes and then fail. What the gate waits for is told in `deployment_job_state`, and under
`countersign`, which clients of MLflow pass over.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from governance.gates import Outcome
from governance.models import OpenPromotion
from governance.services.imports import IMPORTED
from governance.services.registrations import RESERVED
from registry.models import CurrentAnnotation, ModelVersion, RegisteredModel, VersionStage
from registry.stages import Stage

STAGES: Final[Mapping[str, str]] = {
    Stage.DEVELOPMENT: "None",
    Stage.STAGING: "Staging",
    Stage.PRODUCTION: "Production",
    Stage.SUSPENDED: "Archived",
    Stage.RETIRED: "Archived",
}


def versions_to_show() -> QuerySet[ModelVersion]:
    """Return the versions that were not deleted, with what is shown of them: five queries, however many."""
    versions = ModelVersion.objects.filter(deletion__isnull=True)
    noted = Prefetch("noted", CurrentAnnotation.objects.order_by("tag"))
    moves = OpenPromotion.objects.select_related("promotion").prefetch_related("promotion__decisions")
    return versions.select_related("model__state", "position", "binding").prefetch_related(
        "aliases", noted, Prefetch("open_promotions", moves)
    )


def models_to_show() -> QuerySet[RegisteredModel]:
    """Return the models that were not deleted, with what is shown of them and their newest version in each stage."""
    models = RegisteredModel.objects.filter(state__is_listed=True).select_related("state")
    for stage in Stage:
        newest = VersionStage.objects.filter(
            model=OuterRef("pk"), stage=stage, version__deletion__isnull=True
        ).order_by("-number")
        models = models.annotate(**{f"newest_{stage.value}": Subquery(newest.values("version_id")[:1])})
    noted = Prefetch("noted", CurrentAnnotation.objects.filter(version=None).order_by("tag"))
    return models.prefetch_related(noted, "aliases__version")


def latest_versions(models: Sequence[RegisteredModel]) -> dict[int, list[ModelVersion]]:
    """Return, by model, the newest version in each of MLflow's stages, of models from `models_to_show`."""
    newest = [getattr(model, f"newest_{stage.value}") for model in models for stage in Stage]
    found: dict[int, dict[str, ModelVersion]] = {model.pk: {} for model in models}
    rows = versions_to_show().filter(pk__in=[pk for pk in newest if pk is not None])
    for version in rows.order_by("number"):
        found[version.model_id][STAGES[version.position.stage]] = version
    return {pk: sorted(by_stage.values(), key=lambda one: one.number) for pk, by_stage in found.items()}


def show_models(models: Sequence[RegisteredModel]) -> list[dict[str, Any]]:
    """Return models from `models_to_show` as `registered_model` objects."""
    latest = latest_versions(models)
    return [_model(model, latest[model.pk]) for model in models]


def _model(model: RegisteredModel, latest: Iterable[ModelVersion]) -> dict[str, Any]:
    noted, imported = _noted(model.noted.all())
    aliases = [{"alias": row.alias, "version": str(row.version.number)} for row in model.aliases.all()]
    return _without_empty(
        name=model.present_name,
        creation_timestamp=milliseconds(model.registered_at),
        last_updated_timestamp=milliseconds(model.state.updated_at),
        user_id=model.owner,
        description=noted.pop("", model.description),
        tags=_pairs(noted),
        aliases=sorted(aliases, key=lambda one: one["alias"]),
        latest_versions=[show_version(version) for version in latest],
        countersign={
            "registered_name": model.name,
            "risk_tier": model.risk_tier,
            "task": model.task,
            "entry_type": model.entry_type,
            "intended_use": model.intended_use,
            "tags": [{"key": f"{RESERVED}{key}", "value": value} for key, value in sorted(model.tags.items())],
            **imported,
        },
    )


def show_version(version: ModelVersion) -> dict[str, Any]:
    """Return a version from `versions_to_show` as a `model_version` object."""
    noted, imported = _noted(version.noted.all())
    return _without_empty(
        name=version.model.present_name,
        version=str(version.number),
        creation_timestamp=milliseconds(version.registered_at),
        last_updated_timestamp=milliseconds(version.position.updated_at),
        user_id=version.registered_by,
        current_stage=STAGES[version.position.stage],
        description=noted.pop("", version.notes),
        source=version.source,
        run_id=version.run_id,
        run_link=version.run_link,
        model_id=version.logged_model,
        status="READY",
        tags=_pairs(noted),
        aliases=sorted(row.alias for row in version.aliases.all()),
        deployment_job_state=_job(version),
        countersign={"stage": version.position.stage, "artifact_sha256": version.artifact_sha256, **imported},
    )


def _job(version: ModelVersion) -> dict[str, str]:
    """Return how the newest open promotion of a version goes on, in the words of a deployment job."""
    promotions = [row.promotion for row in version.open_promotions.all()]
    if not promotions:
        return {}
    promotion = max(promotions, key=lambda one: one.pk)
    decision = max(promotion.decisions.all(), key=lambda one: one.number, default=None)
    reasons = [] if decision is None else [one for one in decision.reasons if one["outcome"] != Outcome.ALLOW]
    codes = {reason["code"] for reason in reasons}
    if any(reason["outcome"] == Outcome.BLOCK for reason in reasons):
        run_state = "FAILED"
    elif "running" in codes:
        run_state = "RUNNING"
    else:
        run_state = "APPROVAL" if codes == {"approval_missing"} else "PENDING"
    return {
        "job_id": str(promotion.uid),
        "run_id": str(promotion.uid),
        "job_state": "CONNECTED",
        "run_state": run_state,
        "current_task_name": reasons[0]["requirement"] if reasons else "",
    }


def _noted(rows: Iterable[CurrentAnnotation]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return tags, with the description under the empty name, and apart from them what something was elsewhere.

    A client that copies a version copies its tags, and the copy was nowhere else.
    """
    noted = {row.tag: row.value for row in rows}
    before = {tag.removeprefix(IMPORTED): noted.pop(tag) for tag in list(noted) if tag.startswith(IMPORTED)}
    return noted, {"imported": before} if before else {}


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _without_empty(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in ("", [], {}, None)}


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
