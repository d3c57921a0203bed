"""What exists: registered models, versions, where they stand and which names point at them."""

from registry.models.model_version import EvidenceAttachment, ModelVersion, VersionDeletion, VersionDependency
from registry.models.position import AliasAssignment, CurrentAlias, StageTransition, VersionStage
from registry.models.registered_model import EntryType, RegisteredModel, RiskTier, Task

__all__ = [
    "AliasAssignment",
    "CurrentAlias",
    "EntryType",
    "EvidenceAttachment",
    "ModelVersion",
    "RegisteredModel",
    "RiskTier",
    "StageTransition",
    "Task",
    "VersionDeletion",
    "VersionDependency",
    "VersionStage",
]
