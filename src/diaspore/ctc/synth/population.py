"""Cells of a slide: of which kind, how large, how bright, and where they lie."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diaspore.ctc.cells import cell_kinds
from diaspore.ctc.synth.spec import SlideSpec

CLUSTER_MORE = 0.45
"""Chance of each further cell in a cluster: most hold two or three (assumed)."""
APART = 0.92
"""Cells on a slide lie beside each other: centres are at least this part of the sum of the radii apart (assumed)."""
SQUEEZED = 0.80
"""The same in clusters."""
TRIES = 400


def population(spec: SlideSpec, rng: np.random.Generator) -> pd.DataFrame:
    """The cells, one row each.

    Columns: ``kind``, ``cluster`` (0: none), ``diameter_um``, ``nucleus_um`` (diameter), levels of ``cytokeratin``,
    ``vimentin`` and ``cd45`` (1: a typical cell that is full of it) and ``dna``, and place ``x``, ``y`` (px).
    """
    kinds = cell_kinds(spec.cancer)
    shares = np.array(list(spec.kinds.values()), dtype=float)
    named = rng.choice(list(spec.kinds), size=spec.tumour, p=shares / shares.sum())
    clusters = _clusters(spec, rng)
    names = np.concatenate([named, np.full(spec.leukocytes, "leukocyte")])
    cluster = np.concatenate([clusters, np.zeros(spec.leukocytes, dtype=int)])
    partners = [k for k in np.unique(clusters[clusters > 0]) if rng.random() < spec.heterotypic]
    cluster[spec.tumour : spec.tumour + len(partners)] = partners[: spec.leukocytes]
    count = len(names)
    table = pd.DataFrame({"kind": names, "cluster": cluster})
    spread = np.array([kinds[name].diameter_spread for name in names])
    table["diameter_um"] = [kinds[name].diameter for name in names] * np.exp(spread * rng.standard_normal(count))
    share = np.array([kinds[name].nucleus for name in names])
    table["nucleus_um"] = table["diameter_um"] * np.clip(share * np.exp(0.08 * rng.standard_normal(count)), 0.4, 0.88)
    for marker in ("cytokeratin", "vimentin", "cd45"):
        median = np.array([getattr(kinds[name], marker) for name in names])
        wide = np.array([kinds[name].marker_spread for name in names])
        table[marker] = median * np.exp(wide * rng.standard_normal(count))
    sticky = (names == "leukocyte") & (rng.random(count) < spec.sticky)
    table.loc[sticky, "cytokeratin"] += rng.uniform(0.1, 0.6, int(sticky.sum()))
    table["dna"] = np.exp(0.25 * rng.standard_normal(count))
    table["x"], table["y"] = _places(spec, table, rng)
    return table[table["x"] >= 0].reset_index(drop=True)


def _clusters(spec: SlideSpec, rng: np.random.Generator) -> np.ndarray:
    """Number of the cluster of each tumour cell, 0 for single ones."""
    found = np.zeros(spec.tumour, dtype=int)
    wanted, begin, number = round(spec.clusters * spec.tumour), 0, 0
    while begin + 2 <= spec.tumour and begin < wanted:
        number += 1
        size = 2
        while rng.random() < CLUSTER_MORE and begin + size < spec.tumour:
            size += 1
        found[begin : begin + size] = number
        begin += size
    return found


def _places(spec: SlideSpec, cells: pd.DataFrame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places one after the other, clusters first; a cell that finds no room is left out (-1)."""
    height, width = spec.shape
    radius = 0.5 * cells["diameter_um"].to_numpy() / spec.pixel_um
    cluster = cells["cluster"].to_numpy()
    x, y = np.full(len(cells), -1.0), np.full(len(cells), -1.0)
    order = np.lexsort((cluster, cluster == 0))
    side = 2.5 * float(radius.max(initial=1.0))
    grid: dict[tuple[int, int], list[int]] = {}

    def free(v: float, u: float, mine: int) -> bool:
        row, column = int(v / side), int(u / side)
        for a in (row - 1, row, row + 1):
            for b in (column - 1, column, column + 1):
                for k in grid.get((a, b), ()):
                    part = SQUEEZED if cluster[k] and cluster[k] == cluster[mine] else APART
                    if (x[k] - u) ** 2 + (y[k] - v) ** 2 < (part * (radius[k] + radius[mine])) ** 2:
                        return False
        return True

    for k in order:
        mates = np.flatnonzero((cluster == cluster[k]) & (x >= 0)) if cluster[k] else np.array([], dtype=int)
        for _ in range(TRIES):
            if len(mates):
                mate = int(rng.choice(mates))
                angle = rng.uniform(0.0, 2.0 * np.pi)
                apart = rng.uniform(SQUEEZED, 0.95) * (radius[k] + radius[mate])
                v, u = y[mate] + apart * np.sin(angle), x[mate] + apart * np.cos(angle)
            else:
                v, u = rng.uniform(0.0, height - 1.0), rng.uniform(0.0, width - 1.0)
            if 0 <= v <= height - 1 and 0 <= u <= width - 1 and free(v, u, int(k)):
                y[k], x[k] = v, u
                grid.setdefault((int(v / side), int(u / side)), []).append(int(k))
                break
    return x, y
