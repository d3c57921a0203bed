"""The API's documentation, opened in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.browser


def test_the_documentation_shows_every_use_case_and_its_example(
    page: Page, live_server: LiveServer, shot: Callable[..., None]
) -> None:
    page.goto(f"{live_server.url}/api/docs/")
    operation = page.locator("#operations-models-register_model")
    expect(operation).to_be_visible()
    shot("api-docs", narrow=False, dark=False)
    operation.locator(".opblock-summary-control").click()
    expect(operation.get_by_text("risk_tier").first).to_be_visible()
    shot("api-docs-operation", narrow=False, dark=False)
