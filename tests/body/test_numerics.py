"""Halving the numerical settings moves no reported probability by 0.2 points and no quantile by 1 %.

Draws are keyed by what they are for, so that two runs of one seed differ only where the setting matters: the paired
change is free of most Monte-Carlo noise. Panels are the exception: thinning is exact for any length, but the
candidates differ, so that panels are compared as two samples.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from diaspore.core.simulate import simulate
from tests.body.common import patient

pytestmark = pytest.mark.slow

N = 40_000
POINTS, QUANTILES = 0.002, 0.01
YEARS = (1, 2, 5, 10)
SCENE: dict[str, Any] = {
    "primary": {"site": "breast"},
    "age": None,
    "surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
    "follow_up": {
        "duration": "10 year",
        "visits": [{"every": "6 month", "until": "5 year"}, {"every": "1 year", "until": "10 year"}],
    },
    "patients": N,
}


@lru_cache(maxsize=8)
def _run(
    law: str, settings: tuple[tuple[str, Any], ...], seed: int
) -> tuple[pd.DataFrame, dict[str, Any], pd.DataFrame]:
    run = simulate(patient({"growth.law": law}, **SCENE, numerics=dict(settings) or None), seed=seed, quiet=True)
    visits = run.table("visits")
    return run.table("patients"), run.summary, visits[visits["day"] > 0]


def reported(law: str = "gompertz", seed: int = 1, **numerics: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Reported probabilities, and quantiles of what is reported in days, mm and cells."""
    p, summary, visits = _run(law, tuple(numerics.items()), seed)
    shares = {f"stage {g}": summary["stage"][g] / N for g in summary["stage"]}
    for name in ("overall_survival", "relapse_free_survival_m0", "distant_relapse_m0", "cancer_death"):
        shares |= {f"{name} {y}": summary[name][str(y)] for y in YEARS}
    shares |= {f"site {name}": value for name, value in summary["sites"].items()}
    shares["nodes"] = summary["node_positive_m0"]
    cancer = p["death_cause"].astype(str) == "cancer"
    values = {
        "relapse": p["relapse_d"].dropna(),
        "death": p.loc[cancer, "death_d"],
        "diameter": p["diameter_at_diagnosis_mm"],
        "doubling": p["doubling_time_d"],
        "ctc": p["ctc_per_ml_at_diagnosis"],
        "later ctc": visits.loc[visits["ctc_per_ml_arm"] > 1e-6, "ctc_per_ml_arm"],
        "sleepers": p["dormant_cells_at_end"],
        "burden": p.loc[p["burden_at_end_mm3"] > 1.0, "burden_at_end_mm3"],
    }
    quantiles = {f"{k} {q}": float(v.quantile(q)) for k, v in values.items() for q in (0.25, 0.5, 0.75)}
    return shares, quantiles


def compare(one: tuple[dict[str, float], dict[str, float]], two: tuple[dict[str, float], dict[str, float]]) -> None:
    moved = {k: two[0].get(k, 0.0) - v for k, v in one[0].items() if abs(two[0].get(k, 0.0) - v) >= POINTS}
    assert not moved, f"probabilities moved: {moved}"
    ratio = {k: two[1][k] / v - 1.0 for k, v in one[1].items() if abs(two[1][k] / v - 1.0) >= QUANTILES}
    assert not ratio, f"quantiles moved: {ratio}"


def test_growth_step_of_hahnfeldt() -> None:
    compare(reported("hahnfeldt"), reported("hahnfeldt", hahnfeldt_step="2 day"))


def test_day_tolerance() -> None:
    compare(reported(), reported(day_tolerance="0.01 day"))


def test_limit_of_followed_lesions() -> None:
    compare(reported(), reported(lesion_limit=80))


def test_panel_within_monte_carlo_error() -> None:
    """Half the panel against the same panel with another seed: neither pair differs by more than chance allows."""
    base = reported()[0]
    panel = reported(panel="45.65625 day", seed=1)[0]
    other = reported(seed=2)[0]

    def chi2(a: dict[str, float], b: dict[str, float]) -> tuple[float, float]:
        z = [
            (b[k] - a[k]) / math.sqrt(max(a[k] * (1.0 - a[k]), 1e-12) * 2.0 / N)
            for k in a
            if k in b and 0.002 < a[k] < 0.998
        ]
        return float(np.max(np.abs(z))), float(len(z))

    for pair in (panel, other):
        worst, count = chi2(base, pair)
        # Bonferroni: entries are correlated, so this is generous
        assert worst < stats.norm.isf(0.5e-3 / count), worst


def test_panel_keeps_distributions() -> None:
    p, _, v = _run("gompertz", (), 1)
    q, _, w = _run("gompertz", (("panel", "45.65625 day"),), 2)
    for column in (
        "relapse_d",
        "death_d",
        "ctc_per_ml_at_diagnosis",
        "nodes_positive",
        "metastases_seeded",
        "burden_at_end_mm3",
    ):
        a, b = p[column].fillna(1e5), q[column].fillna(1e5)
        assert stats.ks_2samp(a, b, method="asymp").pvalue > 1e-4, column
    for day in (182.625, 730.5, 3652.5):
        a, b = (x.loc[(x["day"] - day).abs() < 1.0, "ctc_per_ml_arm"] for x in (v, w))
        assert len(a) > 1000
        assert stats.ks_2samp(a, b, method="asymp").pvalue > 1e-4, day


def test_panel_moves_ctc_by_less_than_one_percent() -> None:
    """CTC at diagnosis of the same patients: the response at the ends of panels does not lag."""
    p, _, _ = _run("gompertz", (), 1)
    q, _, _ = _run("gompertz", (("panel", "45.65625 day"),), 1)
    np.testing.assert_allclose(p["ctc_per_ml_at_diagnosis"], q["ctc_per_ml_at_diagnosis"], rtol=1e-6)
