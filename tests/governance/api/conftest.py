"""Callers of the API: everything goes through the doors, as a program would send it."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from governance.models import Account
from governance.roles import Group, Role, Verb, allows
from tests import make


class Caller(APIClient):
    """A program with a token; addresses are those below /api/v1/."""

    def __init__(self, token: str = "", **options: Any) -> None:
        super().__init__(**options)
        if token:
            self.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def generic(self, method: str, path: str, *args: Any, **options: Any) -> Any:
        return super().generic(method, path if path.startswith("/") else f"/api/v1/{path}", *args, **options)

    def send(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST a JSON document."""
        return self.post(path, body if body is not None else {}, format="json", **options)

    def upload(self, content: bytes) -> str:
        """PUT bytes under their digest, and return it."""
        sha256 = hashlib.sha256(content).hexdigest()
        answer = self.put(f"blobs/{sha256}", content, content_type="application/octet-stream")
        assert answer.status_code in {200, 201}, answer.content
        return sha256


@pytest.fixture
def operator(db: None) -> Account:
    return make.account("olga", Role.OPERATOR)


@pytest.fixture
def pipeline(db: None) -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture
def rita(db: None) -> Account:
    return make.reviewer("rita-risk", Group.RISK)


@pytest.fixture
def carl(db: None) -> Account:
    return make.reviewer("carl-compliance", Group.COMPLIANCE)


@pytest.fixture
def calling() -> Callable[..., Caller]:
    """Return a caller for an account, with a token for all that its role may do, or for the given verbs."""

    def caller(account: Account, *scopes: Verb) -> Caller:
        roles = account.roles()
        everything = [verb for verb in Verb if allows(roles, verb)]
        return Caller(make.token(account, *(scopes or everything)))

    return caller


@pytest.fixture
def api(pipeline: Account, calling: Callable[..., Caller]) -> Caller:
    """A training pipeline."""
    return calling(pipeline)
