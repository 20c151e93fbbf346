"""What treatment meets in lesions that are there: resistant cells among the others, and whether they grow on."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.kernels.model import S_RESISTANT
from diaspore.body.processes.geometry import diameter
from diaspore.body.processes.resistance import RESISTANT, SEVERAL, later_cells, mutant_cells
from diaspore.body.state import AVASCULAR, VASCULAR
from diaspore.core.jit import kernel
from diaspore.core.rng import child_id, exponential

NEW_LESION = 1_500_000_000  # numbers of daughter lesions from here on are those of resistant parts, by day
GROWN, GROWN_MM = 0.2, 5.0  # of the smallest sum of diameters since treatment began (eisenhauer2009)


@kernel
def spares(row, site, clone):
    """Whether the levers in force kill or hold the cells of a clone, and resistant ones less."""
    return (
        row.kill_rate[site, clone] > row.kill_rate[site, RESISTANT]
        or row.growth_rate[site, clone] < row.growth_rate[site, RESISTANT]
    )


@kernel
def resistant_cells(par, stream, first, total):
    """Resistant cells among ``total`` that arose since there were ``first``.

    Divisions at which one arises are a Poisson process; the first `SEVERAL`, whose daughters are by far the most, are
    drawn, and the expected number of cells stands for all later ones.
    """
    mean = par.resistance * (total - first)
    at = 0.0
    cells = 0.0
    for k in range(SEVERAL):
        at += exponential(par.seed, stream, S_RESISTANT, 1 + k)
        if at >= mean:
            return min(cells, total)
        cells += mutant_cells(first, total, at / mean)
    return min(cells + later_cells(first, total, at / mean, par.resistance), total)


@kernel
def split_resistant(par, before, row, patient, lesions, n):
    """Part the resistant cells of every colony from the others where treatment begins to spare them.

    That is where ``row`` of levers spares them and the row ``before`` did not, so that it does not matter how often
    levers change while a drug is given. Volumes add up to what they were; both parts stay at their place, and count as
    one lesion. Returns the number of lesions, or -1 when there is no room.
    """
    if par.resistance <= 0.0:
        return n
    whole = n
    for i in range(1, whole):
        lesion = lesions[i]
        if lesion.phase < AVASCULAR or lesion.phase > VASCULAR or lesion.clone == RESISTANT:
            continue
        if not spares(row, lesion.site, lesion.clone) or spares(before, lesion.site, lesion.clone):
            continue
        if lesion.y <= lesion.y_examined:
            continue
        first = math.exp(lesion.y_examined - par.y_cell)
        total = math.exp(lesion.y - par.y_cell)
        stream = child_id(lesion.id, NEW_LESION + np.int64(patient.time * 64.0))
        cells = resistant_cells(par, stream, first, total)
        lesion.y_examined = lesion.y
        if cells < 1.0:
            continue
        if n >= lesions.shape[0]:
            return -1
        y = par.y_cell + math.log(cells)
        if y >= lesion.y - 1e-12:  # all of it, as can be where the very first division made one
            lesion.clone = RESISTANT
            continue
        lesions[n] = lesion
        new = lesions[n]
        new.id = stream
        new.parent = lesion.id
        new.clone = RESISTANT
        new.split = 1
        new.y = y
        new.v = math.exp(y)
        new.q = min(new.q, y + math.log(par.growth_hahnfeldt_capacity_ratio))
        new.bound = 0.0
        new.from_day = patient.time
        new.until = math.inf
        new.residual = exponential(par.seed, new.id, S_RESISTANT, 0)
        new.events = 0
        new.y_diagnosis = math.nan
        lesion.v -= new.v
        lesion.y = math.log(lesion.v)
        n += 1
        patient.parted = 1
    return n


@kernel
def assess(patient, lesions, n, day):
    """Compare found lesions with their smallest sum of diameters since a relapse is known; note the first progression.

    That is growth of the sum by a fifth and 5 mm, or a lesion that was not there before (eisenhauer2009). The parts of
    a lesion are measured together.
    """
    if math.isnan(patient.known) or not math.isnan(patient.progressed):
        return
    total = 0.0
    new = False
    for i in range(n):
        lesion = lesions[i]
        if lesion.split == 1:
            continue
        volume = math.exp(lesion.y) if AVASCULAR <= lesion.phase <= VASCULAR else 0.0
        found = 0.0 if i == 0 else lesion.detected
        if patient.parted == 1:
            for j in range(i + 1, n):
                part = lesions[j]
                if part.split == 1 and part.parent == lesion.id and AVASCULAR <= part.phase <= VASCULAR:
                    volume += math.exp(part.y)
                    found = part.detected if math.isnan(found) else min(found, part.detected)
        if math.isnan(found) or volume <= 0.0:
            continue
        total += diameter(math.log(volume))
        new = new or found > patient.assessed
    if day <= patient.known:  # not all that is found on one day is found at one moment
        patient.smallest = total
        patient.assessed = day
        return
    grown = total - patient.smallest
    if new or (grown >= GROWN_MM and grown >= GROWN * patient.smallest):
        patient.progressed = day
    patient.smallest = min(patient.smallest, total)
    patient.assessed = day
