"""When a blocker of invasion is given, and through which cells it helps: hazard ratios against its start.

Surgery is two years after diagnosis, so that there is a before. The drug is given for two years, and acts everywhere,
on the primary alone, or on metastases alone (what they shed seeds further ones). Intervals are of patients drawn again
with replacement, the same in all arms. ``python -m diaspore.inference.strengths.timing [FOLDER]`` writes `FILE`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from diaspore.cohort.hazards import hazard_ratio
from diaspore.cohort.outcomes import times
from diaspore.inference.strengths.frozen import NAME, frozen_checksum, shipped, write
from diaspore.inference.strengths.lessons import BEFORE, YEAR, YEARS
from diaspore.inference.strengths.lessons import outcomes as simulated
from diaspore.knowledge.anatomy import SITES

FILE = "timing.json"
SURGERY, LENGTH = BEFORE / YEAR, 2.0
"""Years from diagnosis to surgery, and of the drug."""
STARTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Years after diagnosis."""
ENDPOINTS = ("distant_metastasis", "overall_survival")
PATIENTS, SEED, AGAIN = 5000, 20_266, 200
"""In each arm and explanation; samples of patients drawn again."""
AT_ONCE = 9
"""Arms beside the control in one run."""


def pathways() -> dict[str, list[str] | None]:
    """Name -> sites whose cells the drug acts on; None for all."""
    return {"everywhere": None, "the primary": ["breast"], "metastases": [one for one in SITES if one not in ABSENT]}


ABSENT = ("breast", "prostate")
"""The primary's site, and what a woman has not."""


def levers(start: float, sites: Sequence[str] | None) -> list[dict[str, Any]]:
    """Settings of a blocker of invasion from a year on, as assumed of drugs."""
    from diaspore.therapy.effect import strengths

    when = {"from": f"{start * YEAR!r} day", "until": f"{(start + LENGTH) * YEAR!r} day"}
    where = {} if sites is None else {"sites": list(sites)}
    return [
        {"lever": name, "factor": strengths()[name], **when, **where}
        for name in ("invasion_speed", "protease_activity")
    ]


def outcomes(several: Sequence[dict[str, Any]], patients: int, seed: int) -> list[pd.DataFrame]:
    """Outcomes (one table for each arm, the control first) of patients without metastases at diagnosis."""
    found: list[pd.DataFrame] = []
    for first in range(0, len(several), AT_ONCE):
        tables = simulated([{"name": "none"}, *several[first : first + AT_ONCE]], BEFORE, patients, seed)
        found += list(tables.values())[0 if first == 0 else 1 :]
    return found


def ratios(
    control: pd.DataFrame, arm: pd.DataFrame, endpoint: str, again: int, seed: int
) -> tuple[float, float, float]:
    """Hazard ratio of the same patients in two arms, and its 95 % interval over patients drawn again."""
    cut = YEARS * YEAR
    parts = [times(one, endpoint, cut) for one in (control, arm)]
    n = len(control)
    treated = np.repeat([False, True], n)

    def value(which: np.ndarray) -> float:
        time, event = (np.concatenate([parts[0][k][which], parts[1][k][which]]) for k in (0, 1))
        return float(hazard_ratio(time, event, treated).value)

    draws = np.random.default_rng(seed)
    sample = [math.log(value(draws.integers(0, n, n))) for _ in range(again)]
    low, high = np.exp(np.percentile(sample, [2.5, 97.5]))
    return value(np.arange(n)), float(low), float(high)


def run(
    patients: int = PATIENTS, again: int = AGAIN, seed: int = SEED, starts: Sequence[float] = STARTS,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:  # fmt: skip
    """All of `FILE`."""
    several, labels = [], []
    for name, sites in pathways().items():
        for start in starts:
            several.append({"name": f"{name} {start:g}", "levers": levers(start, sites)})
            labels.append((name, start))
    tables = outcomes(several, patients, seed)
    rows = []
    for (name, start), table in zip(labels, tables[1:], strict=True):
        for endpoint in ENDPOINTS:
            value, low, high = ratios(tables[0], table, endpoint, again, seed)
            rows.append(
                {
                    "acts on": name, "start": start, "endpoint": endpoint, "ratio": float(f"{value:.4g}"),
                    "low": float(f"{low:.4g}"), "high": float(f"{high:.4g}"),
                }
            )  # fmt: skip
            say(f"{name}, from year {start:g}, {endpoint}: {value:.3f} ({low:.3f} to {high:.3f})")
    return {
        "schema_version": 1, "strengths": NAME, "strengths_sha256": frozen_checksum(), "patients": len(tables[0]),
        "seed": seed, "surgery": SURGERY, "length": LENGTH, "rows": rows,
    }  # fmt: skip


def stored() -> Mapping[str, Any]:
    """What ships."""
    return shipped(FILE)


def main(arguments: Sequence[str]) -> None:
    """Compute and write `FILE` into a folder (default: where it ships)."""
    write(run(say=lambda line: print(line, flush=True)), FILE, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
