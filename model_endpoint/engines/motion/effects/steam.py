"""Steam that rises from what is hot: from the rim of a cup, thin, curling, soon gone."""

from model_endpoint.engines.motion.effects.particles import inks
from model_endpoint.engines.motion.effects.plume import Growth, Plume
from model_endpoint.engines.motion.stage import (
    Effect,
    Maker,
    NothingToMove,
    Part,
    Spot,
    Stage,
)
from story.generation import Motion

#: At most so many places steam: those that are surest.
MOST = 3
#: Water's fog in daylight, red, green, blue.
FOG = (246.0, 244.0, 240.0)
#: Steam over a rim, lengths in half widths of the rim.
STEAM = Growth(height=4.2, widths=(0.6, 0.95), lean=0.0, speed=1.5, cover=1.3, threads=0.85)
#: Seconds in which it rises to where it is gone: over a large rim it seems to rise faster.
GONE_S = 2.6
#: Optical density of steam, at the most: what is behind it still shows.
MOST_COVER = 2.4
#: How far wind carries its top.
WIND = 0.45
#: A plume is no higher than this part of the picture, and no lower than this many half widths;
#: a rim is no narrower than this part of the picture.
HIGHEST, LOWEST, NARROWEST = 0.62, 1.6, 0.012
#: A plume ends so much above the first frame, as a part of the way there.
BEYOND = 1.7


def depth_at(stage: Stage, spot: Spot) -> float:
    """The depth of a spot, which may lie a little beyond the plate."""
    rows, columns = stage.depth.shape
    row = min(rows - 1, max(0, round(spot.y)))
    column = min(columns - 1, max(0, round(spot.x)))
    return float(stage.depth[row, column])


def height(stage: Stage, spot: Spot, radius: float) -> float:
    """How high steam rises, in radii: where it thins out should still be seen."""
    room = BEYOND * (spot.y - stage.home[1])
    return max(LOWEST, min(STEAM.height, HIGHEST * max(stage.size) / radius, room / radius))


def steam(stage: Stage, part: Part) -> Effect:
    """Steam from the surest places that the photo shows to be hot."""
    spots = sorted(stage.spots("steam"), key=lambda spot: spot.confidence, reverse=True)
    if not spots:
        raise NothingToMove("nothing hot found")
    to_right = {"left": -1.0, "right": 1.0}.get(part.heading or "", 0.0)
    veils = []
    for spot in spots[:MOST]:
        radius = max(spot.radius, NARROWEST * max(stage.size))
        tall = height(stage, spot, radius)
        growth = Growth(
            height=tall,
            widths=STEAM.widths,
            lean=WIND * to_right,
            speed=tall / GONE_S * part.speed,
            cover=min(MOST_COVER, STEAM.cover * part.strength),
            threads=STEAM.threads,
        )
        veils.append(
            Plume(
                part.random,
                growth,
                place=(spot.x, spot.y, depth_at(stage, spot)),
                radius=radius,
                ink=inks(FOG)[:, 0],
                seconds=stage.seconds,
                loop=stage.loop,
                behind_subject=False,
            )
        )
    return Effect("steam", "steam rises", veils=tuple(veils))


MAKERS: dict[Motion, Maker] = {"steam": steam}
