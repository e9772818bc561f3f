"""How graphic a picture is, of the sample photos: none has anything to find."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from local.standins import graphic
from local.standins.vision import Vision

PHOTOS = sorted((Path(__file__).resolve().parents[3] / "photos").glob("*.jpg"))
#: What no photo comes near; the policy holds a picture for a reviewer from 50 percent on.
HARMLESS_PERCENT = 6.0


@pytest.fixture(scope="module")
def seer() -> Vision:
    return Vision()


def test_no_sample_photo_is_graphic_and_violence_is_as_sure_as_its_surest_kind(
    seer: Vision,
) -> None:
    assert len(PHOTOS) > 10
    scores = set()
    for path in PHOTOS[::3]:
        picture = np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)
        found = {label.name: label for label in seer.moderation(picture)}
        score = found["Graphic Violence"]
        assert score.parents == ("Violence",)
        assert 0 < score.confidence_percent < HARMLESS_PERCENT, path.name
        kinds = (found[name].confidence_percent for name in ("Graphic Violence", "Weapons"))
        assert found["Violence"].confidence_percent == pytest.approx(max(kinds))
        scores.add(score.confidence_percent)
    assert len(scores) > 1, "the network says the same of every picture"


@pytest.mark.parametrize(("height", "width"), [(90, 300), (300, 90), (300, 300), (1, 500)])
def test_a_picture_is_shown_whole_and_not_squeezed(height: int, width: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, :, 0] = 200
    square = graphic._square(picture)
    assert square.shape == (224, 224, 3)
    assert square[:, :, 0] == pytest.approx(200, abs=2)
    # A round thing stays as round as it was; only its blurred likeness behind it is squeezed.
    dotted = np.full((height, width, 3), 255, np.uint8)
    radius = min(height, width) // 4
    cv2.circle(dotted, (width // 2, height // 2), radius, (0, 0, 0), -1)
    dark = graphic._square(dotted)[:, :, 0] < 20
    if radius > 10:
        rows, columns = dark.any(axis=1).sum(), dark.any(axis=0).sum()
        assert rows == pytest.approx(columns, abs=3)
