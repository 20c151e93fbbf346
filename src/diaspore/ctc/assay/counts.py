"""Counts of an assay: their distribution, and draws of tubes stage by stage.

Given the level of the hour and what handling keeps, events in a tube are Poisson, and so are those that are reported;
over hours they are negative binomial (a Cox process with a gamma level), over tubes a mixture of these. False events
are added.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError
from diaspore.ctc.assay.assays import Assay
from diaspore.ctc.assay.population import Population

TAIL = 1e-12
"""Of the false events, that is left out."""
CHUNK = 65_536
"""Tubes of one stream of random numbers."""


def reported_means(assay: Assay, population: Population, hour: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean number (Q,) of reported tumour events in a tube, for each share that handling keeps, and weights (Q,)."""
    _exact(assay, population)
    kept, weight = assay.kept()
    per_event = sum(one.share * assay.found(one, kept) for one in population.members)
    return population.per_ml * assay.level_at(hour) * assay.volume * np.asarray(per_event), weight


def log_negative_binomial(count: np.ndarray | int, mean: np.ndarray, shape: float) -> np.ndarray:
    """ln of the chance of ``count`` at a mean, with variance mean + mean**2 / shape; Poisson for an infinite shape."""
    from scipy.special import gammaln

    k = np.asarray(count, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_mean = np.where(k == 0.0, 0.0, k * np.log(mean))
        if math.isinf(shape):
            return np.asarray(by_mean - mean - gammaln(k + 1.0))
        start = gammaln(k + shape) - gammaln(shape) - gammaln(k + 1.0)
        return np.asarray(start - (k + shape) * np.log1p(mean / shape) + by_mean - k * math.log(shape))


@cache
def false_events(mean: float, shape: float) -> np.ndarray:
    """Chances (B,) of 0, 1, … false events in a tube; what is left out beyond has a chance of `TAIL`."""
    from scipy.stats import nbinom, poisson

    if mean == 0.0:
        return np.ones(1)
    law = poisson(mean) if math.isinf(shape) else nbinom(shape, shape / (shape + mean))
    found = law.pmf(np.arange(int(law.isf(TAIL)) + 2))
    return np.asarray(found / found.sum())


def _exact(assay: Assay, population: Population) -> None:
    if assay.clusters_broken and any(one.cells > 1 for one in population.members):
        raise InputError(
            "the distribution of counts is not known in closed form where clusters fall apart",
            field="clusters_broken", allowed="counts.draw, or clusters that stay whole",
        )  # fmt: skip


def likelihood(assay: Assay, count: int, means: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Chance (…,) of a count at mean numbers (…, Q) of tumour events by share kept, with the weights (Q,) of these."""
    background = false_events(assay.background, assay.background_shape)[: count + 1]
    total = np.zeros(means.shape[:-1])
    for false, chance in enumerate(background):
        total += chance * (np.exp(log_negative_binomial(count - false, means, assay.swing)) @ weight)
    return total


def distribution(assay: Assay, population: Population, most: int, hour: float | None = None) -> np.ndarray:
    """Chances (most + 1,) of 0 to ``most`` reported events."""
    means, weight = reported_means(assay, population, hour)
    counts = np.arange(most + 1)[:, None]
    tumour = np.exp(log_negative_binomial(counts, means[None, :], assay.swing)) @ weight
    found: np.ndarray = np.convolve(tumour, false_events(assay.background, assay.background_shape))[: most + 1]
    return found


def moments(assay: Assay, population: Population, hour: float | None = None) -> tuple[float, float]:
    """Mean and variance of the reported count."""
    means, weight = reported_means(assay, population, hour)
    mean = float(weight @ means)
    square = float(weight @ (means + means**2 * (1.0 + 1.0 / assay.swing)))
    false = assay.background + assay.background**2 / assay.background_shape
    return mean + assay.background, square - mean**2 + false


def draw(
    assay: Assay, population: Population, tubes: int, seed: int, *, hour: float | None = None, by_kind: bool = False
) -> pd.DataFrame:
    """Draw tubes; the same for a seed, whatever their number.

    Returns:
        A row for each tube: ``level`` (of the hour over the patient's mean), ``in_tube`` (tumour events in the blood
        that was drawn), ``kept`` (share that handling keeps), ``found`` (of these), ``false_events``, ``count`` (what
        is reported), ``cells`` (of the found events, as far as they came as clusters); with ``by_kind`` also
        ``in_tube`` and ``found`` of each member of the population.
    """
    parts = []
    for start in range(0, tubes, CHUNK):
        rng = np.random.Generator(np.random.Philox(key=(seed, start // CHUNK)))
        # Whole stretches are drawn, so that a tube does not depend on how many are asked for.
        parts.append(_draw(assay, population, rng, hour, by_kind).iloc[: tubes - start])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _draw(
    assay: Assay, population: Population, rng: np.random.Generator, hour: float | None, by_kind: bool
) -> pd.DataFrame:
    n = CHUNK
    level = np.full(n, assay.level_at(hour))
    if math.isfinite(assay.swing):
        level *= rng.gamma(assay.swing, 1.0 / assay.swing, n)
    kept = np.full(n, assay.handling)
    if math.isfinite(assay.concentration) and assay.handling < 1.0:
        a = assay.handling * assay.concentration
        kept = rng.beta(a, assay.concentration - a, n)
    table = {"level": level, "kept": kept}
    in_tube, found, cells = (np.zeros(n, dtype=np.int64) for _ in range(3))
    for number, one in enumerate(population.members):
        drawn = rng.poisson(level * (population.per_ml * assay.volume * one.share))
        if assay.clusters_broken and one.cells > 1:
            seen = rng.binomial(drawn * one.cells, kept * assay.alone(one.kind))
            cells += seen
        else:
            seen = rng.binomial(drawn, np.minimum(assay.found(one, kept), 1.0))
            cells += seen * one.cells
        in_tube += drawn
        found += seen
        if by_kind:
            name = f"{one.kind.name}_{one.cells}" if one.cells > 1 else one.kind.name
            table |= {f"in_tube_{number}_{name}": drawn, f"found_{number}_{name}": seen}
    false = np.zeros(n, dtype=np.int64)
    if assay.background > 0.0:
        mean = np.full(n, assay.background)
        if math.isfinite(assay.background_shape):
            mean *= rng.gamma(assay.background_shape, 1.0 / assay.background_shape, n)
        false = rng.poisson(mean)
    table |= {"in_tube": in_tube, "found": found, "cells": cells, "false_events": false, "count": found + false}
    return pd.DataFrame(table)


def spiked(assay: Assay, kind_chance: float, cells: int, tubes: int, seed: int) -> np.ndarray:
    """Numbers (tubes,) found of ``cells`` put into each tube, each found with ``kind_chance`` if none is lost."""
    rng = np.random.Generator(np.random.Philox(key=(seed, 1 << 40)))
    kept = np.full(tubes, assay.handling)
    if math.isfinite(assay.concentration) and assay.handling < 1.0:
        a = assay.handling * assay.concentration
        kept = rng.beta(a, assay.concentration - a, tubes)
    found: np.ndarray = rng.binomial(cells, kept * kind_chance)
    return found
