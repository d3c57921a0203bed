"""What exists: registered models, versions, where they stand and which names point at them."""

from registry.models.model_version import ModelVersion
from registry.models.position import AliasAssignment, CurrentAlias, StageTransition, VersionStage
from registry.models.registered_model import RegisteredModel, RiskTier, Task

__all__ = [
    "AliasAssignment",
    "CurrentAlias",
    "ModelVersion",
    "RegisteredModel",
    "RiskTier",
    "StageTransition",
    "Task",
    "VersionStage",
]
