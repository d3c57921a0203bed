"""The only code that writes to the registry."""

from registry.services.annotations import annotate
from registry.services.locks import lock_versions
from registry.services.models import NAME, delete_model, register_model, rename_model
from registry.services.versions import (
    assign_alias,
    attach_evidence,
    bind_artifact,
    delete_version,
    move_version,
    refuse_deleted,
    register_version,
    withdraw_alias,
)

__all__ = [
    "NAME",
    "annotate",
    "assign_alias",
    "attach_evidence",
    "bind_artifact",
    "delete_model",
    "delete_version",
    "lock_versions",
    "move_version",
    "refuse_deleted",
    "register_model",
    "register_version",
    "rename_model",
    "withdraw_alias",
]
