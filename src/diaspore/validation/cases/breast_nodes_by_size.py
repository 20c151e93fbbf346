"""Positive axillary nodes by size, from engine patients at three diameters per class of size."""

from __future__ import annotations

import numpy as np

from diaspore.knowledge.load import table
from diaspore.validation.models.engine_runs import staging_only
from diaspore.validation.registry import Result

NUMBER = 1000
SURGERY = {"primary": {"at": "1 day"}, "nodes": {"at": "1 day"}}
# Diameters (mm) that stand for a class of size.
DIAMETERS = {
    "metabric": {
        "le10": (7.0, 8.5, 10.0),
        "11_20": (12.0, 15.0, 18.0),
        "21_30": (22.0, 25.0, 29.0),
        "31_50": (33.0, 38.0, 46.0),
        "gt50": (55.0, 65.0, 80.0),
    },
    "rotterdam": {"le20": (10.0, 15.0, 19.0), "20_50": (23.0, 30.0, 42.0), "gt50": (55.0, 65.0, 80.0)},
}
CLASSES = ("n0", "1_3", "4_9", "10")
FIRST = np.array([0, 1, 4, 10])  # fewest nodes of each class


def shares(positive: np.ndarray) -> np.ndarray:
    """Shares of the four classes of positive nodes."""
    classes = np.searchsorted(FIRST, positive, side="right") - 1
    found: np.ndarray = np.bincount(classes, minlength=4) / len(positive)
    return found


def run() -> Result:
    """Shares by class of size in both data sets, and their error against one distribution for all sizes."""
    result = Result()
    positive: dict[float, np.ndarray] = {}
    rows = {r.key.removeprefix("nodes."): r for r in table("nodes_by_size")}
    for data, sizes in DIAMETERS.items():
        found, published, count = [], [], []
        for size, diameters in sizes.items():
            for d in diameters:
                if d not in positive:
                    columns = staging_only(d, NUMBER, surgery=SURGERY).columns
                    positive[d] = columns["nodes_positive"][columns["stage_m"] == 0]
            found.append(np.mean([shares(positive[d]) for d in diameters], axis=0))
            cells = [rows[f"{data}.{size}.{name}"] for name in CLASSES]
            published.append([float(r.value) for r in cells])
            count.append([r.number("patients") for r in cells])
        pooled = np.sum(count, axis=0) / np.sum(count)
        for size, model in zip(sizes, found, strict=True):
            for k, name in enumerate(CLASSES):
                result.add(f"{data}_{size}_{name}", float(model[k]), null={"all_sizes_pooled": float(pooled[k])})

        def rmse(guess: np.ndarray, data: np.ndarray = np.array(published)) -> float:  # noqa: B008
            return 100.0 * float(np.sqrt(np.mean((guess - data) ** 2)))

        null = rmse(np.tile(pooled, (len(found), 1)))
        result.add(f"{data}_rmse_pp", rmse(np.array(found)), null={"all_sizes_pooled": null})
    return result
