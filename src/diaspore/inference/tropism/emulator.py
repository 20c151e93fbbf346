"""Share of metastatic patients who ever have a site, from the site's share of founders.

Founders of a patient are Poisson with a mean that differs between patients by a log-normal factor M of log-sd sigma. A
site that gets the rate u (in units of the median patient) is then free of founders with probability E exp(-u M), and

    P(site | metastatic) = H(u) / H(sum of u),    H(u) = 1 - E exp(-u M).

``SIGMA`` and ``DUCT`` were fitted to engine patients with breast-2026.1 (eight primaries, 22 sites, imaging every 3
months after a metastasis is known and every year before, 8 years or death): the mean error over sites was 0.24 to 0.40
points for each primary. They are properties of the engine; ``check`` measures the error again.
"""

from __future__ import annotations

from functools import cache

import numpy as np

SIGMA = 1.38
"""Log-sd of founders between metastatic patients (fitted to engine patients)."""
DUCT = 0.86
"""Founders by the thoracic duct and from nodes, relative to direct ones per shed cell (fitted to engine patients)."""
FOUND = {"distant_nodes": 0.63, "bone": 1.19, "skin": 1.27, "peritoneum": 1.16}
"""Founders that are found in life, by engine site relative to others: distant nodes stay small (their limiting size),
bone and skin show early (fitted to engine patients; other sites lie within 13 % of 1)."""
_LOW, _HIGH, _STEP = -25.0, 15.0, 0.01


def found_factor(site: str) -> float:
    """Founders found in life at an engine site, relative to the rest."""
    return FOUND.get(site, 1.0)


@cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    z, weight = np.polynomial.hermite_e.hermegauss(40)
    return np.exp(SIGMA * z), weight / weight.sum()


def share(ln_rate: np.ndarray) -> np.ndarray:
    """H(u) at u = exp(``ln_rate``), any shape."""
    factor, weight = _nodes()
    result: np.ndarray = np.einsum("...z,z->...", -np.expm1(-np.exp(ln_rate)[..., None] * factor), weight)
    return result


def slope(ln_rate: np.ndarray) -> np.ndarray:
    """dH/d ln u, same shape."""
    factor, weight = _nodes()
    mean = np.exp(ln_rate)[..., None] * factor
    result: np.ndarray = np.einsum("...z,z->...", mean * np.exp(-mean), weight)
    return result


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    grid = np.arange(_LOW, _HIGH + _STEP, _STEP)
    return grid, share(grid)


def quick_share(ln_rate: np.ndarray) -> np.ndarray:
    """H(u) by linear interpolation (error below 1e-5)."""
    grid, values = _table()
    result: np.ndarray = np.interp(ln_rate, grid, values)
    return result


def ln_rate_of(wanted: np.ndarray) -> np.ndarray:
    """ln u for which H(u) is ``wanted`` (0..1), by interpolation."""
    grid, values = _table()
    result: np.ndarray = np.interp(wanted, values, grid)
    return result


def conditional(ln_rate: np.ndarray, has_organ: np.ndarray) -> np.ndarray:
    """Share of metastatic patients with each site, of those who have the organ.

    Args:
        ln_rate: (..., sites) ln u; -inf where a site does not count.
        has_organ: (..., sites) share of patients with the organ.
    """
    total = np.log((np.exp(ln_rate) * has_organ).sum(axis=-1, keepdims=True))
    result: np.ndarray = np.minimum(quick_share(ln_rate) / quick_share(total), 1.0)
    return result


def at_number_of_sites(ln_rate: np.ndarray, has_organ: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Shares as :func:`conditional` after ``ln_rate`` is shifted so that a patient has ``sites`` sites on average.

    Args:
        ln_rate: (..., sites) ln u up to a constant; -inf where a site does not count.
        has_organ: (..., sites).
        sites: (...,) mean number of sites per metastatic patient.
    """
    low = np.full(ln_rate.shape[:-1], -12.0)
    high = np.full(ln_rate.shape[:-1], 12.0)
    base = ln_rate - np.log(np.exp(ln_rate).sum(axis=-1, keepdims=True))
    for _ in range(30):
        middle = 0.5 * (low + high)
        number = (has_organ * conditional(base + middle[..., None], has_organ)).sum(axis=-1)
        low = np.where(number < sites, middle, low)
        high = np.where(number < sites, high, middle)
    return conditional(base + 0.5 * (low + high)[..., None], has_organ)


def implied_ln_rate(shares: np.ndarray, has_organ: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """ln u that gives each of one primary's observed ``shares`` (sites,); 0 < shares < 1 where ``counts``."""
    total = 3.0
    result = np.full(len(shares), -np.inf)
    for _ in range(200):
        scale = quick_share(np.log(np.array([total])))[0]
        result[counts] = ln_rate_of(shares[counts] * scale)
        new = max(0.05, float((np.exp(result) * has_organ).sum()))
        if abs(np.log(new / total)) < 1e-9:
            break
        total = new
    return result
