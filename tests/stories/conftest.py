"""The people of the stories about sign-off, and a promotion that waits for them."""

import pytest

from governance.models import Account, Promotion
from governance.roles import Group
from tests import make
from tests.stories.waiting import PASSWORD, Ready


@pytest.fixture
def pipeline() -> Account:
    return make.contributor()


@pytest.fixture
def rita() -> Account:
    return make.reviewer("rita-risk", Group.RISK, password=PASSWORD)


@pytest.fixture
def carl() -> Account:
    return make.reviewer("carl-compliance", Group.COMPLIANCE, password=PASSWORD)


@pytest.fixture
def dora() -> Account:
    """Somebody who may do nothing by herself."""
    return make.account("dora-deputy", password=PASSWORD)


@pytest.fixture
def ready(pipeline: Account) -> Ready:
    """Return a promotion whose checks have passed and that waits for people."""

    def build(policy: str = make.POLICY, by: Account = pipeline) -> Promotion:
        make.policy(policy)
        version = make.version(by, make.model(by))
        make.completed(version)
        return make.promotion(by, version)

    return build
