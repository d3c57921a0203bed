"""A client of the dialect, at the level of its requests."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from rest_framework.test import APIClient

from governance.models import Account
from governance.roles import Role, Verb, allows
from tests import make


class MlflowCaller(APIClient):
    """Sends what an MLflow client would; addresses are those below /api/2.0/mlflow/."""

    def __init__(self, token: str = "", **options: Any) -> None:
        super().__init__(**options)
        if token:
            self.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def call(self, method: str, path: str, **parameters: Any) -> Any:
        """Return the answer to a call: a GET with a query, anything else with a JSON body."""
        address = path if path.startswith("/") else f"/api/2.0/mlflow/{path}"
        if method == "GET":
            return self.get(f"{address}?{urlencode(parameters, doseq=True)}" if parameters else address)
        return self.generic(method, address, json.dumps(parameters), content_type="application/json")

    def ok(self, method: str, path: str, **parameters: Any) -> Any:
        """Return the document of a call that must succeed."""
        answer = self.call(method, path, **parameters)
        assert answer.status_code == 200, (method, path, answer.content)
        return answer.json()

    def refused(self, method: str, path: str, **parameters: Any) -> tuple[int, str]:
        """Return status and error code of a call that must fail."""
        answer = self.call(method, path, **parameters)
        document = answer.json()
        assert answer.status_code >= 400, (method, path, document)
        assert document["message"]
        return answer.status_code, document["error_code"]


def caller(account: Account, *scopes: Verb) -> MlflowCaller:
    """Return a caller for an account, with a token for all that its roles may do, or for the given verbs."""
    roles = account.roles()
    return MlflowCaller(make.token(account, *(scopes or [verb for verb in Verb if allows(roles, verb)])))


@pytest.fixture
def pipeline(db: None) -> Account:
    return make.contributor()


@pytest.fixture
def mlflow(pipeline: Account) -> MlflowCaller:
    """A training pipeline."""
    return caller(pipeline)


@pytest.fixture
def operator(db: None) -> Account:
    return make.account("olga", Role.OPERATOR, Role.CONTRIBUTOR)
