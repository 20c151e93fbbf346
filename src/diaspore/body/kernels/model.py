"""The compiled model: everything that a kernel reads and never writes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEVERS = (
    "growth_rate",
    "kill_rate",
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
)
(
    GROWTH,
    KILL,
    ANGIOGENESIS,
    DORMANCY_EXIT,
    IMMUNE,
    TAM,
    EMT,
    SPEED,
    PROTEASE,
    ADHESION,
    STIFFNESS,
    BONE_CYCLE,
    NICHE,
) = range(13)

GLOBAL_LEVERS = ("shedding_blood", "shedding_lymph", "shedding_cavity", "shedding_perineural", "cluster", "shield")
SHED_BLOOD, SHED_LYMPH, SHED_CAVITY, SHED_PERINEURAL, CLUSTER, SHIELD = range(6)

# Processes that draw random numbers (the third key of a draw).
(
    S_GROWTH,
    S_TAKE,
    S_SHED,
    S_SIZE,
    S_LETHAL,
    S_AGE,
    S_SCREEN,
    S_CLONES,
    S_CANDIDATE,
    S_PLACE,
    S_FATE,
    S_NODE,
    S_COLONY,
    S_THRESHOLD,
    S_SLEEP,
    S_IMAGING,
    S_TUBE,
    S_SURGERY,
    S_CLUSTER,
    S_SWITCH,
    S_SEX,
) = range(21)

# Kinds of scheduled entries.
K_VISIT, K_IMAGING, K_SURGERY_PRIMARY, K_SURGERY_NODES, K_LEVERS, K_RESECT, K_STOP = range(7)


class Model(NamedTuple):
    """Read-only arrays of a compiled patient specification; sites are positions in ``knowledge.anatomy.SITES``.

    Shapes: S sites, T circulation tables (levers that act in blood), R lever rows, C classes of 4, 2 shields (exposed,
    shielded), N stations of the primary, X scheduled entries.
    """

    seed: np.uint64
    par: np.ndarray  # (1,) record of scalar parameters
    sites: np.ndarray  # (S,) record of site parameters
    primary_site: int
    nodes_site: int
    bone_site: int
    law: int
    y_cap: float
    y_avascular: float
    y_held: float
    y_cell: float
    y_bone: float
    founder: np.ndarray  # (T, S, 4, 2) founders per shed cell at unit take, summed over sites
    founder_limit: np.ndarray  # (T, S) largest ``founder`` over classes
    place: np.ndarray  # (T, S, 4, 2, S) cumulative shares of those founders by site
    extravasated: np.ndarray  # (T, S, 4, 2, S) share of shed cells that leave the vessel in each site
    concentration: np.ndarray  # (T, S, 4, 2, 4) steady CTC per mL per shed cell/day: portal, venous, arterial, arm
    lever: np.ndarray  # (R, 13, S, clones)
    global_lever: np.ndarray  # (R, 6)
    table: np.ndarray  # (R,) circulation table of each lever row
    plain: np.ndarray  # (R,) 1 where all levers are neutral
    kept: np.ndarray  # (N,) share of the primary's lymph-borne cells kept by a station
    kept_from: np.ndarray  # (N, N)
    duct: float
    duct_from: np.ndarray  # (N,)
    station_nodes: np.ndarray  # (N,) number of nodes
    removable: np.ndarray  # (N,) 1 where nodal surgery reaches
    cavity_of: np.ndarray  # (S,) site of the cavity next to a site, -1 for none (a cavity is next to itself)
    subsite: np.ndarray  # (S, M) cumulative shares of the places within a cavity
    lining: np.ndarray  # (S,) 1 for cavity linings
    schedule_day: np.ndarray  # (X,)
    schedule_kind: np.ndarray  # (X,)
    schedule_value: np.ndarray  # (X,)
    t_cut: np.ndarray  # (3,) diameters in mm above which T2, T3, T4
    n_cut: np.ndarray  # (3,) positive nodes from which N1, N2, N3
    m0_only: int  # scheduled surgery spares patients with metastases at diagnosis
    resection_limit: int
    lesion_limit: int
    horizon: float
    panel: float  # longest panel after diagnosis, day
    hahnfeldt_step: float
    day_tolerance: float
    fixed_diameter: float  # nan when drawn
    fixed_age: float
    age_mean: float
    age_sd: float
    sex: int
    screening_share: float
    screening_interval: float
    dissected: int
