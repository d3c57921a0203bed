"""Check runs: ordered by digest, worked off by whoever lives, recorded once."""

from audits.runs.models import CheckResult, CheckRun, CheckVerdict, Job, JobState
from audits.runs.services import LeaseLost, Order, due_batches, give_up_lost_jobs, mark_published, order_runs, runs_of

__all__ = [
    "CheckResult",
    "CheckRun",
    "CheckVerdict",
    "Job",
    "JobState",
    "LeaseLost",
    "Order",
    "due_batches",
    "give_up_lost_jobs",
    "mark_published",
    "order_runs",
    "runs_of",
]
