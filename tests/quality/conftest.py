"""Each photo's clip is made once; its tests run one after another, in one process."""

import pytest

from tests.quality.clips import Clip, photos


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(path, id=path.stem, marks=pytest.mark.xdist_group(path.stem))
        for path in photos()
    ],
)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return Clip(request.param, tmp_path_factory.mktemp("clips"))
