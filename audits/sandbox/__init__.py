"""Untrusted models and tables are opened here, in child processes that can do nothing else; no Django."""

from audits.sandbox.execute import errored_outcomes, execute
from audits.sandbox.lock import GUARDS, Limits, missing_guards
from audits.sandbox.model_formats import FORMATS, ModelRefused, check_artifact_format
from audits.sandbox.profiling import profile_table

__all__ = [
    "FORMATS",
    "GUARDS",
    "Limits",
    "ModelRefused",
    "check_artifact_format",
    "errored_outcomes",
    "execute",
    "missing_guards",
    "profile_table",
]
