"""Asks the desk's pages without a browser."""

from collections.abc import Callable

import pytest
from django.test import Client

from governance.models import Account
from tests.browser.world import Desk, set_up

SignedIn = Callable[[Account], Client]


@pytest.fixture
def desk(db: None) -> Desk:
    return set_up(password=None)


@pytest.fixture
def signed_in() -> SignedIn:
    def enter(account: Account) -> Client:
        client = Client()
        client.force_login(account)
        return client

    return enter
