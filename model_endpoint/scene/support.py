"""What a thing lies on is not the thing: a subject is parted from its cushion, crate or pedestal.

A network that looks for what stands out from the floor finds a pile as one. Two things show that it
is one: its outline is notched on both sides where one ends and the other begins (the minima rule:
Hoffman and Richards, Parts of recognition, Cognition 18, 1984), and without the floor around it the
support no longer stands out, while what lies on it does.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Map, Rgb, as_map
from model_endpoint.scene.model import Region
from model_endpoint.scene.outlines import Mask, disc, grow
from model_endpoint.scene.subject import saliency

MIDDLE = 0.5
#: Subjects below this part of the photo were looked at closely already.
MIN_AREA = 0.1
#: How deep a notch must be, as a part of the outline's longer side.
NOTCH = 0.03
#: How much of the whole must lie above the notches, and below: else there is no seat, or no thing.
LEAST_SHARE = 0.05
#: How much of the whole the thing may be.
SHARES = (0.12, 0.8)
#: Margins, parts of the whole's longer side: colours are not taken from outlines; looks.
SEED_MARGIN = 0.03
LOOK_MARGIN = 0.03
#: GrabCut's rounds, and the width of what it leaves standing, as a part of the longer side.
ROUNDS = 2
SPECK = 0.02
#: Mean saliency of the thing and of the part of its support that are seen alone.
STANDS_OUT = 0.6
FADES = 0.25


@dataclass(frozen=True, slots=True)
class Pile:
    """The outline of a whole, (h, w) bool, its box, and its notches (x, y) left and right."""

    whole: Mask
    box: tuple[int, int, int, int]
    left: tuple[int, int]
    right: tuple[int, int]

    @property
    def longer(self) -> int:
        """The longer side of its box."""
        return max(self.box[2:])

    def above(self) -> Mask:
        """What is above the line from notch to notch: it belongs to the thing."""
        rows, columns = np.mgrid[: self.whole.shape[0], : self.whole.shape[1]]
        (x0, y0), (x1, y1) = self.left, self.right
        line = y0 + (y1 - y0) * (columns - x0) / max(1, x1 - x0)
        return np.asarray(self.whole & (rows < line), dtype=np.bool_)

    def below(self) -> Mask:
        """What is nearer to its foot than to the lower notch: it belongs to the support."""
        foot = self.box[1] + self.box[3]
        rows = np.arange(self.whole.shape[0])[:, None]
        middle = (max(self.left[1], self.right[1]) + foot) / 2.0
        return np.asarray(self.whole & (rows > middle), dtype=np.bool_)


def without_support(photo: Rgb, small: Rgb, subject: Region) -> Region:
    """The subject without what it lies on; as it is when it is one thing.

    photo (H, W, 3) in full; small: at the size of the subject's mask.
    """
    if subject.area < MIN_AREA:
        return subject
    pile = find_pile(subject.mask > MIDDLE)
    if pile is None:
        return subject
    thing = lying(small, pile)
    support = pile.whole & ~thing
    if not SHARES[0] <= thing.sum() / pile.whole.sum() <= SHARES[1]:
        return subject
    alone, seen = look_at(photo, thing, round(LOOK_MARGIN * pile.longer))
    seat = support & seen
    if not seat.any() or alone[thing].mean() < STANDS_OUT or alone[seat].mean() > FADES:
        return subject
    return replace(subject, mask=as_map(subject.mask * nearer(thing, support)))


def find_pile(inside: Mask) -> Pile | None:
    """The largest part of a mask if its outline is notched on both sides, or None."""
    outlines, _ = cv2.findContours(
        inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    outline = np.asarray(max(outlines, key=cv2.contourArea), dtype=np.int32).reshape(-1, 1, 2)
    x, y, width, height = cv2.boundingRect(outline)
    notches = [
        (int(place[0]), int(place[1])) for place in notches_of(outline, NOTCH * max(width, height))
    ]
    # Where several things lie on one, the support begins below the lowest notches.
    lefts = [place for place in notches if place[0] < x + width / 2.0]
    rights = [place for place in notches if place[0] >= x + width / 2.0]
    if not lefts or not rights:
        return None
    whole = np.zeros(inside.shape, dtype=np.uint8)
    cv2.drawContours(whole, [outline], -1, 1, cv2.FILLED)
    pile = Pile(
        whole=np.asarray(whole > 0),
        box=(int(x), int(y), int(width), int(height)),
        left=max(lefts, key=lambda place: place[1]),
        right=max(rights, key=lambda place: place[1]),
    )
    least = LEAST_SHARE * float(pile.whole.sum())
    return pile if min(pile.above().sum(), pile.below().sum()) >= least else None


def notches_of(outline: NDArray[np.int32], depth_px: float) -> NDArray[np.int32]:
    """The deepest points (n, 2) of an outline's dents that are at least so deep."""
    hull = cv2.convexHull(outline, returnPoints=False)
    dents = cv2.convexityDefects(outline, hull)
    if dents is None:
        return np.zeros((0, 2), dtype=np.int32)
    # Each is (start, end, deepest point, depth in 1/256 px).
    rows = np.asarray(dents, dtype=np.int32).reshape(-1, 4)
    return np.asarray(outline[rows[rows[:, 3] >= depth_px * 256.0, 2], 0], dtype=np.int32)


def lying(small: Rgb, pile: Pile) -> Mask:
    """What of a pile has the colours of what is above its notches, not of its foot: (h, w).

    What is around the pile has the foot's mean colour here: nothing is to be told from the floor.
    """
    x, y, width, height = pile.box
    above, below = pile.above(), pile.below()
    surely = cv2.erode(above.astype(np.uint8), disc(2 * round(SEED_MARGIN * pile.longer / 2) + 1))
    part = np.s_[y : y + height, x : x + width]
    whole = pile.whole[part]
    colours = small[part].copy()
    colours[~whole] = colours[below[part]].mean(axis=0)
    found = grow(colours, above[part], np.asarray(surely[part] > 0), ~whole, rounds=ROUNDS)
    opened = cv2.morphologyEx(
        as_map(found), cv2.MORPH_OPEN, disc(2 * round(SPECK * pile.longer / 2) + 1)
    )
    count, parts, stats, _ = cv2.connectedComponentsWithStats((opened > MIDDLE).astype(np.uint8))
    thing = np.zeros_like(pile.whole)
    if count > 1:
        thing[part] = np.asarray(parts == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))
    return thing & pile.whole


def look_at(photo: Rgb, thing: Mask, margin: int) -> tuple[Map, Mask]:
    """The saliency of a thing's surroundings alone, in its place (h, w), and what they are."""
    height, width = thing.shape
    rows, columns = np.flatnonzero(thing.any(axis=1)), np.flatnonzero(thing.any(axis=0))
    top, bottom = max(0, int(rows[0]) - margin), min(height, int(rows[-1]) + 1 + margin)
    left, right = max(0, int(columns[0]) - margin), min(width, int(columns[-1]) + 1 + margin)
    along, across = photo.shape[0] / height, photo.shape[1] / width
    view = photo[
        round(top * along) : round(bottom * along), round(left * across) : round(right * across)
    ]
    alone = np.zeros((height, width), dtype=np.float32)
    size = (right - left, bottom - top)
    alone[top:bottom, left:right] = cv2.resize(saliency(view), size, interpolation=cv2.INTER_AREA)
    seen = np.zeros((height, width), dtype=np.bool_)
    seen[top:bottom, left:right] = True
    return as_map(alone), seen


def nearer(thing: Mask, support: Mask) -> Map:
    """1 where the thing is nearer than its support, soft between them: (h, w)."""
    ways = (
        cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        for mask in (thing, support)
    )
    mine, other = ways
    return as_map(cv2.GaussianBlur(as_map(mine < other), (0, 0), 1.0))
