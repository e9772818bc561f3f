"""Each photo's clip is made once: its tests run one after another, in one process."""

from typing import Any

import cv2
import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.quality.clips import Clip, clip_photos, photos


@pytest.fixture(scope="session", params=clip_photos(), ids=lambda path: path.stem)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return Clip(request.param, tmp_path_factory.mktemp("clips"))


class ByPhoto(LoadScopeScheduling):
    """All tests of a photo go to one worker, and those of any other module go together."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        self._photos = {path.stem for path in photos()}

    def _split_scope(self, nodeid: str) -> str:
        parameters = nodeid.rpartition("[")[2].removesuffix("]").split("-")
        of_photo = self._photos.intersection(parameters)
        return of_photo.pop() if of_photo else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPhoto | None:
    """With `--dist loadgroup`; any other way of sharing work is left as it is."""
    return ByPhoto(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_configure(config: pytest.Config) -> None:
    """Workers share the processor: one thread each."""
    if hasattr(config, "workerinput"):
        cv2.setNumThreads(1)
