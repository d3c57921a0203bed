"""A registry of ours as clients find it: models of small consequences need a written purpose and their bytes."""

from governance.models import Account
from governance.roles import Role, Verb, allows
from tests import make

OPEN = """\
policy: NAME
title: Minimal-risk models need a purpose
applies_to: {risk_tier: [minimal], target: STAGE}
requirements: []
documents:
  - {id: purpose, title: The purpose is written down, kind: intended_use}
"""


def prepare() -> tuple[Account, str]:
    """Put the policies in force; return an account that may do all that no person must, and its token."""
    # An organisation's own edition of what is shipped for production.
    for name, stage in (("minimal-risk-to-staging", "staging"), ("minimal-risk", "production")):
        make.policy(OPEN.replace("NAME", name).replace("STAGE", stage))
    everybody = make.account("everybody", Role.CONTRIBUTOR, Role.OPERATOR, kind="pipeline")
    return everybody, make.token(everybody, *(verb for verb in Verb if allows(everybody.roles(), verb)))


def a_pipelines_token() -> str:
    return make.token(make.contributor(), Verb.READ, Verb.REGISTER, Verb.PROMOTE)
