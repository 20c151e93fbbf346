"""A patient's course: the primary's history in panels of doubling volume, then from entry to entry of the schedule."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.kernels.begin import days_since_switch, draw_traits, place_primary
from diaspore.body.kernels.evolve import advance
from diaspore.body.kernels.interventions import (
    involved_nodes,
    metastatic_at_diagnosis,
    operate_nodes,
    remove_primary,
    resect,
    stage,
)
from diaspore.body.kernels.ledger import accumulate
from diaspore.body.kernels.model import (
    K_IMAGING,
    K_LEVERS,
    K_RESECT,
    K_STOP,
    K_SURGERY_NODES,
    K_SURGERY_PRIMARY,
    K_VISIT,
)
from diaspore.body.kernels.nodes import read_occupancy
from diaspore.body.kernels.observe import image, total_volume, write_course, write_visit
from diaspore.body.kernels.outcome import death_from_burden, symptoms
from diaspore.body.kernels.panel import close_panel, open_lesion, refresh, run_panel
from diaspore.body.processes.systemic import response
from diaspore.body.state import AVASCULAR, SLEEPING, VASCULAR
from diaspore.core.jit import kernel

FULL = -1  # the lesion scratch is full: run again with a larger one


@kernel
def pass_panel(par, row, vessels, patient, lesions, n, end, stock, ledger, course, work):
    """Advance a patient by one panel to ``end``. Returns (number of lesions or FULL, died, first symptom day)."""
    start = patient.time
    shed, parts, by_site, touched, _blood, burden, candidates = work
    before = total_volume(lesions, n, False)
    read_occupancy(par, patient, lesions, n)
    systemic = response(before, par)
    for i in range(n):
        candidates[i] = open_lesion(par, row, vessels, patient, lesions[i], end, systemic, shed, parts)
    after = total_volume(lesions, n, True)
    n = run_panel(
        par,
        row,
        vessels,
        patient,
        lesions,
        n,
        candidates,
        start,
        end,
        math.log(max(before, 1e-9)),
        math.log(max(after, 1e-9)),
        shed,
        parts,
    )
    if n < 0:
        return FULL, False, math.inf
    first = math.inf
    stop = end
    died = False
    if end > 0.0:
        first = symptoms(par, row, vessels, patient, lesions, n, end, systemic)
        day, where = death_from_burden(par, row, vessels, patient, lesions, n, start, end, burden)
        if min(day, patient.other_death) <= end:
            died = True
            stop = max(start, min(day, patient.other_death))
            patient.death = stop
            if day <= patient.other_death:
                patient.cause = 1
                patient.death_site = where
            else:
                patient.cause = 2
                patient.death_site = -1
    accumulate(
        par, row, vessels, patient, lesions, n, start, stop, end, systemic, shed, parts, stock, by_site, touched, ledger
    )
    days, next_point, c_burden, c_count, c_blood, c_extra = course
    k = next_point[0]
    while k < days.shape[0] and days[k] <= stop:
        if days[k] >= start:
            write_course(
                par, row, vessels, patient, lesions, n, days[k], shed, c_blood[k], c_burden[k], c_count[k], c_extra[k]
            )
        k += 1
        next_point[0] = k
    if died:
        keep = 0
        for i in range(n):
            lesion = lesions[i]
            if lesion.seeded > stop:
                continue
            phase, y, _q, _tau, _hold, _pause, _w, _v = advance(par, row, vessels, patient, lesion, stop, systemic)
            if lesion.waking > stop:
                lesion.waking = math.nan
            if lesion.vascularised > stop:
                lesion.vascularised = math.nan
            if lesion.detected > stop:
                lesion.detected = math.nan
            if lesion.phase <= VASCULAR:
                lesion.phase = phase
                lesion.y = y
            lesion.t0 = stop
            if keep != i:
                lesions[keep] = lesion
            keep += 1
        patient.time = stop
        if first > stop:
            first = math.inf
        return keep, True, first
    close_panel(lesions, n, end)
    patient.time = end
    return n, False, first


@kernel
def before_diagnosis(par, row, vessels, patient, lesions, stock, ledger, course, work):
    """From the primary's angiogenic switch to diagnosis, in panels that end at halvings of the final volume."""
    n = 1
    step = math.log(2.0)
    for k in range(8, -1, -1):
        y = patient.y_diagnosis - k * step
        if y <= par.y_avascular and k > 0:
            continue
        end = 0.0 if k == 0 else patient.switch_day + days_since_switch(par, patient, y)
        if end <= patient.time:
            continue
        n, _died, _first = pass_panel(par, row, vessels, patient, lesions, n, end, stock, ledger, course, work)
        if n < 0:
            return FULL
    for i in range(n):
        lesion = lesions[i]
        if AVASCULAR <= lesion.phase <= VASCULAR:
            lesion.y_diagnosis = lesion.y
    return n


@kernel
def active(lesions, n):
    """0 when nothing is left that can change, 1 when only sleepers are, 2 when colonies are."""
    level = 0
    for i in range(n):
        phase = lesions[i].phase
        if phase == SLEEPING:
            level = max(level, 1)
        elif phase <= VASCULAR:
            return 2
    return level


@kernel
def visit(par, row, vessels, patient, lesions, n, kind, work, visits, counter):
    """Write a row of the visits table for the present day."""
    systemic = response(total_volume(lesions, n, False), par)
    number = patient.visits
    record = visits[counter[0]]
    day = patient.time
    write_visit(par, row, vessels, patient, lesions, n, day, kind, number, systemic, work[0], work[4], record)
    patient.visits += 1
    counter[0] += 1
    if kind == 0:
        patient.ctc_diagnosis = work[4][3]


@kernel
def live(model, patient, lesions, n, until, stock, ledger, course, work, visits, counter):
    """From diagnosis (or the last stop) to ``until`` through the schedule. Returns the number of lesions or FULL."""
    shed, parts = work[0], work[1]
    entries = model.schedule.shape[0]
    par = model.par[0]
    row = model.rows[patient.lever_row]
    vessels = model.blood[row.table]
    while True:
        while patient.entry < entries and model.schedule[patient.entry].day <= patient.time:
            entry = patient.entry
            kind = model.schedule[entry].kind
            value = model.schedule[entry].value
            patient.entry += 1
            day = patient.time
            may_operate = patient.stage_m == 0 or par.m0_only == 0
            if kind == K_VISIT:
                visit(par, row, vessels, patient, lesions, n, 0 if day == 0.0 else 1, work, visits, counter)
            elif kind == K_IMAGING:
                if value == 0 or (value == 1 and patient.seen == 1):
                    image(par, patient, lesions, n, day, entry)
                if day == 0.0:
                    metastatic_at_diagnosis(par, patient, lesions, n)
                    patient.nodes_involved = involved_nodes(par, lesions, n)
                    stage(par, patient, lesions, n)
                    patient.seen = patient.stage_m
            elif kind == K_SURGERY_PRIMARY:
                if may_operate:
                    n = remove_primary(par, row, vessels, patient, lesions, n, day, shed, parts)
                    if n < 0:
                        return FULL
                    for i in range(n):
                        refresh(
                            par, row, vessels, patient, lesions[i], response(total_volume(lesions, n, False), par), shed
                        )
            elif kind == K_SURGERY_NODES:
                if may_operate:
                    operate_nodes(par, row, vessels, patient, lesions, n, day)
                    stage(par, patient, lesions, n)
            elif kind == K_LEVERS:
                patient.lever_row = value
                row = model.rows[value]
                vessels = model.blood[row.table]
                for i in range(n):
                    refresh(
                        par, row, vessels, patient, lesions[i], response(total_volume(lesions, n, False), par), shed
                    )
            elif kind == K_RESECT:
                resect(par, lesions, n, day)
            elif kind == K_STOP:
                patient.done = 1
                patient.end = day
        if patient.done == 1 or patient.time >= until:
            return n
        end = until
        if patient.entry < entries:
            end = min(end, model.schedule[patient.entry].day)
        if active(lesions, n) == 2:
            end = min(end, patient.time + par.panel)
        n, died, first = pass_panel(par, row, vessels, patient, lesions, n, end, stock, ledger, course, work)
        if n < 0:
            return FULL
        if died:
            patient.done = 1
            patient.end = patient.time
        if first < math.inf:
            if patient.seen == 0:
                # The first symptomatic lesion brings a work-up that finds what else imaging can see.
                if not died:
                    image(par, patient, lesions, n, patient.time, 1000000)
                visit(par, row, vessels, patient, lesions, n, 2, work, visits, counter)
            patient.seen = 1
        if died:
            return n


DO_IMAGE, DO_PRIMARY, DO_NODES, DO_RESECT, DO_STOP = 1, 2, 4, 8, 16


@kernel
def obey(model, patient, lesions, n, what, work):
    """Carry out a controller's actions (a sum of the DO_ flags) on the present day; returns the lesions or FULL."""
    par = model.par[0]
    row = model.rows[patient.lever_row]
    vessels = model.blood[row.table]
    day = patient.time
    if what & DO_IMAGE:
        image(par, patient, lesions, n, day, 2000000 + patient.entry)
    if what & DO_PRIMARY:
        n = remove_primary(par, row, vessels, patient, lesions, n, day, work[0], work[1])
        if n < 0:
            return FULL
    if what & DO_NODES:
        operate_nodes(par, row, vessels, patient, lesions, n, day)
        stage(par, patient, lesions, n)
    if what & DO_RESECT:
        resect(par, lesions, n, day)
    if what & DO_STOP:
        patient.done = 1
        patient.end = day
    systemic = response(total_volume(lesions, n, False), par)
    for i in range(n):
        refresh(par, row, vessels, patient, lesions[i], systemic, work[0])
    return n


SHORT_SCRATCH, SHORT_POOL, SHORT_VISITS = -1, -2, -3


@kernel
def run_batch(
    model,
    first,
    fresh,
    until,
    patients,
    orders,
    scratch,
    pool_in,
    offsets_in,
    pool,
    offsets,
    visits,
    counter,
    stocks,
    ledger,
    course,
):
    """Advance a batch of patients to day ``until``: from their first cell when ``fresh``, else from ``pool_in``.

    Lesions of patient i stand in ``pool[offsets[i]:offsets[i+1]]``; visits are appended at ``counter``; ``orders`` (n,)
    are controllers' actions for now; ``stocks`` (n, S) the sleepers by site. Returns 0, or which array is too small:
    then nothing that was written may be used.
    """
    par = model.par[0]
    sites = par.cavity_of.shape[0]
    work = (
        np.zeros(8),
        np.zeros(6),
        np.zeros((sites, 2, 8)),
        np.zeros(sites, dtype=np.int64),
        np.zeros(4),
        np.zeros(sites),
        np.zeros(scratch.shape[0]),
    )
    for p in range(patients.shape[0]):
        patient = patients[p]
        used = offsets[p]
        if visits.shape[0] - counter[0] < model.schedule.shape[0] + 2:
            return SHORT_VISITS
        stock = stocks[p]
        course[1][0] = 0
        if fresh:
            patient.lever_row = 0
            row = model.rows[0]
            vessels = model.blood[row.table]
            draw_traits(par, patient, first + p)
            place_primary(par, patient, scratch[0])
            refresh(par, row, vessels, patient, scratch[0], 0.0, work[0])
            n = before_diagnosis(par, row, vessels, patient, scratch, stock, ledger, course, work)
        else:
            n = offsets_in[p + 1] - offsets_in[p]
            if n > scratch.shape[0]:
                return SHORT_SCRATCH
            for i in range(n):
                scratch[i] = pool_in[offsets_in[p] + i]
            if patient.done == 0:
                n = obey(model, patient, scratch, n, orders[p], work)
        if n >= 0 and patient.done == 0:
            n = live(model, patient, scratch, n, until, stock, ledger, course, work, visits, counter)
        if n < 0:
            return SHORT_SCRATCH
        if pool.shape[0] - used < n:
            return SHORT_POOL
        patient.n_lesions = n
        for i in range(n):
            pool[used + i] = scratch[i]
        offsets[p + 1] = used + n
    return 0
