"""The only code that writes to the registry."""

from registry.services.models import NAME, register_model
from registry.services.versions import (
    assign_alias,
    attach_evidence,
    delete_version,
    move_version,
    register_version,
    withdraw_alias,
)

__all__ = [
    "NAME",
    "assign_alias",
    "attach_evidence",
    "delete_version",
    "move_version",
    "register_model",
    "register_version",
    "withdraw_alias",
]
