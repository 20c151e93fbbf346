"""Surgery and staging: what is done to a patient at a scheduled entry."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.kernels.evolve import advance
from diaspore.body.kernels.model import S_EXAMINED, S_SURGERY
from diaspore.body.kernels.seeding import found, founder_parts, shed_cells, shield_of
from diaspore.body.processes.geometry import diameter, ln_volume
from diaspore.body.processes.plasticity import fractions
from diaspore.body.state import AVASCULAR, PROCEDURE, REMOVED, VASCULAR
from diaspore.core.jit import kernel
from diaspore.core.rng import child_id, normal, poisson, uniform, uniform2


@kernel
def remove(lesion, day):
    """Take a lesion out."""
    lesion.phase = REMOVED
    lesion.v = 0.0
    lesion.removed = day


@kernel
def remove_primary(par, row, vessels, patient, lesions, n, day, shed, parts):
    """Excise the primary; a remnant may stay, the procedure may spread cells. Returns the number of lesions or -1."""
    if not math.isnan(patient.surgery_day) or lesions[0].phase > VASCULAR:
        return n
    seed = par.seed
    stream = patient.stream
    first, none, route = np.int64(0), np.int64(-1), np.int64(PROCEDURE)
    primary = lesions[0]
    patient.surgery_day = day
    patient.y_surgery = primary.y
    y = primary.y
    if par.surgery_procedure_cells > 0.0:
        e, h, m = fractions(math.exp(y), 1.0, 0.0, par)
        shed_cells(par, row, vessels, patient, primary, y, e, h, m, 0.0, shed)
        shed[0] = par.surgery_procedure_cells * row.shedding_blood
        shed[1] = 0.0
        shed[2] = 0.0
        shed[3] = 0.0
        mean = founder_parts(par, row, vessels, patient, primary, shed, shield_of(par, row, 0.0), parts)
        count = poisson(mean, seed, stream, S_SURGERY, 0)
        for k in range(count):
            if n >= lesions.shape[0]:
                return -1
            u, v = uniform2(seed, stream, S_SURGERY, 100 + k)
            site = 0
            while site < par.cavity_of.shape[0] - 1 and u >= vessels.place[primary.site, 0, 0, site]:
                site += 1
            number = np.int64(2000000000 + k)
            found(par, vessels, patient, lesions, n, first, number, day, y, site, none, none, route, first, v)
            n += 1
    if uniform(seed, stream, S_SURGERY, 1) < par.surgery_remnant_probability:
        if n >= lesions.shape[0]:
            return -1
        site = par.primary_site
        number = np.int64(1999999999)
        found(par, vessels, patient, lesions, n, first, number, day, y, site, none, none, route, first, 0.0)
        z = normal(seed, stream, S_SURGERY, 2)
        lesions[n].y = par.y_cell + math.log(par.surgery_remnant_cells) + par.surgery_remnant_cells_spread * z
        lesions[n].v = math.exp(lesions[n].y)
        lesions[n].phase = AVASCULAR
        lesions[n].waking = day
        lesions[n].hold = 0
        if lesions[n].y >= par.y_avascular:
            lesions[n].phase = VASCULAR
            lesions[n].q = lesions[n].y + math.log(par.growth_hahnfeldt_capacity_ratio)
            lesions[n].vascularised = day
        n += 1
    remove(primary, day)
    return n


@kernel
def operate_nodes(par, row, vessels, patient, lesions, n, day):
    """Remove nodes (all of the reachable stations, or a sample), examine them, count the involved ones."""
    stations = par.n_stations
    seen = np.zeros(stations, dtype=np.uint64)
    total = 0.0
    for s in range(stations):
        if par.station_removable[s] == 1:
            total += par.station_nodes[s]
    if total <= 0.0:
        return
    share = 1.0 if par.dissected == 1 else min(1.0, par.surgery_nodes_sampled / total)
    y_positive = ln_volume(par.detection_node_diameter)
    examined = 0
    for s in range(stations):
        if par.station_removable[s] != 1:
            continue
        for k in range(par.station_nodes[s]):
            if (patient.cleared[s] >> np.uint64(k)) & np.uint64(1) != np.uint64(0):
                continue  # taken out before
            node = child_id(patient.stream, 64 * s + k)
            if share >= 1.0 or uniform(par.seed, node, S_EXAMINED, np.int64(day * 64.0)) < share:
                examined += 1
                seen[s] |= np.uint64(1) << np.uint64(k)
        patient.cleared[s] |= seen[s]
    positive = np.zeros(stations, dtype=np.uint64)
    for i in range(1, n):
        lesion = lesions[i]
        if lesion.site != par.nodes_site or lesion.phase > VASCULAR or lesion.station < 0:
            continue
        s = lesion.station
        bit = np.uint64(1) << np.uint64(lesion.node)
        if par.station_removable[s] == 1 and (seen[s] & bit) != np.uint64(0):
            if lesion.phase >= AVASCULAR and lesion.y >= y_positive:
                positive[s] |= bit
                if math.isnan(lesion.detected):
                    lesion.detected = day
            remove(lesion, day)
    count = 0
    for s in range(stations):
        bits = positive[s]
        while bits != np.uint64(0):
            bits &= bits - np.uint64(1)
            count += 1
    patient.nodes_examined += examined
    patient.nodes_positive += count


@kernel
def involved_nodes(par, lesions, n):
    """True number of nodes that hold at least one colony (not only sleepers)."""
    stations = par.n_stations
    bits = np.zeros(stations, dtype=np.uint64)
    for i in range(1, n):
        lesion = lesions[i]
        if lesion.site == par.nodes_site and AVASCULAR <= lesion.phase <= VASCULAR and lesion.station >= 0:
            bits[lesion.station] |= np.uint64(1) << np.uint64(lesion.node)
    count = 0
    for s in range(stations):
        b = bits[s]
        while b != np.uint64(0):
            b &= b - np.uint64(1)
            count += 1
    return count


@kernel
def resect(par, lesions, n, day):
    """Remove detected distant lesions when there are at most ``resection_limit`` of them."""
    count = 0
    for i in range(1, n):
        lesion = lesions[i]
        if lesion.detected <= day and AVASCULAR <= lesion.phase <= VASCULAR and lesion.site != par.nodes_site:
            count += 1 - lesion.split  # the two parts of a lesion come out together
    if count == 0 or count > par.resection_limit:
        return
    for i in range(1, n):
        lesion = lesions[i]
        if lesion.detected <= day and AVASCULAR <= lesion.phase <= VASCULAR and lesion.site != par.nodes_site:
            remove(lesion, day)


@kernel
def is_distant(par, lesion):
    """Whether a lesion is a distant metastasis: neither in the primary's bed nor in its regional nodes."""
    return lesion.site != par.primary_site and lesion.site != par.nodes_site


@kernel
def stage(par, patient, lesions, n):
    """T, N and M at the end of the diagnostic work-up; nodes not operated on count when imaging sees them."""
    d = diameter(patient.y_diagnosis)
    patient.stage_t = 1
    if d > par.staging_t2_diameter:
        patient.stage_t = 2
    if d > par.staging_t3_diameter:
        patient.stage_t = 3
    if d > par.staging_t4_diameter:
        patient.stage_t = 4
    positive = patient.nodes_positive
    if patient.nodes_examined == 0:
        for i in range(1, n):
            if lesions[i].site == par.nodes_site and lesions[i].detected <= 0.0:
                positive += 1 - lesions[i].split
    patient.stage_n = 0
    if positive >= par.staging_n1_nodes:
        patient.stage_n = 1
    if positive >= par.staging_n2_nodes:
        patient.stage_n = 2
    if positive >= par.staging_n3_nodes:
        patient.stage_n = 3


@kernel
def metastatic_at_diagnosis(par, patient, lesions, n):
    """Set M from imaging at diagnosis and count occult distant lesions, sleepers included."""
    patient.stage_m = 0
    occult = 0
    for i in range(1, n):
        lesion = lesions[i]
        if not is_distant(par, lesion) or lesion.phase > VASCULAR or lesion.split == 1:
            continue
        if lesion.detected <= 0.0:
            patient.stage_m = 1
        else:
            occult += 1
    patient.occult = occult


@kernel
def relapse_known(patient, lesions, n):
    """Note the day from which a relapse is known that routine imaging found."""
    if not math.isnan(patient.known):
        return
    for i in range(n):
        found = lesions[i].detected
        if lesions[i].route != 0 and 0.0 < found <= patient.time and found != lesions[i].removed:
            patient.known = patient.time
            return


@kernel
def volume_at(par, row, vessels, patient, lesion, day, systemic):
    """Volume (mm3) of a colony on ``day`` within the panel, 0 when it is none."""
    if lesion.seeded > day:
        return 0.0
    phase, y, _, _, _, _, _, _ = advance(par, row, vessels, patient, lesion, day, systemic)
    if AVASCULAR <= phase <= VASCULAR:
        return math.exp(y)
    return 0.0
