"""Symptoms and death within a panel, found from closed forms by bisection."""

from __future__ import annotations

import math

from diaspore.body.kernels.evolve import advance
from diaspore.body.kernels.interventions import volume_at
from diaspore.body.state import VASCULAR
from diaspore.core.jit import kernel


@kernel
def symptoms(par, row, vessels, patient, lesions, n, end, systemic):
    """Detect lesions that reach their symptom threshold within the panel; returns the first such day or infinity."""
    first = math.inf
    for i in range(1, n):
        lesion = lesions[i]
        if not math.isnan(lesion.detected) or lesion.phase1 != VASCULAR or lesion.y1 < lesion.y_symptom:
            continue
        low = lesion.t0
        high = end
        while high - low > par.day_tolerance:
            middle = 0.5 * (low + high)
            phase, y, _, _, _, _, _, _ = advance(par, row, vessels, patient, lesion, middle, systemic)
            if phase == VASCULAR and y >= lesion.y_symptom:
                high = middle
            else:
                low = middle
        lesion.detected = high
        first = min(first, high)
    return first


@kernel
def lethal_ratio(par, patient, burden):
    """Largest ratio of burden to lethal burden, and its site (the number of sites for the total)."""
    total = 0.0
    worst = 0.0
    where = -1
    for j in range(burden.shape[0]):
        if burden[j] <= 0.0:
            continue
        total += burden[j]
        ratio = burden[j] / (par.mortality_lethal_volume[j] * patient.lethal)
        if ratio > worst:
            worst = ratio
            where = j
    ratio = total / (par.mortality_lethal_total * patient.lethal)
    if ratio > worst:
        return ratio, burden.shape[0]
    return worst, where


@kernel
def burdens_at(par, row, vessels, patient, lesions, n, day, systemic, burden):
    """Burden by site (mm3) on ``day`` within the panel."""
    burden[:] = 0.0
    for i in range(n):
        burden[lesions[i].site] += volume_at(par, row, vessels, patient, lesions[i], day, systemic)


@kernel
def death_from_burden(par, row, vessels, patient, lesions, n, start, end, systemic, burden):
    """Day on which burden becomes lethal within (start, end], or infinity, and the lethal site.

    The logarithm of the ratio is nearly linear in time, so false position (Illinois variant) needs a few evaluations.
    """
    burden[:] = 0.0
    for i in range(n):
        lesion = lesions[i]
        burden[lesion.site] += lesion.v1
    ratio, where = lethal_ratio(par, patient, burden)
    if ratio < 1.0:
        return math.inf, -1
    high = end
    f_high = math.log(ratio)
    low = start
    burden[:] = 0.0
    for i in range(n):
        lesion = lesions[i]
        if lesion.seeded <= start:
            burden[lesion.site] += lesion.v
    ratio, at_start = lethal_ratio(par, patient, burden)
    if ratio >= 1.0:
        return start, at_start
    f_low = math.log(max(ratio, 1e-12))
    side = 0
    for _ in range(60):
        if high - low <= par.day_tolerance:
            break
        day = low + (high - low) * f_low / (f_low - f_high)
        day = min(max(day, low + 0.25 * par.day_tolerance), high - 0.25 * par.day_tolerance)
        burdens_at(par, row, vessels, patient, lesions, n, day, systemic, burden)
        ratio, site = lethal_ratio(par, patient, burden)
        f = math.log(max(ratio, 1e-12))
        if f >= 0.0:
            high = day
            f_high = f
            where = site
            if side == 1:
                f_low *= 0.5
            side = 1
        else:
            low = day
            f_low = f
            if side == -1:
                f_high *= 0.5
            side = -1
    return high, where
