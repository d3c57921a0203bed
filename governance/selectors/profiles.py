"""Which of the checks that policies ask for can do with a stored profile in the place of a table's rows?"""

from collections import defaultdict
from dataclasses import dataclass, field

from audits.checks import UnknownCheck, get_check, reads_profile
from governance.selectors.policies import rules_about
from registry.models import RegisteredModel


@dataclass(slots=True)
class OverProfile:
    """The checks that read a table beside the evaluation, by whether a profile of it is enough for them."""

    measured: set[str] = field(default_factory=set)
    needing_rows: set[str] = field(default_factory=set)


def over_profiles(model: RegisteredModel) -> dict[str, OverProfile]:
    """Return, by the purpose that a profile could serve as, what the policies about a model would get from it."""
    found: dict[str, OverProfile] = defaultdict(OverProfile)
    for policy in rules_about(model).policies:
        for line in policy.requirements:
            try:
                check = get_check(line.check, line.version)
            except UnknownCheck:
                continue
            # Whatever a policy lets a check read in the place of the evaluation is counted by rows.
            purposes = {table: line.evidence if table == "evaluation" else table for table in check.tables}
            for table, purpose in purposes.items():
                if purpose != "evaluation":
                    over = found[purpose]
                    (over.measured if reads_profile(check, table) else over.needing_rows).add(check.name)
    return dict(found)
