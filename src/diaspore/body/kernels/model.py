"""The compiled model: everything that a kernel reads and never writes.

Kernels take three records, which are passed as pointers: ``par`` (all of fixed size), ``row`` (the levers in force) and
``vessels`` (the solved circulation under them). Passing the model as one tuple of three dozen arrays cost half a
microsecond in every call.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from diaspore.body.processes.resistance import LABELS
from diaspore.body.registry import scalar_dtype, site_dtype
from diaspore.knowledge.anatomy import SITES

N_SITES = len(SITES)
NODES_BY_LYMPH = N_SITES  # founders that lymph brings to a station are counted apart from those of the sites
SELF_SEEDED = N_SITES + 1  # and so are founders that join the primary
N_PLACES = N_SITES + 2
MAX_STATIONS = 16
MAX_SUBSITES = 16

# Levers with a value for every site and clone.
LOCAL_LEVERS = (
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
# Levers with one value: shedding by route, clusters, shield.
GLOBAL_LEVERS = (
    "shedding_blood",
    "shedding_lymph",
    "shedding_cavity",
    "shedding_nerve",
    "ctc_cluster_fraction",
    "platelet_shield",
)

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
    S_COHORT,
    S_EXAMINED,
    S_RESISTANT,
) = range(23)

# Kinds of scheduled entries.
K_VISIT, K_IMAGING, K_SURGERY_PRIMARY, K_SURGERY_NODES, K_LEVERS, K_RESECT, K_STOP = range(7)


@cache
def model_dtype() -> np.dtype:
    """Everything of fixed size: scalar parameters, those of every site, stations, and what the specification fixes."""
    extra: list[Any] = [
        ("seed", "u8"),
        ("law", "i8"),
        ("primary_site", "i8"),
        ("nodes_site", "i8"),
        ("bone_site", "i8"),
        ("n_stations", "i8"),
        ("sex", "i8"),
        ("m0_only", "i8"),
        ("dissected", "i8"),
        ("resection_limit", "i8"),
        ("lesion_limit", "i8"),
        ("y_cap", "f8"),
        ("y_avascular", "f8"),
        ("y_held", "f8"),
        ("y_cell", "f8"),
        ("y_bone", "f8"),
        ("duct", "f8"),  # share of the primary's lymph-borne cells that reach the thoracic duct
        ("kept", "f8"),  # share that nodes keep
        ("panel", "f8"),
        ("hahnfeldt_step", "f8"),
        ("day_tolerance", "f8"),
        ("resistance", "f8"),  # chance of a resistant cell per division
        ("age_mean", "f8"),
        ("age_sd", "f8"),
        ("screening_share", "f8"),
        ("screening_interval", "f8"),
        ("ln_site_capacity", "f8", (N_SITES,)),
        ("cavity_of", "i8", (N_SITES,)),  # the cavity next to a site, -1 for none; a cavity is next to itself
        ("lining", "i8", (N_SITES,)),  # 1 for cavities
        ("subsite", "f8", (N_SITES, MAX_SUBSITES)),  # cumulative shares of the places within a cavity
        ("station_kept", "f8", (MAX_STATIONS,)),  # share of the primary's lymph-borne cells that a station keeps
        ("station_kept_from", "f8", (MAX_STATIONS, MAX_STATIONS)),  # share of cells leaving i that j keeps
        ("station_kept_total", "f8", (MAX_STATIONS,)),
        ("station_duct_from", "f8", (MAX_STATIONS,)),  # share of cells leaving a station that reach the duct
        ("station_nodes", "i8", (MAX_STATIONS,)),
        ("station_removable", "i8", (MAX_STATIONS,)),  # 1 where nodal surgery reaches
    ]
    scalars, places = scalar_dtype(), site_dtype()
    fields: list[Any] = [(name, scalars[name]) for name in scalars.names or ()]
    fields += [(name, places[name], (N_SITES,)) for name in places.names or ()]
    return np.dtype(fields + extra, align=True)


ROW = np.dtype(
    [(name, "f8", (N_SITES, LABELS)) for name in LOCAL_LEVERS]
    + [("homing", "f8", (N_SITES,))]
    + [(name, "f8") for name in GLOBAL_LEVERS]
    + [("table", "i8"), ("plain", "i8")],
    align=True,
)

BLOOD_TABLE = np.dtype(
    [
        ("founder", "f8", (N_SITES, 4, 2)),  # founders per shed cell at unit take, by source site, class, shield
        ("founder_limit", "f8", (N_SITES,)),  # the largest of them
        ("place", "f8", (N_SITES, 4, 2, N_SITES)),  # cumulative shares of founders by site
        ("extravasated", "f8", (N_SITES, 4, 2, N_SITES)),  # share of shed cells that leave the vessel in each site
        ("concentration", "f8", (N_SITES, 4, 2, 4)),  # CTC per mL per shed cell/day: portal, venous, arterial, arm
        ("followed", "f8", (2, N_PLACES)),  # 1 where founders that divide and that sleep are followed, else 0
    ],
    align=True,
)

# Work space of one thread. A record, because a tuple of arrays costs the counting of references in every call.
SPACE = np.dtype(
    [
        ("shed", "f8", (8,)),  # cells shed per day by route, class weights
        ("parts", "f8", (6,)),  # founders per day by way
        ("spare_shed", "f8", (8,)),  # the same for a bound, while the others are in use
        ("spare_parts", "f8", (6,)),
        ("by_site", "f8", (N_SITES, 3, 4)),  # cells that enter blood, by site, way and class; zero between panels
        ("touched", "i8", (N_SITES,)),  # sites with such cells; zero between panels
        ("burden", "f8", (N_SITES,)),  # mm3
        ("asleep", "f8", (N_SITES,)),  # share of arrivals that end up in the stock of sleepers
        ("joined", "f8", (1024,)),  # founders that joined the primary in the panel: how many, then their days
        # Which founders of a patient are followed, see :mod:`limit`:
        ("counts", "i8", (2, N_PLACES)),  # founders so far: dividing, sleeping
        ("closed_on", "f8", (2, N_PLACES)),  # day from which they are no longer followed, infinity: they are
        ("any_closed", "i8"),  # 1 when any place is closed
        ("narrowed", "i8"),  # number of the table of blood that the open one was narrowed from, -1: it must be anew
        ("missing", "f8", (N_PLACES,)),  # share of a panel's founders that are not followed
        ("niche", "f8", (N_SITES,)),  # share of founders that find their niche
        ("kept_free", "f8", (17,)),  # ``kept_free`` of the patient at the panel's start
    ],
    align=True,
)

ENTRY = np.dtype([("day", "f8"), ("kind", "i8"), ("value", "i8")], align=True)


class Model(NamedTuple):
    """Read-only arrays of a compiled specification."""

    par: np.ndarray  # (1,) model_dtype
    rows: np.ndarray  # (R,) ROW: levers in force
    blood: np.ndarray  # (T,) BLOOD_TABLE: one per distinct set of levers that act in blood
    schedule: np.ndarray  # (X,) ENTRY, sorted
    relapse: np.ndarray  # (Z,) ENTRY, sorted: rows of levers by days from a known relapse, in place of those before it
    progression: np.ndarray  # (Y,) ENTRY, sorted: the same by days from the first progression after it
