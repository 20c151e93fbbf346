"""Random streams: published known answers, distributions, independence, identities, compiled against plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from diaspore.core import rng
from diaspore.core.jit import kernel

P_MIN = 1e-3  # a statistical test fails below this p value; draws are fixed, so it passes or fails for good


def plain(value: Callable[..., Any]) -> Callable[..., Any]:
    """The Python function that was compiled."""
    return value.py_func  # type: ignore[attr-defined, no-any-return]


@kernel
def draw_uniform(seed: int, entities: np.ndarray, processes: np.ndarray, events: np.ndarray) -> np.ndarray:
    out = np.empty((entities.size, 2))
    for i in range(entities.size):
        out[i] = rng.uniform2(seed, entities[i], processes[i], events[i])
    return out


@kernel
def draw_others(seed: int, n: int) -> np.ndarray:
    out = np.empty((n, 4))
    for i in range(n):
        out[i, 0] = rng.exponential(seed, 7, 1, i)
        out[i, 1], out[i, 2] = rng.normal2(seed, 7, 2, i)
        out[i, 3] = rng.normal(seed, 7, 2, i)
    return out


@kernel
def draw_poisson(mean: float, seed: int, n: int) -> np.ndarray:
    out = np.empty(n, dtype=np.int64)
    for i in range(n):
        out[i] = rng.poisson(mean, seed, 11, 3, i)
    return out


@kernel
def children(parents: np.ndarray, numbers: int) -> np.ndarray:
    out = np.empty((parents.size, numbers), dtype=np.uint64)
    for i in range(parents.size):
        for k in range(numbers):
            out[i, k] = rng.child_id(parents[i], k)
    return out


# Known answers printed with the authors' library (Random123, kat_vectors, philox 4x32 with 10 rounds).
KNOWN = (
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)


def reference_philox(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Philox4x32-10 on Python's own integers, written from the paper."""
    x, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [(b >> 32) ^ x[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ x[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return tuple(x)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, ...], answer: tuple[int, ...]) -> None:
    words = [np.uint64(w) for w in (*counter, *key)]
    assert tuple(int(w) for w in rng.philox(*words)) == answer
    assert tuple(int(w) for w in plain(rng.philox)(*words)) == answer
    assert reference_philox(counter, key) == answer


@given(st.lists(st.integers(0, 2**32 - 1), min_size=6, max_size=6))
def test_philox_equals_the_paper(words: list[int]) -> None:
    found = rng.philox(*[np.uint64(w) for w in words])
    assert tuple(int(w) for w in found) == reference_philox(tuple(words[:4]), tuple(words[4:]))


@given(
    seed=st.integers(0, 2**63 - 1),
    entity=st.integers(0, 2**64 - 1),
    process=st.integers(0, 2**32 - 1),
    event=st.integers(0, 2**32 - 1),
)
def test_uniform_is_made_of_the_right_words(seed: int, entity: int, process: int, event: int) -> None:
    """Seed keys the generator, entity, process and event count it; all 64 bits of seed and entity matter."""
    low = 0xFFFFFFFF
    w = reference_philox((entity & low, entity >> 32, process, event), (seed & low, seed >> 32))
    found = rng.uniform2(np.uint64(seed), np.uint64(entity), process, event)
    for i, u in enumerate(found):
        assert u == (((w[2 * i] >> 6) << 26 | (w[2 * i + 1] >> 6)) + 0.5) / 2**52
        assert 0.0 < u < 1.0
    assert rng.uniform(np.uint64(seed), np.uint64(entity), process, event) == found[0]


def test_uniform_never_reaches_its_ends() -> None:
    unit = plain(rng._unit)
    low, high = unit(np.uint64(0), np.uint64(0)), unit(np.uint64(0xFFFFFFFF), np.uint64(0xFFFFFFFF))
    assert low > 0.0
    assert high < 1.0
    assert rng._unit(np.uint64(0), np.uint64(0)) == low
    assert rng._unit(np.uint64(0xFFFFFFFF), np.uint64(0xFFFFFFFF)) == high


@pytest.mark.parametrize("over", ["entity", "process", "event"])
def test_uniforms_are_uniform_along_every_index(over: str) -> None:
    n = 200_000
    count, fixed = np.arange(n, dtype=np.uint64), np.full(n, 5, dtype=np.uint64)
    index = {k: (count if k == over else fixed) for k in ("entity", "process", "event")}
    u = draw_uniform(20260, index["entity"], index["process"], index["event"])
    assert u.min() > 0.0
    assert u.max() < 1.0
    for column in u.T:
        assert stats.kstest(column, "uniform").pvalue > P_MIN
    table = np.histogram2d(u[:, 0], u[:, 1], bins=20, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(table.ravel()).pvalue > P_MIN
    lagged = np.histogram2d(u[:-1, 0], u[1:, 0], bins=20, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(lagged.ravel()).pvalue > P_MIN


def test_streams_of_processes_events_entities_and_seeds_are_independent() -> None:
    n = 100_000
    i = np.arange(n, dtype=np.uint64)
    zero, one = np.zeros(n, dtype=np.uint64), np.ones(n, dtype=np.uint64)
    base = draw_uniform(1, i, zero, zero)[:, 0]
    others = {
        "process": draw_uniform(1, i, one, zero)[:, 0],
        "event": draw_uniform(1, i, zero, one)[:, 0],
        "entity": draw_uniform(1, i + np.uint64(n), zero, zero)[:, 0],
        "seed": draw_uniform(2, i, zero, zero)[:, 0],
        "high seed bits": draw_uniform(1 + 2**40, i, zero, zero)[:, 0],
        "high entity bits": draw_uniform(1, i + np.uint64(2**40), zero, zero)[:, 0],
    }
    for name, other in others.items():
        assert abs(np.corrcoef(base, other)[0, 1]) < 4.0 / math.sqrt(n), name
        table = np.histogram2d(base, other, bins=20, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(table.ravel()).pvalue > P_MIN, name


def test_exponentials_and_normals() -> None:
    x = draw_others(99, 200_000)
    assert stats.kstest(x[:, 0], "expon").pvalue > P_MIN
    assert stats.kstest(x[:, 1], "norm").pvalue > P_MIN
    assert stats.kstest(x[:, 2], "norm").pvalue > P_MIN
    assert abs(np.corrcoef(x[:, 1], x[:, 2])[0, 1]) < 4.0 / math.sqrt(len(x))
    assert abs(np.corrcoef(x[:, 1] ** 2, x[:, 2] ** 2)[0, 1]) < 4.0 / math.sqrt(len(x))
    np.testing.assert_array_equal(x[:, 1], x[:, 3])


@pytest.mark.parametrize("mean", [0.01, 0.7, 6.0, 49.9])
def test_poisson_by_inversion(mean: float) -> None:
    n = 200_000
    k = draw_poisson(mean, 4, n)
    top = int(stats.poisson.ppf(1.0 - 1e-4, mean))
    low = int(stats.poisson.ppf(1e-4, mean))
    edges = np.arange(low, top + 1)
    observed = np.array([np.sum(k <= low), *[np.sum(k == e) for e in edges[1:-1]], np.sum(k >= top)])
    expected = n * np.array(
        [stats.poisson.cdf(low, mean), *stats.poisson.pmf(edges[1:-1], mean), stats.poisson.sf(top - 1, mean)]
    )
    assert stats.chisquare(observed, expected).pvalue > P_MIN
    assert abs(k.mean() - mean) < 4.0 * math.sqrt(mean / n)
    assert abs(k.var() / mean - 1.0) < 4.0 * math.sqrt((2.0 + 1.0 / mean) / n)


@pytest.mark.parametrize("mean", [50.1, 400.0, 1e6])
def test_poisson_as_rounded_normal(mean: float) -> None:
    n = 100_000
    k = draw_poisson(mean, 4, n)
    assert abs(k.mean() - mean) < 4.0 * math.sqrt(mean / n)
    assert abs(k.var() / (mean + 1.0 / 12.0) - 1.0) < 4.0 * math.sqrt(2.0 / n)
    assert stats.kstest((k - mean) / math.sqrt(mean), "norm").statistic < 0.02 + 0.5 / math.sqrt(mean)
    assert k.min() >= 0


def test_poisson_of_nothing_is_nothing() -> None:
    assert rng.poisson(0.0, 1, 2, 3, 4) == 0
    assert rng.poisson(-1.0, 1, 2, 3, 4) == 0


def test_children_never_share_an_identity() -> None:
    first = children(np.zeros(1, dtype=np.uint64), 1_000_000).ravel()  # patients are children of 0
    assert len(np.unique(first)) == len(first)
    families = children(first[:2000], 500).ravel()
    assert len(np.unique(np.concatenate([families, first]))) == families.size + first.size
    assert not np.isin(0, families)


MASK = 2**64 - 1


def unmix(z: int) -> tuple[int, ...]:
    """Inverse of the splitmix64 finaliser: undo each shift-xor and multiply by the inverse constants."""

    def undo_shift(x: int, by: int) -> int:
        y = x
        for _ in range(64 // by + 1):
            y = x ^ (y >> by)
        return y

    z = undo_shift(z, 31) * pow(0x94D049BB133111EB, -1, 2**64) & MASK
    z = undo_shift(z, 27) * pow(0xBF58476D1CE4E5B9, -1, 2**64) & MASK
    return undo_shift(z, 30)


@given(parent=st.integers(0, MASK), number=st.integers(0, 2**32))
def test_child_identity_is_a_bijection_of_its_parent(parent: int, number: int) -> None:
    child = int(rng.child_id(np.uint64(parent), np.uint64(number)))
    assert (unmix(child) - 0x9E3779B97F4A7C15 * (number + 1)) & MASK == parent


def test_compiled_equals_plain_python() -> None:
    with np.errstate(over="ignore"):
        for i in range(300):
            key = (np.uint64(2**62 + 12345 * i), np.uint64(2**63 + 7919 * i), i % 20, 3 * i)
            assert rng.uniform2(*key) == plain(rng.uniform2)(*key)
            assert rng.exponential(*key) == pytest.approx(plain(rng.exponential)(*key), rel=1e-15)
            assert rng.normal2(*key) == pytest.approx(plain(rng.normal2)(*key), rel=1e-14, abs=1e-15)
            assert rng.poisson(0.3 * i, *key) == plain(rng.poisson)(0.3 * i, *key)
            assert int(rng.child_id(key[1], np.uint64(i))) == int(plain(rng.child_id)(key[1], np.uint64(i)))
