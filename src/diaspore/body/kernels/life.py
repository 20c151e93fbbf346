"""A patient's course: the primary's history in panels of doubling volume, then from entry to entry of the schedule."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.kernels.begin import days_since_switch, draw_traits, place_primary, volume_since_switch
from diaspore.body.kernels.interventions import (
    involved_nodes,
    metastatic_at_diagnosis,
    operate_nodes,
    relapse_known,
    remove_primary,
    resect,
    stage,
)
from diaspore.body.kernels.limit import recount
from diaspore.body.kernels.model import (
    K_IMAGING,
    K_LEVERS,
    K_RESECT,
    K_STOP,
    K_SURGERY_NODES,
    K_SURGERY_PRIMARY,
    K_VISIT,
)
from diaspore.body.kernels.observe import image, volume_now, write_visit
from diaspore.body.kernels.panel import refresh
from diaspore.body.kernels.response import assess, split_resistant
from diaspore.body.kernels.stretch import FULL, pass_panel, refresh_all
from diaspore.body.kernels.work import new_work
from diaspore.body.processes.systemic import response
from diaspore.body.state import AVASCULAR, SLEEPING, VASCULAR
from diaspore.core.jit import kernel


@kernel
def before_diagnosis(par, row, vessels, patient, lesions, stock, ledger, course, work):
    """From the primary's angiogenic switch to diagnosis, in panels that end at halvings of the final volume.

    Day 0 is set to the diagnosis, also when a metastasis brings it forward; returns the number of lesions or FULL, and
    by how many days it was brought forward.
    """
    n = np.int64(1)  # a literal would compile every kernel a second time
    step = math.log(2.0)
    earlier = 0.0
    for k in range(8, -1, -1):
        y = patient.y_diagnosis - k * step
        if y <= par.y_avascular and k > 0:
            continue
        end = 0.0 if k == 0 else patient.switch_day + days_since_switch(par, patient, y)
        if end <= patient.time:
            continue
        n, cut, first = pass_panel(par, row, vessels, patient, lesions, n, end, stock, ledger, course, work)
        if n < 0:
            return FULL, 0.0
        if cut:
            earlier = -first
            break
    if earlier > 0.0:
        bring_forward(par, patient, lesions, n, earlier, work.space[0])
    for i in range(n):
        lesion = lesions[i]
        if AVASCULAR <= lesion.phase <= VASCULAR:
            lesion.y_diagnosis = lesion.y
            # With a given diameter nothing has brought the diagnosis forward: what gives symptoms is found with it.
            if i > 0 and lesion.phase == VASCULAR and lesion.y >= lesion.y_symptom:
                lesion.detected = 0.0
    return n, earlier


@kernel
def bring_forward(par, patient, lesions, n, earlier, space):
    """Make the present day, ``earlier`` days before the primary would have been found, the day of diagnosis."""
    for i in range(n):
        lesion = lesions[i]
        lesion.seeded += earlier
        lesion.waking += earlier
        lesion.vascularised += earlier
        lesion.t0 += earlier
        lesion.from_day += earlier
        if i > 0 and not math.isnan(lesion.detected):
            lesion.detected = 0.0
    space.closed_on += earlier
    patient.inception += earlier
    patient.switch_day += earlier
    patient.time = 0.0
    patient.detection = 3
    patient.y_diagnosis = lesions[0].y
    age = -patient.switch_day
    before, _ = volume_since_switch(par, patient, max(0.0, age - 1.0))
    patient.doubling = math.log(2.0) * min(1.0, age) / max(1e-12, patient.y_diagnosis - before)


@kernel
def start_patient(model, patient, lesions, stock, ledger, course, work):
    """Draw the patient of number ``patient.id`` and follow the primary to diagnosis; returns the lesions or FULL."""
    par = model.par[0]
    row = model.rows[0]
    vessels = model.blood[row.table]
    n = 0
    for attempt in range(2):
        patient.lever_row = 0
        draw_traits(par, patient)
        place_primary(par, patient, lesions[0])
        recount(par, vessels, patient, lesions, 1, work.space[0], work.open_vessels[0])
        refresh(par, row, vessels, patient, lesions[0], 0.0, work.space[0].shed)
        course[1][0] = 0
        n, earlier = before_diagnosis(par, row, vessels, patient, lesions, stock, ledger, course, work)
        if n < 0 or earlier == 0.0 or course[0].shape[0] == 0 or attempt == 1:
            break
        # A dense course counts days from diagnosis, known only now: live the same history again on the right days.
        course[2][0] = -earlier
        stock[:] = 0.0
        flows, classes, nodes, cavity = ledger
        flows[:] = 0.0
        classes[:] = 0.0
        nodes[:] = 0.0
        cavity[:] = 0.0
    course[2][0] = 0.0
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
def visit(par, row, vessels, patient, lesions, n, kind, visits, counter):
    """Write a row of the visits table for the present day."""
    systemic = response(volume_now(lesions, n), par)
    arm = write_visit(par, row, vessels, patient, lesions, n, kind, systemic, visits[counter[0]])
    patient.visits += 1
    counter[0] += 1
    if kind == 0:
        patient.ctc_diagnosis = arm


@kernel
def pull_levers(model, patient, lesions, n, number, work):
    """Put row ``number`` of levers into force on the present day; returns the lesions or FULL."""
    par = model.par[0]
    row = model.rows[number]
    more = split_resistant(par, model.rows[patient.lever_row], row, patient, lesions, n)
    if more < 0:
        return FULL
    patient.lever_row = number
    refresh_all(par, row, model.blood[row.table], patient, lesions, more, work.space[0].shed)
    return more


@kernel
def live(model, patient, lesions, n, until, stock, ledger, course, work, visits, counter):
    """From diagnosis (or the last stop) to ``until`` through the schedule. Returns the number of lesions or FULL."""
    space = work.space[0]
    shed, parts = space.shed, space.parts
    entries, later, last = model.schedule.shape[0], model.relapse.shape[0], model.progression.shape[0]
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
                visit(par, row, vessels, patient, lesions, n, np.int64(0 if day == 0.0 else 1), visits, counter)
            elif kind == K_IMAGING:
                if value == 0 or (value == 1 and not math.isnan(patient.known)):
                    image(par, patient, lesions, n, day)
                if day == 0.0:
                    metastatic_at_diagnosis(par, patient, lesions, n)
                    patient.nodes_involved = involved_nodes(par, lesions, n)
                    stage(par, patient, lesions, n)
                    patient.seen = patient.stage_m
                    if patient.seen == 1:
                        patient.known = day
                else:
                    relapse_known(patient, lesions, n)
                assess(patient, lesions, n, day)
            elif kind == K_SURGERY_PRIMARY:
                if may_operate:
                    n = remove_primary(par, row, vessels, patient, lesions, n, day, shed, parts)
                    work.space[0].narrowed = -1
                    if n < 0:
                        return FULL
                    refresh_all(par, row, vessels, patient, lesions, n, shed)
            elif kind == K_SURGERY_NODES:
                if may_operate:
                    operate_nodes(par, row, vessels, patient, lesions, n, day)
                    stage(par, patient, lesions, n)
            elif kind == K_LEVERS:
                if (later == 0 or math.isnan(patient.known)) and (last == 0 or math.isnan(patient.progressed)):
                    n = pull_levers(model, patient, lesions, n, value, work)
                    if n < 0:
                        return FULL
                    row = model.rows[value]
                    vessels = model.blood[row.table]
            elif kind == K_RESECT:
                resect(par, lesions, n, day)
            elif kind == K_STOP:
                patient.done = 1
                patient.end = day
        if patient.done == 1:
            return n
        while patient.later < later and patient.known + model.relapse[patient.later].day <= patient.time:
            value = model.relapse[patient.later].value
            patient.later += 1
            if last == 0 or math.isnan(patient.progressed):
                n = pull_levers(model, patient, lesions, n, value, work)
                if n < 0:
                    return FULL
                row = model.rows[value]
                vessels = model.blood[row.table]
        while patient.last < last and patient.progressed + model.progression[patient.last].day <= patient.time:
            value = model.progression[patient.last].value
            patient.last += 1
            n = pull_levers(model, patient, lesions, n, value, work)
            if n < 0:
                return FULL
            row = model.rows[value]
            vessels = model.blood[row.table]
        if patient.time >= until:
            return n
        end = until
        if patient.later < later and not math.isnan(patient.known):
            end = min(end, patient.known + model.relapse[patient.later].day)
        if patient.last < last and not math.isnan(patient.progressed):
            end = min(end, patient.progressed + model.progression[patient.last].day)
        if patient.entry < entries:
            end = min(end, model.schedule[patient.entry].day)
        if active(lesions, n) == 2:
            end = min(end, patient.time + par.panel)
        n, _cut, first = pass_panel(par, row, vessels, patient, lesions, n, end, stock, ledger, course, work)
        if n < 0:
            return FULL
        died = not math.isnan(patient.death)
        if died:
            patient.done = 1
            patient.end = patient.time
        if first < math.inf:
            if patient.seen == 0:
                # The first symptomatic lesion brings a work-up that finds what else imaging can see.
                if not died:
                    image(par, patient, lesions, n, patient.time)
                visit(par, row, vessels, patient, lesions, n, np.int64(2), visits, counter)
            patient.seen = 1
            if math.isnan(patient.known):
                patient.known = patient.time
            if not died:
                assess(patient, lesions, n, patient.time)
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
        image(par, patient, lesions, n, day)
    if what & DO_PRIMARY:
        n = remove_primary(par, row, vessels, patient, lesions, n, day, work.space[0].shed, work.space[0].parts)
        work.space[0].narrowed = -1
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
    refresh_all(par, row, vessels, patient, lesions, n, work.space[0].shed)
    return n


SHORT_SCRATCH, SHORT_POOL, SHORT_VISITS = -1, -2, -3


@kernel
def run_batch(
    model,
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
    space,
    open_vessels,
):
    """Advance a batch of patients to day ``until``: from their first cell when ``fresh``, else from ``pool_in``.

    With ``until`` below 0 they stop at diagnosis, before anything that is scheduled for that day.

    A fresh patient brings its number (``id``) and, where they are given, diameter and age at diagnosis.
    Lesions of patient i stand in ``pool[offsets[i]:offsets[i+1]]``; visits are appended at ``counter``; ``orders`` (n,)
    are controllers' actions for now, below 0 of patients who only go on; ``stocks`` (n, S) the sleepers by site;
    ``space`` (1,) SPACE and ``open_vessels`` (1,) BLOOD_TABLE are work space. Returns 0, or which array is too small:
    then nothing that was written may be used.
    """
    par = model.par[0]
    work = new_work(space, open_vessels, scratch.shape[0])
    for p in range(patients.shape[0]):
        patient = patients[p]
        used = offsets[p]
        if visits.shape[0] - counter[0] < model.schedule.shape[0] + 2:
            return SHORT_VISITS
        stock = stocks[p]
        if fresh:
            n = start_patient(model, patient, scratch, stock, ledger, course, work)
        else:
            n = offsets_in[p + 1] - offsets_in[p]
            if n > scratch.shape[0]:
                return SHORT_SCRATCH
            for i in range(n):
                scratch[i] = pool_in[offsets_in[p] + i]
            space[0].closed_on[:] = -math.inf
            recount(par, model.blood[0], patient, scratch, n, space[0], open_vessels[0])
            if patient.done == 0 and orders[p] >= 0:
                n = obey(model, patient, scratch, n, orders[p], work)
        if n >= 0 and patient.done == 0 and until >= 0.0:
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
