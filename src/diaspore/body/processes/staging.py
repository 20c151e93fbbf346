"""TNM stage from size, positive nodes and detected metastases.

Reads: diameter at diagnosis, pathology of nodes, imaging at diagnosis. Writes: T, N, M and the stage group. Runs: at
diagnosis and after nodal surgery. The cut-offs are parameters because they differ between cancers; the groups below
are the anatomic ones of breast cancer (AJCC8, recalled): skin and chest-wall invasion, which make T4 there, are not
modelled, so T4 is unreachable unless a diameter is given for it.
"""

from __future__ import annotations

import numpy as np

from diaspore.body.definitions import Definition

PARAMETERS = (
    Definition("staging.t2_diameter", "mm", 1, 1e4, "T2 above this diameter"),
    Definition("staging.t3_diameter", "mm", 1, 1e4, "T3 above this diameter"),
    Definition("staging.t4_diameter", "mm", 1, 1e4, "T4 above this diameter"),
    Definition("staging.n1_nodes", "1", 1, 100, "N1 from this number of positive nodes"),
    Definition("staging.n2_nodes", "1", 1, 100, "N2 from this number of positive nodes"),
    Definition("staging.n3_nodes", "1", 1, 100, "N3 from this number of positive nodes"),
)

GROUPS = ("I", "II", "III", "IV")
_ANATOMIC = np.array(  # rows T1..T4, columns N0..N3; positions in GROUPS
    [[0, 1, 2, 2], [1, 1, 2, 2], [1, 2, 2, 2], [2, 2, 2, 2]], dtype=np.int8
)


def stage_group(t: np.ndarray, n: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Positions in `GROUPS` for arrays of T (1..4), N (0..3) and M (0, 1)."""
    return np.where(m == 1, np.int8(3), _ANATOMIC[t - 1, n])
