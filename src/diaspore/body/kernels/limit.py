"""Which founders are followed: the first at every site, those that divide and those that sleep counted apart.

Colonies of one site differ mainly in age, so the first decide when the site is seen and when it kills; sites that are
seldom reached must not lose theirs because frequent ones have used up a common limit. Once a site has its number, its
founders leave the stream that is thinned (the tables of blood are narrowed), and are only counted as an expectation.
Founders that lymph brings to a station and that divide need no limit: each takes a node of its own. Those that sleep
there share one limit over all stations, which is never less than a few for every node: waking, they take a node too.
"""

from __future__ import annotations

import math

from diaspore.body.kernels.model import NODES_BY_LYMPH, SELF_SEEDED
from diaspore.body.state import PROCEDURE
from diaspore.core.jit import kernel

DIVIDING, SLEEPER = 0, 1
_NODAL_SLEEPERS = 32  # at least followed in the nodes of all stations together
_ROUNDING = 1e-13


@kernel
def followed_share(par, vessels, place):
    """Fraction of cells landing at ``place`` that become founders and are followed (places: sites, nodes by lymph)."""
    return (
        par.fate_active_fraction * vessels.followed[DIVIDING, place]
        + par.fate_dormant_fraction * vessels.followed[SLEEPER, place]
    )


@kernel
def place_of(par, site, station):
    """Place under which a founder at ``site`` is counted."""
    return NODES_BY_LYMPH if site == par.nodes_site and station >= 0 else site


@kernel
def blood_place(par, patient, site):
    """Place under which a founder that blood brings to ``site`` is counted: at the primary in place, it joins that."""
    return SELF_SEEDED if site == par.primary_site and math.isnan(patient.surgery_day) else site


@kernel
def count_founder(par, vessels, table, patient, lesion, space, open_vessels):
    """Count a lesion towards the limit of its place, and close the place when it is the last."""
    if lesion.route == PROCEDURE or lesion.split == 1:
        return
    place = place_of(par, lesion.site, lesion.station)
    fate = DIVIDING if lesion.waking == lesion.seeded else SLEEPER
    limit = par.lesion_limit
    if place == NODES_BY_LYMPH:
        if fate == DIVIDING:
            return
        limit = max(limit, _NODAL_SLEEPERS)
    space.counts[fate, place] += 1
    if space.counts[fate, place] == limit:
        close_place(par, vessels, table, patient, fate, place, lesion.seeded, space, open_vessels)


@kernel
def count_self_seeding(par, vessels, table, patient, day, space, open_vessels):
    """Count a founder that joins the primary on ``day``."""
    patient.self_seeded += 1
    if patient.self_seeded == par.lesion_limit:
        for fate in range(2):
            close_place(par, vessels, table, patient, fate, SELF_SEEDED, day, space, open_vessels)


@kernel
def close_place(par, vessels, table, patient, fate, place, day, space, open_vessels):
    """Follow no founder of ``fate`` at ``place`` from ``day`` on."""
    if space.closed_on[fate, place] <= day:
        return
    space.closed_on[fate, place] = day
    space.any_closed = 1
    if space.narrowed != table:
        return
    open_vessels.followed[fate, place] = 0.0
    site = par.primary_site if place == SELF_SEEDED else place
    if site >= par.cavity_of.shape[0] or blood_place(par, patient, site) != place:
        return
    fates = par.fate_active_fraction if fate == DIVIDING else par.fate_dormant_fraction
    fates /= par.fate_active_fraction + par.fate_dormant_fraction
    for s in range(par.cavity_of.shape[0]):
        most = 0.0
        for c in range(4):
            for g in range(2):
                share = vessels.place[s, c, g, site]
                if site > 0:
                    share -= vessels.place[s, c, g, site - 1]
                rate = open_vessels.founder[s, c, g] - vessels.founder[s, c, g] * share * fates
                # What rounding leaves when all places are closed is not a rate.
                rate = rate if rate > _ROUNDING * vessels.founder[s, c, g] else 0.0
                open_vessels.founder[s, c, g] = rate
                most = max(most, rate)
        open_vessels.founder_limit[s] = most


@kernel
def narrow(par, vessels, patient, open_vessels, closed_on):
    """Write into ``open_vessels`` how many founders per cell in blood are followed (not: where they settle)."""
    for place in range(closed_on.shape[1]):
        for fate in range(2):
            open_vessels.followed[fate, place] = 1.0 if closed_on[fate, place] == math.inf else 0.0
    live = par.fate_active_fraction + par.fate_dormant_fraction
    sites = par.cavity_of.shape[0]
    for s in range(sites):
        most = 0.0
        for c in range(4):
            for g in range(2):
                before = 0.0
                total = 0.0
                for j in range(sites):
                    share = vessels.place[s, c, g, j] - before
                    before = vessels.place[s, c, g, j]
                    total += share * followed_share(par, open_vessels, blood_place(par, patient, j))
                rate = vessels.founder[s, c, g] * (total / live if live > 0.0 else 0.0)
                rate = rate if rate > _ROUNDING * vessels.founder[s, c, g] else 0.0
                open_vessels.founder[s, c, g] = rate
                most = max(most, rate)
        open_vessels.founder_limit[s] = most


@kernel
def open_tables(par, vessels, table, patient, space, open_vessels):
    """Tables of blood of founders that are followed: ``vessels`` (number ``table``) until a place closes."""
    if space.any_closed == 0:
        return vessels
    if space.narrowed != table:
        narrow(par, vessels, patient, open_vessels, space.closed_on)
        space.narrowed = table
    return open_vessels


@kernel
def recount(par, vessels, patient, lesions, n, space, open_vessels):
    """Count the founders of a patient anew; keeps the day since when those that join the primary are not followed."""
    joined_until = space.closed_on[DIVIDING, SELF_SEEDED]
    space.counts[:] = 0
    space.closed_on[:] = math.inf
    space.any_closed = 0
    space.narrowed = -1
    if patient.self_seeded >= par.lesion_limit:
        for fate in range(2):
            close_place(par, vessels, 0, patient, fate, SELF_SEEDED, joined_until, space, open_vessels)
    for i in range(1, n):
        count_founder(par, vessels, 0, patient, lesions[i], space, open_vessels)
