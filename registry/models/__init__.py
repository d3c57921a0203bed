"""What exists: registered models, versions, where they stand and which names point at them."""

from registry.models.annotation import Annotation, CurrentAnnotation
from registry.models.model_version import (
    ArtifactBinding,
    EvidenceAttachment,
    ModelVersion,
    VersionDeletion,
    VersionDependency,
    with_artifact,
)
from registry.models.position import AliasAssignment, CurrentAlias, StageTransition, VersionStage
from registry.models.registered_model import (
    EntryType,
    ModelListing,
    ModelRename,
    ModelState,
    RegisteredModel,
    RiskTier,
    Task,
)

__all__ = [
    "AliasAssignment",
    "Annotation",
    "ArtifactBinding",
    "CurrentAlias",
    "CurrentAnnotation",
    "EntryType",
    "EvidenceAttachment",
    "ModelListing",
    "ModelRename",
    "ModelState",
    "ModelVersion",
    "RegisteredModel",
    "RiskTier",
    "StageTransition",
    "Task",
    "VersionDeletion",
    "VersionDependency",
    "VersionStage",
    "with_artifact",
]
