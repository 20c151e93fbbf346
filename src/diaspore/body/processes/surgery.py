"""Surgery of primary, nodes and lesions, and what it may leave or spread.

Reads: actions of the protocol at a visit. Writes: removal days; a local remnant; founders spread by the procedure
(off by default). Runs: when an action asks for it.
"""

from __future__ import annotations

from diaspore.body.definitions import Definition

PARAMETERS = (
    Definition("surgery.remnant_probability", "1", 0, 1, "probability that excision leaves a local remnant"),
    Definition("surgery.remnant_cells", "1", 1, 1e9, "cells of a local remnant", spread=True),
    Definition("surgery.procedure_cells", "1", 0, 1e9, "cells set free into blood by the procedure (0: off)"),
    Definition("surgery.nodes_sampled", "1", 0, 60, "mean number of nodes examined"),
)
