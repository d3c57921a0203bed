"""Drives a real Chromium against a live server on this machine."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from governance.models import Account
from tests.browser.world import PASSWORD, Desk, set_up

WIDE, NARROW = {"width": 1360, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session", autouse=True)
def _database_beside_the_browser() -> Iterator[None]:
    """Playwright runs an event loop in the test's thread, and Django refuses its database there by default."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("COUNTERSIGN_CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh browser window. Fails the test when the page asks another machine, or a script breaks."""
    context = chromium.new_context(viewport=WIDE, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    page = context.new_page()
    elsewhere: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: _note_foreign(request.url, elsewhere))
    page.on("pageerror", lambda problem: broken.append(str(problem)))
    yield page
    context.close()
    assert elsewhere == []
    assert broken == []


def _note_foreign(url: str, elsewhere: list[str]) -> None:
    if url.startswith(("data:", "blob:", "about:")):
        return
    if urlsplit(url).hostname not in {"127.0.0.1", "localhost"}:
        elsewhere.append(url)


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return set_up()


@pytest.fixture
def sign_in(page: Page, live_server: LiveServer) -> Callable[[Account], None]:
    """Sign in through the page, as a person does; whoever was signed in before is signed out."""

    def enter(account: Account) -> None:
        page.context.clear_cookies()
        page.goto(f"{live_server.url}/admin/")
        page.locator("#id_username").fill(account.login)
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name=re.compile("Log in")).click()
        expect(page.locator("#id_username")).to_have_count(0)

    return enter


@pytest.fixture
def shot(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Keep a picture of the page: light, dark and as narrow as a telephone."""
    folder = Path(os.environ.get("COUNTERSIGN_SCREENSHOTS") or tmp_path_factory.getbasetemp() / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)

    def take(name: str, *, narrow: bool = True, dark: bool = True) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)
        if narrow:
            page.set_viewport_size(NARROW)
            page.screenshot(path=folder / f"{name}-narrow.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], "scrolls sideways"
            page.set_viewport_size(WIDE)
        if dark:
            page.emulate_media(color_scheme="dark")
            page.reload()
            page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
            page.emulate_media(color_scheme="light")
            page.reload()

    return take
