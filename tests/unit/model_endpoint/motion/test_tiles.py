import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.grid import centres
from model_endpoint.engines.motion.tiles import TILE_PX, asked, extremes, rects, tiled
from model_endpoint.pixels import as_map

SIZE = (200, 330)
WHOLE = (0, 0, *SIZE)


def truth(*places: tuple[int, int], shape: tuple[int, int] = (6, 4)) -> NDArray[np.bool_]:
    tiles = np.zeros(shape, dtype=np.bool_)
    for place in places:
        tiles[place] = True
    return tiles


def test_rectangles_cover_every_true_tile_once_and_no_other() -> None:
    random = np.random.default_rng(3)
    for part in (0.1, 0.5, 0.9):
        tiles = np.asarray(random.random((6, 4)) < part)
        drawn = np.zeros((6 * TILE_PX, 4 * TILE_PX), dtype=int)
        for left, top, right, bottom in rects(tiles, (0, 0, 4 * TILE_PX, 6 * TILE_PX)):
            drawn[top:bottom, left:right] += 1
        assert np.array_equal(drawn[::TILE_PX, ::TILE_PX], tiles.astype(int))
        assert set(np.unique(drawn)) <= {0, 1}


def test_equal_runs_of_rows_are_one_rectangle_cut_to_the_picture() -> None:
    assert rects(truth(*np.ndindex(6, 4)), WHOLE) == [WHOLE]
    column = truth((1, 2), (2, 2))
    assert rects(column, (0, 0, 150, 330)) == [(2 * TILE_PX, TILE_PX, 150, 3 * TILE_PX)]
    assert rects(column, (0, 0, 2 * TILE_PX, 330)) == []
    assert rects(truth(), WHOLE) == []


def test_every_pixel_of_what_is_needed_lies_in_a_tile() -> None:
    rows, columns = centres(SIZE)[0].shape
    for column in range(0, SIZE[0], 7):
        for row in range(0, SIZE[1], 11):
            mask = np.zeros((SIZE[1], SIZE[0]), dtype=np.float32)
            mask[row, column] = 1.0
            most, least = extremes(mask)
            assert least.max() == 0.0
            # The plate is the picture: a place's own value is that of its square.
            inside = as_map(np.pad(most, 1, mode="edge")[:rows, :columns])
            tiles = tiled(asked(inside) > 0.5)
            assert tiles[row // TILE_PX, column // TILE_PX]
