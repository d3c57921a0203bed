"""Somebody who listens on this machine, and an installation that may send there."""

from collections.abc import Iterator
from typing import Any

import pytest

from governance.models import Account
from governance.roles import Role
from tests import make
from tests.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_HTTP = settings.WEBHOOK_PRIVATE = True
    with receiving() as listener:
        yield listener


@pytest.fixture
def olga(transactional_db: None) -> Account:
    return make.account("olga", Role.OPERATOR)
