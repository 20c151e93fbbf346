"""Cells that a drug does not reach: how many a colony holds when treatment begins.

Reads: number of cells of a colony, and up to which number it was looked at before. Writes: number of resistant cells.
Runs: when treatment begins that kills or holds the others only; what arises while it goes on is left out.

Every division makes a resistant cell with the chance mu (`luria1943`, `goldie1979`). Resistant cells grow like the
others, so that one which arises among N_e cells has become N / N_e when there are N; since the colony had N_0 cells
there were N - N_0 divisions, and their number is Poisson with mean mu (N - N_0). Death of cells, back mutation and a
cost of resistance are left out. The colony of resistant cells is of the clone `RESISTANT`, whatever the drug: drugs
spare it unless a file says otherwise.
"""

from __future__ import annotations

import math

from diaspore.body.processes.clones import MAX_CLONES
from diaspore.core.jit import inline

RESISTANT = MAX_CLONES
"""Label of the clone: the first that no clone of the primary has."""
LABELS = MAX_CLONES + 1
"""Number of labels with it."""
SEVERAL = 64
"""Mutations that are drawn; of later ones the expected number of cells is taken."""


@inline
def mutant_cells(first, total, u):
    """Cells, among ``total``, of a mutant that arose at the share ``u`` of the divisions since there were ``first``."""
    return total / (first + (total - first) * u)


@inline
def later_cells(first, total, u, chance):
    """Expected number of resistant cells among ``total`` from divisions after the share ``u`` of them."""
    return chance * total * math.log(total / (first + (total - first) * u))
