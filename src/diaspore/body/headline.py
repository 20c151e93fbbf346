"""Headline figures of a breast parameter set beside the published ones, with intervals.

Everything is computed from the solved circulation (:mod:`diaspore.body.circulation`) with the mixture of cell classes
and the shield that the engine's own processes give a tumour. Only the tubes of metastatic patients need engine patients.

The interval of a figure is its 5 to 95 % range when every parameter is drawn by itself from a triangular distribution
over the interval of the set, with the set's value as its mode (in logarithms where the interval is above 0). It says how
far the figure moves within what was thought possible; it is not a posterior: data bind combinations of parameters, which
:mod:`diaspore.body.identifiability` names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np

from diaspore.body.blood_tables import BONE_NODE, EXPOSED, SHIELDED, class_rates, injection, node_shares
from diaspore.body.changes import DEFAULT, parameter_keys, unit_of
from diaspore.body.circulation import Network, Rates, concentrations, decay_after_resection, network_of, solve
from diaspore.body.kernels.model import model_dtype
from diaspore.body.parameters import Values, resolve
from diaspore.body.processes.geometry import ln_volume
from diaspore.body.processes.lymph import station_chain
from diaspore.body.processes.plasticity import fractions
from diaspore.body.processes.shedding import class_weights, macrophage_factor, volume_power
from diaspore.body.processes.systemic import response, shielded_fraction
from diaspore.core.errors import InputError
from diaspore.core.units import Quantity
from diaspore.knowledge.anatomy import SITES, nodal_stations
from diaspore.knowledge.load import Row, fact

PRIMARY = "breast"
PORTAL_PRIMARY = "pancreas"  # the portal to arm ratio was measured in cancer of this organ
DUCT = "regional_nodes"  # cells from the thoracic duct enter blood as cells shed by a node do
SOURCES = (PRIMARY, PORTAL_PRIMARY, DUCT)
PORTAL, VENOUS, ARTERIAL, ARM = range(4)
FIRST_PASS_ARREST = 0.9999
TYPICAL_MM = 20.0
GRAM_MM3 = 1000.0
HOURS = np.geomspace(1e-3, 1e4, 600)
NAIVE_HALF_LIFE_H, NAIVE_BLOOD_ML = 1.5, 5000.0


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

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary."""
        return asdict(self)


@dataclass(frozen=True)
class Point:
    """Values of all parameters: a scalar record (1,) and a record per site (sites,).

    The scalar record has the dtype of the engine's model, so that the process functions called here are the very ones
    that the kernels were compiled with.
    """

    scalar: np.ndarray
    site: np.ndarray

    def __getitem__(self, field: str) -> float:
        return float(self.scalar[0][field])


@dataclass(frozen=True)
class Blood:
    """The solved circulation per shed cell: leading axes are source (`SOURCES`), class, shield."""

    rates: tuple[tuple[Rates, ...], ...]
    concentration: np.ndarray  # (3, 4, 2, 4)
    arrested: np.ndarray  # (3, 4, 2)
    extravasated: np.ndarray  # (3, 4, 2, sites)


def changed(values: Values, changes: Mapping[str, float]) -> Point:
    """The values of a set with single parameters changed (keys as in a parameter set, canonical units).

    ``KEY.default`` acts on the sites for which the set has no value of their own.

    Raises:
        InputError: a key that is not a parameter.
    """
    scalar, site = np.zeros(1, dtype=model_dtype()), values.site.copy()
    for field in values.scalar.dtype.names or ():
        scalar[field] = values.scalar[field]
    known = parameter_keys()
    for key, number in changes.items():
        if key not in known:
            raise InputError("there is no such parameter", field=key)
        definition = known[key]
        if definition.index:
            place = key.removeprefix(f"{definition.key}.")
            for j, name in enumerate(SITES):
                own = f"{definition.key}.{name}" in values.set.entries
                if name == place or (place == DEFAULT and not own):
                    site[definition.field][j] = number
        else:
            scalar[definition.field] = number
    return Point(scalar, site)


def value_of(values: Values, key: str) -> float:
    """Value of a parameter under its key, in canonical units; a site without its own one has the default."""
    definition = parameter_keys()[key]
    if not definition.index:
        return float(values.scalar[0][definition.field])
    place = key.removeprefix(f"{definition.key}.")
    if place == DEFAULT:
        entry = values.set.entries[key]
        return Quantity(unit_of(definition)).parse(entry.value, field=key)
    return float(values.site[definition.field][SITES.index(place)])


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
def _vessels(sex: str) -> tuple[Network, np.ndarray, np.ndarray]:
    network = network_of(sex)
    rows = injection(network, sex, PRIMARY, 0.0)
    return network, node_shares(network, sex), rows[[SITES.index(s) for s in SOURCES]]


def _sources(point: Point, sex: str) -> np.ndarray:
    network, _shares, rows = _vessels(sex)
    vertebral = point["blood_vertebral_fraction"]
    rows = rows.copy()
    rows[0] *= 1.0 - vertebral
    rows[0, network.index(BONE_NODE)] += vertebral
    return rows


def solve_blood(point: Point, sex: str) -> Blood:
    """Solve the circulation for the three sources and all classes."""
    network, shares, _rows = _vessels(sex)
    sources = _sources(point, sex)
    concentration = np.zeros((len(SOURCES), 4, 2, 4))
    arrested = np.zeros((len(SOURCES), 4, 2))
    extravasated = np.zeros((len(SOURCES), 4, 2, len(SITES)))
    rates = []
    for c in range(4):
        both = []
        for g in (EXPOSED, SHIELDED):
            met = class_rates(network, shares, point.scalar, point.site, c, g, 0.0)
            fate = solve(network, met, sources)
            concentration[:, c, g] = concentrations(network, fate)
            arrested[:, c, g] = (fate.extravasated + fate.died_held).sum(axis=1)
            extravasated[:, c, g] = fate.extravasated @ shares
            both.append(met)
        rates.append(tuple(both))
    return Blood(tuple(rates), concentration, arrested, extravasated)


def mixture(point: Point, y: float) -> tuple[np.ndarray, float]:
    """Shares of shed cells by class and shield (4, 2), and the summed class weight, of a tumour of ln volume ``y``."""
    par = point.scalar[0]
    volume = math.exp(y)
    weights = np.array(class_weights(*fractions(volume, 1.0, par), 1.0, par))
    shielded = shielded_fraction(response(volume, par), 1.0, 1.0, par)
    return np.outer(weights / weights.sum(), (1.0 - shielded, shielded)), float(weights.sum())


def _arm(point: Point, blood: Blood, duct: float, y: float) -> tuple[float, float]:
    """Arm-vein CTC per mL of a tumour of ln volume ``y`` by blood, and through the thoracic duct, typical patient."""
    par = point.scalar[0]
    share, weight = mixture(point, y)
    scale = volume_power(y, par["shedding_exponent"]) * weight
    by_blood = par["shedding_haematogenous"] * scale * macrophage_factor(math.exp(y), 1.0, par)
    by_duct = par["shedding_lymphatic"] * scale * duct
    arm = (share[None] * blood.concentration[:, :, :, ARM]).sum(axis=(1, 2))
    return by_blood * arm[0], by_duct * arm[2]


def duct_share(point: Point) -> float:
    """Share of the primary's lymph-borne cells that reach the thoracic duct."""
    stations = sorted(nodal_stations(PRIMARY), key=lambda s: s.order)
    names = [s.name for s in stations]
    onward = [next((names.index(o) for o in s.onward if o in names), -1) for s in stations]
    return station_chain(np.array([s.share for s in stations]), onward, point["lymph_retention"])[2]


def half_life(network: Network, parts: list[tuple[float, Rates]], source: np.ndarray) -> float:
    """Hours until the arm-vein concentration has halved after shedding stops; as ``circulation.half_life_hours``, but
    read off one curve (600 points in log time, interpolated: relative error below 1e-3)."""
    hours = np.concatenate([[0.0], HOURS])
    level = np.zeros(len(hours))
    for share, rates in parts:
        level += share * decay_after_resection(network, rates, source, hours)
    below = np.flatnonzero(level <= 0.5 * level[0])
    if not len(below):
        return math.inf
    k = int(below[0])
    if k == 1:
        return float(hours[1] * 0.5 * level[0] / (level[0] - level[1]))
    a, b = math.log(level[k - 1] / level[0]), math.log(max(level[k], 1e-300) / level[0])
    at = math.log(hours[k - 1]) + (math.log(0.5) - a) / (b - a) * (math.log(hours[k]) - math.log(hours[k - 1]))
    return math.exp(at)


def arrest_half_life(sex: str, arrest: float = FIRST_PASS_ARREST) -> float:
    """Half-life (hours) in the arm vein of the network when every bed arrests this share for good."""
    network, _shares, rows = _vessels(sex)
    hold = np.where(network.is_bed, arrest, 0.0)
    none = np.zeros(len(network.nodes))
    rates = Rates(hold=hold, release=none, extravasate=none + 1.0, die=none, flow_death=0.0)
    return half_life(network, [(1.0, rates)], rows[0])


def pool_half_life(sex: str, arrest: float = FIRST_PASS_ARREST) -> float:
    """Half-life (hours) of one well-mixed pool of blood that loses this share of its cells with every passage."""
    network, _shares, _rows = _vessels(sex)
    outflow = float(network.flow[network.index("aorta_large_arteries")])
    return math.log(2.0) * float(network.volume.sum()) / (arrest * outflow) * 24.0


def _positive(point: Point, blood: Blood, duct: float, least: int) -> float:
    """Share of patients at diagnosis with at least ``least`` reported cells in a tube (Gauss-Hermite quadrature)."""
    z, w = np.polynomial.hermite_e.hermegauss(16)
    w = w / w.sum()
    par = point.scalar[0]
    tube = par["detection_tube_volume"] * par["detection_tube_recovery"]
    total = 0.0
    for zi, wi in zip(z, w, strict=True):
        y = ln_volume(par["detection_primary_diameter"]) + 3.0 * par["detection_primary_diameter_spread"] * zi
        by_blood, by_duct = _arm(point, blood, duct, y)
        mean = (
            tube * by_blood * np.exp(par["shedding_haematogenous_spread"] * z)[:, None]
            + tube * by_duct * np.exp(par["shedding_lymphatic_spread"] * z)[None, :]
        )
        total += wi * float(w @ poisson_tail(mean, least) @ w)
    return total


def poisson_tail(mean: np.ndarray, least: int) -> np.ndarray:
    """Probability of at least ``least`` events."""
    term = np.exp(-mean)
    below = np.zeros_like(mean)
    for k in range(least):
        below += term
        term = term * mean / (k + 1)
    return 1.0 - below


@cache
def metastatic_tubes(parameter_set: str, sex: str, patients: int, seed: int) -> np.ndarray:
    """Arm-vein CTC per mL of engine patients at the first visit with a known distant metastasis, shape (metastatic,).

    Diameters are drawn; M0 patients have surgery on day 30 and no other treatment; 20 years of follow-up.
    """
    from diaspore.body.batch import run
    from diaspore.body.compile import compile_patient
    from diaspore.body.tables import owners
    from diaspore.core.spec import spec_from_dict

    surgery = {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}}
    spec: Any = spec_from_dict(
        {"schema_version": 1, "kind": "patient", "name": "headline", "parameters": parameter_set, "sex": sex,
         "patients": patients, "surgery": surgery}
    )  # fmt: skip
    batch = run(compile_patient(spec, seed), 0, patients)
    lesions = batch.lesions
    near = (SITES.index(PRIMARY), SITES.index("regional_nodes"))
    distant = (lesions["route"] != 0) & ~np.isnan(lesions["detected"]) & ~np.isin(lesions["site"], near)
    known = np.full(patients, np.inf)
    np.minimum.at(known, owners(batch)[distant], lesions["detected"][distant])
    visits = batch.visits[np.lexsort((batch.visits["visit"], batch.visits["patient"]))]
    after = visits["day"] >= known[visits["patient"]] - 0.5
    _who, first = np.unique(visits["patient"][after], return_index=True)
    tubes: np.ndarray = visits["ctc_per_ml"][after][first].astype(float)
    return tubes


def quantities(
    point: Point,
    sex: str,
    tubes: np.ndarray | None = None,
    reference: float = math.nan,
    blood: Blood | None = None,
) -> dict[str, float]:
    """All quantities of a point by name.

    Args:
        point: values of the parameters.
        sex: whose circulation.
        tubes: CTC per mL of metastatic patients at the values of the set; None leaves that figure out.
        reference: ``arm_40mm`` at the values of the set: tubes are scaled with this point's value of it.
        blood: another circulation, to compare with; the half-life stays that of the solved one.
    """
    network, _shares, _rows = _vessels(sex)
    par = point.scalar[0]
    blood = solve_blood(point, sex) if blood is None else blood
    duct = duct_share(point)
    y = ln_volume(TYPICAL_MM)
    share, weight = mixture(point, y)
    breast, pancreas = ((share[:, :, None] * blood.concentration[s]).sum(axis=(0, 1)) for s in (0, 1))
    parts = [(float(share[c, g]), blood.rates[c][g]) for c in range(4) for g in (EXPOSED, SHIELDED)]
    gram = sum(_arm(point, blood, duct, math.log(GRAM_MM3)))
    small = sum(_arm(point, blood, duct, ln_volume(2.7)))
    arm_40mm = sum(_arm(point, blood, duct, ln_volume(40.0)))
    exit_rate, death_rate = par["dormancy_exit_rate"], par["dormancy_death_rate"]
    leaving = max(exit_rate + death_rate, 1e-300)
    starting = par["fate_active_fraction"] + par["fate_dormant_fraction"] * exit_rate / leaving
    potency = np.array(
        [1.0, par["fate_hybrid_take"], par["fate_mesenchymal_take"], par["fate_cluster_potency"] / par["shedding_cluster_size"]]
    )  # fmt: skip
    ready = math.exp(y) / (math.exp(y) + par["niche_half_volume"])
    soil = point.site["fate_soil"] * (1.0 - point.site["niche_strength"] * (1.0 - ready))
    soil[[SITES.index(PRIMARY), SITES.index("regional_nodes")]] = 0.0
    takes = float(np.einsum("cg,cgj,j,c->", share, blood.extravasated[0], soil, potency))
    arrested = float((share * blood.arrested[0]).sum())
    mean_take = math.exp(-par["fate_bottleneck"] + 0.5 * par["fate_bottleneck_sd"] ** 2)
    relief = par["fate_node_bottleneck_relief"]
    node_sd = par["fate_node_bottleneck_share"] * par["fate_bottleneck_sd"]
    shed = par["shedding_haematogenous"] * volume_power(y, par["shedding_exponent"]) * weight
    shed *= macrophage_factor(math.exp(y), 1.0, par)
    lymph = par["shedding_lymphatic"] * volume_power(y, par["shedding_exponent"]) * weight
    wakings = shed * takes * mean_take * par["fate_dormant_fraction"] * exit_rate * 365.25
    tube = par["detection_tube_volume"] * par["detection_tube_recovery"]
    result = {
        "arterial_to_venous": breast[ARTERIAL] / breast[VENOUS],
        "half_life_h": half_life(network, parts, _sources(point, sex)[0]),
        "portal_to_arm": pancreas[PORTAL] / pancreas[ARM],
        "early_share_ge1": _positive(point, blood, duct, 1),
        "ctc_per_litre_2p7mm": 1000.0 * small * par["detection_tube_recovery"],
        "arm_40mm_reported": arm_40mm * par["detection_tube_recovery"],
        "distant_colonies_per_year": shed * takes * mean_take * starting * 365.25,
        "node_founders_per_year": lymph * (1.0 - duct) * math.exp(relief - par["fate_bottleneck"] + 0.5 * node_sd**2)
        * (par["fate_active_fraction"] + par["fate_dormant_fraction"] * exit_rate / leaving) * 365.25,
        "wakings_year_5": wakings * math.exp(-leaving * 5 * 365.25),
        "wakings_year_15": wakings * math.exp(-leaving * 15 * 365.25),
        "arm_40mm": arm_40mm,
        "ctc_per_ml_per_gram": gram,
        "cells_shed_per_metastasis": 1.0 / (takes * mean_take * starting),
        "success_of_dividing_cell": math.exp(-par["fate_bottleneck"]),
        "take_per_arrested_cell": takes * mean_take * starting / arrested,
    }  # fmt: skip
    if tubes is not None and len(tubes):
        scaled = tubes * arm_40mm / reference if math.isfinite(reference) else tubes
        result["metastatic_share_ge5"] = float(poisson_tail(scaled * tube, 5).mean())
    return {name: float(number) for name, number in result.items()}


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
    published: tuple[float, float, float], source: str, kind: str, note: str,
) -> Figure | None:  # fmt: skip
    if isinstance(quantity, float):
        return Figure(name, quantity, math.nan, math.nan, unit, *published, source, kind, note)
    if quantity not in best:
        return None
    low, high = interval[quantity]
    return Figure(name, best[quantity], float(low), float(high), unit, *published, source, kind, note)


def _published(row: Row) -> tuple[float, float, float]:
    low, high = (math.nan if v is None else float(v) for v in (row.low, row.high))
    return float(row.value), low, high


def _lines(sex: str) -> list[tuple[Any, ...]]:
    life = _published(fact("ctc.half_life"))
    portal, arm = fact("ctc.portal_per_tube"), fact("ctc.peripheral_per_tube")
    ratio = tuple(_published(portal)[i] / _published(arm)[k] for i, k in ((0, 0), (1, 2), (2, 1)))
    shed = tuple(1.0 / _published(fact("cascade.coumans.efficiency"))[i] for i in (0, 2, 1))
    early = "quadrature over the set's sizes at diagnosis and shedding of patients; no false positives are added"
    late = (
        "engine patients at the first visit with a known distant metastasis; for the interval their concentrations move "
        "as that of a primary of 40 mm"
    )
    return [
        ("arterial over central venous CTC", "arterial_to_venous", "1", _published(fact("ctc.arterial_ratio")),
         "butler1975", "fitted", "rat; there against blood leaving the tumour, here against central venous blood"),
        ("half-life of CTC after resection", "half_life_h", "h", life, "meng2004", "fitted", "arm vein"),
        ("the same, well-mixed pool, first-pass arrest 0.9999", pool_half_life(sex), "h", life, "meng2004", "input",
         f"{pool_half_life(sex) * 3600:.0f} s; {arrest_half_life(sex) * 3600:.0f} s in the vascular network: release "
         "from where cells are held makes the hours"),
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
        ("success of one dividing cell", "success_of_dividing_cell", "1", _published(fact("cascade.szczurek.single_cell")),
         "szczurek2020", "fitted", "exp(-b), median patient; published to the order of magnitude"),
        ("colonies per arrested cell", "take_per_arrested_cell", "1", _published(fact("cascade.luzzi.overall")),
         "luzzi1998", "predicted", "mean over patients; published for a mouse cell line chosen for spreading"),
    ]  # fmt: skip
