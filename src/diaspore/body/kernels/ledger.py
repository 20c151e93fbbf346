"""The ledger's bulk flows: integrals of shedding over a panel and the stock of sleepers.

Between the ends of a panel a lesion's flow is taken as exponential in time (growth is nearly so): the integral is the
logarithmic mean of the end flows times the time. A test halves the panels. Bulk flows are expectations given the
lesions; founders are counted one by one elsewhere.
"""

from __future__ import annotations

import math

from diaspore.body.kernels.limit import DIVIDING
from diaspore.body.kernels.model import NODES_BY_LYMPH, SELF_SEEDED
from diaspore.body.kernels.nodes import kept_by_free_nodes
from diaspore.body.kernels.seeding import lymph_shares, niche_factor, shield_of
from diaspore.body.processes import cavity as cavity_process
from diaspore.body.state import VASCULAR
from diaspore.core.jit import kernel


@kernel
def logarithmic_mean(a, b):
    """Mean over an interval of an exponential with end values ``a`` and ``b``."""
    if a <= 0.0 or b <= 0.0:
        return 0.5 * (a + b)
    x = math.log(b / a)
    if abs(x) < 1e-6:
        return a * (1.0 + 0.5 * x)
    return (b - a) / x


@kernel
def share_after(a, b, part, x):
    """Share, behind ``x`` of it, of the integral over the first ``part`` of an exponential from ``a`` to ``b``."""
    if x <= 0.0:
        return 1.0
    if x >= 1.0:
        return 0.0
    if a <= 0.0 or b <= 0.0:
        return 1.0 - x
    k = part * math.log(b / a)
    if abs(k) < 1e-6:
        return 1.0 - x
    return (math.exp(k) - math.exp(k * x)) / math.expm1(k)


@kernel
def age_sleepers(par, row, dt, stock, asleep):
    """Waking and death of the stock of sleepers over ``dt``; ``asleep`` (S,): share of arrivals that end up in it.

    Arrivals are taken as evenly spread over the panel.
    """
    sites = stock.shape[0]
    if row.plain == 1:
        rate = par.dormancy_exit_rate + par.dormancy_death_rate
        keep = math.exp(-rate * dt)
        share = par.fate_dormant_fraction * mean_survival(rate * dt)
        for j in range(sites):
            stock[j] *= keep
            asleep[j] = share
    else:
        for j in range(sites):
            rate = par.dormancy_exit_rate * row.dormancy_exit[j, 0] + par.dormancy_death_rate + row.kill_rate[j, 0]
            stock[j] *= math.exp(-rate * dt)
            asleep[j] = par.fate_dormant_fraction * mean_survival(rate * dt)


@kernel
def mean_survival(x):
    """Mean of exp(-x s) over s in (0, 1)."""
    return -math.expm1(-x) / x if x > 1e-12 else 1.0


@kernel
def not_followed(par, lesions, n, start, stop, end, closed_on, missing):
    """Fraction of cells landing at each place within [start, stop] that become founders and are not followed.

    Within the panel in which a place closes, founders are spread as the blood-borne flow of all lesions is.
    """
    a = 0.0
    b = 0.0
    for i in range(n):
        lesion = lesions[i]
        if lesion.phase == VASCULAR or lesion.phase1 == VASCULAR:  # others have no flows
            a += lesion.flow0[0]
            b += lesion.flow1[0]
    part = (stop - start) / (end - start)
    for place in range(missing.shape[0]):
        missing[place] = 0.0
        for fate in range(2):
            day = closed_on[fate, place]
            if day >= stop:
                continue
            share = par.fate_active_fraction if fate == DIVIDING else par.fate_dormant_fraction
            if day > start:
                share *= share_after(a, b, part, (day - start) / (stop - start))
            missing[place] += share


@kernel
def missed_share(par, place, in_place, missing, niche):
    """Sum of ``missing`` weighted with a source's shares of founders (cumulative by site: ``place``) and the niche.

    Founders that join the primary are left out.
    """
    total = 0.0
    before = 0.0
    for j in range(place.shape[0]):
        if not (in_place and j == par.primary_site):
            total += (place[j] - before) * missing[j] * niche[j]
        before = place[j]
    return total


@kernel
def accumulate(
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
):
    """Add the flows of [start, stop] of a panel that runs to ``end`` to the ledger and to the stock of sleepers.

    ``by_site`` of the work space holds the cells that enter blood from a site (own vein, thoracic duct, cavities by
    way of the duct) by class. Founders that are not followed are counted as an expectation.
    """
    flows, classes, nodes, cavity = ledger
    space = work.space[0]
    shed, by_site, touched, asleep, missing = space.shed, space.by_site, space.touched, space.asleep, space.missing
    table = row.table
    dt = stop - start
    if dt <= 0.0:
        return
    shielded = shield_of(par, row, systemic)
    age_sleepers(par, row, dt, stock, asleep)
    sites = stock.shape[0]
    attach, died, cleared = cavity_process.fates(par)
    any_closed = space.any_closed == 1
    niche = space.niche
    if any_closed:
        not_followed(par, lesions, n, start, stop, end, space.closed_on, missing)
        for j in range(sites):
            niche[j] = niche_factor(par, row, vessels, patient, lesions, j, start + 0.5 * dt)
    in_place = math.isnan(patient.surgery_day)
    untracked = 0.0
    for i in range(n):
        lesion = lesions[i]
        if lesion.phase != VASCULAR and lesion.phase1 != VASCULAR:
            continue
        begin = lesion.t0 if lesion.phase == VASCULAR else lesion.vascularised
        if begin >= stop or end <= begin:
            continue
        site = lesion.site
        part = (stop - begin) / (end - begin)  # less than 1 when the patient dies within the panel
        length = stop - begin
        for k in range(4):
            a = lesion.flow0[k]
            b = lesion.flow1[k]
            if part < 1.0 and b > 0.0:
                # A flow that begins within the panel, as at a breach, is taken as linear.
                b = a * math.exp(part * math.log(b / a)) if a > 0.0 else b * part
            shed[k] = logarithmic_mean(a, b) * length
            flows[k, site] += shed[k]
            shed[4 + k] = lesion.share1[k]
        duct = 0.0
        if shed[1] > 0.0:
            if any_closed:
                free = 0.5 * (
                    kept_by_free_nodes(space.kept_free, lesion) + kept_by_free_nodes(patient.kept_free, lesion)
                )
                settling = free * row.homing[par.nodes_site]
                untracked += shed[1] * settling * patient.node_take * missing[NODES_BY_LYMPH]
            kept, to_duct = lymph_shares(par, lesion)
            nodes[0] += shed[1] * kept
            stock[par.nodes_site] += shed[1] * kept * asleep[par.nodes_site]
            duct = shed[1] * to_duct
        clearing = 0.0
        if shed[2] > 0.0:
            where = par.cavity_of[site]
            if any_closed:
                untracked += shed[2] * attach * row.homing[where] * patient.cavity_take * missing[where]
            cavity[where, 0] += shed[2] * attach
            cavity[where, 1] += shed[2] * died
            stock[where] += shed[2] * attach * asleep[where]
            clearing = shed[2] * cleared
        if shed[3] > 0.0:
            if any_closed:
                untracked += shed[3] * patient.cavity_take * missing[par.primary_site]
            stock[par.primary_site] += shed[3] * asleep[par.primary_site]
        touched[site] = 1
        if duct + clearing > 0.0:
            touched[par.nodes_site] = 1
        for c in range(4):
            by_site[site, 0, c] += lesion.share1[c] * shed[0]
        if duct + clearing > 0.0:
            for c in range(4):
                by_site[par.nodes_site, 1, c] += lesion.share1[c] * duct
                by_site[par.nodes_site, 2, c] += lesion.share1[c] * clearing
    for s in range(sites):
        if touched[s] == 0:
            continue
        touched[s] = 0
        for c in range(4):
            total = 0.0
            for way in range(3):
                cells = by_site[s, way, c]
                total += cells
                classes[way, table, s, c, 0] += cells * (1.0 - shielded)
                classes[way, table, s, c, 1] += cells * shielded
                by_site[s, way, c] = 0.0
            if total > 0.0:
                for g in range(2):
                    cells = total * (shielded if g == 1 else 1.0 - shielded)
                    for j in range(sites):
                        stock[j] += cells * vessels.extravasated[s, c, g, j] * asleep[j]
                    if any_closed:
                        founders = cells * vessels.founder[s, c, g] * patient.take
                        place = vessels.place[s, c, g]
                        home = 0.0
                        if in_place:
                            home = place[par.primary_site]
                            if par.primary_site > 0:
                                home -= place[par.primary_site - 1]
                            home *= missing[SELF_SEEDED] * niche[par.primary_site]
                        patient.self_expected += founders * home
                        untracked += founders * missed_share(par, place, in_place, missing, niche)
    patient.untracked += untracked
