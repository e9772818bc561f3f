"""Creatures: birds that sing now and then, crickets of a summer night."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from model_endpoint.engines.motion.sound.echo import echo
from model_endpoint.engines.motion.sound.place import Place, gains
from model_endpoint.engines.motion.sound.ring import (
    ENVELOPE_RATE_HZ,
    Ring,
    Signal,
    Stereo,
    carried,
    unit,
)
from model_endpoint.pixels import as_map

#: The second harmonic of a bird's whistle, against the first: a syrinx is nearly a pure tone.
WHISTLE_HARMONIC = 0.07
#: Seconds from one phrase of a bird to its next.
PHRASE_SECONDS = 2.9
BIRDS = 3
#: Twice what the highest harmonic of a bird here reaches.
BIRD_RATE_HZ = 20_000.0
CRICKETS = 4
#: Pulses of one cricket's chirp: wing strokes.
STROKES = 3
STROKE_SECONDS = 0.032


class Note(NamedTuple):
    """One glide of a bird's voice: when after the phrase began, how long, from where to where."""

    after: float
    seconds: float
    from_hz: float
    to_hz: float
    #: Vibrato depth, a share of the frequency, at 28 Hz.
    shake: float = 0.0


Phrase: TypeAlias = Callable[[np.random.Generator, float], list[Note]]


def two_tone(random: np.random.Generator, pitch: float) -> list[Note]:
    """A high and a lower note in turns, as a tit sings."""
    times = int(random.integers(3, 5))
    high, low = 3_900.0 * pitch, 3_050.0 * pitch
    notes = []
    for index in range(times):
        notes.append(Note(index * 0.34, 0.11, high * 1.03, high))
        notes.append(Note(index * 0.34 + 0.15, 0.14, low, low * 0.98))
    return notes


def flute(random: np.random.Generator, pitch: float) -> list[Note]:
    """Slow, mellow whistles that glide from one to the next, as a blackbird sings."""
    hz = 2_000.0 * pitch * 2.0 ** random.uniform(-0.1, 0.2)
    notes, after = [], 0.0
    for _ in range(int(random.integers(3, 6))):
        seconds = float(random.uniform(0.12, 0.3))
        end = float(np.clip(hz * 2.0 ** random.uniform(-0.35, 0.35), 1_600.0, 3_000.0))
        notes.append(Note(after, seconds, hz, end, shake=float(random.choice([0.0, 0.012]))))
        hz = float(np.clip(end * 2.0 ** random.uniform(-0.3, 0.3), 1_600.0, 3_000.0))
        after += seconds + float(random.uniform(0.03, 0.12))
    return notes


def falling(random: np.random.Generator, pitch: float) -> list[Note]:
    """Quick notes that fall and hasten, with a flourish at the end, as a chaffinch sings."""
    count = int(random.integers(7, 10))
    notes, after = [], 0.0
    for index in range(count):
        hz = pitch * (4_100.0 - 1_500.0 * index / count)
        notes.append(Note(after, 0.055, hz * 1.1, hz * 0.92))
        after += 0.13 - 0.05 * index / count
    notes.append(Note(after + 0.02, 0.17, 2_400.0 * pitch, 3_500.0 * pitch))
    return notes


def chirps(random: np.random.Generator, pitch: float) -> list[Note]:
    """Short calls, up and down, unevenly, as sparrows talk."""
    notes, after = [], 0.0
    for _ in range(int(random.integers(2, 5))):
        hz = 2_700.0 * pitch * random.uniform(0.92, 1.08)
        notes.append(Note(after, 0.045, hz, hz * 1.32))
        notes.append(Note(after + 0.045, 0.06, hz * 1.32, hz * 0.9))
        after += float(random.uniform(0.22, 0.42))
    return notes


def trill(random: np.random.Generator, pitch: float) -> list[Note]:
    """One note, fast and even, swelling a little, as a warbler trills."""
    hz, every = 3_300.0 * pitch, float(random.uniform(0.065, 0.085))
    return [Note(i * every, 0.05, hz * 1.07, hz * 0.95) for i in range(int(random.integers(8, 13)))]


PHRASES: tuple[Phrase, ...] = (two_tone, flute, falling, chirps, trill)


def sing(ring: Ring, note: Note) -> Signal:
    """One note: a whistle that glides and swells softly in and out, (length,)."""
    length = round(note.seconds * ring.rate_hz)
    share = np.arange(length) / length
    hz = note.from_hz * (note.to_hz / note.from_hz) ** (share**1.3)
    hz = hz * (1.0 + note.shake * np.sin(2.0 * np.pi * 28.0 * note.seconds * share))
    phase = 2.0 * np.pi * np.cumsum(hz) / ring.rate_hz
    level = np.sin(np.pi * share**0.8) ** 1.5
    return as_map(level * (np.sin(phase) + WHISTLE_HARMONIC * np.sin(2.0 * phase)))


def birds(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """A few birds in the open, each with its own song, tree and distance; leaves stir below."""
    air = ring.slower(BIRD_RATE_HZ)
    dry = as_map(np.zeros((2, air.samples)))
    songs = random.permutation(len(PHRASES))[:BIRDS]
    sides = gains(place.spots(random, BIRDS))
    nearness = random.permutation([1.0, 0.6, 0.35])
    for bird in range(BIRDS):
        pitch = float(random.uniform(0.92, 1.08))
        count = max(1, round(ring.seconds / (PHRASE_SECONDS * random.uniform(0.85, 1.3))))
        offset = random.uniform()
        for turn in range(count):
            start = (offset + turn + random.uniform(-0.22, 0.22)) * ring.seconds / count
            loud = nearness[bird] * random.uniform(0.7, 1.0)
            for note in PHRASES[songs[bird]](random, pitch):
                body = sing(air, note) * loud
                at = round((start + note.after) * air.rate_hz)
                where = (at + np.arange(len(body))) % air.samples
                dry[:, where] += sides[:, bird : bird + 1] * body
    sung = ring.stretch(echo(random, air, dry, seconds=1.3, share=0.35, high_hz=4_200.0))
    slow = ring.slower(ENVELOPE_RATE_HZ)
    stir = ring.envelope(as_map(np.exp(0.2 * slow.noise(random, 0.15, 2.0, 0.5))))
    leaves = ring.noise(random, 150.0, 900.0, 0.9) + 0.2 * ring.noise(random, 900.0, 4_000.0, 0.8)
    bed = Place(place.pan, max(place.width, 0.8)).spread(random, as_map(leaves)) * stir
    heard = np.float32(0.5) * unit(sung) + np.float32(0.7) * bed
    return carried(ring, heard, swell)


def crickets(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """A few near crickets, each at its own pitch and pace, a far choir and the night's air."""
    slow = ring.slower(ENVELOPE_RATE_HZ)
    near = as_map(np.zeros((2, ring.samples)))
    sides = gains(place.spots(random, CRICKETS))
    for cricket in range(CRICKETS):
        hz = float(random.uniform(3_400.0, 4_300.0))
        body = chirp(ring, hz, STROKE_SECONDS * float(random.uniform(0.9, 1.15)))
        count = max(1, round(ring.seconds * random.uniform(1.5, 2.4)))
        offset, far = random.uniform(), random.uniform(0.35, 1.0)
        for turn in range(count):
            at = (offset + turn + random.normal(0.0, 0.025)) / count
            where = (round(at * ring.samples) + np.arange(len(body))) % ring.samples
            near[:, where] += sides[:, cricket : cricket + 1] * (body * far)
    pulse = as_map(1.0 + 0.5 * slow.noise(random, 12.0, 22.0))
    around = Place(place.pan, max(place.width, 0.8))
    choir = around.spread(random, ring.noise(random, 3_000.0, 4_200.0)) * ring.envelope(pulse)
    air = around.spread(random, ring.noise(random, 90.0, 500.0, 0.9))
    heard = as_map(air + 0.16 * choir + 0.38 * unit(near))
    return carried(ring, heard, swell)


def chirp(ring: Ring, hz: float, stroke_seconds: float) -> Signal:
    """One chirp of a cricket: strokes that grow, each a soft-edged tone: (length,)."""
    length = round(STROKES * stroke_seconds * ring.rate_hz)
    time = np.arange(length) / ring.rate_hz
    stroke = np.minimum((time / stroke_seconds) % 1.0 / 0.62, 1.0)
    grown = 0.6 + 0.4 * time / time[-1]
    return as_map(grown * np.sin(np.pi * stroke) ** 2 * np.sin(2.0 * np.pi * hz * time))
