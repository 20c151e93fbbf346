"""First-generation founders in closed form: a fast, smooth stand-in for the body engine.

Given a patient's traits, the founders that her primary sends out are a Poisson process whose rate is known, and so is
the time from a founder to its detection. Hence

* every node of a station is free of a visible deposit with probability exp(-m / nodes), m the expected founders there,
* she is free of distant relapse until t with probability exp(-Lambda(t)),

and only the traits are left to average over. That takes a tenth of a second where the engine takes ten, has no noise of
its own, and can be differentiated. It leaves out what the engine has besides: metastases of metastases and of nodes,
diagnosis brought forward by symptoms of a metastasis, removal of metastases, and death. Compare with the engine before
trusting an optimum; :mod:`diaspore.inference.fits.breast` begins with them and moves on by engine runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from diaspore.body.compile import Compiled
from diaspore.body.kernels.seeding import P_BLOOD, P_DUCT, P_NODES, true_rate
from diaspore.body.processes.growth import GOMPERTZ
from diaspore.body.processes.niche import readiness
from diaspore.body.processes.systemic import response
from diaspore.body.state import LESION, PATIENT
from diaspore.core.errors import InputError
from diaspore.core.jit import kernel
from diaspore.knowledge.anatomy import SITES

GRID = 300  # ln volumes at which founder rates are tabulated
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_NORMAL = np.array([-math.sqrt(3.0), 0.0, math.sqrt(3.0)])  # Gauss-Hermite nodes of a standard normal, 3 points
_SHARE = np.array([1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0])
_SPHERE = math.log(math.pi / 6.0)
_MOST_NODES = 64


@dataclass(frozen=True)
class Expected:
    """Expectations of patients with given traits.

    Attributes:
        diameter: (n,) mm at diagnosis.
        groups: (n, G) probability of each group of positive nodes.
        m0: (n,) probability that staging finds no distant metastasis.
        free: (n, T) probability of no relapse until each time, without metastasis at diagnosis.
    """

    diameter: np.ndarray
    groups: np.ndarray
    m0: np.ndarray
    free: np.ndarray


@cache
def normal_scores(points: int, dimensions: int) -> np.ndarray:
    """Scrambled Sobol points (fixed seed) as standard normal scores (points, dimensions): common random numbers."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    found: np.ndarray = ndtri(qmc.Sobol(dimensions, seed=5).random(points))
    found.setflags(write=False)
    return found


def expect(compiled: Compiled, years: tuple[float, ...], first: tuple[int, ...], points: int = 4096) -> Expected:
    """Expectations for ``points`` patients spread evenly over the traits that the specification draws.

    Args:
        compiled: patients of drawn diameter under Gompertz growth; its surgery is done at diagnosis.
        years: times since surgery.
        first: fewest positive nodes of every group, from 0.
        points: a power of 2.

    Raises:
        InputError: another growth law, or a diameter that is fixed.
    """
    par = compiled.model.par[0]
    if int(par["growth_law"]) != GOMPERTZ or compiled.spec.primary.diameter_at_diagnosis is not None:
        raise InputError("founders in closed form need Gompertz growth and a drawn diameter")
    z_size, z_growth, z_metastasis, z_take, z_lymph, z_blood = normal_scores(points, 6).T
    y_cap, y_start, y_cell = float(par["y_cap"]), float(par["y_avascular"]), float(par["y_cell"])
    spread = float(par["detection_primary_diameter_spread"])
    y = _ln_volume(par["detection_primary_diameter"]) + 3.0 * spread * z_size
    y = np.clip(y, y_start + 0.01, y_cap - 0.01)
    doubling = par["growth_doubling_time"] * np.exp(par["growth_doubling_time_spread"] * z_growth)
    rate = math.log(2.0) / doubling / (y_cap - _ln_volume(par["growth_reference_diameter"]))
    metastasis = rate * par["growth_metastasis_rate"] * np.exp(par["growth_metastasis_rate_spread"] * z_metastasis)
    deviation = par["fate_bottleneck_sd"] * z_take
    b = float(par["fate_bottleneck"])
    take = np.exp(-np.maximum(0.0, b + deviation))
    local = b - par["fate_node_bottleneck_relief"] + par["fate_node_bottleneck_share"] * deviation
    node_take = np.exp(-np.maximum(0.0, local))
    blood = np.exp(par["shedding_haematogenous_spread"] * z_blood)
    lymph = np.exp(par["shedding_lymphatic_spread"] * z_lymph)
    table = rate_table(compiled)
    distant = _waits(par, hold=True, sleep=True)
    nodal = _waits(par, hold=False, sleep=True)
    awake = _waits(par, hold=False, sleep=True, pause=False)  # a deposit is seen long before its pause
    remnant = _waits(par, hold=False, sleep=False)
    clocks = np.array(
        [
            par["dormancy_exit_rate"] + par["dormancy_death_rate"],
            par["dormancy_escape_rate"] * 1.0007,  # kept apart: equal rates would divide by zero
            par["angiogenesis_metastasis_switch_rate"] * 1.0013,
        ]
    )
    _, bone, thresholds = _places(compiled)
    nodes_site, here = int(par["nodes_site"]), int(par["primary_site"])
    n = len(y)
    groups, m0, free = np.zeros((n, len(first))), np.zeros(n), np.zeros((n, len(years)))
    stations = int(par["n_stations"])
    marks = np.array(
        [
            y_cap, y_start, y_cell + math.log(max(1.0, b)), bone, float(par["niche_bone_gain"]), float(par["y_bone"]),
            float(par["detection_symptom_spread"]), thresholds[0], thresholds[1], thresholds[2],
            _ln_volume(par["detection_symptom_diameter"][nodes_site]), _ln_volume(par["detection_node_diameter"]),
            y_cap + float(par["ln_site_capacity"][nodes_site]),
            float(par["surgery_remnant_probability"]), _ln_volume(par["detection_symptom_diameter"][here]),
            y_cell + math.log(float(par["surgery_remnant_cells"])), float(par["surgery_remnant_cells_spread"]),
        ]
    )  # fmt: skip
    _expectations(
        y, rate, metastasis, take, node_take, blood, lymph, marks, table, distant, nodal, awake, remnant, clocks,
        np.asarray(par["station_kept"][:stations]), np.asarray(par["station_removable"][:stations]),
        np.asarray(par["station_nodes"][:stations]), np.array(years) * 365.25, np.array(first),
        _NODES, _WEIGHTS, _NORMAL, _SHARE, groups, m0, free,
    )  # fmt: skip
    return Expected(np.exp((y - _SPHERE) / 3.0), groups, m0, free)


def rate_table(compiled: Compiled) -> np.ndarray:
    """Founders per day of a median primary at unit take: rows ln volume, by blood, into nodes (per share), by duct."""
    par = compiled.model.par[0]
    patient, primary = np.zeros(1, dtype=PATIENT), np.zeros(1, dtype=LESION)
    patient["take"] = patient["node_take"] = 1.0
    patient["shed_blood"], patient["shed_lymph"] = par["shedding_haematogenous"], par["shedding_lymphatic"]
    patient["kept_free"][:, 16] = 1.0
    primary["site"] = par["primary_site"]
    primary["y_breach"] = math.inf
    table = np.zeros((4, GRID))
    table[0] = np.linspace(float(par["y_avascular"]), float(par["y_cap"]), GRID)
    share, _, _ = _places(compiled)
    strength = float(share @ par["niche_strength"])
    _fill_rates(compiled.model, patient[0], primary[0], strength, table)
    return table


@kernel
def _fill_rates(model: Any, patient: Any, primary: Any, strength: float, table: np.ndarray) -> None:
    par = model.par[0]
    shed, parts = np.zeros(8), np.zeros(6)
    for i in range(table.shape[1]):
        volume = math.exp(table[0, i])
        true_rate(par, model.rows[0], model.blood[0], patient, primary, table[0, i], response(volume, par), shed, parts)
        niche = 1.0 - strength + strength * readiness(volume, 0.0, par)
        table[1, i] = parts[P_BLOOD] * niche
        table[2, i] = parts[P_NODES]
        table[3, i] = parts[P_DUCT] * niche


def _ln_volume(diameter: float) -> float:
    return _SPHERE + 3.0 * math.log(float(diameter))


def _places(compiled: Compiled) -> tuple[np.ndarray, float, tuple[float, float, float]]:
    """Shares of blood-borne founders by site (S,), the share of bone, and ln volumes at which founders are found.

    The three are: symptoms in bone, symptoms elsewhere, imaging; means over sites, from single epithelial cells.
    """
    par = compiled.model.par[0]
    here = int(par["primary_site"])
    cumulative = np.asarray(compiled.model.blood[0]["place"][here, 0, 0])
    share = np.diff(cumulative, prepend=0.0)
    share[here] = 0.0
    share /= share.sum()
    bone = SITES.index("bone")
    symptoms = _SPHERE + 3.0 * np.log(par["detection_symptom_diameter"])
    imaging = _SPHERE + 3.0 * np.log(par["detection_imaging_d50"])
    other = share.copy()
    other[bone] = 0.0
    elsewhere = float(other @ symptoms / max(other.sum(), 1e-12))
    return share, float(share[bone]), (float(symptoms[bone]), elsewhere, float(share @ imaging))


def _waits(par: Any, hold: bool, sleep: bool, pause: bool = True) -> np.ndarray:
    """Distribution of a founder's waits: P(all waits < x) = a0 - a1 exp(-k1 x) - a2 exp(-k2 x) - a3 exp(-k3 x).

    The waits are sleep (ended by waking or death), being held, and the pause before the angiogenic switch; each founder
    has each of them or not. a0 is less than 1 by those who die asleep.
    """
    leave = float(par["dormancy_exit_rate"] + par["dormancy_death_rate"])
    wake = float(par["dormancy_exit_rate"]) / leave if leave > 0.0 else 0.0
    live = float(par["fate_active_fraction"] + par["fate_dormant_fraction"])
    asleep = float(par["fate_dormant_fraction"]) / live if sleep and live > 0.0 else 0.0
    held = float(par["dormancy_held_fraction"]) if hold else 0.0
    paused = 1.0 - float(par["angiogenesis_immediate_fraction"]) if pause else 0.0
    clocks = (
        leave,
        float(par["dormancy_escape_rate"]) * 1.0007,
        float(par["angiogenesis_metastasis_switch_rate"]) * 1.0013,
    )
    found = np.zeros(4)
    for pattern in range(8):
        waits = [i for i in range(3) if pattern >> i & 1]
        weight = asleep * wake if 0 in waits else 1.0 - asleep
        weight *= held if 1 in waits else 1.0 - held
        weight *= paused if 2 in waits else 1.0 - paused
        if weight == 0.0:
            continue
        found[0] += weight
        for i in waits:
            found[1 + i] += weight * math.prod(clocks[j] / (clocks[j] - clocks[i]) for j in waits if j != i)
    return found


@kernel
def _growth_time(low: float, high: float, rate: float, cap: float) -> float:
    """Days of Gompertz growth from ln volume ``low`` to ``high``; very long beyond the limit."""
    if high <= low:
        return 0.0
    if high >= cap - 1e-6:
        return 1e9
    return math.log((cap - low) / (cap - high)) / rate


@kernel
def _passed(x: float, waits: np.ndarray, clocks: np.ndarray) -> float:
    """Probability that a founder's waits took less than ``x`` days."""
    if x <= 0.0:
        return 0.0
    found = waits[0]
    for k in range(3):
        if waits[1 + k] != 0.0:
            found -= waits[1 + k] * math.exp(-clocks[k] * x)
    return found


@kernel
def _expectations(
    y_end: np.ndarray, rates: np.ndarray, metastasis: np.ndarray, take: np.ndarray, node_take: np.ndarray,
    blood: np.ndarray, lymph: np.ndarray, marks: np.ndarray, table: np.ndarray, distant: np.ndarray, nodal: np.ndarray,
    awake: np.ndarray, remnant: np.ndarray, clocks: np.ndarray, kept: np.ndarray, removable: np.ndarray,
    size: np.ndarray, times: np.ndarray, first: np.ndarray, nodes: np.ndarray, weights: np.ndarray,
    normal: np.ndarray, share: np.ndarray, groups: np.ndarray, m0: np.ndarray, free: np.ndarray,
) -> None:  # fmt: skip
    """Fill ``groups``, ``m0`` and ``free`` patient by patient; integrals over the primary's ln volume by quadrature."""
    (
        cap, y_start, y_first, in_bone, gain, y_bone, spread, found_bone, found_other, seen, nodal_symptom, positive,
        nodal_cap, remnant_share, local_symptom, remnant_size, remnant_spread,
    ) = marks  # fmt: skip
    step = table[0, 1] - table[0, 0]
    reached = np.zeros((2, 3))
    regional = np.zeros(3)
    imaged = np.zeros(2)
    count = np.zeros(_MOST_NODES * 4)
    stays = 0.0
    for s in range(kept.shape[0]):
        if removable[s] == 0:
            stays += kept[s]
    for i in range(y_end.shape[0]):
        rate, speed = rates[i], metastasis[i]
        for t in range(2):
            faster = speed * (1.0 + gain) if t == 0 else speed
            for q in range(3):
                y = (found_bone if t == 0 else found_other) + spread * normal[q]
                early = _growth_time(y_first, min(y, y_bone), speed, cap)
                reached[t, q] = early + _growth_time(y_bone, y, faster, cap)
            imaged[t] = _growth_time(y_first, y_bone, speed, cap) + _growth_time(y_bone, seen, faster, cap)
        for q in range(3):
            regional[q] = _growth_time(y_first, nodal_symptom + spread * normal[q], speed, nodal_cap)
        visible = _growth_time(y_first, positive, speed, nodal_cap)
        m1, deposits = 0.0, 0.0
        half, middle = 0.5 * (y_end[i] - y_start), 0.5 * (y_end[i] + y_start)
        free[i, :] = 0.0
        for k in range(nodes.shape[0]):
            y = middle + half * nodes[k]
            ago = math.log((cap - y) / (cap - y_end[i])) / rate  # days before diagnosis
            dwell = half * weights[k] / (rate * (cap - y))
            j = min(int((y - table[0, 0]) / step), table.shape[1] - 2)
            f = (y - table[0, j]) / step
            by_blood = (table[1, j] * (1.0 - f) + table[1, j + 1] * f) * blood[i]
            by_duct = (table[3, j] * (1.0 - f) + table[3, j + 1] * f) * lymph[i]
            founders = dwell * (by_blood + by_duct) * take[i]
            settled = dwell * (table[2, j] * (1.0 - f) + table[2, j + 1] * f) * lymph[i] * node_take[i]
            for t in range(2):
                part = founders * (in_bone if t == 0 else 1.0 - in_bone)
                for q in range(3):
                    m1 += part * share[q] * _passed(ago - min(imaged[t], reached[t, q]), distant, clocks)
                    for m in range(times.shape[0]):
                        free[i, m] += part * share[q] * _passed(ago + times[m] - reached[t, q], distant, clocks)
            for m in range(times.shape[0]):
                for q in range(3):
                    late = _passed(ago + times[m] - regional[q], nodal, clocks)
                    free[i, m] += settled * stays * share[q] * late
            deposits += settled * _passed(ago - visible, awake, clocks)
        m0[i] = math.exp(-m1)
        for m in range(times.shape[0]):
            local = 0.0
            for p in range(3):
                start = remnant_size + remnant_spread * normal[p]
                for q in range(3):
                    wait = times[m] - _growth_time(start, local_symptom + spread * normal[q], speed, cap)
                    if start >= y_start:
                        local += share[p] * share[q] * (1.0 if wait > 0.0 else 0.0)
                    else:
                        local += share[p] * share[q] * _passed(wait, remnant, clocks)
            free[i, m] = math.exp(-max(free[i, m] - m1, 0.0)) * (1.0 - remnant_share * local)
        top = 0
        count[:] = 0.0
        count[0] = 1.0
        for s in range(kept.shape[0]):
            if removable[s] == 0:
                continue
            hit = 1.0 - math.exp(-min(50.0, deposits * kept[s] / size[s]))
            for _ in range(size[s]):
                top += 1
                for k in range(top, 0, -1):
                    count[k] = count[k] * (1.0 - hit) + count[k - 1] * hit
                count[0] *= 1.0 - hit
        for g in range(first.shape[0]):
            last = first[g + 1] if g + 1 < first.shape[0] else top + 1
            groups[i, g] = 0.0
            for k in range(first[g], min(last, top + 1)):
                groups[i, g] += count[k]
