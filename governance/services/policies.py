"""How does a rule come into force?"""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.db.models import Max

from audits import checks
from audits.trail import Actor, now, record
from governance.errors import PolicyMalformed
from governance.models import PolicyVersion
from governance.policy_format import MalformedPolicy, Policy, parse_policy
from governance.roles import Verb
from governance.services.authority import authorise_operator_or_shell


def publish_policy(*, actor: Actor, text: str) -> PolicyVersion:
    """Put an edition of a policy in force, after checking it against the schema and the checks there are.

    Records: policy.published. Raises: PolicyMalformed with every error, line and column.
    Idempotent: by text, as long as it is the edition in force.
    """
    authorise_operator_or_shell(actor, Verb.PUBLISH_POLICY)
    policy = read_policy(text)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    at = now()
    with record(actor=actor, at=at) as recording:
        newest = PolicyVersion.objects.filter(name=policy.name).order_by("-number").first()
        if newest and newest.sha256 == sha256:
            return newest
        number = PolicyVersion.objects.filter(name=policy.name).aggregate(newest=Max("number"))["newest"] or 0
        edition = PolicyVersion(
            name=policy.name,
            number=number + 1,
            title=policy.title,
            text=text,
            sha256=sha256,
            target=policy.scope.target,
            published_by=str(actor),
            published_at=at,
        )
        return recording.create(edition, action="policy.published", subject=edition.subject, data={"sha256": sha256})


def read_policy(text: str) -> Policy:
    """Return the policy of a text. Raises: PolicyMalformed."""
    try:
        return parse_policy(text, validate_check=check_problem)
    except MalformedPolicy as problem:
        errors = [{"line": e.line, "column": e.column, "sentence": e.sentence} for e in problem.errors]
        raise PolicyMalformed(f"The policy has {len(errors)} error(s): {problem}", errors=errors) from None


def check_problem(name: str, version: int, parameters: Mapping[str, Any]) -> str | None:
    """Return what is wrong with naming this check with these parameters, or None."""
    try:
        checks.get_check(name, version).resolve(parameters)
    except (checks.UnknownCheck, checks.UnusableParameters) as problem:
        return str(problem)
    return None
