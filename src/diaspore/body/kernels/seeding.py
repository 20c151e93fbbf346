"""Founder rates of a source lesion, their majorant in a panel, and the birth of a daughter lesion.

Founders are rare marks of a Poisson stream of shed cells, so the stream is thinned: candidates come from a majorant
that is constant within a panel, and a candidate is kept with the ratio of the true rate to the majorant. This is exact
for any length of panel; a panel's length only decides how many candidates are wasted.
"""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.kernels.evolve import advance
from diaspore.body.kernels.limit import DIVIDING, blood_place, followed_share, place_of
from diaspore.body.kernels.model import NODES_BY_LYMPH, S_CLUSTER, S_COLONY, S_THRESHOLD
from diaspore.body.kernels.nodes import kept_by_free_nodes
from diaspore.body.processes import cavity as cavity_process
from diaspore.body.processes.clones import pick_clone
from diaspore.body.processes.geometry import ln_volume
from diaspore.body.processes.niche import readiness
from diaspore.body.processes.plasticity import fractions
from diaspore.body.processes.shedding import class_weights, invasion_factor, macrophage_factor, volume_power
from diaspore.body.processes.systemic import shielded_fraction
from diaspore.body.state import AVASCULAR, SLEEPING
from diaspore.core.jit import kernel
from diaspore.core.rng import child_id, exponential, normal2, uniform, uniform2

# Columns of ``parts``: founders per day by the way that they take.
P_BLOOD, P_NODES, P_DUCT, P_CAVITY, P_CLEARED, P_PERINEURAL = range(6)
N_PARTS = 6


@kernel
def shed_cells(par, row, vessels, patient, lesion, y, e, h, m, systemic, out):
    """Cells shed per day into blood, lymph and cavity and along nerves (``out[0:4]``) and class shares (``out[4:8]``).

    ``out`` has 8 elements; ``e, h, m`` are the phenotype fractions (or bounds of them) at ln volume ``y``.
    """
    site = lesion.site
    clone = lesion.clone
    w0, w1, w2, w3 = class_weights(e, h, m, row.ctc_cluster_fraction, par)
    out[4] = w0
    out[5] = w1
    out[6] = w2
    out[7] = w3
    total = w0 + w1 + w2 + w3
    volume = math.exp(y)
    invasion = invasion_factor(
        row.invasion_speed[site, clone],
        row.protease_activity[site, clone],
        row.adhesion[site, clone],
        row.matrix_stiffness[site, clone],
        par,
    )
    scale = volume_power(y, par.shedding_exponent) * invasion
    blood = (
        patient.shed_blood * scale * macrophage_factor(volume, row.tam_recruitment[site, clone], systemic, par) * total
    )
    lymph = 0.0
    if lesion.route == 0 or site == par.nodes_site:
        lymph = patient.shed_lymph * volume_power(y, par.shedding_lymphatic_exponent) * invasion * total
    if lesion.route != 0 and site == par.nodes_site:
        lymph *= par.lymph_node_relay * (1.0 - par.lymph_node_blood_entry)
        blood *= par.lymph_node_relay * par.lymph_node_blood_entry
    into_cavity = 0.0
    if par.cavity_of[site] >= 0 and (
        par.lining[site] == 1 or y >= breach_threshold(par, row, vessels, patient, lesion)
    ):
        into_cavity = par.shedding_cavity * scale * total
    out[0] = blood * row.shedding_blood
    out[1] = lymph * row.shedding_lymph
    out[2] = into_cavity * row.shedding_cavity
    out[3] = 0.0
    if lesion.route == 0:
        out[3] = par.shedding_perineural * scale * total * row.shedding_nerve


@kernel
def breach_threshold(par, row, vessels, patient, lesion):
    """ln volume at which the lesion breaches its serosa; the invasion levers lower it."""
    site = lesion.site
    factor = invasion_factor(
        row.invasion_speed[site, lesion.clone],
        row.protease_activity[site, lesion.clone],
        row.adhesion[site, lesion.clone],
        row.matrix_stiffness[site, lesion.clone],
        par,
    )
    return lesion.y_breach - math.log(max(1e-9, factor)) if factor != 1.0 else lesion.y_breach


@kernel
def founder_parts(par, row, vessels, patient, lesion, shed, shielded, parts):
    """Followed founders per day by way (``parts``) from ``shed`` cells per day; returns their sum.

    ``vessels`` are the tables of blood, or those narrowed to founders that are still followed.
    """
    live = par.fate_active_fraction + par.fate_dormant_fraction
    total = shed[4] + shed[5] + shed[6] + shed[7]
    for k in range(N_PARTS):
        parts[k] = 0.0
    if total <= 0.0:
        return 0.0
    own = 0.0
    duct = 0.0
    needs_duct = shed[1] > 0.0 or shed[2] > 0.0
    for c in range(4):
        w = shed[4 + c] / total
        own += w * (
            (1.0 - shielded) * vessels.founder[lesion.site, c, 0] + shielded * vessels.founder[lesion.site, c, 1]
        )
        if needs_duct:
            duct += w * (
                (1.0 - shielded) * vessels.founder[par.nodes_site, c, 0]
                + shielded * vessels.founder[par.nodes_site, c, 1]
            )
    parts[P_BLOOD] = shed[0] * own * patient.take * live
    if shed[1] > 0.0:
        _kept, to_duct = lymph_shares(par, lesion)
        settling = kept_by_free_nodes(patient.kept_free, lesion) * row.homing[par.nodes_site]
        parts[P_NODES] = shed[1] * settling * patient.node_take * followed_share(par, vessels, NODES_BY_LYMPH)
        parts[P_DUCT] = shed[1] * to_duct * duct * patient.take * live
    if shed[2] > 0.0:
        attach, _died, cleared = cavity_process.fates(par)
        where = par.cavity_of[lesion.site]
        attach *= row.homing[where]
        parts[P_CAVITY] = shed[2] * attach * patient.cavity_take * followed_share(par, vessels, where)
        parts[P_CLEARED] = shed[2] * cleared * duct * patient.take * live
    parts[P_PERINEURAL] = shed[3] * patient.cavity_take * followed_share(par, vessels, par.primary_site)
    result = 0.0
    for k in range(N_PARTS):
        result += parts[k]
    return result


@kernel
def lymph_shares(par, lesion):
    """Shares of the lesion's lymph-borne cells kept by all stations and reaching the thoracic duct."""
    if lesion.route == 0:
        return par.kept, par.duct
    if lesion.station < 0:  # a nodal lesion that came by blood drains straight on
        return 0.0, 1.0
    return par.station_kept_total[lesion.station], par.station_duct_from[lesion.station]


@kernel
def true_rate(par, row, vessels, patient, lesion, y, systemic, shed, parts):
    """Founder rate (1/day) of a vascular lesion at ln volume ``y``; fills ``shed`` and ``parts``."""
    e, h, m = fractions(math.exp(y), row.emt_rate[lesion.site, lesion.clone], systemic, par)
    shed_cells(par, row, vessels, patient, lesion, y, e, h, m, systemic, shed)
    return founder_parts(par, row, vessels, patient, lesion, shed, shield_of(par, row, systemic), parts)


@kernel
def shield_of(par, row, systemic):
    """Shielded share of circulating cells; immune levers are read at the lung, the first bed of venous blood."""
    return shielded_fraction(systemic, row.platelet_shield, row.immune_kill[0, 0], par)


@kernel
def state_at(par, row, vessels, patient, lesion, y, systemic, shed):
    """Flows and shares of a vascular lesion at ln volume ``y`` (in ``shed``)."""
    e, h, m = fractions(math.exp(y), row.emt_rate[lesion.site, lesion.clone], systemic, par)
    shed_cells(par, row, vessels, patient, lesion, y, e, h, m, systemic, shed)


@kernel
def loose_majorant(par, row, vessels, patient, lesion, flow, weight):
    """Cheap bound of the founder rate from the larger of a panel's end flows.

    ``weight`` is the summed class weight that ``flow`` was computed with; any mixture of phenotypes weighs at most the
    largest phenotype weight, no class has more founders per cell than ``founder_limit``, and the systemic response
    raises the flow by at most the macrophage gain.
    """
    heaviest = max(par.shedding_epithelial_weight, par.shedding_hybrid_weight, par.shedding_mesenchymal_weight)
    limit = vessels.founder_limit[lesion.site]
    duct_limit = vessels.founder_limit[par.nodes_site]
    rate = flow[0] * limit * patient.take
    if flow[1] > 0.0:
        _kept, to_duct = lymph_shares(par, lesion)
        settling = kept_by_free_nodes(patient.kept_free, lesion) * row.homing[par.nodes_site]
        rate += flow[1] * (settling * patient.node_take + to_duct * duct_limit * patient.take)
    if flow[2] > 0.0:
        attach, _died, cleared = cavity_process.fates(par)
        attach *= row.homing[par.cavity_of[lesion.site]]
        rate += flow[2] * (attach * patient.cavity_take + cleared * duct_limit * patient.take)
    rate += flow[3] * patient.cavity_take
    live = par.fate_active_fraction + par.fate_dormant_fraction
    rate *= live * heaviest / max(weight, 1e-12)
    return rate * (1.0 + par.systemic_macrophage_gain) * (1.0 + 1e-9)


@kernel
def tight_majorant(par, row, vessels, patient, lesion, y_low, y_high, shed, parts):
    """Bound of the founder rate while ln volume stays between ``y_low`` and ``y_high`` and the response in 0..1.

    E falls and M rises with volume and response, so their bounds are at the ends; H is bounded by what E and M leave.
    """
    lever = row.emt_rate[lesion.site, lesion.clone]
    e_most, _h, m_least = fractions(math.exp(y_low), lever, 0.0, par)
    e_least, _h, m_most = fractions(math.exp(y_high), lever, 1.0, par)
    hybrid = max(0.0, 1.0 - e_least - m_least)
    shed_cells(par, row, vessels, patient, lesion, y_high, e_most, hybrid, m_most, 1.0, shed)
    shielded = max(shield_of(par, row, 0.0), shield_of(par, row, 1.0))
    return founder_parts(par, row, vessels, patient, lesion, shed, shielded, parts) * (1.0 + 1e-9)


@kernel
def pick_place(par, vessels, open_vessels, patient, source_site, shed, shielded, u_class, u_site):
    """Class (0..3) and site of a followed blood-borne founder from ``source_site``; site -1 if none is followed."""
    total = 0.0
    for c in range(4):
        total += shed[4 + c] * (
            (1.0 - shielded) * open_vessels.founder[source_site, c, 0]
            + shielded * open_vessels.founder[source_site, c, 1]
        )
    x = u_class * total
    chosen = 3
    shield = 1
    for c in range(4):
        for g in range(2):
            w = shed[4 + c] * (shielded if g == 1 else 1.0 - shielded) * open_vessels.founder[source_site, c, g]
            if x < w:
                chosen = c
                shield = g
                x = -1.0
                break
            x -= w
        if x < 0.0:
            break
    live = par.fate_active_fraction + par.fate_dormant_fraction
    x = u_site
    if vessels.founder[source_site, chosen, shield] > 0.0:
        x *= open_vessels.founder[source_site, chosen, shield] / vessels.founder[source_site, chosen, shield]
    before = 0.0
    last = -1
    for j in range(par.cavity_of.shape[0]):
        upto = vessels.place[source_site, chosen, shield, j]
        share = upto - before
        before = upto
        if share > 0.0:
            share *= followed_share(par, open_vessels, blood_place(par, patient, j)) / live
            if share > 0.0:
                last = j
                if x < share:
                    return chosen, j
                x -= share
    return chosen, last


@kernel
def niche_factor(par, row, vessels, patient, lesions, site, day):
    """Share of founders at ``site`` that find their niche on ``day``."""
    strength = par.niche_strength[site]
    if strength == 0.0:
        return 1.0
    if math.isnan(patient.surgery_day):
        primary = lesions[0]
        _, y, _, _, _, _, _, _ = advance(par, row, vessels, patient, primary, day, 0.0)
        ready = readiness(math.exp(y), 0.0, par)
    else:
        ready = readiness(math.exp(patient.y_surgery), day - patient.surgery_day, par)
    return min(1.0, 1.0 - strength + strength * ready * row.niche_readiness[site, 0])


@kernel
def found(par, vessels, patient, lesions, n, source, number, day, y_source, site, station, node, route, klass, fate_u):
    """Write the daughter lesion number ``n`` of lesion ``source``; ``fate_u`` decides between dividing and sleeping.

    By ``vessels`` only one of the two may be followed any more: then it is that one.
    """
    parent = lesions[source]
    new = lesions[n]
    new.id = child_id(parent.id, number)
    new.parent = parent.id if source > 0 else np.uint64(0)
    new.generation = parent.generation + 1
    new.seeded = day
    new.t0 = day
    new.waking = math.nan
    new.vascularised = math.nan
    new.detected = math.nan
    new.removed = math.nan
    new.y_diagnosis = math.nan
    new.site = site
    new.station = station
    new.node = -1
    new.route = route
    cells = 1
    clones = 1
    clone = parent.clone
    if klass == 3:
        u = uniform(par.seed, new.id, S_CLUSTER, 0)
        extra = par.shedding_cluster_size - 2.0
        if extra > 0.0:
            cells = 2 + int(math.floor(math.log(u) / math.log(extra / (1.0 + extra))))
        else:
            cells = 2
        cells = min(cells, 30000)
    if source == 0:
        count = int(par.clones_count)
        seen = 0
        for k in range(min(cells, 32)):
            u = uniform(par.seed, new.id, S_CLUSTER, 1 + k)
            label = pick_clone(y_source, patient.onsets, count, par.clones_advantage, u)
            if k == 0:
                clone = label
            seen |= 1 << label
        clones = 0
        for k in range(count):
            clones += (seen >> k) & 1
    new.clone = clone
    new.founder_cells = cells
    new.founder_clones = clones
    ua, ub = uniform2(par.seed, new.id, S_COLONY, 0)
    new.hold = 1 if ua < par.dormancy_held_fraction and site != par.nodes_site else 0
    new.pause = 1 if ub >= par.angiogenesis_immediate_fraction else 0
    za, zb = normal2(par.seed, new.id, S_THRESHOLD, 0)
    new.y_symptom = ln_volume(par.detection_symptom_diameter[site]) + par.detection_symptom_spread * za
    new.y_examined = par.y_cell
    new.split = 0
    new.y_breach = ln_volume(par.cavity_breach_diameter) + 3.0 * par.cavity_breach_diameter_spread * zb
    new.y = patient.y_first
    new.q = 0.0
    place = place_of(par, site, station)
    dividing = par.fate_active_fraction * vessels.followed[DIVIDING, place]
    if fate_u * followed_share(par, vessels, place) < dividing:
        new.phase = AVASCULAR
        new.v = math.exp(new.y)
        new.tau = 0.0
        new.waking = day
    else:
        new.phase = SLEEPING
        new.v = 0.0
        new.tau = exponential(par.seed, new.id, S_COLONY, 1)
    if site == par.nodes_site and station >= 0:
        new.node = node
        if new.phase == AVASCULAR:
            patient.occupied[station] |= np.uint64(1) << np.uint64(node)
    new.events = 0
    new.residual = exponential(par.seed, new.id, S_COLONY, 2)
    new.bound = 0.0
    new.from_day = day
    new.until = math.inf
