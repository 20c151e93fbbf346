"""Lymphatic spread: station to station, and on into the thoracic duct.

Reads: lymph-borne shedding of the primary and of nodal lesions, stations of the primary (knowledge), levers
``shedding.lymphatic``, ``homing_prob``. Writes: founders in nodes, cells that reach the great veins. Runs: at every
candidate event.

Cells shed into lymph reach the first stations in proportion to drainage. Each station keeps a share and passes the
rest on to the next one; the last one drains into the thoracic duct and so into the large veins. A nodal lesion sheds
into the same chain behind its station (``lymph.node_relay``); how much nodes relay is a parameter because removing
nodes changes survival little.
"""

from __future__ import annotations

import numpy as np

from diaspore.body.definitions import Definition

PARAMETERS = (
    Definition("lymph.retention", "1", 0, 1, "share of passing cells that a nodal station keeps"),
    Definition("lymph.node_relay", "1", 0, 10, "shedding of a nodal lesion relative to a primary of the same size"),
    Definition(
        "lymph.node_blood_entry", "1", 0, 1, "share of a nodal lesion's shed cells that enter blood in the node"
    ),
)


def station_chain(
    shares: np.ndarray, onward: list[int], retention: float
) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Shares of lymph-borne cells kept along a forest of lymph-node stations.

    Args:
        shares: drainage of the primary into each station, shape (n,), sum <= 1 (the rest bypasses nodes).
        onward: position of the station that each one drains into, -1 for the thoracic duct; always a later one.
        retention: share of passing cells that a station keeps.

    Returns:
        kept (n,): share of the primary's lymph-borne cells kept by each station;
        kept_from (n, n): share of cells leaving station i that station j keeps;
        duct: share of the primary's lymph-borne cells that reach the thoracic duct;
        duct_from (n,): share of cells leaving station i that reach the duct.
    """
    n = len(shares)

    def run(inflow: np.ndarray) -> tuple[np.ndarray, float]:
        passing, kept, duct = inflow.copy(), np.zeros(n), 0.0
        for i in range(n):
            kept[i] = retention * passing[i]
            rest = passing[i] - kept[i]
            if onward[i] < 0:
                duct += rest
            else:
                passing[onward[i]] += rest
        return kept, duct

    kept, duct = run(np.asarray(shares, dtype=float))
    kept_from, duct_from = np.zeros((n, n)), np.zeros(n)
    for i in range(n):
        inflow = np.zeros(n)
        if onward[i] < 0:
            duct_from[i] = 1.0
        else:
            inflow[onward[i]] = 1.0
            kept_from[i], duct_from[i] = run(inflow)
    return kept, kept_from, duct + max(0.0, 1.0 - float(np.sum(shares))), duct_from
