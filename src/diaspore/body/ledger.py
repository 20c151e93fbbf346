"""The ledger of a run: where shed cells went, by stage, route and site; it balances.

Bulk stages are expected cells given each patient's lesions. ``taken`` and the later stages count lesions that were
followed. Two identities hold for every route and are checked, since their terms come apart from each other:

    shed = lost_in_transit + arrested              shedding along growth against the fates of the solved circulation
    arrested = died_after_arrest + extravasated    held less released against deaths while held and cells that left

What nodes keep and what attaches to a lining counts as arrested and as extravasated, for no death lies between.
A third one defines ``died_in_tissue``: extravasated - dormant - taken. Nothing follows cells that die in tissue, and
``taken`` is a draw where its neighbours are expectations, so the difference is no check.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from diaspore.body.batch import Batch
from diaspore.body.compile import Compiled
from diaspore.body.state import AVASCULAR, BLOOD, CAVITY, LYMPH, PERINEURAL, PROCEDURE, ROUTES, SLEEPING, VASCULAR
from diaspore.knowledge.anatomy import SITES

STAGES = (
    "shed",
    "lost_in_transit",
    "arrested",
    "died_after_arrest",
    "extravasated",
    "died_in_tissue",
    "dormant",
    "taken",
    "grown",
    "detected",
    "fatal",
)
GROWN_MM3 = 65.0  # about 5 mm across: larger than any micrometastasis
_ROUTE_OF_CLASS = (BLOOD, LYMPH, CAVITY)


def batch_ledger(compiled: Compiled, batch: Batch) -> np.ndarray:
    """Ledger of a batch, shape (stages, routes, sites)."""
    n_sites = len(SITES)
    result = np.zeros((len(STAGES), len(ROUTES), n_sites))
    stage = {name: result[i] for i, name in enumerate(STAGES)}
    nodes_site = SITES.index("regional_nodes")
    primary = SITES.index(compiled.spec.primary.site)
    flows = batch.flows
    for k, route in enumerate((BLOOD, LYMPH, CAVITY, PERINEURAL)):
        stage["shed"][route] += flows.shed[k]
    for k, route in enumerate(_ROUTE_OF_CLASS):
        for t in range(flows.classes.shape[1]):
            cells = flows.classes[k, t]
            if not cells.any():
                continue
            table = batch.tables[t]
            stage["lost_in_transit"][route] += (cells * table.lost).sum(axis=(1, 2))
            for name, share in (
                ("arrested", table.arrested),
                ("died_after_arrest", table.died),
                ("extravasated", table.extravasated),
            ):
                stage[name][route] += np.einsum("scg,scgj->j", cells, share)
    stage["arrested"][LYMPH, nodes_site] += flows.nodes[0]
    stage["extravasated"][LYMPH, nodes_site] += flows.nodes[0]
    stage["lost_in_transit"][CAVITY] += flows.cavity[:, 1]
    stage["arrested"][CAVITY] += flows.cavity[:, 0]
    stage["extravasated"][CAVITY] += flows.cavity[:, 0]
    stage["arrested"][PERINEURAL, primary] += flows.shed[3].sum()
    stage["extravasated"][PERINEURAL, primary] += flows.shed[3].sum()
    lesions = batch.lesions
    phase_of, route_of, site_of = (
        np.ascontiguousarray(lesions[f]).astype(np.int64) for f in ("phase", "route", "site")
    )
    place = route_of * n_sites + site_of

    def count(mask: np.ndarray) -> np.ndarray:
        return np.bincount(place[mask], minlength=len(ROUTES) * n_sites).reshape(len(ROUTES), n_sites).astype(float)

    placed = (route_of != 0) & (phase_of != SLEEPING) & ~np.isnan(lesions["waking"])
    stage["taken"] += count(placed)
    # What the procedure spread or left was not shed before: it enters the ledger as shed by the procedure.
    procedure = stage["taken"][PROCEDURE]
    for name in ("shed", "arrested", "extravasated"):
        stage[name][PROCEDURE] += procedure
    asleep = batch.stocks.sum(axis=0)
    settled = stage["extravasated"].copy()
    settled[PROCEDURE] = 0.0
    total = settled.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 0.0, settled / total, 0.0)
    stage["dormant"] += share * asleep
    stage["died_in_tissue"] += stage["extravasated"] - stage["dormant"] - stage["taken"]
    found = (route_of != 0) & ~np.isnan(lesions["detected"])
    large = (phase_of >= AVASCULAR) & (phase_of <= VASCULAR) & (route_of != 0)
    large &= np.exp(np.minimum(lesions["y"], 60.0)) >= GROWN_MM3
    stage["grown"] += count(large | (found & (site_of != nodes_site)))
    stage["detected"] += count(found)
    owner = np.repeat(np.arange(len(batch.patients)), np.diff(batch.offsets))
    where = batch.patients["death_site"][owner]
    stage["fatal"] += count(large & (batch.patients["cause"][owner] == 1) & ((where == site_of) | (where == n_sites)))
    return result


def ledger_table(ledger: np.ndarray, site_names: Sequence[str]) -> pa.Table:
    """Table ``ledger``: one row per stage, route and site with anything in it."""
    i, j, k = (x.tolist() for x in np.nonzero(ledger))
    return pa.table(
        {
            "stage": [STAGES[x] for x in i],
            "route": [ROUTES[x] for x in j],
            "site": [site_names[x] for x in k],
            "cells": ledger[i, j, k],
        }
    )


def balance_error(ledger: np.ndarray) -> float:
    """Largest relative violation of the two identities that are checked, over all routes."""
    stage = {name: ledger[i].sum(axis=1) for i, name in enumerate(STAGES)}
    worst = 0.0
    for whole, parts in (
        ("shed", ("lost_in_transit", "arrested")),
        ("arrested", ("died_after_arrest", "extravasated")),
    ):
        total = stage[whole]
        rest = np.abs(total - sum(stage[p] for p in parts))
        worst = max(worst, float(np.max(np.where(total > 0, rest / np.maximum(total, 1e-300), rest))))
    return worst
