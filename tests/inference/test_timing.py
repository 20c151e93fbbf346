"""Start of a blocker of invasion: intervals by hand, arms that act where they say, and what is stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from diaspore.inference.strengths import timing
from diaspore.inference.strengths.frozen import frozen_checksum
from diaspore.knowledge.anatomy import SITES


def arm(rate: float, n: int = 600) -> pd.DataFrame:
    day = -np.log1p(-(np.arange(n) + 0.5) / n) / rate * timing.YEAR
    day = np.random.default_rng(1).permutation(day)
    nothing = np.full(n, np.inf)
    return pd.DataFrame(
        {
            "patient": np.arange(n), "distant_relapse_d": day, "followup_d": np.full(n, 12.0 * timing.YEAR),
            "lost_d": nothing, "entry_d": np.zeros(n), "m_stage": "M0",
        }
    )  # fmt: skip


def test_intervals_of_paired_patients() -> None:
    value, low, high = timing.ratios(arm(0.10), arm(0.07), "distant_metastasis", 60, 1)
    assert value == pytest.approx(0.7, abs=0.03)
    assert low < value < high
    assert high / low < 1.35  # far narrower than that of two independent arms of this size
    assert timing.ratios(arm(0.1), arm(0.1), "distant_metastasis", 10, 1) == (1.0, 1.0, 1.0)


def test_the_parts_are_the_whole() -> None:
    parts = timing.pathways()
    assert set(parts["the primary"] or ()) | set(parts["metastases"] or ()) == set(SITES) - {"prostate"}
    assert not set(parts["the primary"] or ()) & set(parts["metastases"] or ())
    assert all("sites" not in one for one in timing.levers(1.0, None))


def test_a_small_run() -> None:
    found = timing.run(patients=60, again=5, starts=(0.0, 3.0))
    assert len(found["rows"]) == 2 * 3 * len(timing.ENDPOINTS)
    assert all(row["low"] <= row["high"] for row in found["rows"])


def test_what_is_stored() -> None:
    found = timing.stored()
    assert found["strengths_sha256"] == frozen_checksum()
    rows = {(row["acts on"], row["start"], row["endpoint"]): row for row in found["rows"]}
    assert len(rows) == 3 * len(timing.STARTS) * len(timing.ENDPOINTS)
    first = rows["everywhere", 0.0, "distant_metastasis"]
    last = rows["everywhere", timing.STARTS[-1], "distant_metastasis"]
    assert first["high"] < last["low"], "what is given before the cells have left helps more"
