"""What passes between scales and between an engine and its controllers, as plain arrays with stated units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FACTOR_LEVERS = (
    "growth_rate",
    "angiogenesis_rate",
    "dormancy_exit",
    "immune_kill",
    "tam_recruitment",
    "emt_rate",
    "invasion_speed",
    "protease_activity",
    "adhesion",
    "matrix_stiffness",
    "bone_cycle",
    "niche_readiness",
    "shedding",
    "ctc_cluster_fraction",
    "platelet_shield",
    "extravasation_prob",
    "homing_prob",
)
RATE_LEVERS = ("kill_rate", "ctc_death")
LEAST_ADHESION = 0.001  # intravasation is divided by a power of adhesion
ROUTES = ("blood", "lymph", "cavity", "nerve")


@dataclass(frozen=True)
class Lever:
    """One lever pulled for a batch of patients.

    Attributes:
        name: one of `FACTOR_LEVERS` (multiplied) or `RATE_LEVERS` (added, 1/day).
        value: scalar, or shape (patients,).
        sites: names of sites it acts on; None for all.
        clones: clones it acts on; None for all.
        route: only for ``shedding``: one of `ROUTES`; None for all.
    """

    name: str
    value: float | np.ndarray
    sites: tuple[str, ...] | None = None
    clones: tuple[int, ...] | None = None
    route: str | None = None


@dataclass(frozen=True)
class NodeLever:
    """A change of one node of the networks in the cells of a tissue.

    Attributes:
        node: name of the node.
        network: name of the network in the tissue; None for all that have the node.
        gain, loss: share of its activity that is independent of its rule, or lost; 1: the node decays to on (off).
        up, down: factors on its rates of switching on and off.
        clones: names of clones it acts on; None for all.
    """

    node: str
    network: str | None = None
    gain: float | None = None
    loss: float | None = None
    up: float | None = None
    down: float | None = None
    clones: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Levers:
    """All levers in force from now on; those of an earlier answer end.

    Attributes:
        levers: on rates and probabilities.
        nodes: on networks in cells, which patients do not have.
    """

    levers: tuple[Lever, ...] = ()
    nodes: tuple[NodeLever, ...] = ()


@dataclass(frozen=True)
class Shedding:
    """Cells that leave a lesion: rates (cells/day) by route and class, shape (routes, classes)."""

    rates: np.ndarray
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Arrivals:
    """Cells that leave the vessel at a site: rates (cells/day) by class, shape (classes,)."""

    site: str
    rates: np.ndarray
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Exposure:
    """Drug concentration by site over time: ``days`` (t,), ``concentration`` (t, sites), unit as stated."""

    drug: str
    unit: str
    days: np.ndarray
    sites: tuple[str, ...]
    concentration: np.ndarray


@dataclass(frozen=True)
class BloodSample:
    """Blood drawn from patients: true concentration of tumour cells (cells/mL), shape (patients,)."""

    day: float
    compartment: str
    volume_ml: float
    cells_per_ml: np.ndarray


@dataclass(frozen=True)
class Observation:
    """What a controller sees of a batch of patients on one day.

    Arrays have shape (patients,) unless said otherwise; days count from diagnosis, volumes are mm3.

    Attributes:
        day: the day.
        patient: persistent number of each patient.
        alive: False for those who died or ended follow-up; actions on them are ignored.
        values: column -> array: age (day), stage_t, stage_n, stage_m, primary, nodal, metastatic, lesions_detected,
            ctc_per_ml, relapsed.
        detected: site -> number of detected lesions.
    """

    day: float
    patient: np.ndarray
    alive: np.ndarray
    values: Mapping[str, np.ndarray]
    detected: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Actions:
    """What a controller does; masks have shape (patients,), None for nobody.

    ``levers`` of None leaves levers as they are.
    """

    levers: Levers | None = None
    image: np.ndarray | None = None
    remove_primary: np.ndarray | None = None
    remove_nodes: np.ndarray | None = None
    resect_lesions: np.ndarray | None = None
    stop: np.ndarray | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
