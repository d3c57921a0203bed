"""Which acts can stand on the trail, and what does each mean? The reference of actions is made from this."""

from audits.actions import ACTIONS as AUDIT_ACTIONS
from registry.actions import ACTIONS as REGISTRY_ACTIONS

ACTIONS = {
    **AUDIT_ACTIONS,
    **REGISTRY_ACTIONS,
    "account.created": "A person or a pipeline got an account.",
    "person.erased": "A person was forgotten: the account blanked, the keys of their texts destroyed.",
    "role.granted": "An account got a role.",
    "role.revoked": "An account lost a role.",
    "token.issued": "An account got a token for the API.",
    "token.revoked": "A token stopped working.",
    "policy.published": "An edition of a policy came into force.",
    "promotion.requested": "Somebody asked to move a version to a stage.",
    "gate.decided": "The gate answered allow, wait or block, with a reason per requirement.",
    "approval.given": "A reviewer approved what the gate showed.",
    "approval.refused": "A reviewer refused, with a reason.",
    "promotion.closed": "A promotion ended: promoted, refused or withdrawn.",
    "version.rolled_back": "An alias went back to an earlier version that is still approved.",
    "report.exported": "Somebody took a report away.",
    "bundle.exported": "Somebody took an evidence bundle away.",
}
