"""The German breast cancer trial GBSG-2 as it comes with lifelines, and its patients' risks as predicted.

Everybody received CMF (three or six cycles); tamoxifen was given for two years (schumacher1994). The trial's records
are not part of this package. What is predicted is the first recurrence or death of any cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from diaspore.inference import population, treatment
from diaspore.inference.predict import Rows, predict_columns

YEARS = (1, 2, 3, 5, 7)
AT = 5.0  # years at which calibration and error are looked at
POSITIVE = 10.0  # fmol of oestrogen receptor and more
TAMOXIFEN_YEARS = 2.0
PATIENTS = 150_000  # simulated, in five groups
WAYS = ("size and nodes", "plain", "receptor")  # ways to predict, by what is used of a patient
PLAIN = {False: "CMF", True: "CMF and tamoxifen"}
RECEPTOR = {
    (True, False): "positive, CMF",
    (True, True): "positive, CMF and tamoxifen",
    (False, False): "negative, CMF",
}


@dataclass(frozen=True)
class Trial:
    """Patients of the trial, (n,) each.

    Attributes:
        time: years of follow-up. event: bool, it ended with recurrence or death.
        size: mm. nodes: positive ones. age: years. positive: bool, oestrogen receptor. tamoxifen: bool, given.
        same: (n, 2) ln size and ln nodes, for models that are fitted. used: (n, 4) with age, and tamoxifen where the
            receptor is positive. all: (n, 8) with age, menopause, grade, ln of
            both receptors plus 1, and hormonal treatment.
    """

    time: np.ndarray
    event: np.ndarray
    size: np.ndarray
    nodes: np.ndarray
    age: np.ndarray
    positive: np.ndarray
    tamoxifen: np.ndarray
    same: np.ndarray
    used: np.ndarray
    all: np.ndarray


@dataclass(frozen=True)
class Prediction:
    """Predicted probability of recurrence or death by each of `YEARS`, (n, years)."""

    risk: np.ndarray

    def by(self, year: int) -> np.ndarray:
        """(n,) by one of `YEARS`."""
        values: np.ndarray = self.risk[:, YEARS.index(year)]
        return values


def available() -> bool:
    """Whether lifelines, which brings the records, is installed."""
    return find_spec("lifelines") is not None


def load() -> Trial:
    """The trial's patients from lifelines."""
    from lifelines.datasets import load_gbsg2

    table = load_gbsg2()
    size, nodes, age = (table[name].to_numpy(dtype=float) for name in ("tsize", "pnodes", "age"))
    er, pr = (table[name].to_numpy(dtype=float) for name in ("estrec", "progrec"))
    grade = table["tgrade"].map({"I": 1.0, "II": 2.0, "III": 3.0}).to_numpy(dtype=float)
    tamoxifen = (table["horTh"] == "yes").to_numpy()
    post = (table["menostat"].str.lower() == "post").to_numpy()
    same = np.stack([np.log(size), np.log(nodes)], axis=1)
    more = np.stack([age / 10.0, post, grade, np.log1p(pr), np.log1p(er), tamoxifen], axis=1)
    return Trial(
        table["time"].to_numpy(dtype=float) / treatment.YEAR, table["cens"].to_numpy(dtype=int) == 1,
        size, nodes, age, er >= POSITIVE, tamoxifen, same,
        np.hstack([same, age[:, None] / 10.0, (tamoxifen & (er >= POSITIVE))[:, None].astype(float)]),
        np.hstack([same, more.astype(float)]),
    )  # fmt: skip


def receptor_factors() -> dict[bool, float]:
    """Doubling time by receptor over that of all breast tumours: 37 positive ones, and 29 HER2 or triple-negative.

    Measured in primaries (ryu2014); that the ratio holds for metastases and that HER2 counts as negative is assumed.
    """
    from diaspore.knowledge.load import fact

    every = fact("growth.tvdt.breast").to("day")
    her2, triple = fact("growth.tvdt.breast_her2").to("day"), fact("growth.tvdt.breast_tnbc").to("day")
    return {True: fact("growth.tvdt.breast_er_pos").to("day") / every, False: (12 * her2 + 17 * triple) / 29 / every}


def groups(parameter_set: str) -> list[dict[str, Any]]:
    """Treatments of the trial as groups of a cohort; those of `RECEPTOR` have their own doubling time."""
    from diaspore.knowledge.parameters import load_parameter_set

    usual = load_parameter_set(parameter_set).quantity("growth.doubling_time", "day")
    given = {group["name"]: group["levers"] for group in treatment.groups(TAMOXIFEN_YEARS)}
    levers = {False: given[treatment.CHEMOTHERAPY], True: given[treatment.BOTH]}
    parts: list[dict[str, Any]] = [{"name": name, "levers": levers[tablets]} for tablets, name in PLAIN.items()]
    for (positive, tablets), name in RECEPTOR.items():
        change = {"growth.doubling_time": f"{usual * receptor_factors()[positive]:.6g} day"}
        parts.append({"name": name, "levers": levers[tablets], "change": change})
    return [{**part, "share": 1.0 / len(parts)} for part in parts]


def model_set(model: str = population.MODEL) -> str:
    """Name of the parameter set of a shipped model."""
    from diaspore.core.simulate import find_spec_file
    from diaspore.core.yamlio import load_yaml

    data: Any = load_yaml(find_spec_file(model)).data
    return str(data["parameters"])


def predictions(
    changes: Sequence[Mapping[str, Any]] | None = None,
    patients: int = PATIENTS,
    folder: Path | None = None,
) -> dict[str, Prediction]:
    """Risks of the trial's patients by each of `WAYS`; no outcome of the trial is read.

    "size and nodes" uses nothing else (CMF alone, no death of other causes); "plain" uses age and treatment as well,
    and the receptor only to say in whom tamoxifen acts; "receptor" gives receptors their own doubling times. Arguments
    as in `population.reference_runs`; where ``changes`` move the doubling time, the groups by receptor keep their own.
    """
    trial = load()
    known = population.reference_runs(changes=changes, treatments=groups(model_set()), patients=patients, folder=folder)
    acts = trial.tamoxifen & trial.positive
    names = {
        "size and nodes": [PLAIN[False] for _ in acts],
        "plain": [PLAIN[bool(a)] for a in acts],
        "receptor": [RECEPTOR[bool(p), bool(a)] for p, a in zip(trial.positive, acts, strict=True)],
    }
    found = {}
    for way, group in names.items():
        alone = way == "size and nodes"
        columns = predict_columns(known, Rows(trial.size, trial.nodes, np.array(group), None if alone else trial.age))
        what = "relapse" if alone else "relapse or death"
        found[way] = Prediction(np.stack([columns[f"{what} by {year}"] for year in YEARS], axis=1))
    return found
