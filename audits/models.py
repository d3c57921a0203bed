"""Which tables does this floor have? Django looks for them here."""

from audits.evidence.models import Evidence
from audits.runs.models import CheckResult, CheckRun, Job
from audits.trail.anchors.models import Anchoring
from audits.trail.models import Checkpoint, Entry, Head, PersonKey, TrailTile, TreeState
from audits.trail.witnessing.models import Cosignature, WitnessedCheckpoint

__all__ = [
    "Anchoring",
    "CheckResult",
    "CheckRun",
    "Checkpoint",
    "Cosignature",
    "Entry",
    "Evidence",
    "Head",
    "Job",
    "PersonKey",
    "TrailTile",
    "TreeState",
    "WitnessedCheckpoint",
]
