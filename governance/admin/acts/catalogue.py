"""Which acts are there, on what?"""

from governance.admin.acts.attachments import ATTACH_DOCUMENT
from governance.admin.acts.certifications import TRIGGER
from governance.admin.acts.check_orders import ORDER_CHECKS
from governance.admin.acts.comments import REVISE_COMMENT, WITHDRAW_COMMENT, WRITE_COMMENT
from governance.admin.acts.conditions import FULFIL
from governance.admin.acts.delegations import DELEGATE, RECUSE, REVOKE
from governance.admin.acts.emergencies import CONFIRM, INVOKE, REVIEW
from governance.admin.acts.policies import (
    APPROVE_POLICY,
    PROPOSE_EDITION,
    PROPOSE_POLICY,
    REFUSE_POLICY,
    WITHDRAW_POLICY,
)
from governance.admin.acts.promotions import REQUEST, WITHDRAW
from governance.admin.acts.retirements import DELETE, RETIRE, SUSPEND
from governance.admin.acts.rollbacks import ROLL_BACK
from governance.admin.acts.tables import ATTACH_TABLE, HAND_IN_TABLE
from governance.admin.acts.waivers import REVOKE_WAIVER, WAIVE, WAIVE_AHEAD

ON_VERSIONS = (
    *(REQUEST, WRITE_COMMENT, ATTACH_DOCUMENT, HAND_IN_TABLE, ATTACH_TABLE, ORDER_CHECKS, WAIVE_AHEAD),
    *(TRIGGER, SUSPEND, RETIRE, DELETE),
)
ON_PROMOTIONS = (WAIVE, RECUSE, WITHDRAW, INVOKE, CONFIRM, REVIEW)
ON_WAIVERS = (REVOKE_WAIVER,)
ON_COMMENTS = (REVISE_COMMENT, WITHDRAW_COMMENT)
ON_CONDITIONS = (FULFIL,)
ON_DELEGATIONS = (REVOKE,)
ON_ONESELF = (DELEGATE,)
ON_ALIASES = (ROLL_BACK,)
ON_DRAFTS = (APPROVE_POLICY, REFUSE_POLICY, WITHDRAW_POLICY)
ON_RULES = (PROPOSE_POLICY,)
ON_EDITIONS = (PROPOSE_EDITION,)

ACTS = (
    *ON_VERSIONS,
    *ON_PROMOTIONS,
    *ON_WAIVERS,
    *ON_COMMENTS,
    *ON_CONDITIONS,
    *ON_DELEGATIONS,
    *ON_ONESELF,
    *ON_ALIASES,
    *ON_DRAFTS,
    *ON_RULES,
    *ON_EDITIONS,
)
