"""A patient through one panel: what arises in it, symptoms, death, and what is undone when these cut it short."""

from __future__ import annotations

import math

from diaspore.body.kernels.evolve import advance
from diaspore.body.kernels.ledger import accumulate
from diaspore.body.kernels.limit import open_tables, recount
from diaspore.body.kernels.model import S_SWITCH
from diaspore.body.kernels.nodes import read_occupancy
from diaspore.body.kernels.observe import volume_now, write_course
from diaspore.body.kernels.outcome import death_from_burden, symptoms
from diaspore.body.kernels.panel import close_panel, open_lesion, project, refresh, run_panel
from diaspore.body.processes.systemic import response
from diaspore.body.state import AVASCULAR, VASCULAR
from diaspore.core.jit import kernel
from diaspore.core.rng import exponential

FULL = -1  # the lesion scratch is full: run again with a larger one


@kernel
def pass_panel(par, row, vessels, patient, lesions, n, end, stock, ledger, course, work):
    """Advance a patient by one panel to ``end``.

    Returns (number of lesions or FULL, cut, first symptom day). A panel is cut short by death and by the first
    symptoms of a metastasis: before diagnosis they bring it forward, later they bring a work-up on that day.
    """
    start = patient.time
    space, candidates = work.space[0], work.candidates
    shed, parts, joined = space.shed, space.parts, space.joined
    joined[0] = 0.0
    open_vessels = open_tables(par, vessels, row.table, patient, space, work.open_vessels[0])
    before = volume_now(lesions, n)
    read_occupancy(par, patient, lesions, n)
    space.kept_free[:] = patient.kept_free
    systemic = response(before, par)
    after = 0.0
    for i in range(n):
        project(par, row, vessels, patient, lesions[i], end, systemic)
        after += lesions[i].v1
    later = response(after, par)
    for i in range(n):
        candidates[i] = open_lesion(
            par, row, vessels, open_vessels, patient, lesions[i], end, systemic, later, shed, parts
        )
    n = run_panel(
        par,
        row,
        vessels,
        patient,
        lesions,
        n,
        start,
        end,
        math.log(max(before, 1e-9)),
        math.log(max(after, 1e-9)),
        work,
    )
    if n < 0:
        return FULL, False, math.inf
    first = math.inf
    stop = end
    cut = False
    if end > 0.0 or math.isnan(patient.given_diameter):
        first = symptoms(par, row, vessels, patient, lesions, n, end, systemic)
        if first < end and (end <= 0.0 or patient.seen == 0):
            cut = True
            stop = first
    if end > 0.0:
        day, where = death_from_burden(par, row, vessels, patient, lesions, n, start, end, systemic, space.burden)
        death = min(day, patient.other_death)
        if death <= stop:
            cut = True
            stop = max(start, death)
            patient.death = stop
            if day <= patient.other_death:
                patient.cause = 1
                patient.death_site = where
            else:
                patient.cause = 2
                patient.death_site = -1
    accumulate(
        par,
        row,
        vessels,
        patient,
        lesions,
        n,
        start,
        stop,
        end,
        systemic,
        stock,
        ledger,
        work,
    )
    days, next_point, offset, c_burden, c_count, c_blood, c_extra = course
    k = next_point[0]
    while k < days.shape[0] and days[k] + offset[0] <= stop:
        at = days[k] + offset[0]
        if at >= start:
            write_course(
                par,
                row,
                vessels,
                patient,
                lesions,
                n,
                at,
                systemic,
                shed,
                c_blood[k],
                c_burden[k],
                c_count[k],
                c_extra[k],
            )
        k += 1
        next_point[0] = k
    if cut:
        for k in range(1, 1 + int(joined[0])):
            if joined[k] > stop:
                patient.self_seeded -= 1
        n = cut_panel(par, row, vessels, patient, lesions, n, stop, systemic, work)
        patient.time = stop
        if first > stop:
            first = math.inf
        return n, True, first
    close_panel(lesions, n, end)
    patient.time = end
    return n, False, first


@kernel
def cut_panel(par, row, vessels, patient, lesions, n, stop, systemic, work):
    """End a panel early, on day ``stop``, and undo what would have come later; returns the lesions that are left."""
    keep = 0
    for i in range(n):
        lesion = lesions[i]
        if lesion.seeded > stop:
            continue
        phase, y, q, tau, hold, pause, _w, _v = advance(par, row, vessels, patient, lesion, stop, systemic)
        if lesion.waking > stop:
            lesion.waking = math.nan
        if lesion.vascularised > stop:
            lesion.vascularised = math.nan
        if lesion.detected > stop:
            lesion.detected = math.nan
        if lesion.phase <= VASCULAR:
            lesion.phase = phase
            lesion.y = y
            lesion.v = math.exp(y) if AVASCULAR <= phase <= VASCULAR else 0.0
            lesion.q = q
            lesion.tau = tau
            lesion.hold = hold
            lesion.pause = pause
        if lesion.bound > 0.0:
            # A waiting time has no memory: draw the one that starts now. All are drawn, also those that reached beyond
            # the panel: to keep these and draw the others would leave hardly any candidate for the time until then.
            lesion.residual = exponential(par.seed, lesion.id, S_SWITCH, 1 + lesion.events)
            lesion.events += 1
        lesion.t0 = stop
        if keep != i:
            lesions[keep] = lesion
        keep += 1
    recount(par, vessels, patient, lesions, keep, work.space[0], work.open_vessels[0])
    refresh_all(par, row, vessels, patient, lesions, keep, work.space[0].shed)
    return keep


@kernel
def refresh_all(par, row, vessels, patient, lesions, n, shed):
    """Recompute the flows of all lesions at the present state."""
    systemic = response(volume_now(lesions, n), par)
    for i in range(n):
        refresh(par, row, vessels, patient, lesions[i], systemic, shed)
