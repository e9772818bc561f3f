"""One deployed stack for all tests here: every signature and every role's policy is checked."""

from collections.abc import Iterator

import pytest

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
