"""How long does the gate take for a policy of a hundred requirements?"""

import time
from datetime import UTC, datetime, timedelta

from governance.gates import ApprovalFact, DocumentFact, Facts, ResultFact, Subject, decide
from governance.policy_format import ApprovalFactor, DocumentRequirement, Policy, Requirement, Scope
from tests.benchmarks.board import at_most, tell

ROUNDS = 5000
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def main() -> None:
    checks = tuple(Requirement(f"c{n}", "Holds", "performance.accuracy", 1, {}, max_age_days=90) for n in range(80))
    papers = tuple(DocumentRequirement(f"d{n}", "Is there", f"kind{n}", ("Risks",), max_age_days=90) for n in range(20))
    people = (ApprovalFactor("risk", 2), ApprovalFactor("compliance", 1))
    policy = Policy("large", "Large", Scope("production"), checks, people, papers)
    fresh = NOW - timedelta(days=1)
    facts = Facts(
        results={f"large/c{n}": ResultFact("run", "failed" if n % 7 == 0 else "passed", "", fresh) for n in range(80)},
        documents={f"kind{n}": DocumentFact(frozenset({"risks"}), fresh) for n in range(20)},
        approvals=tuple(
            ApprovalFact(f"person:{n}", "risk", True, False, "artifact", "evidence", "policies", fresh)
            for n in range(3)
        ),
    )
    subject = Subject("artifact", "evidence", "policies", "pipeline:train", "person:asker")
    taken = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        decide([policy], facts, subject=subject, now=NOW)
        taken.append(time.thread_time() - began)
    p99 = sorted(taken)[int(ROUNDS * 0.99)]
    tell(at_most("G1", "gate, 100 requirements, CPU, p99", p99 * 1000, 5, "ms"))


if __name__ == "__main__":
    main()
