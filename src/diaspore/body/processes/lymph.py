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
    Definition("lymph.node_blood_entry", "1", 0, 1, "share of a nodal lesion's shed cells that enter blood in the node"),
    Definition("lymph.node_capacity", "1", 1e-6, 1, "limiting volume of a nodal lesion relative to K"),
)


def station_chain(shares: np.ndarray, retention: float) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Kept shares along a chain of lymph-node stations.

    Args:
        shares: drainage of the primary into each station, shape (n,), sum <= 1 (the rest bypasses nodes).
        retention: share of passing cells that a station keeps.

    Returns:
        kept (n,): share of the primary's lymph-borne cells kept by each station;
        onward (n, n): share of cells leaving station i that station j > i keeps;
        duct: share of the primary's lymph-borne cells that reach the thoracic duct;
        duct_from (n,): share of cells leaving station i that reach the duct.
    """
    n = len(shares)
    kept = np.zeros(n)
    carried = 0.0
    for j in range(n):
        passing = carried + shares[j]
        kept[j] = retention * passing
        carried = passing - kept[j]
    duct = carried + max(0.0, 1.0 - float(shares.sum()))
    onward = np.zeros((n, n))
    duct_from = np.zeros(n)
    for i in range(n):
        left = 1.0
        for j in range(i + 1, n):
            onward[i, j] = retention * left
            left -= onward[i, j]
        duct_from[i] = left
    return kept, onward, duct, duct_from
