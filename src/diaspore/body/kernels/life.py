"""A patient's course: the primary's history in panels of doubling volume, then from entry to entry of the schedule."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.kernels.begin import days_since_switch, draw_traits, place_primary
from diaspore.body.kernels.evolve import advance
from diaspore.body.kernels.interventions import (
    involved_nodes,
    is_distant,
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
from diaspore.body.kernels.observe import blood_on, image, total_volume, write_course, write_visit
from diaspore.body.kernels.outcome import death_from_burden, symptoms
from diaspore.body.kernels.panel import close_panel, open_lesion, refresh, run_panel
from diaspore.body.processes.systemic import response
from diaspore.body.state import AVASCULAR, SLEEPING, VASCULAR
from diaspore.core.jit import kernel

FULL = -1  # the lesion scratch is full: run again with a larger one


@kernel
def pass_panel(model, patient, lesions, n, end, stock, ledger, course, work):  # type: ignore[no-untyped-def]
    """Advance a patient by one panel to ``end``. Returns (number of lesions or FULL, died, first symptom day)."""
    start = patient.time
    shed, parts, by_site, touched, blood, burden = work
    before = total_volume(lesions, n, False)
    systemic = response(before, model.par[0])
    for i in range(n):
        open_lesion(model, patient, lesions[i], end, systemic, shed, parts)
    after = total_volume(lesions, n, True)
    n = run_panel(
        model,
        patient,
        lesions,
        n,
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
        first = symptoms(model, patient, lesions, n, end, systemic)
        day, where = death_from_burden(model, patient, lesions, n, start, end, burden)
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
        model, patient, lesions, n, start, stop, end, systemic, shed, parts, stock, by_site, touched, ledger
    )
    days, next_point, c_burden, c_count, c_blood, c_extra = course
    k = next_point[0]
    while k < days.shape[0] and days[k] <= stop:
        if days[k] >= start:
            write_course(
                model, patient, lesions, n, days[k], shed, c_blood[k], c_burden[k], c_count[k], c_extra[k]
            )
        k += 1
        next_point[0] = k
    if died:
        keep = 0
        for i in range(n):
            lesion = lesions[i]
            if lesion.seeded > stop:
                continue
            phase, y, q, tau, hold, pause, _w, _v = advance(model, patient, lesion, stop, systemic)
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
def before_diagnosis(model, patient, lesions, stock, ledger, course, work):  # type: ignore[no-untyped-def]
    """From the primary's angiogenic switch to diagnosis, in panels that end at halvings of the final volume."""
    n = 1
    step = math.log(2.0)
    for k in range(8, -1, -1):
        y = patient.y_diagnosis - k * step
        if y <= model.y_avascular and k > 0:
            continue
        end = 0.0 if k == 0 else patient.switch_day + days_since_switch(model, patient, y)
        if end <= patient.time:
            continue
        n, _died, _first = pass_panel(model, patient, lesions, n, end, stock, ledger, course, work)
        if n < 0:
            return FULL
    for i in range(n):
        lesion = lesions[i]
        if AVASCULAR <= lesion.phase <= VASCULAR:
            lesion.y_diagnosis = lesion.y
    return n


@kernel
def active(lesions, n):  # type: ignore[no-untyped-def]
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
def live(model, patient, lesions, n, until, stock, ledger, course, work, visits, n_visits):  # type: ignore[no-untyped-def]
    """From diagnosis (or the last stop) to ``until`` through the schedule. Returns (lesions or FULL, visits)."""
    shed, parts, _by_site, _touched, blood, _burden = work
    entries = model.schedule_day.shape[0]
    relapsed = False
    for i in range(1, n):
        if lesions[i].detected > 0.0:
            relapsed = True
    seen = patient.stage_m == 1 or relapsed
    while True:
        # Do what is scheduled for now.
        while patient.entry < entries and model.schedule_day[patient.entry] <= patient.time:
            entry = patient.entry
            kind = model.schedule_kind[entry]
            value = model.schedule_value[entry]
            patient.entry += 1
            day = patient.time
            if kind == K_VISIT:
                systemic = response(total_volume(lesions, n, False), model.par[0])
                write_visit(
                    model,
                    patient,
                    lesions,
                    n,
                    day,
                    0 if day == 0.0 else 1,
                    n_visits,
                    systemic,
                    shed,
                    blood,
                    visits[n_visits],
                )
                if day == 0.0:
                    patient.ctc_diagnosis = blood[3]
                n_visits += 1
            elif kind == K_IMAGING:
                if value == 0 or (value == 1 and seen):
                    image(model, patient, lesions, n, day, entry)
                if day == 0.0:
                    metastatic_at_diagnosis(model, patient, lesions, n)
                    patient.nodes_involved = involved_nodes(model, lesions, n)
                    stage(model, patient, lesions, n)
                    seen = patient.stage_m == 1
            elif kind == K_SURGERY_PRIMARY:
                if patient.stage_m == 0 or model.m0_only == 0:
                    n = remove_primary(model, patient, lesions, n, day, shed, parts)
                    if n < 0:
                        return FULL, n_visits
                    for i in range(n):
                        refresh(model, patient, lesions[i], shed)
            elif kind == K_SURGERY_NODES:
                if patient.stage_m == 0 or model.m0_only == 0:
                    operate_nodes(model, patient, lesions, n, day)
                    stage(model, patient, lesions, n)
            elif kind == K_LEVERS:
                patient.lever_row = value
                for i in range(n):
                    refresh(model, patient, lesions[i], shed)
            elif kind == K_RESECT:
                resect(model, lesions, n, day)
            elif kind == K_STOP:
                patient.done = 1
                patient.end = day
        if patient.done == 1 or patient.time >= until:
            return n, n_visits
        end = until
        if patient.entry < entries:
            end = min(end, model.schedule_day[patient.entry])
        if active(lesions, n) == 2:
            end = min(end, patient.time + model.panel)
        n, died, first = pass_panel(model, patient, lesions, n, end, stock, ledger, course, work)
        if n < 0:
            return FULL, n_visits
        if died:
            patient.done = 1
            patient.end = patient.time
        if first < math.inf:
            if not seen:
                # The first symptomatic lesion brings a work-up that finds what else imaging can see.
                if not died:
                    image(model, patient, lesions, n, patient.time, 1000000)
                systemic = response(total_volume(lesions, n, False), model.par[0])
                write_visit(
                    model,
                    patient,
                    lesions,
                    n,
                    patient.time,
                    2,
                    n_visits,
                    systemic,
                    shed,
                    blood,
                    visits[n_visits],
                )
                n_visits += 1
            seen = True
        if died:
            return n, n_visits


@kernel
def run_batch(model, first, patients, scratch, pool, offsets, visits, visit_offsets, ledger, course):  # type: ignore[no-untyped-def]
    """Whole courses of patients ``first`` .. ``first + len(patients) - 1``, from the first cell to the horizon.

    Lesions go to ``pool`` (patient i in offsets[i]:offsets[i+1]) and visits likewise. Returns how many patients were
    done; fewer than asked means that the pool (result >= 0) or the scratch (result < 0, minus one) is full.
    """
    sites = model.sites.shape[0]
    shed = np.zeros(8)
    parts = np.zeros(6)
    by_site = np.zeros((sites, 2, 8))
    touched = np.zeros(sites, dtype=np.int64)
    blood = np.zeros(4)
    burden = np.zeros(sites)
    work = (shed, parts, by_site, touched, blood, burden)
    stock = np.zeros(sites)
    dormant = ledger[4]
    for p in range(patients.shape[0]):
        patient = patients[p]
        used = offsets[p]
        used_visits = visit_offsets[p]
        if visits.shape[0] - used_visits < model.schedule_day.shape[0] + 2:
            return p
        draw_traits(model, patient, first + p)
        place_primary(model, patient, scratch[0])
        refresh(model, patient, scratch[0], shed)
        stock[:] = 0.0
        course[1][0] = 0
        n = before_diagnosis(model, patient, scratch, stock, ledger, course, work)
        n_visits = 0
        if n >= 0:
            n, n_visits = live(
                model,
                patient,
                scratch,
                n,
                math.inf,
                stock,
                ledger,
                course,
                work,
                visits[used_visits:],
                0,
            )
        if n < 0:
            return -1 - p
        if pool.shape[0] - used < n:
            return p
        patient.n_lesions = n
        for i in range(n):
            pool[used + i] = scratch[i]
        offsets[p + 1] = used + n
        visit_offsets[p + 1] = used_visits + n_visits
        for j in range(sites):
            dormant[p, j] = stock[j]
    return patients.shape[0]


@kernel
def distant_flags(model, lesions, flags):  # type: ignore[no-untyped-def]
    """Mark distant lesions in ``flags`` (uint8)."""
    for i in range(lesions.shape[0]):
        flags[i] = 1 if lesions[i].route != 0 and is_distant(model, lesions[i]) else 0
