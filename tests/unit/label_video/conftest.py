import pytest

from local.standins.reading import Reader


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The local Rekognition's eyes: they know nothing of what they should read."""
    return Reader()
