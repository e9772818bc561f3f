"""The deployed stack, and a Chromium that looks at its pages."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, sync_playwright

from tests.local.deployment import Browser, Deployment, deployed


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    yield from deployed(tmp_path_factory.mktemp("stack"))


@pytest.fixture(scope="session")
def ana(deployment: Deployment) -> Browser:
    return deployment.browser(deployment.people[0])


@pytest.fixture(scope="session")
def bo(deployment: Deployment) -> Browser:
    return deployment.browser(deployment.people[1])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no page is looked at: Chromium is not installed (Debian: chromium)")
    with sync_playwright() as driver:
        # The sandbox needs namespaces that containers often lack; only our own pages are opened.
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the pages of the window complained of; a test takes out what it expected."""
    return []


@pytest.fixture
def window(chromium: Chromium, complaints: list[str]) -> Iterator[BrowserContext]:
    """A window of its own, as large as a phone's; what its pages complain of fails the test."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on(
        "console",
        lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None,
    )
    yield context
    context.close()
    assert complaints == []
