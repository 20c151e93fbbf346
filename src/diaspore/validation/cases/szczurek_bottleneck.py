"""Metastatic bottleneck against SEER, with the published (reciprocal) and the corrected growth rate."""

from __future__ import annotations

import math

import numpy as np

from diaspore.validation.data import rows
from diaspore.validation.models.bottleneck import (
    Fit,
    share_metastatic,
    share_metastatic_adaptive,
    survival_by_series,
)
from diaspore.validation.registry import Result

ERROR_NOTE = "the published fit rests on r = days ln2/365.24, a reciprocal error"


def fits() -> dict[str, Fit]:
    """Published fits by cancer."""
    return {
        r["cancer"]: Fit(*(float(r[k]) for k in ("doubling_days", "T0", "T1", "mu", "sigma")))
        for r in rows("szczurek2020_fits.csv")
    }


def run() -> Result:
    """Compute all shares, compare with SEER and with a constant share per cancer."""
    result = Result()
    known = fits()
    for cancer in ("breast", "renal", "pancreas"):
        result.add(f"wrong_r_{cancer}", known[cancer].published_rate)
    data = [(r["cancer"], float(r["diameter_cm"]), float(r["patients"]), float(r["share_metastatic"])) for r in rows(
        "seer_metastasis_by_size.csv")]  # fmt: skip
    published = np.array([share_metastatic(known[c], known[c].published_rate, d) for c, d, _, _ in data])
    corrected = np.array([share_metastatic(known[c], known[c].corrected_rate, d) for c, d, _, _ in data])
    adaptive = np.array([share_metastatic_adaptive(known[c], known[c].published_rate, d) for c, d, _, _ in data])
    observed = np.array([share for _, _, _, share in data])
    weight = np.array([n for _, _, n, _ in data])
    names = np.array([c for c, _, _, _ in data])
    constant = np.array([np.average(observed[names == c], weights=weight[names == c]) for c in names])

    def rmse(model: np.ndarray, mask: np.ndarray | None = None) -> float:
        error = (model - observed) if mask is None else (model - observed)[mask]
        return 100.0 * float(np.sqrt(np.mean(error**2)))

    null = {"constant_share_pp": rmse(constant)}
    result.add("rmse_wrong_r_pp", rmse(published), null=null, reason=ERROR_NOTE)
    result.add("rmse_corrected_r_pp", rmse(corrected), null=null, reason=ERROR_NOTE)
    for cancer in known:
        mask = names == cancer
        result.add(f"seer_{cancer}_pp", rmse(published, mask), null={"constant_share_pp": rmse(constant, mask)})
    for (cancer, diameter, _, _), share in zip(data, published, strict=True):
        if cancer != "nsclc" and diameter in (2.0, 4.0):
            result.add(f"{cancer}_{diameter:.0f}cm_pct", 100.0 * float(share))
    # below the detectable age both are exactly 0
    result.add("quadrature", float(np.max(np.abs(published - adaptive) / np.where(adaptive > 0.0, adaptive, 1.0))))
    order = [-math.exp(f.mu) / math.log(10.0) for f in known.values()]
    furthest = max(order, key=lambda x: abs(x + 8.0))
    result.add("median_success_order", furthest, reason=f"range {min(order):.2f} to {max(order):.2f}; furthest given")
    errors = [abs(survival_by_series(b) / math.exp(-b) - 1.0) for b in (5.0, 10.0, 20.0)]
    result.add("bottleneck_survival_identity", max(errors))
    return result
