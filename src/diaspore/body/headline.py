"""Headline figures of a breast parameter set beside the published ones, with intervals.

The figures are quantities of the solved circulation (:mod:`diaspore.body.quantities`); only the tubes of metastatic
patients need engine patients.

The interval of a figure is its 5 to 95 % range when every parameter is drawn by itself from a triangular distribution
over the interval of the set, with the set's value as its mode (in logarithms where the interval is above 0). It says
how far the figure moves within what was thought possible; it is not a posterior: data bind combinations of
parameters, which :mod:`diaspore.body.identifiability` names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np

from diaspore.body.changes import parameter_keys, unit_of
from diaspore.body.parameters import Values, resolve
from diaspore.body.quantities import NODES, PRIMARY, arrest_half_life, changed, pool_half_life, quantities
from diaspore.core.units import Quantity
from diaspore.knowledge.anatomy import SITES
from diaspore.knowledge.load import Row, fact

NAIVE = ("ctc_per_ml_per_gram",)  # figures beside which a naive model stands
NAIVE_HALF_LIFE_H, NAIVE_BLOOD_ML = 1.5, 5000.0

Triple = tuple[float, float, float]  # a published value and the ends of its interval


@dataclass(frozen=True)
class Figure:
    """One figure beside a published one.

    Attributes:
        name: what it is.
        value: at the values of the set.
        low, high: 5 and 95 % of the draws; nan without draws, or when no parameter of the set acts on it.
        unit: of value and published value ("1" for a ratio or a share).
        published, published_low, published_high: the published value and interval, nan when there is none.
        source: key of the reference list.
        kind: ``fitted`` (the set was made to meet it), ``predicted``, or ``input`` (follows from inputs alone).
        note: what the figure is and what the comparison lacks.
        observed: whether the value beside it was observed; False for that of a naive model.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    published: float
    published_low: float
    published_high: float
    source: str
    kind: str
    note: str
    observed: bool = True

    @property
    def verdict(self) -> str:
        """Whether figure and published value agree; "" where there is nothing observed to agree with.

        They agree when either lies within the interval of the other.
        """
        if math.isnan(self.published) or not self.observed:
            return ""
        within = self.published_low <= self.value <= self.published_high or self.low <= self.published <= self.high
        return "agrees" if within else "differs"

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary."""
        return asdict(self) | {"verdict": self.verdict}


def draw(values: Values, number: int, seed: int) -> dict[str, float]:
    """Draw ``number`` of all parameters that have an interval; every parameter has its own random stream."""
    found = {}
    for key, (low, mode, high) in _intervals(values.set.name).items():
        rng = np.random.default_rng([seed, crc32(key.encode()), number])
        if low > 0.0:
            found[key] = float(np.exp(rng.triangular(math.log(low), math.log(mode), math.log(high))))
        else:
            found[key] = float(rng.triangular(low, mode, high))
    return found


@cache
def _intervals(name: str) -> dict[str, tuple[float, float, float]]:
    result = {}
    keys = parameter_keys()
    for key, entry in resolve(name, {}).set.entries.items():
        definition = keys[key]
        if definition.choices or entry.low is None or entry.high is None:
            continue
        quantity = Quantity(unit_of(definition), ge=definition.low, le=definition.high)
        low, mode, high = (quantity.parse(v, field=key) for v in (entry.low, entry.value, entry.high))
        if low < high:
            result[key] = (low, mode, high)
    return result


@cache
def metastatic_tubes(parameter_set: str, sex: str, patients: int, seed: int) -> np.ndarray:
    """Arm-vein CTC per mL of engine patients at the first visit with a known distant metastasis, shape (metastatic,).

    Diameters are drawn; M0 patients have surgery on day 30 and no other treatment; 20 years of follow-up.
    """
    from diaspore.body.batch import run
    from diaspore.body.compile import compile_patient
    from diaspore.core.spec import spec_from_dict

    surgery = {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}}
    spec: Any = spec_from_dict(
        {"schema_version": 1, "kind": "patient", "name": "headline", "parameters": parameter_set, "sex": sex,
         "patients": patients, "surgery": surgery}
    )  # fmt: skip
    batch = run(compile_patient(spec, seed), 0, patients)
    lesions = batch.lesions
    near = (SITES.index(PRIMARY), SITES.index(NODES))
    distant = (lesions["route"] != 0) & ~np.isnan(lesions["detected"]) & ~np.isin(lesions["site"], near)
    known = np.full(patients, np.inf)
    owner = np.repeat(np.arange(patients), np.diff(batch.offsets))
    np.minimum.at(known, owner[distant], lesions["detected"][distant])
    visits = batch.visits[np.lexsort((batch.visits["visit"], batch.visits["patient"]))]
    after = visits["day"] >= known[visits["patient"]] - 0.5
    _who, first = np.unique(visits["patient"][after], return_index=True)
    tubes: np.ndarray = visits["ctc_per_ml"][after][first].astype(float)
    return tubes


def naive_per_ml_per_gram() -> float:
    """CTC per mL and gram of one pool with the rat's shedding: what a pool without arrest would hold."""
    rat = float(fact("ctc.shedding").value)
    return rat / 24.0 * NAIVE_HALF_LIFE_H / math.log(2.0) / NAIVE_BLOOD_ML


def headline(
    parameter_set: str = "breast-2026.1", sex: str = "female", draws: int = 200, seed: int = 1, patients: int = 1500
) -> list[Figure]:
    """Figures of a breast parameter set beside the published ones.

    Args:
        parameter_set: name of the set.
        sex: whose circulation.
        draws: draws for the intervals; 0 leaves them out.
        seed: of draws and engine patients.
        patients: engine patients for the tubes of metastatic patients; 0 leaves that figure out.
    """
    values = resolve(parameter_set, {})
    tubes = metastatic_tubes(parameter_set, sex, patients, seed) if patients else None
    best = quantities(changed(values, {}), sex, tubes)
    drawn: dict[str, list[float]] = {name: [] for name in best}
    for number in range(draws):
        found = quantities(changed(values, draw(values, number, seed)), sex, tubes, best["arm_40mm"])
        for name in drawn:
            drawn[name].append(found[name])
    interval = {name: tuple(np.percentile(x, (5, 95))) if x else (math.nan, math.nan) for name, x in drawn.items()}
    return [f for f in (_figure(best, interval, *line) for line in _lines(sex)) if f is not None]


def _figure(
    best: Mapping[str, float], interval: Mapping[str, Any], name: str, quantity: str | float, unit: str,
    published: Triple, source: str, kind: str, note: str,
) -> Figure | None:  # fmt: skip
    if isinstance(quantity, float):
        return Figure(name, quantity, math.nan, math.nan, unit, *published, source, kind, note)
    if quantity not in best:
        return None
    low, high = interval[quantity]
    observed = quantity not in NAIVE
    return Figure(name, best[quantity], float(low), float(high), unit, *published, source, kind, note, observed)


def _published(row: Row) -> Triple:
    low, high = (math.nan if v is None else float(v) for v in (row.low, row.high))
    return float(row.value), low, high


def _lines(sex: str) -> list[tuple[str, str | float, str, Triple, str, str, str]]:
    """Name, quantity (or a number), unit, published value and interval, source, kind and note of every figure."""
    life = _published(fact("ctc.half_life"))
    portal, portal_low, portal_high = _published(fact("ctc.portal_per_tube"))
    arm, arm_low, arm_high = _published(fact("ctc.peripheral_per_tube"))
    ratio = (portal / arm, portal_low / arm_high, portal_high / arm_low)
    efficiency, least, most = _published(fact("cascade.coumans.efficiency"))
    shed = (1.0 / efficiency, 1.0 / most, 1.0 / least)
    pool = pool_half_life(sex)
    seconds = f"{pool * 3600:.0f} s; {arrest_half_life(sex) * 3600:.0f} s in the vascular network"
    early = "quadrature over the set's sizes at diagnosis and shedding of patients; no false positives are added"
    late = (
        "engine patients at the first visit with a known distant metastasis; for the interval their concentrations "
        "move as that of a primary of 40 mm"
    )
    return [
        ("arterial over central venous CTC", "arterial_to_venous", "1", _published(fact("ctc.arterial_ratio")),
         "butler1975", "fitted", "rat; there against blood leaving the tumour, here against central venous blood"),
        ("half-life of CTC after resection", "half_life_h", "h", life, "meng2004", "fitted", "arm vein"),
        ("half-life of a well-mixed pool, first-pass arrest 0.9999", pool, "h", life, "meng2004", "input",
         f"{seconds}; release from where cells are held makes the hours"),
        ("portal over arm CTC, pancreas", "portal_to_arm", "1", ratio, "catenacci2015", "fitted",
         "118.4 ± 36.8 over 0.8 ± 0.4 per 7.5 mL, ends combined; vessels of the breast set"),
        ("CTC per mL and gram, arm vein", "ctc_per_ml_per_gram", "1/mL", (naive_per_ml_per_gram(), math.nan, math.nan),
         "butler1975", "fitted", "beside it a naive pool with the rat's shedding, which is no observation; true cells"),
        ("CTC per litre at 2.7 mm", "ctc_per_litre_2p7mm", "1/L", _published(fact("ctc.load_at_2p7mm")),
         "coumans2013", "predicted", "as an assay reports; typical patient; the published one comes from a model too"),
        ("early patients with 1 CTC or more per tube", "early_share_ge1", "1", _published(fact("ctc.early_positive")),
         "janni2016", "fitted", early),
        ("early patients with 1 CTC or more per tube", "early_share_ge1", "1",
         _published(fact("ctc.neoadjuvant_positive")), "bidard2018", "fitted", early),
        ("metastatic patients with 5 CTC or more per tube", "metastatic_share_ge5", "1",
         _published(fact("ctc.metastatic_breast_ge5")), "larsson2018", "predicted", late),
        ("metastatic patients with 5 CTC or more per tube", "metastatic_share_ge5", "1",
         _published(fact("ctc.metastatic_breast_ge5_baseline")), "cristofanilli2004", "predicted", late),
        ("cells shed per distant colony", "cells_shed_per_metastasis", "cell", shed, "coumans2013", "predicted",
         "primary of 2 cm, mean over patients; only colonies that start to grow count"),
        ("success of one dividing cell", "success_of_dividing_cell", "1",
         _published(fact("cascade.szczurek.single_cell")), "szczurek2020", "fitted",
         "exp(-b), median patient; published to the order of magnitude"),
        ("colonies per arrested cell", "take_per_arrested_cell", "1", _published(fact("cascade.luzzi.overall")),
         "luzzi1998", "predicted", "mean over patients; published for a mouse cell line chosen for spreading"),
    ]  # fmt: skip
