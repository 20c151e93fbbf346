"""Between the engine and controllers: observations out of the state, actions into orders and lever rows."""

from __future__ import annotations

import numpy as np

from diaspore.body.blood_tables import BloodTables, blood_tables
from diaspore.body.compile import Compiled, blood_records, row_records
from diaspore.body.kernels.life import DO_IMAGE, DO_NODES, DO_PRIMARY, DO_RESECT, DO_STOP
from diaspore.body.schedule import LeverRow, neutral_row, pull
from diaspore.body.state import AVASCULAR, VASCULAR
from diaspore.core.errors import InputError, nearest_name
from diaspore.core.messages import FACTOR_LEVERS, LEAST_ADHESION, RATE_LEVERS, Actions, Levers, Observation
from diaspore.knowledge.anatomy import SITES

PLACELESS = ("shedding", "ctc_cluster_fraction", "platelet_shield", "ctc_death")


class Rows:
    """The lever rows of a batch: those of the specification, and those that controllers ask for."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.model = compiled.model
        self._rows: dict[object, int] = {}
        self._tables: dict[object, int] = {}
        self.solved: list[BloodTables] = list(compiled.tables)

    def position(self, row: LeverRow) -> int:
        """Number of a row in the model, added when it is new."""
        known = self._rows.get(row.key())
        if known is not None:
            return known
        table = self._tables.get(row.blood)
        if table is None:
            values, spec = self.compiled.values, self.compiled.spec
            solved = blood_tables(spec.sex, spec.primary.site, values.scalar, values.site, row.blood)
            table = len(self.model.blood)
            self._tables[row.blood] = table
            self.solved.append(solved)
            self.model = self.model._replace(blood=np.concatenate([self.model.blood, blood_records([solved])]))
        record = row_records([row], np.array([table]))
        self.model = self.model._replace(rows=np.concatenate([self.model.rows, record]))
        self._rows[row.key()] = len(self.model.rows) - 1
        return self._rows[row.key()]


def _check(levers: Levers, count: int) -> None:
    if levers.nodes:
        raise InputError(f"lever on the node {levers.nodes[0].node}: patients have no networks, tissues have")
    for lever in levers.levers:
        names = FACTOR_LEVERS + RATE_LEVERS
        if lever.name not in names:
            raise InputError(f"{lever.name!r} is not a lever", allowed=names, nearest=nearest_name(lever.name, names))
        if lever.name in PLACELESS and (lever.sites is not None or lever.clones is not None):
            raise InputError(f"lever {lever.name} acts everywhere; it takes no sites or clones")
        value = np.asarray(lever.value, dtype=float)
        if value.shape not in ((), (count,)):
            raise InputError(f"lever {lever.name} has shape {value.shape} for {count} patients")
        if not np.all(np.isfinite(value)) or np.any(value < 0):
            raise InputError(f"lever {lever.name} must be finite and not negative")
        if lever.name == "adhesion" and np.any(value < LEAST_ADHESION):
            raise InputError(f"lever adhesion must be at least {LEAST_ADHESION}: without any, all cells would leave")


def lever_positions(levers: Levers, count: int, rows: Rows) -> np.ndarray:
    """Row number of every patient under these levers; patients with equal levers share a row."""
    _check(levers, count)
    table = np.stack([np.broadcast_to(np.asarray(v.value, dtype=float), (count,)) for v in levers.levers], axis=1)
    distinct, which = np.unique(table, axis=0, return_inverse=True)
    positions = np.zeros(len(distinct), dtype=np.int64)
    for i, values in enumerate(distinct):
        row = neutral_row()
        for lever, value in zip(levers.levers, values, strict=True):
            row = pull(row, lever.name, float(value), lever.sites, lever.clones, lever.route)
        positions[i] = 0 if row.plain else rows.position(row)
    return positions[which.reshape(-1)]


def orders_of(actions: Actions, patients: np.ndarray, rows: Rows) -> np.ndarray:
    """Orders (sums of DO_ flags) of the actions; lever rows are set on ``patients`` at once."""
    count = len(patients)
    orders = np.zeros(count, dtype=np.int64)
    for mask, flag in (
        (actions.image, DO_IMAGE),
        (actions.remove_primary, DO_PRIMARY),
        (actions.remove_nodes, DO_NODES),
        (actions.resect_lesions, DO_RESECT),
        (actions.stop, DO_STOP),
    ):
        if mask is not None:
            orders |= np.where(np.broadcast_to(mask, (count,)), flag, 0)
    if actions.levers is not None:
        live = patients["done"] == 0
        if actions.levers.levers:
            patients["lever_row"][live] = lever_positions(actions.levers, count, rows)[live]
        else:
            patients["lever_row"][live] = 0
    return orders


def observe(
    compiled: Compiled, patients: np.ndarray, lesions: np.ndarray, offsets: np.ndarray, visits: np.ndarray, day: float
) -> Observation:
    """What a controller sees on ``day``."""
    count = len(patients)
    owner = np.repeat(np.arange(count), np.diff(offsets))
    colony = (lesions["phase"] >= AVASCULAR) & (lesions["phase"] <= VASCULAR)
    volume = np.where(colony, np.exp(np.minimum(lesions["y"], 50.0)), 0.0)
    site = lesions["site"]
    primary, nodes = SITES.index(compiled.spec.primary.site), SITES.index("regional_nodes")
    found = colony & (lesions["detected"] <= day) & (lesions["route"] != 0)

    def total(mask: np.ndarray) -> np.ndarray:
        return np.bincount(owner[mask], weights=volume[mask], minlength=count)

    last = np.full(count, np.nan)
    where = np.searchsorted(patients["id"], visits["patient"])
    last[where] = visits["ctc_per_ml"]  # later rows of a patient overwrite earlier ones
    values = {
        "age": patients["age"] + day,
        "stage_t": patients["stage_t"],
        "stage_n": patients["stage_n"],
        "stage_m": patients["stage_m"],
        "primary": total(site == primary),
        "nodal": total(site == nodes),
        "metastatic": total((site != primary) & (site != nodes)),
        "lesions_detected": np.bincount(owner[found], minlength=count),
        "ctc_per_ml": last,
        "relapsed": patients["seen"] == 1,
    }
    detected = {name: np.bincount(owner[found & (site == j)], minlength=count) for j, name in enumerate(SITES)}
    return Observation(day, patients["id"].copy(), patients["done"] == 0, values, detected)
