"""What can be seen of a patient on a day: burdens, circulating cells, imaging, a row of the visits table."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.kernels.evolve import advance
from diaspore.body.kernels.model import S_IMAGING, S_TUBE
from diaspore.body.kernels.seeding import lymph_shares, shed_cells, shield_of
from diaspore.body.processes import cavity as cavity_process
from diaspore.body.processes.detection import sensitivity
from diaspore.body.processes.geometry import diameter
from diaspore.body.processes.plasticity import fractions
from diaspore.body.processes.systemic import response
from diaspore.body.state import AVASCULAR, VASCULAR
from diaspore.core.jit import kernel
from diaspore.core.rng import poisson, uniform


@kernel
def volume_now(lesions, n):
    """Total volume (mm3) of all colonies at the panel's start."""
    total = 0.0
    for i in range(n):
        total += lesions[i].v
    return total


@kernel
def add_blood(par, row, vessels, patient, lesion, y, systemic, shed, out):
    """Add a vascular lesion's share of the concentrations (cells per mL) to ``out`` (portal, venous, arterial, arm)."""
    e, h, m = fractions(math.exp(y), row.emt_rate[lesion.site, lesion.clone], systemic, par)
    shed_cells(par, row, vessels, patient, lesion, y, e, h, m, systemic, shed)
    total = shed[4] + shed[5] + shed[6] + shed[7]
    if total <= 0.0:
        return
    shielded = shield_of(par, row, systemic)
    by_duct = 0.0
    if shed[1] > 0.0:
        by_duct += shed[1] * lymph_shares(par, lesion)[1]
    if shed[2] > 0.0:
        by_duct += shed[2] * cavity_process.fates(par)[2]
    for c in range(4):
        w = shed[4 + c] / total
        for g in range(2):
            share = w * (shielded if g == 1 else 1.0 - shielded)
            for k in range(4):
                out[k] += share * (
                    shed[0] * vessels.concentration[lesion.site, c, g, k]
                    + by_duct * vessels.concentration[par.nodes_site, c, g, k]
                )


@kernel
def blood_on(par, row, vessels, patient, lesions, n, day, panel_response, systemic, shed, out):
    """Concentrations of circulating tumour cells on ``day`` (steady state of the circulation), cells per mL."""
    for k in range(4):
        out[k] = 0.0
    for i in range(n):
        if lesions[i].seeded > day:
            continue
        phase, y, _, _, _, _, _, _ = advance(par, row, vessels, patient, lesions[i], day, panel_response)
        if phase == VASCULAR:
            add_blood(par, row, vessels, patient, lesions[i], y, systemic, shed, out)


@kernel
def arm_now(par, vessels, lesion, shielded):
    """A lesion's share of the arm vein's concentration (cells/mL) on its own day, from its known flows."""
    by_duct = 0.0
    if lesion.flow0[1] > 0.0:
        by_duct += lesion.flow0[1] * lymph_shares(par, lesion)[1]
    if lesion.flow0[2] > 0.0:
        by_duct += lesion.flow0[2] * cavity_process.fates(par)[2]
    result = 0.0
    for c in range(4):
        for g in range(2):
            share = lesion.share1[c] * (shielded if g == 1 else 1.0 - shielded)
            result += share * lesion.flow0[0] * vessels.concentration[lesion.site, c, g, 3]
            if by_duct > 0.0:
                result += share * by_duct * vessels.concentration[par.nodes_site, c, g, 3]
    return result


@kernel
def write_visit(par, row, vessels, patient, lesions, n, kind, systemic, record):
    """Fill one record of the visits table for the present day."""
    primary = 0.0
    nodal = 0.0
    distant = 0.0
    found = 0
    arm = 0.0
    shielded = shield_of(par, row, systemic)
    for i in range(n):
        lesion = lesions[i]
        if lesion.v <= 0.0:
            continue
        if lesion.site == par.primary_site:
            primary += lesion.v
        elif lesion.site == par.nodes_site:
            nodal += lesion.v
        else:
            distant += lesion.v
        if i > 0 and lesion.split == 0 and not math.isnan(lesion.detected):
            found += 1
        if lesion.phase == VASCULAR:
            arm += arm_now(par, vessels, lesion, shielded)
    record.patient = patient.id
    record.visit = patient.visits
    record.kind = kind
    record.lesions_detected = found
    record.day = patient.time
    record.primary = primary
    record.nodal = nodal
    record.metastatic = distant
    record.ctc_per_ml = arm
    mean = arm * par.detection_tube_volume * par.detection_tube_recovery
    record.ctc_count = min(poisson(mean, par.seed, patient.stream, S_TUBE, np.int64(patient.time * 64.0)), 2000000000)
    return arm


@kernel
def image(par, patient, lesions, n, day):
    """Imaging of all sites on ``day`` (the lesions' own day): undetected lesions are found by their diameter."""
    width = par.detection_imaging_width
    event = np.int64(day * 64.0)  # the draw belongs to the day, not to a place in a schedule that treatment may change
    for i in range(1, n):
        lesion = lesions[i]
        if math.isnan(lesion.detected) and AVASCULAR <= lesion.phase <= VASCULAR:
            d = diameter(lesion.y)
            d50 = par.detection_imaging_d50[lesion.site]
            if d > d50 - 20.0 * width and uniform(par.seed, lesion.id, S_IMAGING, event) < sensitivity(d, d50, width):
                lesion.detected = day


@kernel
def write_course(par, row, vessels, patient, lesions, n, day, panel_response, shed, blood, burden, count, extra):
    """One time point of a dense course: burden and number of colonies by site, blood, and the primary's state.

    ``extra`` receives primary volume, nodal volume, E, H, M, hypoxia, systemic response.
    """
    total = 0.0
    burden[:] = 0.0
    count[:] = 0
    extra[:] = 0.0
    for i in range(n):
        lesion = lesions[i]
        if lesion.seeded > day:
            continue
        phase, y, _, _, _, _, _, _ = advance(par, row, vessels, patient, lesion, day, panel_response)
        if AVASCULAR <= phase <= VASCULAR:
            volume = math.exp(y)
            total += volume
            if i == 0:
                extra[0] = volume
                e, h, m = fractions(volume, row.emt_rate[lesion.site, 0], panel_response, par)
                extra[2] = e
                extra[3] = h
                extra[4] = m
                extra[5] = volume / (volume + par.plasticity_hypoxia_half_volume)
            else:
                burden[lesion.site] += volume
                count[lesion.site] += 1 - lesion.split
                if lesion.site == par.nodes_site:
                    extra[1] += volume
    systemic = response(total, par)
    extra[6] = systemic
    blood_on(par, row, vessels, patient, lesions, n, day, panel_response, systemic, shed, blood)
