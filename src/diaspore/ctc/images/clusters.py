"""Clusters: tumour cells whose cytokeratin is one, and leukocytes that touch them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from diaspore.ctc.images.gates import LEUKOCYTE, TUMOUR

LEAST_BORDER_UM = 3.0
"""Cells touch if their common border is at least this long."""


def clusters(labels: np.ndarray, classes: np.ndarray, contacts: pd.DataFrame) -> pd.DataFrame:
    """Clusters of one field.

    Args:
        labels: of the events, in rising order.
        classes: their classes.
        contacts: as in `features.Measured`.

    Returns:
        One row for each event: ``cluster`` (number within the field; 0: none), ``cluster_nuclei`` (nuclei of tumour
        cells in it, 1 for a single tumour cell, 0 for other events), ``heterotypic`` (whether a leukocyte touches a
        cell of it by at least 3 um). Two tumour cells are in one cluster if cytokeratin goes on across their
        border, directly or through others; a leukocyte that touches is counted with none, but makes a cluster of a
        single cell too.
    """
    count = len(labels)
    tumour, leukocyte = classes == TUMOUR, classes == LEUKOCYTE
    first = np.searchsorted(labels, contacts["first"].to_numpy())
    second = np.searchsorted(labels, contacts["second"].to_numpy())
    joined = (contacts["keratin_um"].to_numpy() >= LEAST_BORDER_UM) & tumour[first] & tumour[second]
    graph = coo_matrix((np.ones(int(joined.sum())), (first[joined], second[joined])), shape=(count, count))
    _, group = connected_components(graph, directed=False)
    size = np.bincount(group[tumour], minlength=int(group.max(initial=0)) + 1)
    near = contacts["border_um"].to_numpy() >= LEAST_BORDER_UM
    partners = np.zeros(len(size), dtype=int)
    for one, other in ((first, second), (second, first)):
        pairs = near & tumour[one] & leukocyte[other]
        np.add.at(partners, group[one[pairs]], 1)
    real = tumour & ((size[group] >= 2) | (partners[group] > 0))
    number = np.zeros(count, dtype=np.int32)
    _, number_of = np.unique(group[real], return_inverse=True)
    number[real] = number_of + 1
    return pd.DataFrame(
        {
            "cluster": number,
            "cluster_nuclei": np.where(tumour, size[group], 0).astype(np.int32),
            "heterotypic": tumour & (partners[group] > 0),
        }
    )
