"""Find strengths of treatments from published effects, for the body model as it was fitted to untreated patients.

Every trial is simulated in both explanations of the fit (metastases that grow slowly, or that sleep), half of the
patients each, with the same random numbers in all arms, and analysed as it was. Strengths are moved until the sum of
squared distances from the published effects, in their standard errors, is least. Nothing else is moved.

``python -m diaspore.inference.strengths.fit [FOLDER]`` finds them anew and writes `FILE`.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from diaspore.inference.population import FIT, LESIONS, fitted_changes, optimum_changes
from diaspore.inference.strengths.designs import BEGIN, DESIGNS, Design
from diaspore.inference.strengths.figures import Figure, Followed, figures, followed, measured
from diaspore.inference.strengths.frozen import FILE, FROZEN, NAME, folder_of_strengths

PATIENTS, SEED = 4000, 20_264
"""Of each arm and explanation while strengths are moved; every arm has the same ones."""
FINAL = 20_000
"""Of each arm and explanation for the effects that are reported."""
LOW_HIGH = {
    "decades": (0.2, 12.0),
    "kills": (0.01, 0.9),
    "holds": (0.01, 0.6),
    "after": (0.05, 10.0),
}
"""Between which strengths are looked for, by the last word of their names: decades of cells, shares, years."""
FREE = {
    "chemotherapy": {"cmf_decades": 4.0, "ac_decades": 3.5, "caf_decades": 5.5, "taxane_decades": 3.0},
    "tamoxifen": {"tamoxifen_kills": 0.35, "tamoxifen_holds": 0.12, "tamoxifen_after": 4.0},
    "trastuzumab": {"trastuzumab_kills": 0.6},
    "radiotherapy": {"radiotherapy_decades": 7.0},
}
"""Strengths by design, in the order in which they are found, and where the search begins."""
TABLE_NAME = {"tamoxifen": "endocrine"}
"""Treatment in the table of effects, where it has another name than the design."""
MOST_ARMS = 10
Say = Callable[[str], None]


def arms_of(design: Design, patients: int, seed: int, changes: Sequence[Mapping[str, Any]]) -> dict[str, Followed]:
    """Simulate the arms of a trial, ``patients`` in each for every element of ``changes``, taken together."""
    from diaspore.core.simulate import simulate

    together: dict[str, Followed] = {}
    names = list(design.arms)
    assert len(names) <= MOST_ARMS
    for change in changes:
        data = cohort({**change, **design.change}, patients, design.years, design.median_mm)
        data["arms"] = [{"name": name, **design.arms[name]} for name in names]
        with tempfile.TemporaryDirectory(prefix="diaspore-arms-") as folder:
            outcomes = simulate(data, seed=seed, out=Path(folder) / "run", quiet=True).table("outcomes")
        for k, name in enumerate(names):
            found = followed(outcomes, k, design.begin, design.node_negative)
            together[name] = together[name] + found if name in together else found
    return together


def cohort(change: Mapping[str, Any], patients: int, years: float, median_mm: float = 22.0) -> dict[str, Any]:
    """Women with an operable breast cancer, as those whom the model was fitted to, as a description of kind trial."""
    duration = f"{years!r} year"
    return {
        "schema_version": 1, "kind": "trial", "name": "strengths", "parameters": "breast-2026.1",
        "change": dict(change), "patients": patients, "numerics": {"lesion_limit": LESIONS},
        "age_mean": "58 year", "age_sd": "11 year", "primary": {"site": "breast"},
        "covariates": {"diameter": {"median": f"{median_mm:g} mm", "spread": 0.5, "low": "4 mm", "high": "80 mm"}},
        "follow_up": {
            "duration": duration,
            "visits": [{"every": "6 month", "until": "5 year"}, {"every": "1 year", "until": duration}],
        },
        "surgery": {
            "primary": {"at": "30 day"},
            "nodes": {"at": "30 day", "method": "dissection", "stations": ["axilla_1", "axilla_2"]},
        },
        "analysis": {"follow_up": f"{years - 0.01!r} year", "endpoints": ["recurrence"], "at": []},
    }  # fmt: skip


def effects_of(
    name: str, strengths: Mapping[str, float], patients: int, seed: int, changes: Sequence[Mapping[str, Any]]
) -> tuple[tuple[Figure, ...], np.ndarray]:
    """The published figures of a design, and the simulated ones (F,) at these strengths."""
    design = DESIGNS[name](strengths)
    arms = arms_of(design, patients, seed, changes)
    published = figures(TABLE_NAME.get(name, name))
    return published, np.array([measured(one, arms, design.accrual) for one in published])


def find(
    name: str, known: Mapping[str, float], patients: int, seed: int, changes: Sequence[Mapping[str, Any]], say: Say,
) -> tuple[dict[str, float], np.ndarray]:  # fmt: skip
    """The strengths of a design by least squares, and their covariance on the scale that was searched."""
    from scipy.optimize import least_squares

    free = FREE[name]
    bounds = np.array([LOW_HIGH[one.rsplit("_", 1)[1]] for one in free])
    lower, upper = _scale(bounds[:, 0], free), _scale(bounds[:, 1], free)

    def residuals(z: np.ndarray) -> np.ndarray:
        strengths = dict(zip(free, map(float, _back(start + z - 1.0, free)), strict=True))
        published, simulated = effects_of(name, {**known, **strengths}, patients, seed, changes)
        found = np.array([one.residual(float(value)) for one, value in zip(published, simulated, strict=True)])
        say(f"{name}: {', '.join(f'{k} {v:.4g}' for k, v in strengths.items())}: squares {np.sum(found**2):.2f}")
        return found

    start = np.clip(_scale(np.array(list(free.values())), free), lower + 1e-3, upper - 1e-3)
    # Searched around 1, so that the relative steps of the differences are alike, and above what chance moves.
    best = least_squares(
        residuals, np.ones(len(free)), bounds=(lower - start + 1.0, upper - start + 1.0), diff_step=0.2, xtol=0.01,
        ftol=0.005, max_nfev=8,
    )  # fmt: skip
    covariance = np.linalg.pinv(best.jac.T @ best.jac)
    return dict(zip(free, (float(f"{v:.4g}") for v in _back(start + best.x - 1.0, free)), strict=True)), covariance


def _scale(values: np.ndarray, names: Mapping[str, float]) -> np.ndarray:
    """Logarithms, of shares the log-odds."""
    share = np.array([name.endswith(("kills", "holds")) for name in names])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(share, np.log(values / (1.0 - values)), np.log(values))


def _back(x: np.ndarray, names: Mapping[str, float]) -> np.ndarray:
    share = np.array([name.endswith(("kills", "holds")) for name in names])
    return np.where(share, 1.0 / (1.0 + np.exp(-x)), np.exp(x))


def intervals(values: Mapping[str, float], covariance: np.ndarray) -> dict[str, tuple[float, float]]:
    """95 % intervals of the strengths."""
    names = list(values)
    x = _scale(np.array(list(values.values())), values)
    half = 1.96 * np.sqrt(np.diag(covariance))
    ends = [_back(x + sign * half, values) for sign in (-1, 1)]
    return {name: (float(f"{ends[0][k]:.3g}"), float(f"{ends[1][k]:.3g}")) for k, name in enumerate(names)}


def ridge(patients: int, seed: int, say: Say) -> list[dict[str, Any]]:
    """Kill by CMF beside the burden that it meets, for the optimum and draws of each explanation of the fit.

    Only the effect of CMF on deaths (table row ``cmf_nil_death``) is met, by bisection: burden and kill are not told
    apart by a ratio of rates, so each set of parameters has its own pair. The burden is that of patients who relapse,
    on the day on which chemotherapy begins, without sleepers.
    """
    (figure,) = (one for one in figures("chemotherapy") if one.check == "cmf_nil_death")
    found = []
    for number, change in enumerate(fitted_changes()):
        low, high = LOW_HIGH["decades"]
        value = math.nan
        for _ in range(7):
            decades = math.sqrt(low * high)
            design = Design({name: DESIGNS["chemotherapy"](_regimens(decades)).arms[name] for name in ("none", "CMF")},
                            years=11.0)  # fmt: skip
            value = measured(figure, arms_of(design, patients, seed, [change]))
            low, high = (decades, high) if value > figure.value else (low, decades)
        cells, relapsing = burden(change, patients, seed)
        found.append(
            {
                "explanation": "slow" if _slow(number) else "dormant", "optimum": number < 2,
                "cmf_decades": float(f"{decades:.3g}"), "simulated": float(f"{value:.3g}"),
                "residual_decades": [float(f"{x:.3g}") for x in cells], "relapsing": float(f"{relapsing:.3g}"),
            }
        )  # fmt: skip
        say(f"ridge: {found[-1]}")
    return found


def _slow(number: int) -> bool:
    """Whether a set of `fitted_changes` is of the explanation ``slow``: both optima come first, then draws of each."""
    from diaspore.inference.population import DRAWS

    return number == 0 or 2 <= number < 2 + DRAWS


def _regimens(decades: float) -> dict[str, float]:
    return {f"{name}_decades": decades for name in ("cmf", "ac", "caf", "taxane")}


def burden(change: Mapping[str, Any], patients: int, seed: int) -> tuple[np.ndarray, float]:
    """Decades of cells (quartiles) that relapsing patients carry as metastases at day `BEGIN`, and who relapse."""
    from diaspore.core.simulate import simulate
    from diaspore.core.units import parse_quantity
    from diaspore.knowledge.parameters import load_parameter_set

    data = cohort(change, patients, 16.0) | {"kind": "cohort"}
    data.pop("analysis")
    follow: dict[str, Any] = {"duration": "16 year", "visits": [{"every": f"{BEGIN:g} day", "until": f"{BEGIN:g} day"}]}
    data["follow_up"] = follow
    with tempfile.TemporaryDirectory(prefix="diaspore-burden-") as folder:
        run = simulate(data, seed=seed, out=Path(folder) / "run", quiet=True)
        people, visits = run.table("patients"), run.table("visits")
    at = visits[np.isclose(visits["day"], BEGIN)].set_index("patient")["metastatic_mm3"]
    m0 = people[people["m_stage"].astype(str) == "M0"].set_index("patient")
    relapsing = m0[m0["relapse_d"] > BEGIN]
    volume = at.reindex(relapsing.index).fillna(0.0).to_numpy(dtype=float)
    cells = parse_quantity(str(load_parameter_set("breast-2026.1").entries["growth.cells_per_volume"].value), "1/mm**3")
    decades = np.log10(np.maximum(volume * cells, 1.0))
    return np.percentile(decades, [25, 50, 75]), len(relapsing) / len(m0)


def run(say: Say, patients: int = PATIENTS, final: int = FINAL, seed: int = SEED) -> dict[str, Any]:
    """Everything of `FILE`: strengths, the effects that they give, and the ridge."""
    from diaspore.inference.checksum import engine_checksum
    from diaspore.knowledge.parameters import load_parameter_set

    explanations = optimum_changes()
    values: dict[str, float] = {}
    rows: dict[str, dict[str, Any]] = {}
    effects: list[dict[str, Any]] = []
    for name in FREE:
        found, covariance = find(name, values, patients, seed, explanations, say)
        alone = [find(name, values, patients, seed, [one], say)[0] for one in explanations]
        values |= found
        for key, (low, high) in intervals(found, covariance).items():
            by = {kind: one[key] for kind, one in zip(("slow", "dormant"), alone, strict=True)}
            rows[key] = {"value": found[key], "low": low, "high": high, "alone": by}
        published, simulated = effects_of(name, values, final, seed, explanations)
        for one, value in zip(published, simulated, strict=True):
            effects.append(
                {
                    "check": one.check, "published": one.value, "interval": [one.low, one.high],
                    "simulated": float(f"{value:.4g}"), "source": one.source,
                }
            )  # fmt: skip
            say(f"{one.check}: {value:.3f}, published {one.value:g} ({one.low:g} to {one.high:g})")
    return {
        "schema_version": 1, "name": NAME, "fit": FIT, "parameter_set": "breast-2026.1",
        "parameter_set_sha256": load_parameter_set("breast-2026.1").hash, "engine": engine_checksum(),
        "patients": patients, "patients_of_effects": final, "seed": seed,
        "not_claimed": "how a drug acts: kill and burden are not told apart, nor killing from lasting arrest",
        "strengths": rows, "effects": effects, "ridge": ridge(patients, seed, say),
    }  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Find the strengths and write `FILE` and its checksum into a folder (default: where they ship)."""
    import hashlib

    from diaspore.core.jsonio import to_json, write_text

    folder = Path(arguments[0]) if arguments else folder_of_strengths()
    folder.mkdir(parents=True, exist_ok=True)
    text = to_json(run(lambda line: print(line, flush=True)))
    write_text(folder / FILE, text)
    write_text(folder / FROZEN, f"{hashlib.sha256(text.encode('utf-8')).hexdigest()}  {FILE}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
