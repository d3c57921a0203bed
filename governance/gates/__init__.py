"""May this happen? One pure function decides, and says why for every requirement.

No database, no clock, no randomness: the same facts always give the same decision, and a decision can be replayed.
Whatever is unknown, late, crashed or inconclusive is not allowed.
"""

from governance.gates.approvals import barred_people, has_veto, is_bound_to, missing_before
from governance.gates.decision import GateDecision, Outcome, Reason, decide, worst_of
from governance.gates.facts import (
    ApprovalFact,
    BreakGlassFact,
    ConditionFact,
    DocumentFact,
    Facts,
    ResultFact,
    Stay,
    Subject,
    WaiverFact,
)
from governance.gates.requirements import UNANSWERED, is_unanswered

__all__ = [
    "UNANSWERED",
    "ApprovalFact",
    "BreakGlassFact",
    "ConditionFact",
    "DocumentFact",
    "Facts",
    "GateDecision",
    "Outcome",
    "Reason",
    "ResultFact",
    "Stay",
    "Subject",
    "WaiverFact",
    "barred_people",
    "decide",
    "has_veto",
    "is_bound_to",
    "is_unanswered",
    "missing_before",
    "worst_of",
]
