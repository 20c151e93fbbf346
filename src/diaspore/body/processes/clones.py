"""Clones of the primary and what a founder carries.

Reads: volume of the primary at the time of shedding. Writes: clone label and number of clones of a founder. Runs: at
every founder. Lineage labels with the parent's id tell linear from parallel and mono- from polyclonal seeding.

Up to four clones: the founding one and others that appear when the primary passes their onset size, log-uniform between
``clones.first_cells`` and ``clones.last_cells``. The founding clone has weight 1, a later one with advantage a has
(V/V_onset)**a - 1 + 0.001: next to nothing at its onset. Assumed; an ablation is ``clones.count = 1``.
"""

from __future__ import annotations

import math

from diaspore.body.definitions import Definition
from diaspore.core.jit import inline

MAX_CLONES = 4

PARAMETERS = (
    Definition("clones.count", "1", 1, MAX_CLONES, "number of clones, with the founding one"),
    Definition("clones.first_cells", "1", 1, 1e12, "smallest onset size of a later clone, in cells"),
    Definition("clones.last_cells", "1", 1, 1e12, "largest onset size of a later clone, in cells"),
    Definition("clones.advantage", "1", 0, 3, "growth advantage of a later clone"),
)


@inline
def pick_clone(y, onsets, count, advantage, u):
    """Clone (0..count-1) of a cell from a primary of ln-volume ``y``; ``onsets`` are ln onset volumes of clones 1.."""
    total = 1.0
    for k in range(1, count):
        if y > onsets[k]:
            total += math.exp(advantage * (y - onsets[k])) - 1.0 + 1e-3
    x = u * total
    if x < 1.0:
        return 0
    x -= 1.0
    for k in range(1, count):
        if y > onsets[k]:
            w = math.exp(advantage * (y - onsets[k])) - 1.0 + 1e-3
            if x < w:
                return k
            x -= w
    return 0
