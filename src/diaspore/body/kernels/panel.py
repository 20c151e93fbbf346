"""One panel of a patient's course: all lesions advance, candidates are thinned in order of time.

Levers, surgery and observations change only at panel borders, so within a panel every lesion has a closed form.
"""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.kernels.evolve import advance
from diaspore.body.kernels.limit import close_place, count_founder, count_self_seeding, open_tables
from diaspore.body.kernels.model import S_CANDIDATE, S_FATE, S_NODE, S_PLACE
from diaspore.body.kernels.nodes import pick_node, pick_station, share_free_nodes
from diaspore.body.kernels.seeding import (
    P_BLOOD,
    P_CAVITY,
    P_CLEARED,
    P_DUCT,
    P_NODES,
    found,
    loose_majorant,
    niche_factor,
    pick_place,
    shield_of,
    state_at,
    tight_majorant,
    true_rate,
)
from diaspore.body.processes.growth import HAHNFELDT
from diaspore.body.processes.systemic import response
from diaspore.body.state import AVASCULAR, BLOOD, CAVITY, LYMPH, PERINEURAL, VASCULAR
from diaspore.core.jit import kernel
from diaspore.core.rng import uniform2

_MOST_CANDIDATES = 100_000  # in one panel; a rate that asks for more, as absurd levers can, ends the following
_POOR_BOUND = 0.2  # a candidate whose rate is a smaller share of its bound has the bound computed anew
_RISE = math.log(4.0)  # of a volume, within the stretch for which a majorant is computed
_MANY = 4.0  # expected candidates of a panel above which it is divided into stretches
_HALVINGS = 30  # of what is left of a panel, to find such a stretch
_LOOSE_MASS = 0.02  # expected candidates of a panel below which the cheap bound is good enough


@kernel
def refresh(par, row, vessels, patient, lesion, systemic, shed):
    """Recompute a lesion's start-of-panel flows, after its levers have changed or when it is new."""
    for k in range(4):
        lesion.flow0[k] = 0.0
    if lesion.phase == VASCULAR:
        state_at(par, row, vessels, patient, lesion, lesion.y, systemic, shed)
        weight = shed[4] + shed[5] + shed[6] + shed[7]
        for k in range(4):
            lesion.flow0[k] = shed[k]
            lesion.share1[k] = shed[4 + k] / weight if weight > 0.0 else 0.0


@kernel
def project(par, row, vessels, patient, lesion, end, systemic):
    """Compute a lesion's state at the panel's end, at the systemic response of the panel's start."""
    phase, y, q, tau, hold, pause, waking, vascular = advance(par, row, vessels, patient, lesion, end, systemic)
    lesion.phase1 = phase
    lesion.v1 = math.exp(y) if AVASCULAR <= phase <= VASCULAR else 0.0
    lesion.y1 = y
    lesion.q1 = q
    lesion.tau1 = tau
    lesion.hold1 = hold
    lesion.pause1 = pause
    if not math.isnan(waking):
        lesion.waking = waking
    if not math.isnan(vascular):
        lesion.vascularised = vascular


@kernel
def highest(par, lesion, y):
    """Bound of a lesion's ln volume in what is left of the panel, from ``y`` on."""
    if lesion.phase1 == VASCULAR:  # else it is killed within the panel
        y = max(y, lesion.y1)
    if par.law == HAHNFELDT:
        # Here a volume may pass a maximum within the panel, but never exceeds the capacity it follows.
        y = max(y, lesion.q, lesion.q1)
    return y


@kernel
def lowest(par, lesion, y):
    """Bound from below of a lesion's ln volume in what is left of the panel, from ``y`` on."""
    return min(y, lesion.y1) if lesion.phase1 == VASCULAR else min(y, par.y_cell)


@kernel
def open_lesion(par, row, vessels, open_vessels, patient, lesion, end, before, systemic, shed, parts):
    """Flows at the panel's end, at the ``systemic`` response there, and the majorant; the day of the next candidate.

    ``before`` is the response at the panel's start, which lesions that wait feel.
    The majorant is of founders that are followed, by ``open_vessels``.
    """
    phase = lesion.phase1
    y = lesion.y1
    lesion.bound = 0.0
    for k in range(4):
        lesion.flow1[k] = 0.0
    if phase != VASCULAR and lesion.phase != VASCULAR:
        return math.inf
    begin = lesion.t0
    y_from = lesion.y
    if lesion.phase != VASCULAR:
        begin = lesion.vascularised
        y_from = par.y_avascular
        state_at(par, row, vessels, patient, lesion, y_from, systemic, shed)
        for k in range(4):
            lesion.flow0[k] = shed[k]
    y_to = y
    if phase != VASCULAR:  # killed within the panel
        y_to = y_from
    state_at(par, row, vessels, patient, lesion, y_to, systemic, shed)
    weight = shed[4] + shed[5] + shed[6] + shed[7]
    if weight <= 0.0:
        return math.inf
    for k in range(4):
        lesion.flow1[k] = shed[k] if phase == VASCULAR else 0.0
        lesion.share1[k] = shed[4 + k] / weight
    y_high = highest(par, lesion, y_from)
    if par.law == HAHNFELDT:
        state_at(par, row, vessels, patient, lesion, y_high, systemic, shed)
        weight = shed[4] + shed[5] + shed[6] + shed[7]
    elif y_to < y_from:
        state_at(par, row, vessels, patient, lesion, y_from, systemic, shed)
        weight = shed[4] + shed[5] + shed[6] + shed[7]
    bound = loose_majorant(par, row, open_vessels, patient, lesion, shed, weight)
    if bound * (end - begin) > _LOOSE_MASS:
        q = lesion.q if lesion.phase == VASCULAR else y_from + math.log(par.growth_hahnfeldt_capacity_ratio)
        return bound_from(par, row, vessels, open_vessels, patient, lesion, begin, y_from, q, end, before, shed, parts)
    if bound <= 0.0:
        return math.inf
    lesion.bound = bound
    lesion.from_day = begin
    lesion.until = end
    return begin + lesion.residual / bound


@kernel
def bound_from(par, row, vessels, open_vessels, patient, lesion, day, y, q, end, before, shed, parts):
    """Set the lesion's majorant from ``day``, when its ln volume is ``y`` and ln K ``q``; the day to look again.

    That is the next candidate's day, or the end of a stretch of fast growth: a majorant for all of such a panel would
    waste nearly all candidates. ``before`` is the systemic response at the panel's start.
    """
    until = end
    most = highest(par, lesion, y)
    bound = tight_majorant(par, row, open_vessels, patient, lesion, lowest(par, lesion, y), most, shed, parts)
    base = max(y, q) if par.law == HAHNFELDT else y
    if lesion.phase1 == VASCULAR and most - base > _RISE and bound * (end - day) > _MANY:
        for _ in range(_HALVINGS):
            until = day + 0.5 * (until - day)
            _phase, top, capacity, _, _, _, _, _ = advance(par, row, vessels, patient, lesion, until, before)
            top = max(base, top)
            if par.law == HAHNFELDT:
                top = max(top, capacity)
            if top - base <= _RISE:
                bound = tight_majorant(par, row, open_vessels, patient, lesion, y, top, shed, parts)
                break
        else:
            until = end
    lesion.bound = bound
    lesion.from_day = day
    lesion.until = until
    if bound <= 0.0:
        return math.inf if until == end else until
    return min(until, day + lesion.residual / bound) if until < end else day + lesion.residual / bound


@kernel
def run_panel(
    par,
    row,
    vessels,
    patient,
    lesions,
    n,
    start,
    end,
    log_burden0,
    log_burden1,
    work,
):
    """Seed within [start, end] and leave every lesion with its end state prepared.

    In :class:`work.Work`, ``candidates`` holds the next candidate's day of every lesion, ``pending`` is space for the
    few whose day comes within the panel; ``joined`` receives how many founders joined the primary (first element) and
    on which days. ``log_burden0/1`` are ln total volumes at both ends, between which the systemic response is
    interpolated.

    Returns the new number of lesions, -1 when ``lesions`` is full.
    """
    space, narrowed, candidates, pending = work.space[0], work.open_vessels[0], work.candidates, work.pending
    shed, parts, joined = space.shed, space.parts, space.joined
    spare_shed, spare_parts = space.spare_shed, space.spare_parts
    open_vessels = open_tables(par, vessels, row.table, patient, space, narrowed)
    seed = par.seed
    length = end - start
    capacity = lesions.shape[0]
    start_response = response(math.exp(log_burden0), par)
    end_response = response(math.exp(log_burden1), par)
    waiting = 0
    for i in range(n):
        if candidates[i] < end:
            pending[waiting] = i
            waiting += 1
    tries = 0
    while waiting > 0:
        tries += 1
        first = 0
        for k in range(1, waiting):
            if candidates[pending[k]] < candidates[pending[first]]:
                first = k
        best = pending[first]
        day = candidates[best]
        if tries > _MOST_CANDIDATES:
            for place in range(space.closed_on.shape[1]):
                for fate in range(2):
                    close_place(par, vessels, row.table, patient, fate, place, day, space, narrowed)
            return n
        source = lesions[best]
        share = (day - start) / length
        burden = math.exp(log_burden0 + (log_burden1 - log_burden0) * share)
        systemic = response(burden, par)
        phase, y, q, _, _, _, _, _ = advance(par, row, vessels, patient, source, day, start_response)
        number = np.int64(source.events)
        rate = 0.0
        x = math.inf
        again = day == source.until  # the end of a stretch
        if again:
            source.residual = max(0.0, source.residual - source.bound * (day - source.from_day))
        else:
            source.events += 1
            u_gap, u_part = uniform2(seed, source.id, S_CANDIDATE, number)
            source.residual = -math.log(u_gap)
            x = u_part * source.bound
            if phase == VASCULAR:
                rate = true_rate(par, row, open_vessels, patient, source, y, systemic, shed, parts)
            # Where places have closed, nodes are taken or the bound was loose, what is left has a lower one. A waiting
            # time has no memory, so it may change here.
            again = phase == VASCULAR and rate < _POOR_BOUND * source.bound
        if again:
            candidates[best] = bound_from(
                par,
                row,
                vessels,
                open_vessels,
                patient,
                source,
                day,
                y,
                q,
                end,
                start_response,
                spare_shed,
                spare_parts,
            )
        else:
            source.from_day = day
            candidates[best] = day + source.residual / source.bound
            if source.until < end:
                candidates[best] = min(candidates[best], source.until)
        if candidates[best] >= end:
            waiting -= 1
            pending[first] = pending[waiting]
        if x >= rate:
            continue
        way = 0
        while way < 5 and x >= parts[way]:
            x -= parts[way]
            way += 1
        u_class, u_site = uniform2(seed, source.id, S_PLACE, number)
        u_niche, u_fate = uniform2(seed, source.id, S_FATE, number)
        station = np.int64(-1)
        node = np.int64(-1)
        klass = np.int64(0)
        if way == P_NODES:
            site = par.nodes_site
            station = pick_station(par, patient, source, u_site)
            if station < 0:
                continue
            node = pick_node(par, patient, source, number, station, S_NODE)
            if node < 0:
                continue
            route = LYMPH
        elif way == P_CAVITY:
            site = par.cavity_of[source.site]
            route = CAVITY
            for k in range(par.subsite.shape[1]):
                if u_site < par.subsite[site, k]:
                    station = np.int64(k)
                    break
        elif way in (P_BLOOD, P_DUCT, P_CLEARED):
            origin = source.site if way == P_BLOOD else par.nodes_site
            klass, site = pick_place(
                par, vessels, open_vessels, patient, origin, shed, shield_of(par, row, systemic), u_class, u_site
            )
            if site < 0:
                continue
            route = BLOOD if way == P_BLOOD else (LYMPH if way == P_DUCT else CAVITY)
            if u_niche >= niche_factor(par, row, vessels, patient, lesions, site, day):
                continue
            if site == par.primary_site and math.isnan(patient.surgery_day):
                # The founder joins the primary.
                count_self_seeding(par, vessels, row.table, patient, day, space, narrowed)
                open_vessels = open_tables(par, vessels, row.table, patient, space, narrowed)
                if joined[0] < joined.shape[0] - 1:
                    joined[0] += 1.0
                    joined[int(joined[0])] = day
                continue
        else:
            site = par.primary_site
            route = PERINEURAL
        if n >= capacity:
            return -1
        found(par, open_vessels, patient, lesions, n, best, number, day, y, site, station, node, route, klass, u_fate)
        count_founder(par, vessels, row.table, patient, lesions[n], space, narrowed)
        open_vessels = open_tables(par, vessels, row.table, patient, space, narrowed)
        project(par, row, vessels, patient, lesions[n], end, start_response)
        candidates[n] = open_lesion(
            par, row, vessels, open_vessels, patient, lesions[n], end, start_response, end_response, shed, parts
        )
        if candidates[n] < end:
            pending[waiting] = n
            waiting += 1
        if way == P_NODES and lesions[n].phase == AVASCULAR:
            share_free_nodes(par, patient)
        n += 1
    return n


@kernel
def close_panel(lesions, n, end):
    """Make the prepared end states the present states; unused waiting carries over to the next panel."""
    for i in range(n):
        lesion = lesions[i]
        if lesion.bound > 0.0:
            lesion.residual = max(0.0, lesion.residual - lesion.bound * (end - lesion.from_day))
        for k in range(4):
            lesion.flow0[k] = lesion.flow1[k]
        lesion.phase = lesion.phase1
        lesion.y = lesion.y1
        lesion.v = lesion.v1
        lesion.q = lesion.q1
        lesion.tau = lesion.tau1
        lesion.hold = lesion.hold1
        lesion.pause = lesion.pause1
        lesion.t0 = end
