"""Adjuvant chemotherapy and tamoxifen as levers, with strengths found from rate ratios of trials.

Chemotherapy is six months of a rate of killing, tamoxifen a factor on growth, both on whatever the patient still
carries two weeks after surgery. One number each is free. It is found by simulation: the same patients, drawn by the
same random numbers, are followed with and without treatment, and the strength is moved until the rate ratio between
the arms is the published one (rows of the table ``treatment_effects`` with use "calibration"). Rows with use "check"
are compared afterwards and shown, whatever they say; no cohort that is later predicted takes part.

Rate ratios are what the meta-analyses print: one-step log-rank estimates exp((O - E)/V) of the period, by allocation,
so that a patient who did not take the tablets is in the ratio and in the strength. Deaths of other causes, and for
relapse all deaths, end a patient's observation. Time counts from surgery.

``python -m diaspore.inference.treatment [FOLDER]`` finds the strengths anew for the shipped model.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from diaspore.cohort.hazards import logrank

NAME = "adjuvant-2026.1"
FILE = "adjuvant.json"
NONE, CHEMOTHERAPY, ENDOCRINE = "none", "chemotherapy", "endocrine"
BOTH = "chemotherapy and endocrine"
GROUPS = (NONE, CHEMOTHERAPY, ENDOCRINE, BOTH)
SURGERY_DAY = 30.0
START_DAY = SURGERY_DAY + 14.0  # two weeks after surgery: assumed
YEAR = 365.25
LENGTH_DAYS = {CHEMOTHERAPY: 0.5 * YEAR, ENDOCRINE: 5.0 * YEAR}
LEVER = {CHEMOTHERAPY: "kill_rate", ENDOCRINE: "growth_rate"}
# Strengths between which the answer is looked for: 1/day of killing, factor on growth.
BRACKET = {CHEMOTHERAPY: (0.0, 0.3), ENDOCRINE: (0.05, 1.0)}
PATIENTS, SEED = 40_000, 20_261
CLOSE = 0.01  # of the logarithm of a rate ratio; the published ones are known to 0.04 at best
ENDPOINTS = ("relapse", "cancer_death")


@dataclass(frozen=True)
class RateRatio:
    """A published rate ratio, treated over untreated.

    Attributes:
        key: row of the table ``treatment_effects``.
        treatment: `CHEMOTHERAPY` or `ENDOCRINE`.
        endpoint: one of `ENDPOINTS`.
        start, end: years after surgery between which rates are compared.
        ratio, low, high: value and 95 % interval (None: not known).
        source: key in ``references.bib``.
        fitted: whether the strength is found from it.
    """

    key: str
    treatment: str
    endpoint: str
    start: float
    end: float
    ratio: float
    low: float | None
    high: float | None
    source: str
    fitted: bool


def rate_ratios() -> tuple[RateRatio, ...]:
    """The published rate ratios, from the table ``treatment_effects``."""
    from diaspore.knowledge.load import table

    return tuple(
        RateRatio(
            row.key, row["treatment"], row["endpoint"], row.number("start_year"), row.number("end_year"),
            row.value, row.low, row.high, row.source, row["use"] == "calibration",
        )
        for row in table("treatment_effects")
        if row["use"] in ("calibration", "check")
    )  # fmt: skip


def log_rank_ratio(
    time_a: np.ndarray, event_a: np.ndarray, time_b: np.ndarray, event_b: np.ndarray, start: float, end: float
) -> float:
    """One-step log-rank estimate exp((O - E)/V) of the rate in arm b over that in arm a between two times.

    Args:
        time_a, time_b: (n,) follow-up of each patient, any unit. event_a, event_b: (n,) bool, it ended with the event.
        start, end: of the period, in that unit; who is not observed at ``start`` does not count.

    Raises:
        ValueError: no event in the period.
    """
    time, event = np.concatenate([time_a, time_b]), np.concatenate([event_a, event_b])
    treated = np.repeat([False, True], [len(time_a), len(time_b)])
    seen = time > start
    found = logrank(np.minimum(time, end)[seen], (event & (time <= end))[seen], treated[seen])
    if not found.variance > 0.0:
        raise ValueError("no event in the period")
    return found.ratio.value


Arm = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""Endpoint -> (years after surgery, event) of the patients of one arm."""


def arm(cohort: Mapping[str, Any], levers: list[dict[str, Any]], patients: int, seed: int) -> Arm:
    """Follow patients without metastases at diagnosis, who had surgery, with some levers; see `Arm`.

    ``cohort`` holds the fields of a patient file; whoever relapses or dies before surgery is left out.
    """
    from diaspore.core.simulate import simulate

    data = {**cohort, "kind": "cohort", "name": "arm", "patients": patients, "levers": levers}
    follow = dict(data.get("follow_up", {}))
    data["follow_up"] = {**follow, "duration": "16 year"}
    stretches = [{"every": "6 month", "until": "5 year"}, {"every": "1 year", "until": "16 year"}]
    data["follow_up"]["visits"] = stretches
    with tempfile.TemporaryDirectory(prefix="diaspore-arm-") as folder:
        people = simulate(data, seed=seed, out=Path(folder) / "run", quiet=True).table("patients")
    people = people[(people["m_stage"].astype(str) == "M0") & (people["nodes_examined"] > 0)]
    relapse, death = people["relapse_d"].to_numpy(dtype=float), people["death_d"].to_numpy(dtype=float)
    end = np.fmin(people["followup_d"].to_numpy(dtype=float), death)
    cancer = people["death_cause"].astype(str).to_numpy() == "cancer"
    first = np.fmin(relapse, end)
    use = first > SURGERY_DAY
    years = {"relapse": (first - SURGERY_DAY) / YEAR, "cancer_death": (end - SURGERY_DAY) / YEAR}
    event = {"relapse": relapse <= end, "cancer_death": cancer}
    return {name: (years[name][use], event[name][use]) for name in ENDPOINTS}


def lever(treatment: str, strength: float, length_days: float | None = None) -> dict[str, Any]:
    """A treatment as an entry of the ``levers`` of a patient file; ``strength`` in 1/day or as a factor."""
    until = START_DAY + (LENGTH_DAYS[treatment] if length_days is None else length_days)
    amount = {"rate": f"{strength:.6g} 1/day"} if treatment == CHEMOTHERAPY else {"factor": float(f"{strength:.6g}")}
    return {"lever": LEVER[treatment], **amount, "from": f"{START_DAY:g} day", "until": f"{until:g} day"}


def pooled(
    cohort: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    levers: list[dict[str, Any]],
    patients: int,
    seed: int,
) -> Arm:
    """Arms of equal size, one for each element of ``changes``, taken together; as `arm` otherwise."""
    arms = [
        arm({**cohort, "change": {**(cohort.get("change") or {}), **change}}, levers, patients // len(changes), seed)
        for change in changes
    ]
    return {
        name: (np.concatenate([a[name][0] for a in arms]), np.concatenate([a[name][1] for a in arms]))
        for name in ENDPOINTS
    }


def calibrate(
    cohort: Mapping[str, Any],
    patients: int = PATIENTS,
    seed: int = SEED,
    say: Callable[[str], None] = lambda _: None,
    changes: Sequence[Mapping[str, Any]] = ({},),
) -> dict[str, Any]:
    """Find the strength of each treatment by bisection, and compare what was not used; see `FILE` for what it returns.

    Args:
        cohort: fields of a patient file (without levers): the patients that both arms are drawn from.
        patients: drawn for each arm; the same ones for all.
        seed: of all runs.
        say: told of every step.
        changes: of the cohort's parameters; patients of each in equal numbers.

    Raises:
        ValueError: no strength in `BRACKET` gives a published ratio.
    """
    published = rate_ratios()
    untreated = pooled(cohort, changes, [], patients, seed)

    def ratio(treated: Arm, row: RateRatio) -> float:
        a, b = untreated[row.endpoint], treated[row.endpoint]
        return log_rank_ratio(*a, *b, row.start, row.end)

    strengths: dict[str, float] = {}
    rows: list[dict[str, Any]] = []
    for treatment in (CHEMOTHERAPY, ENDOCRINE):
        (target,) = (row for row in published if row.treatment == treatment and row.fitted)
        low, high = BRACKET[treatment]
        falling = treatment == CHEMOTHERAPY  # the ratio falls with a rate of killing and rises with a factor on growth
        for _ in range(12):
            strength = 0.5 * (low + high)
            treated = pooled(cohort, changes, [lever(treatment, strength)], patients, seed)
            found = ratio(treated, target)
            say(f"{treatment}: strength {strength:.5g}, rate ratio {found:.4f} for {target.ratio:g}")
            if abs(math.log(found / target.ratio)) < CLOSE:
                break
            low, high = (low, strength) if (found < target.ratio) == falling else (strength, high)
        else:
            raise ValueError(f"no strength of {treatment} gives a rate ratio of {target.ratio:g}")
        strengths[treatment] = strength
        for row in (row for row in published if row.treatment == treatment):
            interval = None if row.low is None else [row.low, row.high]
            rows.append(
                {
                    "key": row.key, "use": "calibration" if row.fitted else "check", "source": row.source,
                    "published": row.ratio, "interval": interval, "simulated": round(ratio(treated, row), 4),
                }
            )  # fmt: skip
    return {"strengths": strengths, "rate_ratios": rows, "patients": patients, "seed": seed}


def folder_of_strengths() -> Path:
    """Where the shipped strengths are."""
    import diaspore

    return Path(diaspore.__file__).parent / "knowledge" / "fits" / NAME


@cache
def strengths() -> Mapping[str, Any]:
    """The shipped strengths: what `calibrate` found, and the parameter set and its checksum (``FILE``)."""
    found: dict[str, Any] = json.loads((folder_of_strengths() / FILE).read_text("utf-8"))
    return found


def groups(endocrine_years: float = 5.0) -> tuple[dict[str, Any], ...]:
    """The treatments as groups of a cohort file, with equal shares; names are `GROUPS`.

    ``endocrine_years`` is how long tamoxifen is given; its strength stays that of five years.
    """
    found = strengths()["strengths"]
    drugs = lever(CHEMOTHERAPY, found[CHEMOTHERAPY])
    tablets = lever(ENDOCRINE, found[ENDOCRINE], endocrine_years * YEAR)
    levers = {NONE: [], CHEMOTHERAPY: [drugs], ENDOCRINE: [tablets], BOTH: [drugs, tablets]}
    return tuple({"name": name, "share": 1.0 / len(GROUPS), "levers": levers[name]} for name in GROUPS)


def main(arguments: list[str]) -> None:
    """Find the strengths for the shipped model ``breast`` and write `FILE` into a folder (default: where it ships)."""
    from diaspore.core.jsonio import to_json, write_text
    from diaspore.core.simulate import shipped_model
    from diaspore.core.yamlio import load_yaml
    from diaspore.inference import population
    from diaspore.knowledge.parameters import load_parameter_set

    folder = Path(arguments[0]) if arguments else folder_of_strengths()
    folder.mkdir(parents=True, exist_ok=True)
    file = shipped_model("breast")
    assert file is not None  # it comes with the package
    model: Mapping[str, Any] = load_yaml(file).data
    cohort = {key: value for key, value in model.items() if key not in ("kind", "name", "patients", "levers")}
    known = load_parameter_set(str(model["parameters"]))
    cohort["numerics"] = {"lesion_limit": population.LESIONS}
    found = calibrate(cohort, say=lambda text: print(text, flush=True), changes=population.optimum_changes())
    header = {
        "schema_version": 1,
        "name": NAME,
        "model": "breast",
        "parameter_set": known.name,
        "parameter_set_sha256": known.hash,
        "fit": population.FIT,
        "levers": LEVER,
        "unit": {CHEMOTHERAPY: "1/day", ENDOCRINE: "factor"},
        "start_day": START_DAY,
        "length_days": LENGTH_DAYS,
        "not_claimed": "how drugs kill; a single strength for all patients; nothing of the trials predicted with it",
    }
    write_text(folder / FILE, to_json({**header, **found}))
    for row in found["rate_ratios"]:
        print(f"{row['use']}: {row['key']}: {row['simulated']:.3f}, published {row['published']:g} {row['interval']}")


if __name__ == "__main__":
    main(sys.argv[1:])
