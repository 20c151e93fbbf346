"""A patient's traits, the primary's history up to diagnosis, and the day of diagnosis as day 0."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.kernels.model import (
    S_AGE,
    S_CANDIDATE,
    S_CLONES,
    S_GROWTH,
    S_LETHAL,
    S_SCREEN,
    S_SHED,
    S_SIZE,
    S_SWITCH,
    S_TAKE,
)
from diaspore.body.processes.detection import sensitivity
from diaspore.body.processes.extravasation import bottleneck_deviation
from diaspore.body.processes.geometry import diameter, ln_volume
from diaspore.body.processes.growth import grow, rate_from_doubling_time, time_to_reach
from diaspore.body.processes.mortality import days_to_other_death
from diaspore.body.state import VASCULAR
from diaspore.core.jit import kernel
from diaspore.core.rng import child_id, exponential, normal, normal2, uniform


@kernel
def draw_traits(par, patient):
    """Draw the traits of the patient of number ``patient.id``; every trait has its own stream."""
    seed = par.seed
    patient.stream = child_id(np.uint64(0), patient.id)
    stream = patient.stream
    patient.sex = par.sex
    patient.n_lesions = 1
    patient.self_seeded = 0
    patient.self_expected = 0.0
    patient.untracked = 0.0
    patient.cause = 0
    patient.death_site = -1
    patient.entry = 0
    patient.later = 0
    patient.known = math.nan
    patient.smallest = math.nan
    patient.progressed = math.nan
    patient.assessed = math.nan
    patient.done = 0
    patient.seen = 0
    patient.visits = 0
    patient.nodes_examined = 0
    patient.nodes_positive = 0
    patient.nodes_involved = 0
    patient.surgery_day = math.nan
    patient.y_surgery = -100.0
    patient.death = math.nan
    y_ref = ln_volume(par.growth_reference_diameter)
    za, zb = normal2(seed, stream, S_GROWTH, 0)
    doubling = par.growth_doubling_time * math.exp(par.growth_doubling_time_spread * za)
    patient.rate = rate_from_doubling_time(
        par.law, doubling, y_ref, par.y_cap, par.growth_exponent, par.growth_hahnfeldt_capacity_ratio
    )
    patient.metastasis_rate = (
        patient.rate * par.growth_metastasis_rate * math.exp(par.growth_metastasis_rate_spread * zb)
    )
    patient.stimulation = patient.rate * par.growth_hahnfeldt_stimulation
    law = int(par.fate_bottleneck_law)
    deviation = bottleneck_deviation(normal(seed, stream, S_TAKE, 0), par.fate_bottleneck_sd, law)
    b = max(0.0, par.fate_bottleneck + deviation)
    local = par.fate_node_bottleneck_share * deviation
    patient.take = math.exp(-b)
    patient.node_take = math.exp(-max(0.0, par.fate_bottleneck - par.fate_node_bottleneck_relief + local))
    patient.cavity_take = math.exp(-max(0.0, par.fate_bottleneck - par.fate_cavity_bottleneck_relief + local))
    if uniform(seed, stream, S_TAKE, 1) >= par.fate_competent_share:
        patient.take = 0.0
        patient.cavity_take = 0.0
    patient.y_first = par.y_cell + math.log(max(1.0, b))
    zc, zd = normal2(seed, stream, S_SHED, 0)
    patient.shed_blood = par.shedding_haematogenous * math.exp(par.shedding_haematogenous_spread * zc)
    patient.shed_lymph = par.shedding_lymphatic * math.exp(par.shedding_lymphatic_spread * zd)
    patient.lethal = math.exp(par.mortality_lethal_total_spread * normal(seed, stream, S_LETHAL, 0))
    if math.isnan(patient.given_age):
        age = par.age_mean + par.age_sd * normal(seed, stream, S_AGE, 0)
        patient.age = min(max(age, 18.0 * 365.25), 100.0 * 365.25)
    else:
        patient.age = patient.given_age
    patient.other_death = days_to_other_death(
        patient.age,
        par.mortality_other_level_male if par.sex == 1 else par.mortality_other_level_female,
        par.mortality_other_doubling,
        exponential(seed, stream, S_AGE, 1),
    )
    first = par.y_cell + math.log(par.clones_first_cells)
    last = par.y_cell + math.log(max(par.clones_first_cells, par.clones_last_cells))
    for k in range(patient.cleared.shape[0]):
        patient.cleared[k] = np.uint64(0)
    for k in range(patient.onsets.shape[0]):
        patient.onsets[k] = first + (last - first) * uniform(seed, stream, S_CLONES, k)


@kernel
def volume_since_switch(par, patient, days):
    """ln volume and ln K of the untreated primary ``days`` after its angiogenic switch."""
    q = par.y_avascular + math.log(par.growth_hahnfeldt_capacity_ratio)
    return grow(
        par.law,
        par.y_avascular,
        q,
        days,
        patient.rate,
        par.y_cap,
        par.growth_exponent,
        0.0,
        patient.stimulation,
        1.0,
        par.hahnfeldt_step,
    )


@kernel
def days_since_switch(par, patient, y):
    """Days from the primary's angiogenic switch until it reaches ln volume ``y``."""
    q = par.y_avascular + math.log(par.growth_hahnfeldt_capacity_ratio)
    return time_to_reach(
        par.law,
        par.y_avascular,
        y,
        q,
        patient.rate,
        par.y_cap,
        par.growth_exponent,
        0.0,
        patient.stimulation,
        1.0,
        par.hahnfeldt_step,
    )


@kernel
def place_primary(par, patient, primary):
    """Find how the primary is detected, set its days, and put it at its angiogenic switch, where shedding starts."""
    seed = par.seed
    stream = patient.stream
    if math.isnan(patient.given_diameter):
        z = normal(seed, stream, S_SIZE, 0)
        y = ln_volume(par.detection_primary_diameter) + 3.0 * par.detection_primary_diameter_spread * z
        y = min(max(y, par.y_avascular + 0.01), par.y_cap - 0.01)
        patient.detection = 0
        age = days_since_switch(par, patient, y)
        if uniform(seed, stream, S_SCREEN, 0) < par.screening_share:
            phase = uniform(seed, stream, S_SCREEN, 1) * par.screening_interval
            rounds = int((age - phase) / par.screening_interval) + 1 if age > phase else 0
            for k in range(rounds - 1, -1, -1):
                at = age - phase - k * par.screening_interval
                if at <= 0.0:
                    continue
                y_then, _ = volume_since_switch(par, patient, at)
                p = sensitivity(diameter(y_then), par.detection_screening_d50, par.detection_screening_width)
                if uniform(seed, stream, S_SCREEN, 2 + (k & 1023)) < p:
                    y = y_then
                    age = at
                    patient.detection = 1
                    break
    else:
        y = ln_volume(patient.given_diameter)
        patient.detection = 2
        age = days_since_switch(par, patient, y)
    wait = exponential(seed, stream, S_SWITCH, 0) / (
        par.angiogenesis_primary_switch_rate  # before diagnosis no lever acts
    )
    law = 0 if par.law == 5 else par.law
    rate = patient.rate
    if par.law == 5:
        rate *= math.log(par.growth_hahnfeldt_capacity_ratio) / (par.y_cap - par.y_avascular)
    young = time_to_reach(
        law, par.y_cell, par.y_avascular, 0.0, rate, par.y_cap, par.growth_exponent, 0.0, 0.0, 1.0, 1.0
    )
    patient.y_diagnosis = y
    patient.switch_day = -age
    patient.inception = -age - wait - young
    before, _ = volume_since_switch(par, patient, max(0.0, age - 1.0))
    patient.doubling = math.log(2.0) * min(1.0, age) / max(1e-12, y - before)
    patient.time = patient.switch_day
    primary.id = stream
    primary.parent = np.uint64(0)
    primary.seeded = patient.inception
    primary.waking = patient.inception
    primary.vascularised = patient.switch_day
    primary.detected = 0.0
    primary.removed = math.nan
    primary.y_diagnosis = y
    primary.t0 = patient.switch_day
    primary.y = par.y_avascular
    primary.v = math.exp(par.y_avascular)
    primary.q = par.y_avascular + math.log(par.growth_hahnfeldt_capacity_ratio)
    primary.tau = 0.0
    primary.residual = exponential(seed, stream, S_CANDIDATE, np.uint32(0xFFFFFFFF))
    primary.bound = 0.0
    primary.from_day = primary.t0
    primary.until = math.inf
    primary.y_symptom = math.inf
    z = normal(seed, stream, S_SIZE, 1)
    primary.y_examined = par.y_cell
    primary.split = 0
    primary.y_breach = ln_volume(par.cavity_breach_diameter) + 3.0 * par.cavity_breach_diameter_spread * z
    primary.site = par.primary_site
    primary.station = -1
    primary.node = -1
    primary.generation = 0
    primary.founder_cells = 1
    primary.founder_clones = 1
    primary.clone = 0
    primary.route = 0
    primary.phase = VASCULAR
    primary.hold = 0
    primary.pause = 0
    primary.events = 0
