"""Strengths of treatments: figures of arms, patients who respond in all arms alike, and the freeze."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from diaspore.core.spec import spec_from_dict
from diaspore.inference.strengths import fit, frozen
from diaspore.inference.strengths.designs import COMPLIANCE, CROSSOVER, DESIGNS, tamoxifen, trastuzumab
from diaspore.inference.strengths.figures import Followed, figures, followed, measured
from diaspore.validation.registry import load_cases

KNOWN = frozen.values()


def test_figures_are_those_of_the_case() -> None:
    checks = {check.name: check for check in load_cases()["trial_calibration"].checks}
    rows = {one.check: one for one in figures()}
    assert set(rows) == set(checks)
    for name, row in rows.items():
        assert row.value == checks[name].expected
        assert row.low < row.value < row.high
        assert row.residual(row.value) == pytest.approx(0.0, abs=1e-12)
    assert rows["cmf_nil_death"].residual(0.864) == pytest.approx(1.96, abs=0.1)


def arm(rate: float, n: int = 4000) -> Followed:
    """Relapses at a rate per year, evenly spread quantiles; nobody dies."""
    relapse = -np.log1p(-(np.arange(n) + 0.5) / n) / rate
    return Followed(relapse, np.full(n, np.nan), np.zeros(n, dtype=bool), np.full(n, 20.0))


def test_measures_of_exponential_arms() -> None:
    (rate,) = (one for one in figures() if one.check == "tamoxifen_recurrence_5_9")
    arms = {"none": arm(0.10), "tamoxifen": arm(0.08)}
    assert measured(rate, arms) == pytest.approx(0.8, abs=0.02)
    hazard = dataclasses.replace(rate, quantity="hazard ratio", start=0.0, end=3.0)
    assert measured(hazard, arms, accrual=2.0) == pytest.approx(0.8, abs=0.03)
    points = dataclasses.replace(rate, quantity="risk difference", end=10.0)
    assert measured(points, arms) == pytest.approx(100.0 * (math.exp(-0.8) - math.exp(-1.0)), abs=0.1)
    with pytest.raises(ValueError, match="no event"):
        measured(rate, {"none": arm(1e-9), "tamoxifen": arm(1e-9)})


def test_who_is_followed() -> None:
    rows = pd.DataFrame(
        {
            "arm_number": [0, 0, 0, 0, 1], "m_stage": ["M0", "M0", "M0", "M1", "M0"],
            "relapse_d": [10.0, 400.0, np.nan, np.nan, 100.0], "death_d": [50.0, 800.0, 500.0, 90.0, np.nan],
            "followup_d": [50.0, 800.0, 500.0, 90.0, 900.0], "nodes_positive": [0, 1, 0, 0, 0],
            "death_cause": ["cancer", "cancer", "other", "cancer", "none"],
        }
    )  # fmt: skip
    both = followed(rows, 0, 30.0)
    assert both.relapse * 365.25 == pytest.approx([370.0, np.nan], nan_ok=True)
    assert list(both.of_cancer) == [True, False]
    assert len(followed(rows, 0, 30.0, node_negative=True).end) == 1
    years, seen = both.times("cancer_death")
    assert (list(seen), years[1] * 365.25) == ([True, False], pytest.approx(470.0))


def shares(one: dict[str, Any]) -> list[float]:
    return list(np.cumsum([part["share"] for part in one.get("variants", ())]))


def test_a_patient_responds_in_all_arms_or_in_none() -> None:
    """Variants are drawn by one number of each patient, so borders between kinds of response must be the same."""
    arms = tamoxifen(KNOWN).arms
    kinds, taken = shares(arms["none"]), shares(arms["tamoxifen"])
    assert taken[1::2] == pytest.approx(kinds)
    assert taken[0] == pytest.approx(COMPLIANCE * kinds[0])
    arms = trastuzumab(KNOWN).arms
    killed = KNOWN["trastuzumab_kills"]
    assert [shares(arms[name])[-1] for name in arms] == pytest.approx([killed] * 4)
    assert shares(arms["crossover"])[0] == pytest.approx((1.0 - CROSSOVER) * killed)


@pytest.mark.parametrize("name", DESIGNS)
def test_designs_are_trials(name: str) -> None:
    design = DESIGNS[name](KNOWN)
    data = fit.cohort(design.change, 10, design.years, design.median_mm)
    data["arms"] = [{"name": arm, **what} for arm, what in design.arms.items()]
    assert spec_from_dict(data).kind == "trial"
    named = {one.arm for one in figures(fit.TABLE_NAME.get(name, name))}
    assert named <= set(design.arms)


def test_scales_go_back_and_forth() -> None:
    names = {"cmf_decades": 3.0, "tamoxifen_kills": 0.3, "tamoxifen_after": 2.0}
    values = np.array(list(names.values()))
    assert fit._back(fit._scale(values, names), names) == pytest.approx(values)
    found = fit.intervals(names, np.diag([0.01, 0.04, 0.09]))
    assert found["cmf_decades"][0] == pytest.approx(3.0 * math.exp(-0.196), rel=5e-3)
    assert 0.0 < found["tamoxifen_kills"][0] < 0.3 < found["tamoxifen_kills"][1] < 1.0


def test_strengths_are_the_frozen_ones() -> None:
    content = (frozen.folder_of_strengths() / frozen.FILE).read_bytes()
    assert hashlib.sha256(content).hexdigest() == frozen.frozen_checksum()
    for name, one in frozen.strengths().items():
        assert one.low < one.value < one.high, name
    free = [key for names in fit.FREE.values() for key in names]
    assert list(frozen.strengths()) == free
    for row in frozen.stored()["effects"]:
        low, high = row["interval"]
        assert low <= row["simulated"] <= high, row["check"]


def test_kill_and_burden_are_not_told_apart() -> None:
    """The ridge: kills that differ by decades meet one published ratio, each with its own burden."""
    rows = frozen.stored()["ridge"]
    decades = [row["cmf_decades"] for row in rows]
    assert max(decades) - min(decades) > 1.0
    assert all(abs(math.log(row["simulated"] / 0.76)) < 0.05 for row in rows)


def test_a_small_effect_is_found_again() -> None:
    """Arms of few patients: more decades, fewer deaths, the same patients in all arms."""
    from diaspore.inference.population import optimum_changes

    design = DESIGNS["chemotherapy"]({f"{name}_decades": 6.0 for name in ("cmf", "ac", "caf", "taxane")})
    few = dataclasses.replace(design, arms={name: design.arms[name] for name in ("none", "CMF")}, years=11.0)
    arms = fit.arms_of(few, 300, 1, optimum_changes()[:1])
    (figure,) = (one for one in figures() if one.check == "cmf_nil_death")
    assert 0.2 < measured(figure, arms) < 0.95
    assert len(arms["none"].end) == len(arms["CMF"].end)
