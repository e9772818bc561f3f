"""People: the murmur of a crowd and of a city behind it.

The crowd is synthesised as voices are made: a glottal source, vowels shaped by formants, syllables
in phrases. Which vowel follows which is chance, so there is nothing to understand.
"""

import numpy as np

from model_endpoint.engines.motion.sound.echo import echo
from model_endpoint.engines.motion.sound.place import Place, gains
from model_endpoint.engines.motion.sound.ring import (
    ENVELOPE_RATE_HZ,
    Ring,
    Signal,
    Stereo,
    band,
    carried,
    unit,
)
from model_endpoint.pixels import Map, as_map

#: Speech from across a square has nothing above half of this rate.
SPEECH_RATE_HZ = 10_000.0
TALKERS = 12
#: First three formants of men's vowels, in Hz, as in heed, head, hod, hawed, who'd and heard (the
#: last without its low third one): Peterson and Barney, Control Methods Used in a Study of the
#: Vowels, JASA 1952, table II.
FORMANTS_HZ = (
    (270.0, 2_290.0, 3_010.0),
    (530.0, 1_840.0, 2_480.0),
    (730.0, 1_090.0, 2_440.0),
    (570.0, 840.0, 2_410.0),
    (300.0, 870.0, 2_240.0),
    (490.0, 1_350.0, 2_400.0),
)
FORMANT_WIDTHS_HZ = (90.0, 120.0, 180.0)
#: Women's vocal tracts are shorter: their formants lie so much higher.
SHORTER_TRACT = 1.17
#: A syllable lasts so long, in seconds, least and most.
SYLLABLE_SECONDS = (0.15, 0.29)
#: It is heard so many times as long: it overlaps with the next.
SYLLABLE_OVERLAP = 1.5
HISS_SECONDS = 0.07
#: The share of syllables that begin with a hiss.
HISSED = 0.5
PASSING_SECONDS = 3.5


def vowel(frequency: Signal, formants: tuple[float, ...], tract: float) -> Signal:
    """Magnitude of a vocal tract: resonances f²/|f² - x² + i x w| in a row: (bins,)."""
    total = np.ones_like(frequency)
    for hz, width in zip(formants, FORMANT_WIDTHS_HZ, strict=True):
        centre = np.float32(hz * tract)
        apart = centre**2 - frequency**2
        total *= centre**2 / np.sqrt(apart**2 + (frequency * np.float32(width)) ** 2)
    return as_map(total)


def glottis(ring: Ring, random: np.random.Generator, hz: float) -> Signal:
    """A speaker's source at about this pitch, with whole cycles in the clip: (samples,).

    The flow opens as 3x² - 2x³ over half a cycle and closes faster (Rosenberg, JASA 1971).
    """
    slow = ring.slower(ENVELOPE_RATE_HZ)
    melody = ring.stretch(as_map(np.exp2(0.16 * slow.noise(random, 0.4, 3.0, 0.6))))
    cycles = np.cumsum(melody, dtype=np.float64)
    cycles *= max(1, round(hz * ring.seconds)) / cycles[-1]
    x = as_map(cycles - np.floor(cycles))
    opening = np.minimum(x / 0.5, 1.0)
    closing = np.clip((x - 0.5) / 0.2, 0.0, 1.0)
    return as_map(opening**2 * (3.0 - 2.0 * opening) - closing**2)


def talk(
    ring: Ring, random: np.random.Generator, spoken: Map, *, level: Map, hz: float, breath: Signal
) -> None:
    """One speaker adds phrases of syllables: spoken (vowels, then breath, 2, samples and a tail).

    Half of the syllables begin with a hiss of breath, as s or t do. What is said over the ring's
    end is in the tail.
    """
    source = np.resize(glottis(ring, random, hz), spoken.shape[2])
    vowels = len(spoken) - 1
    begin = random.uniform(0.0, ring.seconds)
    time, end = begin, begin + ring.seconds - SYLLABLE_SECONDS[1]
    while time < end:
        for _ in range(int(random.integers(3, 10))):
            seconds = random.uniform(*SYLLABLE_SECONDS)
            # Syllables overlap by half of one: a vowel glides into the next.
            start = round(time * ring.rate_hz) % ring.samples
            where = slice(start, start + round(SYLLABLE_OVERLAP * seconds * ring.rate_hz))
            said = source[where] * bump(where) * np.float32(random.uniform(0.4, 1.0))
            hissed = slice(start, start + round(HISS_SECONDS * ring.rate_hz))
            hiss = breath[hissed] * bump(hissed) * np.float32(random.uniform() < HISSED)
            which = int(random.integers(vowels))
            for side in range(2):
                spoken[which, side, where] += level[side] * said
                spoken[vowels, side, hissed] += level[side] * hiss
            time += seconds
            if time >= end:
                break
        time += random.uniform(0.25, 0.9)


def bump(where: slice) -> Signal:
    """A soft beginning and end over a slice: sin², (length,)."""
    length = where.stop - where.start
    return as_map(np.sin(np.pi * np.arange(length, dtype=np.float32) / length) ** 2)


def folded(sound: Map, samples: int) -> Map:
    """A sound with a tail, its tail added to its start: (..., samples + tail) to (..., samples)."""
    tail = sound.shape[-1] - samples
    ring = sound[..., :samples]
    ring[..., :tail] += sound[..., samples:]
    return ring


def crowd(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """Many people who talk at once, some way off, in a place that answers."""
    speech = ring.slower(SPEECH_RATE_HZ)
    frequency = speech.bins()
    heard = np.zeros((2, len(frequency)), dtype=np.complex64)
    sides = gains(place.spots(random, TALKERS)) * as_map(random.uniform(0.35, 1.0, TALKERS))
    length = speech.samples + round(SYLLABLE_OVERLAP * SYLLABLE_SECONDS[1] * speech.rate_hz) + 1
    breath = np.float32(0.12) * random.standard_normal(length, dtype=np.float32)
    for tract, pitch_hz in ((1.0, 115.0), (SHORTER_TRACT, 195.0)):
        spoken = as_map(np.zeros((len(FORMANTS_HZ) + 1, 2, length)))
        for talker in range(TALKERS // 2):
            level = sides[:, talker if tract == 1.0 else talker + TALKERS // 2]
            hz = pitch_hz * float(random.uniform(0.82, 1.2))
            talk(speech, random, spoken, level=as_map(level), hz=hz, breath=breath)
        *vowels, hisses = folded(spoken, speech.samples)
        for formants, part in zip(FORMANTS_HZ, vowels, strict=True):
            heard += np.fft.rfft(part) * vowel(frequency, formants, tract)
        heard += np.fft.rfft(hisses) * band(frequency, 2_000.0, 4_500.0)
    # Lips radiate high tones better, the way across a square takes them away.
    heard *= band(frequency, 160.0, 3_200.0, -0.5)
    voices = as_map(np.fft.irfft(heard, speech.samples))
    voices = echo(random, speech, voices, seconds=0.9, share=0.4, high_hz=2_500.0)
    near = ring.stretch(voices)
    murmur = place.spread(random, ring.noise(random, 220.0, 1_000.0, 0.9))
    total = unit(near) + np.float32(0.22) * murmur
    return carried(ring, total, swell)


def city(ring: Ring, random: np.random.Generator, place: Place, swell: Signal | None) -> Stereo:
    """Streets from afar: a low hum, and now and then a car that passes from side to side."""
    slow = ring.slower(ENVELOPE_RATE_HZ)
    hum = ring.noise(random, 60.0, 260.0, 0.7)
    air = ring.noise(random, 300.0, 2_200.0, 1.0)
    breathing = ring.envelope(as_map(1.0 + 0.15 * slow.noise(random, 0.15, 1.0, 0.5)))
    total = place.spread(random, as_map(hum + 0.4 * air)) * breathing
    tyres = ring.noise(random, 260.0, 1_900.0, 0.7)
    count = max(1, round(ring.seconds / PASSING_SECONDS))
    middle, reach = (place.left + place.right) / 2.0, (place.right - place.left) / 2.0
    for index in range(count):
        start = (index + random.uniform(-0.25, 0.25)) / count
        angle = 2.0 * np.pi * (np.arange(slow.samples) / slow.samples - start)
        # exp(k cos) is a bell around the ring, here with a deviation of 0.8 seconds.
        bell = np.exp((slow.seconds / (2.0 * np.pi * 0.8)) ** 2 * (np.cos(angle) - 1.0))
        heading = 1.0 if random.integers(2) else -1.0
        sides = gains(as_map(middle + reach * heading * np.sin(angle)))
        passing = np.roll(tyres, int(random.integers(ring.samples)))
        loud = random.uniform(0.7, 1.2)
        for side in range(2):
            total[side] += ring.envelope(as_map(loud * bell * sides[side])) * passing
    return carried(ring, total, swell)
