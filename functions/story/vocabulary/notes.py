"""What has been understood of a prompt so far, and how it adds up to Wishes."""

from dataclasses import dataclass, field
from typing import Final, cast

from story.generation import (
    Ambience,
    CameraMove,
    Heading,
    Held,
    Inability,
    Mood,
    Motion,
    Preset,
    Wishes,
)

#: Words for something that shows in several motions; which of them a photo has, the engine sees.
GROUPS: Final[dict[str, tuple[Motion, ...]]] = {
    "wind": ("foliage", "hair", "cloth"),
    "water": ("waves", "falling_water", "reflections"),
    "river": ("falling_water", "waves"),
    "lake": ("reflections", "waves"),
    "sky": ("clouds", "sky_hues"),
    "eyes": ("blink", "gaze"),
}
#: Motions that make a group's word a mere circumstance: petals in the wind, eyes that sparkle.
BESIDE: Final[dict[str, tuple[Motion, ...]]] = {
    "wind": ("petals", "pollen", "dust", "smoke", "steam"),
    "eyes": ("catch_light",),
}
SLOW: Final = 0.5
VERY_SLOW: Final = 0.3
FAST: Final = 1.8
VERY_FAST: Final = 2.5
WEAK: Final = 0.6
STRONG: Final = 1.5
_SPEEDS: Final = {
    ("slow", False): SLOW, ("slow", True): VERY_SLOW,
    ("fast", False): FAST, ("fast", True): VERY_FAST,
}  # fmt: skip
_STRENGTHS: Final = {"weak": WEAK, "strong": STRONG}


@dataclass(slots=True)
class Notes:
    """Dictionaries keep the order in which things were said; `asked` has motions and GROUPS.

    fixed: the camera shall stand; no_moves: some move of it was refused. speeds: a word, and
    whether it was intensified.
    """

    asked: dict[str, None] = field(default_factory=dict)
    refused: dict[Motion, None] = field(default_factory=dict)
    held: dict[Held, None] = field(default_factory=dict)
    unable: dict[Inability, None] = field(default_factory=dict)
    only: bool = False
    moves: list[CameraMove] = field(default_factory=list)
    fixed: bool = False
    no_moves: bool = False
    headings: list[Heading] = field(default_factory=list)
    speeds: list[tuple[str, bool]] = field(default_factory=list)
    strengths: list[str] = field(default_factory=list)
    moods: list[Mood] = field(default_factory=list)
    presets: list[Preset] = field(default_factory=list)
    sounds: list[Ambience] = field(default_factory=list)

    def ask(self, name: str) -> None:
        """Ask for a motion, or for what a general word may mean."""
        self.asked[name] = None

    def refuse(self, name: str) -> None:
        """Refuse a motion, or all that a general word may mean."""
        for motion in GROUPS.get(name, (cast("Motion", name),)):
            self.refused[motion] = None

    def wishes(self) -> Wishes:
        """What is refused is not asked for; of contradictory choices the first counts."""
        named, implied = self._motions()
        return Wishes(
            motions=(*named, *implied),
            implied=implied,
            refused=tuple(self.refused),
            held=tuple(self.held),
            unable=tuple(self.unable),
            only=self.only,
            camera=self._camera(),
            heading=next(iter(self.headings), None),
            speed=self._speed(),
            strength=self._strength(),
            mood=next(iter(self.moods), None),
            preset=next(iter(self.presets), None),
            ambience=next(iter(self.sounds), None),
        )

    def _motions(self) -> tuple[tuple[Motion, ...], tuple[Motion, ...]]:
        """What is named, and what general words imply.

        A general word beside a motion of its own is about that: wind in her hair means hair.
        """
        named = [cast("Motion", name) for name in self.asked if name not in GROUPS]
        implied = [
            motion
            for group in self.asked
            if set(named).isdisjoint((*GROUPS.get(group, ()), *BESIDE.get(group, ())))
            for motion in GROUPS.get(group, ())
        ]
        return (
            tuple(motion for motion in named if motion not in self.refused),
            tuple(motion for motion in dict.fromkeys(implied) if motion not in self.refused),
        )

    def _camera(self) -> CameraMove | None:
        """A camera told to stand stands; else the first move; else a refused one stills it."""
        if self.fixed:
            return "none"
        if self.moves:
            return self.moves[0]
        return "none" if self.no_moves else None

    def _speed(self) -> float:
        """The engine's own where the words contradict each other: slow zoom, fast clouds."""
        if len({word for word, _ in self.speeds}) != 1:
            return 1.0
        return _SPEEDS[self.speeds[0][0], any(very for _, very in self.speeds)]

    def _strength(self) -> float:
        if len(set(self.strengths)) != 1:
            return 1.0
        return _STRENGTHS[self.strengths[0]]
