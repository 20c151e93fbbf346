"""Bilateral lymphatic progression of oropharyngeal carcinoma at an early T category."""

from __future__ import annotations

import numpy as np

from diaspore.body.lymph_progression import (
    BilateralProgression,
    LymphProgression,
    Modality,
    binomial_time_prior,
    oropharynx_bilateral,
)
from diaspore.validation.data import rows
from diaspore.validation.registry import Result
from diaspore.validation.tolerance import clopper_pearson

LEVELS = ("II", "III", "IV")
OBSERVED = {"lateral": (7.1, 1.3, 1.1), "midline": (20.7, 17.2, 3.4)}
MIDLINE_COUNTS = {"II": 6, "III": 5, "IV": 1}
MIDLINE_PATIENTS = 29
CONSENSUS = Modality(0.81, 0.86)


def run() -> Result:
    """Prevalences by exact enumeration, one clinical risk, and a simulation of the same process."""
    result = Result()
    model = oropharynx_bilateral({r["parameter"]: float(r["mean_percent"]) for r in rows("ludwig_bilateral.csv")})
    prior = binomial_time_prior(10, 0.3)
    shares: dict[tuple[str, str], float] = {}
    for name, midline in (("lateral", False), ("midline", True)):
        ipsi, contra = model.prevalence(prior, midline)
        shares[name, "ipsi"], shares[name, "contra"] = ipsi["II"], contra["II"]
        for level in LEVELS:
            value = 100.0 * contra[level]
            result.add(f"early_{name}_{level}", value)
            result.add(f"reference_early_{name}_{level}", value)
            if midline:
                reason = f"observed {MIDLINE_COUNTS[level]} of {MIDLINE_PATIENTS}; expected is the model's share"
                both = [OBSERVED[k][LEVELS.index(level)] for k in ("lateral", "midline")]
                result.add_counts(
                    f"observed_midline_{level}",
                    MIDLINE_COUNTS[level],
                    MIDLINE_PATIENTS,
                    expected=contra[level],
                    null={"one_prevalence": sum(both) / 200.0},
                    reason=reason,
                )
    free = dict.fromkeys(model.contra.levels, False)
    given = {"II": True}
    risk = model.risk(prior, given, free, CONSENSUS, midline=False)[1]["II"]
    result.add("occult_risk_contra_II", 100.0 * risk)
    strict = model.risk(prior, {**free, **given}, free, CONSENSUS, midline=False)[1]["II"]
    result.add("occult_risk_contra_II_only_II", 100.0 * strict)

    matrices = [side.transition_matrix() for side in (model.ipsi, model.contra, model.contra_extended)]
    result.add("rows_sum_to_one", max(float(np.abs(a.sum(axis=1) - 1.0).max()) for a in matrices))
    result.add("enumeration_v_simulation", _outside(model, shares))
    return result


def _step(side: LymphProgression, base: np.ndarray, state: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    stay = 1.0 - base
    for (parent, child), value in side.spread.items():
        i, j = side.levels.index(parent), side.levels.index(child)
        stay[:, j] *= np.where(state[:, i], 1.0 - value, 1.0)
    return state | (rng.random(state.shape) < 1.0 - stay)


def _outside(model: BilateralProgression, shares: dict[tuple[str, str], float], patients: int = 400_000) -> int:
    """Simulate patients step by step; count the prevalences of level II outside their 99.99 % interval."""
    rng = np.random.Generator(np.random.Philox(2024))
    levels = model.ipsi.levels
    base = {name: np.array([s.base[k] for k in levels]) for name, s in (
        ("ipsi", model.ipsi), ("contra", model.contra), ("extended", model.contra_extended))}  # fmt: skip
    steps = rng.binomial(10, 0.3, size=patients)
    crossed = np.zeros(patients, dtype=bool)
    ipsi = np.zeros((patients, len(levels)), dtype=bool)
    contra = ipsi.copy()
    for t in range(10):
        going = steps > t
        crossed |= going & (rng.random(patients) < model.crossing)
        contra_base = np.where(crossed[:, None], base["extended"], base["contra"])
        ipsi_base = np.tile(base["ipsi"], (patients, 1))
        ipsi = np.where(going[:, None], _step(model.ipsi, ipsi_base, ipsi, rng), ipsi)
        contra = np.where(going[:, None], _step(model.contra, contra_base, contra, rng), contra)
    outside = 0
    for name, group in (("lateral", ~crossed), ("midline", crossed)):
        for side, state in (("ipsi", ipsi), ("contra", contra)):
            k, n = int(state[group, levels.index("II")].sum()), int(group.sum())
            low, high = clopper_pearson(k, n, 0.9999)
            outside += not low <= shares[name, side] <= high
    return outside
