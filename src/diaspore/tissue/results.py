"""A finished tissue as pictures and exports read it: names, units, colours, and one snapshot at a time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError, RunStoreError, shown
from diaspore.core.runstore import Run
from diaspore.tissue.snapshot import snapshot_name
from diaspore.tissue.state import APOPTOTIC

STATES = ("live", "apoptotic", "necrotic")
"""States of a cell, by number."""
LIVE = (
    "#0072B2", "#009E73", "#CC79A7", "#E2C800", "#332288", "#56B4E9", "#8B5A2B", "#7FBF3F", "#9A4FBF", "#117733",
    "#44AA99", "#A8A8C8",
)  # fmt: skip
"""Colours of live cells by type, in turn; none is near those of vessels and of dying cells."""
DYING = {"apoptotic": "#D55E00", "necrotic": "#22262b"}


def states(phase: np.ndarray) -> np.ndarray:
    """Number of the state in `STATES` of cells in these phases."""
    found: np.ndarray = (phase >= APOPTOTIC).astype(np.uint8) + (phase > APOPTOTIC).astype(np.uint8)
    return found


def colour_of(kind: int, state: int) -> str:
    """Colour of cells of a type in a state, as #rrggbb."""
    return LIVE[kind % len(LIVE)] if state == 0 else DYING[STATES[state]]


def labelled(substance: str, unit: str) -> str:
    """Name of a substance with its unit."""
    return substance if unit == "dimensionless" else f"{substance} ({unit})"


class Tissue:
    """The results of a run of ``kind: tissue``.

    Attributes:
        run: the run.
        types: names of the cell types, by number.
        units: unit of every substance by its name, in order.
        networks: networks in the cells, as the file describes them, by name.
    """

    def __init__(self, run: Run) -> None:
        spec = run.spec
        self.run = run
        self.types: tuple[str, ...] = tuple(spec["cell_types"])
        self.networks: dict[str, dict[str, Any]] = {
            name: dict(network["network"]) for name, network in spec.get("networks", {}).items()
        }
        self.units: dict[str, str] = {name: str(s["unit"]) for name, s in spec.get("substances", {}).items()}

    @property
    def vessels(self) -> bool:
        """Whether it has vessels."""
        return "vessels" in self.run.spec

    @property
    def has_lymph(self) -> bool:
        """Whether it has lymph vessels."""
        return self.vessels and any(one.get("kind") == "lymph" for one in self.run.spec["vessels"]["layout"])

    @cached_property
    def counts(self) -> pd.DataFrame:
        """The table of cells by type and state, one row for each snapshot."""
        return self.run.table("counts")

    @property
    def snapshots(self) -> int:
        """How many snapshots there are."""
        return len(self.counts)

    def hours(self, number: int) -> float:
        """Time of a snapshot."""
        return float(self.counts["hours"].iloc[number])

    def shot(self, number: int) -> dict[str, np.ndarray]:
        """The arrays of a snapshot by name, substances as ``substance_NAME``; cells are in no particular order.

        Raises:
            RunStoreError: it is missing or damaged.
        """
        found = self.run.arrays(snapshot_name(number))
        if found is None:
            raise RunStoreError(f"the run in {self.run.path} is damaged: {snapshot_name(number)} is missing")
        return {str(name): array.values for name, array in found.variables.items()}

    def nodes(self, shot: Mapping[str, np.ndarray], network: str) -> dict[str, np.ndarray]:
        """States of the nodes (0 or 1), or amounts of the species, of a network in every cell of a snapshot.

        Raises:
            InputError: there is no such network.
        """
        if network not in self.networks:
            known = list(self.networks)
            raise InputError(f"there is no network {shown(network)}", field="network", allowed=known or "(none)")
        values, described = shot[f"network_{network}"], self.networks[network]
        if described["kind"] == "kinetic_network":
            return dict(zip(self._species(network), values, strict=True))
        from diaspore.networks.boolean.compile import unpack

        names = list(described["nodes"])
        return dict(zip(names, unpack(values, len(names)).T, strict=True))

    def _species(self, network: str) -> list[str]:
        """Species of a kinetic network that change, in the order of their rows."""
        from diaspore.core.spec import validate
        from diaspore.networks.kinetic.network import Network
        from diaspore.networks.kinetic.spec import KineticNetworkSpec

        described = self.networks[network]
        given = [one["parameter"] for one in self.run.spec["networks"][network].get("inputs", [])]
        held = [name for name in given if name in described["species"]]
        return list(Network(validate(KineticNetworkSpec, described), held=held).states)

    def shown_nodes(self, network: str) -> list[str]:
        """Nodes or species of which the table `counts` has the mean."""
        prefix, suffix = f"{network}.", " mean"
        columns = [str(name) for name in self.counts.columns]
        return [
            name[len(prefix) : -len(suffix)] for name in columns if name.startswith(prefix) and name.endswith(suffix)
        ]

    def chosen(self, every: int | None = None, snapshot: int | None = None) -> list[int]:
        """Numbers of the snapshots meant: all, one in ``every`` and the last, or only ``snapshot``.

        Raises:
            InputError: not there, or both given.
        """
        last = self.snapshots - 1
        if snapshot is not None:
            if every is not None:
                raise InputError("cannot go with one snapshot", field="every", allowed="every or snapshot")
            if not 0 <= snapshot <= last:
                raise InputError(f"there is no snapshot {shown(snapshot)}", field="snapshot", allowed=f"0 to {last}")
            return [snapshot]
        if every is not None and every < 1:
            raise InputError(f"must be at least 1, got {shown(every)}", field="every")
        return sorted({*range(0, last + 1, every or 1), last})


def opened(run: Run, what: str) -> Tissue:
    """The results of a tissue.

    Raises:
        InputError: a run of another kind, which has no ``what`` ("films").
    """
    kind = run.manifest.get("kind")
    if kind != "tissue":
        raise InputError(f"{run.path} is a run of kind {kind}, which has no {what}", allowed="runs of kind tissue")
    return Tissue(run)


def box(shot: Mapping[str, np.ndarray]) -> tuple[np.ndarray, float, tuple[int, int, int]]:
    """Corner of least coordinates (x, y, z; um), edge of a voxel (um), and voxels along x, y and z."""
    centres = [shot[name] for name in "xyz"]
    spacing = float(centres[0][1] - centres[0][0])
    corner = np.array([c[0] - 0.5 * spacing for c in centres])
    nx, ny, nz = (len(c) for c in centres)
    return corner, spacing, (nx, ny, nz)


def levels(shot: Mapping[str, np.ndarray], substances: Any) -> np.ndarray:
    """Level of every substance at the voxel of each cell, shape (cells, substances)."""
    corner, spacing, shape = box(shot)
    at = ((shot["place"][:, :3] - corner) / spacing).astype(np.int64)
    x, y, z = np.clip(at, 0, np.array(shape) - 1).T
    found = np.empty((len(x), len(substances)))
    for s, name in enumerate(substances):
        found[:, s] = shot[f"substance_{name}"][z, y, x]
    return found
