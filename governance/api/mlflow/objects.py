"""How are models and versions shown to an MLflow client?

`version` is a text, times are whole milliseconds, what is empty is left out. `status` is always READY: with any other a
client would wait for five minutes and then fail. What the gate waits for is told in `deployment_job_state`, and under
`countersign`, which clients of MLflow pass over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast

from audits.prepared import Prepared, among
from governance.gates import Outcome
from governance.models import OpenPromotion, Promotion
from governance.selectors.origins import IMPORTED
from governance.services.registrations import RESERVED
from registry.models import (
    CurrentAlias,
    CurrentAnnotation,
    ModelVersion,
    RegisteredModel,
    VersionDeletion,
    VersionStage,
)
from registry.stages import Stage

STAGES: Final[Mapping[str, str]] = {
    Stage.DEVELOPMENT: "None",
    Stage.STAGING: "Staging",
    Stage.PRODUCTION: "Production",
    Stage.SUSPENDED: "Archived",
    Stage.RETIRED: "Archived",
}

ALIAS, TAG, PROMOTION = "alias", "tag", "promotion"


def versions_to_show() -> QuerySet[ModelVersion]:
    """Return the versions that were not deleted, with what `show_versions` needs of them."""
    return ModelVersion.objects.filter(deletion__isnull=True).select_related("model__state", "position", "binding")


def models_to_show() -> QuerySet[RegisteredModel]:
    """Return the models that were not deleted, with the newest version in each stage, as `show_models` needs them."""
    models = RegisteredModel.objects.filter(state__is_listed=True).select_related("state")
    # Not by a join over the versions: of a young registry PostgreSQL would read all of them for each model and stage.
    is_deleted = Exists(VersionDeletion.objects.filter(version=OuterRef("version_id")))
    for stage in Stage:
        newest = VersionStage.objects.filter(~is_deleted, model=OuterRef("pk"), stage=stage).order_by("-number")
        models = models.annotate(**{f"newest_{stage.value}": Subquery(newest.values("version_id")[:1])})
    return models


_MODELS = Prepared(lambda: models_to_show().filter(among("pk", "keys")))
_VERSIONS = Prepared(lambda: versions_to_show().filter(among("pk", "keys")))
# What hangs on models and on versions, in one question: key, kind, name, value.
_ON_MODELS = Prepared(
    lambda: _said(CurrentAlias.objects, "model_id", ALIAS, "alias", Cast("version__number", TextField())).union(
        _said(CurrentAnnotation.objects.filter(version=None), "model_id", TAG, "tag", F("value")), all=True
    )
)
_ON_VERSIONS = Prepared(
    lambda: _said(CurrentAlias.objects, "version_id", ALIAS, "alias", Value("")).union(
        _said(CurrentAnnotation.objects, "version_id", TAG, "tag", F("value")),
        _said(OpenPromotion.objects, "version_id", PROMOTION, "target", Value("")),
        all=True,
    )
)


def _said(rows: Any, key: str, kind: str, name: str, value: Any) -> QuerySet[Any, Any]:
    return rows.filter(among(key, "keys")).values_list(key, Value(kind, TextField()), name, value)


def models_with_keys(keys: Sequence[int]) -> list[RegisteredModel]:
    """Return the models with these keys, in their order."""
    found = {model.pk: model for model in _MODELS.all(keys=keys)}
    return [found[key] for key in keys if key in found]


def versions_with_keys(keys: Sequence[int]) -> list[ModelVersion]:
    """Return the versions with these keys, in their order."""
    found = {version.pk: version for version in _VERSIONS.all(keys=keys)}
    return [found[key] for key in keys if key in found]


class _Said:
    """What hangs on the rows with some keys: their aliases and tags, and whether a promotion is open."""

    def __init__(self, question: Prepared[Any], keys: Sequence[int]) -> None:
        self._of: dict[int, dict[str, dict[str, str]]] = {}
        for key, kind, name, value in sorted(question.all(keys=keys)) if keys else ():
            self._of.setdefault(key, {}).setdefault(kind, {})[name] = value

    def about(self, key: int, kind: str) -> dict[str, str]:
        """Return what there is of a kind, by name, sorted."""
        return self._of.get(key, {}).get(kind, {})


def latest_versions(models: Sequence[RegisteredModel]) -> dict[int, list[dict[str, Any]]]:
    """Return, by model, the newest version in each of MLflow's stages as objects, of models from `models_to_show`."""
    newest = [getattr(model, f"newest_{stage.value}") for model in models for stage in Stage]
    versions = sorted(versions_with_keys([pk for pk in newest if pk is not None]), key=lambda one: one.number)
    # Two of our stages can be one of MLflow's: of these the newer version counts.
    kept = {(version.model_id, STAGES[version.position.stage]): version for version in versions}
    ordered = sorted(kept.values(), key=lambda one: one.number)
    found: dict[int, list[dict[str, Any]]] = {model.pk: [] for model in models}
    for version, shown in zip(ordered, show_versions(ordered), strict=True):
        found[version.model_id].append(shown)
    return found


def show_models(models: Sequence[RegisteredModel]) -> list[dict[str, Any]]:
    """Return models from `models_to_show` as `registered_model` objects."""
    latest, said = latest_versions(models), _Said(_ON_MODELS, [model.pk for model in models])
    return [_model(model, latest[model.pk], said) for model in models]


def _model(model: RegisteredModel, latest: Sequence[Mapping[str, Any]], said: _Said) -> dict[str, Any]:
    noted, imported = _noted(said.about(model.pk, TAG))
    return _without_empty(
        name=model.present_name,
        creation_timestamp=milliseconds(model.registered_at),
        last_updated_timestamp=milliseconds(model.state.updated_at),
        user_id=model.owner,
        description=noted.pop("", model.description),
        tags=_pairs(noted),
        aliases=[{"alias": alias, "version": number} for alias, number in said.about(model.pk, ALIAS).items()],
        latest_versions=latest,
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


def show_versions(versions: Sequence[ModelVersion]) -> list[dict[str, Any]]:
    """Return versions from `versions_to_show` as `model_version` objects."""
    said = _Said(_ON_VERSIONS, [version.pk for version in versions])
    waiting = [version.pk for version in versions if said.about(version.pk, PROMOTION)]
    jobs = _jobs(waiting) if waiting else {}
    return [_version(version, said, jobs.get(version.pk, {})) for version in versions]


def _version(version: ModelVersion, said: _Said, job: Mapping[str, str]) -> dict[str, Any]:
    noted, imported = _noted(said.about(version.pk, TAG))
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
        aliases=list(said.about(version.pk, ALIAS)),
        deployment_job_state=job,
        countersign={"stage": version.position.stage, "artifact_sha256": version.artifact_sha256, **imported},
    )


def _jobs(versions: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return, by version, how its newest open promotion goes on, in the words of a deployment job."""
    rows = OpenPromotion.objects.filter(version__in=versions).order_by("promotion_id")
    rows = rows.select_related("promotion").prefetch_related("promotion__decisions")
    return {row.version_id: _job(row.promotion) for row in rows}


def _job(promotion: Promotion) -> dict[str, str]:
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


def _noted(said: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return tags, with the description under the empty name, and apart from them what something was elsewhere.

    A client that copies a version copies its tags, and the copy was nowhere else.
    """
    noted = dict(said)
    before = {tag.removeprefix(IMPORTED): noted.pop(tag) for tag in said if tag.startswith(IMPORTED)}
    return noted, {"imported": before} if before else {}


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _without_empty(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in ("", [], {}, None)}


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
