"""The acts a person can do at the desk, each a declaration: on what, who may, what follows, and one use case."""

from governance.admin.acts.act import Act, Done, Kind, Offer, Offered
from governance.admin.acts.catalogue import (
    ACTS,
    ON_ALIASES,
    ON_COMMENTS,
    ON_CONDITIONS,
    ON_DELEGATIONS,
    ON_DRAFTS,
    ON_EDITIONS,
    ON_ONESELF,
    ON_PROMOTIONS,
    ON_RULES,
    ON_VERSIONS,
    ON_WAIVERS,
)
from governance.admin.acts.page import acts_for, offers, paths

__all__ = [
    "ACTS",
    "ON_ALIASES",
    "ON_COMMENTS",
    "ON_CONDITIONS",
    "ON_DELEGATIONS",
    "ON_DRAFTS",
    "ON_EDITIONS",
    "ON_ONESELF",
    "ON_PROMOTIONS",
    "ON_RULES",
    "ON_VERSIONS",
    "ON_WAIVERS",
    "Act",
    "Done",
    "Kind",
    "Offer",
    "Offered",
    "acts_for",
    "offers",
    "paths",
]
