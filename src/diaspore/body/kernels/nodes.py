"""Lymph nodes as places: which hold a colony, and where a new founder can settle.

A node is one lesion: a founder that lands in a node with a colony joins it and changes nothing. Founders are therefore
drawn for free nodes only, with the rate that belongs to them. Occupancy is read at the start of a panel; a founder that
begins to divide within it takes its node at once.
"""

from __future__ import annotations

import numpy as np

from diaspore.body.state import AVASCULAR, VASCULAR
from diaspore.core.jit import kernel
from diaspore.core.rng import uniform

FROM_PRIMARY = 16  # position of the primary in ``kept_free``; 0..15 are stations


@kernel
def read_occupancy(par, patient, lesions, n):
    """Set ``patient.occupied`` (bits by station) and ``patient.kept_free`` (share of cells that free nodes keep)."""
    stations = par.n_stations
    for s in range(stations):
        patient.occupied[s] = patient.cleared[s]  # cells that a removed node would have kept are lost
    for i in range(1, n):
        lesion = lesions[i]
        if lesion.site == par.nodes_site and AVASCULAR <= lesion.phase <= VASCULAR and lesion.station >= 0:
            patient.occupied[lesion.station] |= np.uint64(1) << np.uint64(lesion.node)
    share_free_nodes(par, patient)


@kernel
def share_free_nodes(par, patient):
    """Set ``patient.kept_free`` (share of lymph-borne cells that free nodes keep) from the nodes' occupancy."""
    stations = par.n_stations
    for source in range(stations):
        kept = 0.0
        for j in range(source + 1, stations):
            kept += par.station_kept_from[source, j] * free_share(par, patient, j)
        patient.kept_free[source] = kept
    kept = 0.0
    for j in range(stations):
        kept += par.station_kept[j] * free_share(par, patient, j)
    patient.kept_free[FROM_PRIMARY] = kept


@kernel
def free_share(par, patient, station):
    """Share of a station's nodes without a colony."""
    bits = patient.occupied[station]
    count = 0
    while bits != np.uint64(0):
        bits &= bits - np.uint64(1)
        count += 1
    return 1.0 - count / par.station_nodes[station]


@kernel
def kept_by_free_nodes(kept_free, lesion):
    """Share of a lesion's lymph-borne cells that free nodes keep, from ``kept_free`` of the patient."""
    if lesion.route == 0:
        return kept_free[FROM_PRIMARY]
    if lesion.station < 0:
        return 0.0
    return kept_free[lesion.station]


@kernel
def pick_station(par, patient, lesion, u):
    """Station of a founder from ``lesion``, by the cells that its free nodes keep; -1 when all are taken by now."""
    x = u * kept_by_free_nodes(patient.kept_free, lesion)
    for j in range(par.n_stations):
        share = par.station_kept[j] if lesion.route == 0 else par.station_kept_from[lesion.station, j]
        weight = share * free_share(par, patient, j)
        if x < weight:
            return j
        x -= weight
    return -1


@kernel
def pick_node(par, patient, source, number, station, process):
    """A free node of ``station`` for candidate ``number`` of ``source``; -1 when there is none."""
    nodes = par.station_nodes[station]
    free = 0
    for k in range(nodes):
        if (patient.occupied[station] >> np.uint64(k)) & np.uint64(1) == np.uint64(0):
            free += 1
    if free == 0:
        return -1
    rank = int(uniform(par.seed, source.id, process, number) * free)
    for k in range(nodes):
        if (patient.occupied[station] >> np.uint64(k)) & np.uint64(1) == np.uint64(0):
            if rank == 0:
                return k
            rank -= 1
    return -1
