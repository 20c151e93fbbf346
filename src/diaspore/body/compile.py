"""From a checked specification to the arrays that kernels read, with the sources of all values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diaspore.body.blood_tables import BloodTables, blood_tables
from diaspore.body.kernels.model import (
    BLOOD_TABLE,
    ENTRY,
    GLOBAL_LEVERS,
    K_LEVERS,
    LOCAL_LEVERS,
    MAX_STATIONS,
    MAX_SUBSITES,
    ROW,
    Model,
    model_dtype,
)
from diaspore.body.parameters import Values, changed_values, cite, resolve
from diaspore.body.processes.lymph import station_chain
from diaspore.body.schedule import LeverRow, entries, lever_rows
from diaspore.body.spec import PatientDescription
from diaspore.body.stations import stations_of
from diaspore.core.citations import Citations
from diaspore.core.errors import InputError
from diaspore.knowledge.anatomy import CAVITIES, SITES, Station, cavity

CAVITY_NEIGHBOURS = {
    "peritoneum": ("peritoneum", "liver", "stomach", "bowel", "pancreas", "ovary", "spleen", "bladder"),
    "pleura": ("pleura", "lung"),
    "pericardium": ("pericardium", "heart"),
    "meninges": ("meninges", "brain"),
}


@dataclass(frozen=True)
class Compiled:
    """A compiled specification.

    Attributes:
        spec: what was compiled.
        model: what kernels read.
        values: the parameters in use.
        tables: solved circulation, one per distinct set of levers that act in blood.
        stations: lymph-node stations of the primary, in order.
        citations: sources of all of it.
    """

    spec: PatientDescription
    model: Model
    values: Values
    tables: tuple[BloodTables, ...]
    stations: tuple[Station, ...]
    citations: Citations


def subsite_names(site: str) -> tuple[str, ...]:
    """Places within a cavity, in the order of their numbers in the lesions table."""
    return tuple(cavity(_cavity_name(site)).implant_share) if site in CAVITY_NEIGHBOURS else ()


def _cavity_name(site: str) -> str:
    for name in (site, {"meninges": "csf", "pleura": "pleura"}.get(site, site)):
        if name in CAVITIES:
            return name
    raise InputError(f"no cavity belongs to the site {site}")


def possible_diameters(values: Values) -> tuple[float, float]:
    """Diameters (mm) between which a vascular primary can be found: the avascular limit and the limiting size."""
    par = values.scalar[0]
    largest = (6.0 / math.pi * float(par["growth_carrying_capacity"])) ** (1.0 / 3.0)
    return float(par["angiogenesis_avascular_diameter"]), largest * math.exp(-1e-3 / 3.0)


def compile_patient(spec: PatientDescription, seed: int) -> Compiled:
    """Compile ``spec``.

    Raises:
        InputError: a diameter that the growth law cannot reach, or a parameter that is missing.
    """
    citations = Citations()
    change = changed_values(spec.change)
    values = resolve(spec.parameters, change)
    _refuse_impossible(values)
    cite(values, citations)
    for key in ("icrp89", "shin2021", "scott2014", "paget1889"):
        citations.add(key, "vascular network and its solution" if key != "paget1889" else "seed and soil")
    par = values.scalar[0]
    rows, changes, of_relapse, of_progression = lever_rows(spec)
    blood_keys: dict[object, int] = {}
    table = np.zeros(len(rows), dtype=np.int64)
    tables: list[BloodTables] = []
    for i, row in enumerate(rows):
        table[i] = blood_keys.setdefault(row.blood, len(tables))
        if table[i] == len(tables):
            tables.append(blood_tables(spec.sex, spec.primary.site, values.scalar, values.site, row.blood))
    schedule = entries(spec, changes)
    relapse, progression = (
        np.array([(day, K_LEVERS, row) for day, row in later], dtype=ENTRY) for later in (of_relapse, of_progression)
    )
    stations = stations_of(spec.primary.site)
    names = [s.name for s in stations]
    onward = [next((names.index(o) for o in s.onward if o in names), -1) for s in stations]
    shares = np.array([s.share for s in stations])
    kept, kept_from, duct, duct_from = station_chain(shares, onward, float(par["lymph_retention"]))
    for station in stations:
        citations.add(station.source, f"lymph-node station {station.name}")
    nodal = spec.surgery.nodes
    reach = nodal.stations if nodal is not None else ()
    cavity_of = np.full(len(SITES), -1, dtype=np.int64)
    lining = np.zeros(len(SITES), dtype=np.int64)
    subsite = np.ones((len(SITES), MAX_SUBSITES))
    for name, neighbours in CAVITY_NEIGHBOURS.items():
        position = SITES.index(name)
        lining[position] = 1
        for neighbour in neighbours:
            cavity_of[SITES.index(neighbour)] = position
        weights = np.array([row.value for row in cavity(_cavity_name(name)).implant_share.values()])
        subsite[position, : len(weights)] = np.cumsum(weights / weights.sum())
        subsite[position, len(weights) - 1 :] = 1.0
    y_cap = math.log(float(par["growth_carrying_capacity"]))
    y_cell = -math.log(float(par["growth_cells_per_volume"]))
    sphere = math.log(math.pi / 6.0)
    y_avascular = sphere + 3.0 * math.log(float(par["angiogenesis_avascular_diameter"]))
    low, high = possible_diameters(values)
    fixed = spec.primary.diameter_at_diagnosis
    if fixed is not None and not low < fixed < high:
        raise InputError(
            f"a primary of {fixed:g} mm cannot arise",
            field="primary.diameter_at_diagnosis",
            allowed=f"more than the avascular limit of {low:g} mm and less than the limiting size of {high:.0f} mm",
        )
    scalars = np.zeros(1, dtype=model_dtype())
    for source in (values.scalar, values.site):
        for field in source.dtype.names or ():
            scalars[field] = source[field] if source is values.scalar else source[field][None, :]
    fixed_values = {
        "seed": np.uint64(seed),
        "law": int(par["growth_law"]),
        "primary_site": SITES.index(spec.primary.site),
        "nodes_site": SITES.index("regional_nodes"),
        "bone_site": SITES.index("bone"),
        "n_stations": len(stations),
        "sex": 1 if spec.sex == "male" else 0,
        "m0_only": int(spec.surgery.only_m0),
        "dissected": int(nodal is None or nodal.method == "dissection"),
        "resection_limit": spec.surgery.lesions.at_most if spec.surgery.lesions else 0,
        "lesion_limit": spec.numerics.lesion_limit,
        "y_cap": y_cap,
        "y_avascular": y_avascular,
        "y_held": min(y_cell + math.log(float(par["dormancy_held_cells"])), y_avascular - 0.01),
        "y_cell": y_cell,
        "y_bone": sphere + 3.0 * math.log(float(par["niche_bone_engagement_diameter"])),
        "duct": duct,
        "kept": float(kept.sum()),
        "panel": spec.numerics.panel,
        "hahnfeldt_step": spec.numerics.hahnfeldt_step,
        "day_tolerance": spec.numerics.day_tolerance,
        "resistance": spec.resistance,
        "age_mean": spec.age_mean,
        "age_sd": spec.age_sd,
        "screening_share": spec.screening.share,
        "screening_interval": spec.screening.interval,
        "ln_site_capacity": np.log(values.site["growth_site_capacity"]),
        "cavity_of": cavity_of,
        "lining": lining,
        "subsite": subsite,
    }
    for field, value in fixed_values.items():
        scalars[field] = value
    _write_stations(scalars[0], stations, kept, kept_from, duct_from, reach)
    model = Model(scalars, row_records(rows, table), blood_records(tables), schedule, relapse, progression)
    return Compiled(spec, model, values, tuple(tables), stations, citations)


def _write_stations(
    record: np.void,
    stations: tuple[Station, ...],
    kept: np.ndarray,
    kept_from: np.ndarray,
    duct_from: np.ndarray,
    reach: Sequence[str],
) -> None:
    n = len(stations)
    if n > MAX_STATIONS:
        raise InputError(f"{n} lymph-node stations are more than the {MAX_STATIONS} that the engine follows")
    record["station_kept"][:n] = kept
    record["station_kept_from"][:n, :n] = kept_from
    record["station_kept_total"][:n] = kept_from.sum(axis=1)
    record["station_duct_from"][:n] = duct_from
    record["station_nodes"][:n] = [min(s.nodes, 64) for s in stations]
    record["station_removable"][:n] = [1 if s.name in reach else 0 for s in stations]


def row_records(rows: list[LeverRow], table: np.ndarray) -> np.ndarray:
    """Lever rows as records; ``table`` holds the circulation table of each."""
    records = np.zeros(len(rows), dtype=ROW)
    for i, row in enumerate(rows):
        for k, name in enumerate(LOCAL_LEVERS):
            records[name][i] = row.local[k]
        for k, name in enumerate(GLOBAL_LEVERS):
            records[name][i] = row.overall[k]
        records["homing"][i] = row.blood.homing
        records["table"][i] = table[i]
        records["plain"][i] = 1 if row.plain else 0
    return records


def blood_records(tables: list[BloodTables]) -> np.ndarray:
    """Solved circulations as records."""
    records = np.zeros(len(tables), dtype=BLOOD_TABLE)
    for i, t in enumerate(tables):
        records["founder"][i] = t.founder
        records["founder_limit"][i] = t.founder.max(axis=(1, 2))
        records["place"][i] = t.place
        records["extravasated"][i] = t.extravasated
        records["concentration"][i] = t.concentration
    records["followed"] = 1.0
    return records


def _refuse_impossible(values: Values) -> None:
    """Refuse parameters that are each within range but impossible together.

    Raises:
        InputError: the first such combination.
    """
    par, site = values.scalar[0], values.site
    cap = float(par["growth_carrying_capacity"])
    for key in ("angiogenesis.avascular_diameter", "growth.reference_diameter"):
        if math.pi / 6.0 * float(par[key.replace(".", "_")]) ** 3 >= cap:
            raise InputError(
                f"a lesion of this diameter is not below the limiting volume growth.carrying_capacity of {cap:g} mm3",
                field=f"change.{key}",
            )
    leaving = site["blood_extravasation_rate"] + site["blood_release_rate"] + float(par["blood_held_death"])
    if np.any(leaving <= 0.0):
        raise InputError(
            "a held cell must be able to leave: extravasation, release and death rates cannot all be 0",
            field=f"change.blood.extravasation_rate.{SITES[int(np.argmin(leaving))]}",
        )
    if sum(float(par[f"cavity_{rate}_rate"]) for rate in ("attachment", "anoikis", "clearance")) <= 0.0:
        raise InputError(
            "a floating cell must have a fate: attachment, anoikis and clearance cannot all be 0",
            field="change.cavity.attachment_rate",
        )
    if float(par["fate_active_fraction"]) + float(par["fate_dormant_fraction"]) > 1.0:
        raise InputError(
            "fate.active_fraction and fate.dormant_fraction add up to more than 1",
            field="change.fate.dormant_fraction",
        )
