"""The small network that judges meanings."""

import numpy as np

from local.standins.network import Network, fitted, softmax

CHANCE = np.random.default_rng(7)
INPUTS = CHANCE.standard_normal((12_000, 12)).astype(np.float32)
POSITIVE = (INPUTS[:, 0] > 0).astype(np.intp)
SHARES = np.ones(len(INPUTS), np.float32)


def test_the_same_seed_gives_the_same_network() -> None:
    first, again = (fitted(INPUTS, POSITIVE, SHARES, 48, 1) for _ in range(2))
    other = fitted(INPUTS, POSITIVE, SHARES, 48, 2)
    assert np.array_equal(first.inner, again.inner)
    assert not np.array_equal(first.inner, other.inner)


def test_it_learns_what_a_line_parts() -> None:
    network = fitted(INPUTS, POSITIVE, SHARES, 48, 0)
    assert (network.logits(INPUTS).argmax(axis=1) == POSITIVE).mean() >= 0.9


def test_what_has_no_share_teaches_nothing() -> None:
    lied = POSITIVE.copy()
    lied[:4_000] = 1 - lied[:4_000]
    shares = SHARES.copy()
    shares[:4_000] = 0
    network = fitted(INPUTS, lied, shares, 48, 0)
    assert (network.logits(INPUTS).argmax(axis=1) == POSITIVE).mean() >= 0.85


def test_likelihoods_are_of_one() -> None:
    likely = softmax(np.array([[1000.0, 0.0], [0.0, 0.0]], np.float32))
    assert likely.tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_it_judges_alike_after_it_was_packed() -> None:
    network = fitted(INPUTS, POSITIVE, SHARES, 48, 0)
    again = Network.unpacked(network.packed())
    assert tuple(network.packed()) == Network.PACKED
    assert np.abs(again.logits(INPUTS) - network.logits(INPUTS)).max() < 0.2
