"""A bank in closed form, so that tests need no simulation."""

from __future__ import annotations

import numpy as np

from diaspore.inference.bank import Bank, BankPlan
from diaspore.inference.data import SizeBins

DIAMETERS = (10.0, 20.0, 40.0, 65.0, 100.0)
NODES = tuple(float(b) for b in np.arange(6.0, 28.1, 2.0))
PATIENTS = 10_000_000  # large, so that shares are exact


def exposure(size_mm: np.ndarray) -> np.ndarray:
    """Founders per patient at take 1; a Poisson number of them takes with exp(-b)."""
    found: np.ndarray = 3e5 * (np.asarray(size_mm) / 10.0) ** 4.0
    return found


def share(size_mm: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Probability that at least one founder takes, (sizes, b)."""
    found: np.ndarray = -np.expm1(-exposure(size_mm)[:, None] * np.exp(-np.asarray(b))[None, :])
    return found


def closed_bank() -> Bank:
    """The bank that such patients would give."""
    plan = BankPlan("closed", {"primary": {"site": "breast"}}, DIAMETERS, NODES, PATIENTS, 1)
    return Bank(plan, np.round(PATIENTS * share(np.array(DIAMETERS), np.array(NODES))).astype(np.int64))


def bins(seed: int = 4) -> SizeBins:
    """Made-up bins: mean 24, sd 4."""
    from diaspore.inference.fits.seer import Curve

    size = np.array([10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 70.0, 100.0])
    patients = np.array([2000.0, 3000.0, 2500.0, 1500.0, 900.0, 500.0, 300.0, 120.0])
    p = Curve(closed_bank(), size)(np.array([[24.0, 4.0]]))[0]
    return SizeBins("made up", size, patients, np.random.default_rng(seed).binomial(patients.astype(int), p), "", "")
