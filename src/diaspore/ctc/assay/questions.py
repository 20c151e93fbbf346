"""What is asked of an assay: is a cell found, how much blood does it need, do two tubes agree, is a change real."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError
from diaspore.ctc.assay.assays import Assay
from diaspore.ctc.assay.counts import distribution, false_events, log_negative_binomial, reported_means
from diaspore.ctc.assay.population import Population
from diaspore.ctc.assay.posterior import Posterior

LEAST, LARGEST = 1e-6, 1e4
"""mL beyond which no volume is looked for."""


def detection(assay: Assay, population: Population, least: int = 1, hour: float | None = None) -> float:
    """Chance that at least ``least`` events are reported, false ones counted."""
    if least < 1:
        return 1.0
    return float(1.0 - distribution(assay, population, least - 1, hour).sum())


def tumour_detection(assay: Assay, population: Population, hour: float | None = None) -> float:
    """Chance that at least one reported event is a tumour's."""
    if population.per_ml == 0.0:
        return 0.0
    return detection(assay.with_(background=0.0), population, 1, hour)


def volume_for(assay: Assay, population: Population, chance: float = 0.95) -> float:
    """Blood (mL) in which at least one tumour event is found with this chance, handled as one tube.

    Raises:
        InputError: no volume is enough, because cells or what handling keeps may be none.
    """
    from scipy.optimize import brentq

    if not 0.0 < chance < 1.0:
        raise InputError(f"is {chance!r}", field="chance", allowed="between 0 and 1")

    def short(ln_volume: float) -> float:
        return tumour_detection(assay.with_(volume=math.exp(ln_volume)), population) - chance

    low, high = math.log(LEAST), math.log(LARGEST)
    if short(low) >= 0.0:
        return LEAST
    if short(high) < 0.0:
        raise InputError(
            f"not even {LARGEST:g} mL find a cell with a chance of {chance:g}", field="chance",
            allowed=f"below {short(high) + chance:.3g}",
        )  # fmt: skip
    return float(math.exp(brentq(short, low, high, xtol=1e-9)))


def discordance(assay: Assay, population: Population, cut_off: int, *, same_draw: bool = True) -> float:
    """Chance that two tubes of a patient fall on different sides of a cut-off.

    Args:
        assay: the assay.
        population: the patient's cells.
        cut_off: count from which a tube is positive.
        same_draw: both are of one hour, so that only chance, handling and false events tell them apart.
    """
    if same_draw and math.isfinite(assay.swing):
        from scipy.special import roots_genlaguerre

        x, w = roots_genlaguerre(48, assay.swing - 1.0)
        w = w / w.sum()
        still = assay.with_(swing=math.inf)
        level = population.per_ml * x / assay.swing
        positive = np.array([detection(still, population.at(float(one)), cut_off) for one in level])
        return float(w @ (2.0 * positive * (1.0 - positive)))
    positive_share = detection(assay, population, cut_off)
    return 2.0 * positive_share * (1.0 - positive_share)


@dataclass(frozen=True)
class Change:
    """A change between two visits: ratio of the levels (median, 95 % interval) and the chance of a rise."""

    ratio: float
    low: float
    high: float
    rise: float


def change(first: Posterior, second: Posterior) -> Change:
    """Whether the level behind the second count is above that behind the first: two posteriors taken as independent.

    Both begin with the same prior, which draws them together when counts are small. Where both may be none, half of
    that chance counts as a rise; the ratio is among levels above none.
    """
    if first.volume != second.volume:
        raise InputError(
            f"the tubes hold {first.volume:g} and {second.volume:g} mL", field="volume", allowed="the same volume"
        )
    a, b = first.chance, second.chance
    below = np.concatenate([[0.0], np.cumsum(a)[:-1]])
    rise = float(b @ (below + 0.5 * a))
    step = math.log(first.truth[2] / first.truth[1])
    ratio = np.convolve(b[1:] / b[1:].sum(), (a[1:] / a[1:].sum())[::-1])
    where = np.cumsum(ratio) - 0.5 * ratio
    low, middle, high = np.exp(step * (np.interp((0.025, 0.5, 0.975), where, np.arange(len(ratio))) - (len(a) - 2)))
    return Change(float(middle), float(low), float(high), rise)


def false_positive(assay: Assay, cut_off: int) -> float:
    """Chance that a tube without tumour cells reaches the cut-off."""
    return float(1.0 - false_events(assay.background, assay.background_shape)[:cut_off].sum())


def fano(assay: Assay, population: Population) -> float:
    """Variance over mean of counts of tubes drawn hours apart."""
    from diaspore.ctc.assay.counts import moments

    mean, variance = moments(assay, population)
    return variance / mean


def call_chances(assay: Assay, population: Population, cut_off: int, truths: np.ndarray) -> np.ndarray:
    """Chance (T,) that a tube is called positive, for true numbers of events in its blood (T,)."""
    per_event, weight = reported_means(assay, population.at(1.0 / assay.volume))
    means = np.asarray(truths, dtype=float)[:, None] * per_event[None, :]
    background = false_events(assay.background, assay.background_shape)
    counts = np.arange(cut_off)
    tumour = np.exp(log_negative_binomial(counts[:, None, None], means[None], assay.swing)) @ weight
    upper = np.cumsum(background)
    missed = sum(tumour[k] * upper[min(cut_off - 1 - k, len(upper) - 1)] for k in range(cut_off))
    return np.asarray(1.0 - missed)
