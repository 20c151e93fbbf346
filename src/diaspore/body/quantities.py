"""Quantities that follow from a set of parameters and the solved circulation: what blood samples and counts show.

Everything is computed from :mod:`diaspore.body.circulation` with the mixture of cell classes and the shield that the
engine's own processes give a tumour; no patient is run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from diaspore.body.blood_tables import BONE_NODE, EXPOSED, SHIELDED, class_rates, injection, node_shares
from diaspore.body.changes import DEFAULT, parameter_keys, source_site, unit_of
from diaspore.body.circulation import Network, Rates, concentrations, decay_after_resection, network_of, solve
from diaspore.body.kernels.model import model_dtype
from diaspore.body.parameters import Values
from diaspore.body.processes.extravasation import (
    CONTAMINATED,
    NORMAL,
    WIDE_RATIO,
    WIDE_SHARE,
    bottleneck_deviation,
)
from diaspore.body.processes.geometry import ln_volume
from diaspore.body.processes.lymph import station_chain
from diaspore.body.processes.plasticity import fractions
from diaspore.body.processes.shedding import class_weights, macrophage_factor, volume_power
from diaspore.body.processes.systemic import response, shielded_fraction
from diaspore.body.stations import stations_of
from diaspore.core.errors import InputError
from diaspore.core.units import Quantity
from diaspore.knowledge.anatomy import SITES

PRIMARY = "breast"
PORTAL_PRIMARY = "pancreas"  # the portal to arm ratio was measured in cancer of this organ
NODES = "regional_nodes"  # cells from the thoracic duct enter blood as cells shed by a node do
SOURCES = (PRIMARY, PORTAL_PRIMARY, NODES)
PORTAL, VENOUS, ARTERIAL, ARM = range(4)
FIRST_PASS_ARREST = 0.9999
TYPICAL_MM = 20.0
GRAM_MM3 = 1000.0
HOURS = np.geomspace(1e-3, 1e4, 600)
YEAR = 365.25


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
                source = source_site(definition, name)
                own = f"{definition.key}.{source}" in values.set.entries
                if source == place or (place == DEFAULT and not own):
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
    systemic = response(volume, par)
    e, h, m = fractions(volume, 1.0, systemic, par)
    weights = np.array(class_weights(e, h, m, 1.0, par))
    shielded = shielded_fraction(systemic, 1.0, 1.0, par)
    return np.outer(weights / weights.sum(), (1.0 - shielded, shielded)), float(weights.sum())


def shed_per_rate(point: Point, y: float) -> tuple[float, float, float]:
    """Cells a day into blood, lymph and a breached cavity for a rate of 1 a day of 1 cm3.

    Of a typical patient's primary of ln volume ``y``: laws of volume, macrophages and phenotypes together.
    """
    par = point.scalar[0]
    weight = mixture(point, y)[1]
    helped = macrophage_factor(math.exp(y), 1.0, response(math.exp(y), par), par)
    by_blood = volume_power(y, par["shedding_exponent"])
    by_lymph = volume_power(y, par["shedding_lymphatic_exponent"])
    return float(by_blood * helped * weight), float(by_lymph * weight), float(by_blood * weight)


def shed(point: Point, y: float, weight: float) -> tuple[float, float]:
    """Cells that a typical patient's tumour of ln volume ``y`` sheds into blood and into lymph, per day."""
    par = point.scalar[0]
    helped = macrophage_factor(math.exp(y), 1.0, response(math.exp(y), par), par)
    by_blood = par["shedding_haematogenous"] * volume_power(y, par["shedding_exponent"]) * helped
    by_lymph = par["shedding_lymphatic"] * volume_power(y, par["shedding_lymphatic_exponent"])
    return float(by_blood * weight), float(by_lymph * weight)


def lymph_fates(point: Point, primary: str = PRIMARY) -> tuple[float, float]:
    """Shares of the primary's lymph-borne cells that nodes keep and that reach the thoracic duct."""
    stations = stations_of(primary)
    if not stations:
        return 0.0, 1.0
    names = [s.name for s in stations]
    onward = [next((names.index(o) for o in s.onward if o in names), -1) for s in stations]
    shares = np.array([s.share for s in stations])
    kept, _from, duct, _duct_from = station_chain(shares, onward, point["lymph_retention"])
    return float(kept.sum()), duct


def arm_vein(point: Point, blood: Blood, y: float) -> tuple[float, float]:
    """Arm-vein CTC per mL of a typical patient's tumour of ln volume ``y``: by blood, and through the thoracic duct."""
    share, weight = mixture(point, y)
    by_blood, by_lymph = shed(point, y, weight)
    arm = (share[None] * blood.concentration[:, :, :, ARM]).sum(axis=(1, 2))
    return by_blood * float(arm[0]), by_lymph * lymph_fates(point)[1] * float(arm[2])


def half_life(network: Network, parts: list[tuple[float, Rates]], source: np.ndarray) -> float:
    """Hours until the arm-vein concentration has halved after shedding stops.

    As ``circulation.half_life_hours``, but read off one curve (600 points in log time, interpolated), which takes a
    tenth of the time; relative error below 1e-3.
    """
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


def share_positive(point: Point, blood: Blood, least: int) -> float:
    """Share of patients at diagnosis with at least ``least`` reported cells in a tube.

    Gauss-Hermite quadrature over size and the two kinds of shedding; the primary alone sheds, nothing false is counted.
    """
    z, w = np.polynomial.hermite_e.hermegauss(16)
    w = w / w.sum()
    tube = point["detection_tube_volume"] * point["detection_tube_recovery"]
    more_blood = np.exp(point["shedding_haematogenous_spread"] * z)[:, None]
    more_lymph = np.exp(point["shedding_lymphatic_spread"] * z)[None, :]
    total = 0.0
    for zi, wi in zip(z, w, strict=True):
        y = ln_volume(point["detection_primary_diameter"]) + 3.0 * point["detection_primary_diameter_spread"] * zi
        by_blood, by_duct = arm_vein(point, blood, y)
        total += wi * float(w @ poisson_tail(tube * (by_blood * more_blood + by_duct * more_lymph), least) @ w)
    return total


def poisson_tail(mean: np.ndarray, least: int) -> np.ndarray:
    """Probability of at least ``least`` events."""
    term = np.exp(-mean)
    below = np.zeros_like(mean)
    for k in range(least):
        below += term
        term = term * mean / (k + 1)
    return 1.0 - below


def _mean_success(par: np.void, relief: float, share: float) -> float:
    """Mean over patients of exp(-b) where b is lower by ``relief`` and has ``share`` of the patient's deviation.

    Normal laws, also the two of the contaminated one, have a closed form. Patients whose b would fall below 0 count as
    0; under the normal law, where they hardly count, they are not cut off.
    """
    law = int(par["fate_bottleneck_law"])
    mean, sd = float(par["fate_bottleneck"]) - relief, share * float(par["fate_bottleneck_sd"])
    if law == NORMAL:
        return math.exp(0.5 * sd * sd - mean)
    if law == CONTAMINATED:
        narrow = sd / math.sqrt(1.0 + WIDE_SHARE * (WIDE_RATIO**2 - 1.0))
        return (1.0 - WIDE_SHARE) * _mean_of_normal(mean, narrow) + WIDE_SHARE * _mean_of_normal(
            mean, WIDE_RATIO * narrow
        )
    z, weight = np.polynomial.hermite_e.hermegauss(100)
    deviation = np.array([bottleneck_deviation(float(x), sd, law) for x in z])
    return float(weight @ np.exp(-np.maximum(0.0, mean + deviation)) / weight.sum())


def _mean_of_normal(mean: float, sd: float) -> float:
    """Mean of exp(-max(0, b)) for a normal b."""
    if sd == 0.0:
        return math.exp(-max(0.0, mean))

    def below(z: float) -> float:
        return 0.5 * math.erfc(-z * math.sqrt(0.5))

    return below(-mean / sd) + math.exp(0.5 * sd * sd - mean) * below((mean - sd * sd) / sd)


def seeding(point: Point, blood: Blood, y: float) -> dict[str, float]:
    """Success of the cells of a primary of ln volume ``y``, as means over patients unless the name says otherwise."""
    par = point.scalar[0]
    share, weight = mixture(point, y)
    by_blood, by_lymph = shed(point, y, weight)
    leaving = max(float(par["dormancy_exit_rate"] + par["dormancy_death_rate"]), 1e-300)
    starting = float(par["fate_active_fraction"] + par["fate_dormant_fraction"] * par["dormancy_exit_rate"] / leaving)
    in_cluster = par["fate_cluster_potency"] / par["shedding_cluster_size"]
    potency = np.array([1.0, par["fate_hybrid_take"], par["fate_mesenchymal_take"], in_cluster])
    ready = math.exp(y) / (math.exp(y) + par["niche_half_volume"])
    soil = point.site["fate_soil"] * (1.0 - point.site["niche_strength"] * (1.0 - ready))
    soil[[SITES.index(PRIMARY), SITES.index(NODES)]] = 0.0
    mean_take = float(par["fate_competent_share"]) * _mean_success(par, 0.0, 1.0)
    founders = float(np.einsum("cg,cgj,j,c->", share, blood.extravasated[0], soil, potency)) * mean_take
    node_take = _mean_success(par, float(par["fate_node_bottleneck_relief"]), float(par["fate_node_bottleneck_share"]))
    waking = by_blood * founders * float(par["fate_dormant_fraction"] * par["dormancy_exit_rate"]) * YEAR
    return {
        "distant_colonies_per_year": by_blood * founders * starting * YEAR,
        "node_colonies_per_year": by_lymph * lymph_fates(point)[0] * node_take * starting * YEAR,
        "wakings_after_5_years": waking * math.exp(-leaving * 5.0 * YEAR),
        "wakings_after_15_years": waking * math.exp(-leaving * 15.0 * YEAR),
        "cells_shed_per_metastasis": 1.0 / (founders * starting),
        "success_of_dividing_cell": math.exp(-par["fate_bottleneck"]),  # of the median patient
        "take_per_arrested_cell": founders * starting / float((share * blood.arrested[0]).sum()),
    }


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
        reference: ``arm_40mm`` at the values of the set: tubes are scaled by this point's value over it.
        blood: another circulation to compare with; the half-life follows from its rates.
    """
    network = _vessels(sex)[0]
    blood = solve_blood(point, sex) if blood is None else blood
    y = ln_volume(TYPICAL_MM)
    share, _weight = mixture(point, y)
    breast, pancreas = ((share[:, :, None] * blood.concentration[s]).sum(axis=(0, 1)) for s in (0, 1))
    parts = [(float(share[c, g]), blood.rates[c][g]) for c in range(4) for g in (EXPOSED, SHIELDED)]
    recovery = point["detection_tube_recovery"]
    arm_40mm = sum(arm_vein(point, blood, ln_volume(40.0)))
    result = {
        "arterial_to_venous": float(breast[ARTERIAL] / breast[VENOUS]),
        "half_life_h": half_life(network, parts, _sources(point, sex)[0]),
        "portal_to_arm": float(pancreas[PORTAL] / pancreas[ARM]),
        "early_share_ge1": share_positive(point, blood, 1),
        "ctc_per_litre_2p7mm": 1000.0 * recovery * sum(arm_vein(point, blood, ln_volume(2.7))),
        "reported_40mm": recovery * arm_40mm,
        "arm_40mm": arm_40mm,
        "ctc_per_ml_per_gram": sum(arm_vein(point, blood, math.log(GRAM_MM3))),
        **seeding(point, blood, y),
    }
    if tubes is not None and len(tubes):
        scaled = tubes * arm_40mm / reference if math.isfinite(reference) else tubes
        mean = scaled * point["detection_tube_volume"] * recovery
        result["metastatic_share_ge5"] = float(poisson_tail(mean, 5).mean())
    return result


def well_mixed(blood: Blood, sex: str, arrest: float = FIRST_PASS_ARREST) -> Blood:
    """The same cells in one well-mixed pool that loses the share ``arrest`` with every passage: no vessel differs."""
    network = _vessels(sex)[0]
    per_shed = 1.0 / (arrest * float(network.flow[network.index("aorta_large_arteries")]))
    return replace(blood, concentration=np.full_like(blood.concentration, per_shed))
