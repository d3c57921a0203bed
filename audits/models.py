"""Which tables does this floor have? Django looks for them here."""

from audits.evidence.models import Evidence
from audits.runs.models import CheckResult, CheckRun, Job
from audits.trail.models import Checkpoint, Entry, Head, TrailTile, TreeState

__all__ = ["CheckResult", "CheckRun", "Checkpoint", "Entry", "Evidence", "Head", "Job", "TrailTile", "TreeState"]
