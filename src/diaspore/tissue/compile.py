"""From a specification to a scene and its cells: names become numbers, units are gone, sources are collected."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, replace

import numpy as np

from diaspore.core.citations import Citations
from diaspore.core.errors import InputError, nearest_name
from diaspore.core.rng import child_id_column, uniform_column
from diaspore.core.sealed import read_sealed
from diaspore.core.units import parse_quantity
from diaspore.fields.diffusion import Substance
from diaspore.fields.grid import FACES, FLUX, HELD, Faces, Grid
from diaspore.knowledge.load import fact
from diaspore.tissue.behaviours import (
    ADHESION,
    APOPTOSIS,
    BIAS,
    CHEMOTAXIS,
    EXIT,
    EXPORT,
    GUIDANCE,
    NECROSIS,
    PERSISTENCE,
    REPULSION,
    SECRETION,
    SPEED,
    TARGET,
    UPTAKE,
    behaviours,
    number_of,
    of_substance,
    transform_to,
)  # fmt: skip
from diaspore.tissue.kinds import EXPONENTIAL, FIXED, GAMMA, KIND, MAX_PHASES
from diaspore.tissue.networks import BooleanCellNetwork, KineticCellNetwork, cell_network
from diaspore.tissue.newcomers import Newcomers, add_newcomers
from diaspore.tissue.part import Part
from diaspore.tissue.parts.registry import parts_of
from diaspore.tissue.placement import hexagonal_sphere
from diaspore.tissue.processes.streams import S_PLACING
from diaspore.tissue.processes.volume import radius_of
from diaspore.tissue.reactions import compile_reactions
from diaspore.tissue.rules import compile_rules
from diaspore.tissue.scene import Scene, Steps
from diaspore.tissue.signals import CARRIED, Signal, needs_contacts, signals
from diaspore.tissue.sources import sources_of
from diaspore.tissue.spec import TissueSpec
from diaspore.tissue.spec_cell import ApoptosisSpec, CellTypeSpec, CycleSpec, NecrosisSpec
from diaspore.tissue.spec_common import read_export
from diaspore.tissue.spec_substance import SubstanceSpec
from diaspore.tissue.state import Cells
from diaspore.tissue.vocabulary import carried_signals, known_behaviours, part_behaviours, units_of

MAX_CELLS = 20_000_000
DENSEST = 20
"""How deep cells may lie on each other at the start: more are a slip of the pen, and take hours to part."""
ORDER = {"fast": 0, "slow": 1, "steady": 1, "still": 2}
"""Of substances in a scene, by their pace."""
SOURCES = {
    "ghaffarizadeh2016": "diffusion, uptake and secretion on a grid",
    "ghaffarizadeh2018": "forces between cells, volumes, cycles and dying; constants of a tumour cell",
    "salmon2011": "random numbers",
}
RULE_SOURCES = {"johnson2025": "rules: signals that move behaviours"}
_LAWS = {"exponential": EXPONENTIAL, "fixed": FIXED, "gamma": GAMMA}
# Named cycles: key of the mean length, law, whether the cell grows, whether it divides at the end.
_CYCLES = {
    "ki67": (
        ("tissue.cycle.ki67.negative", EXPONENTIAL, False, False),
        ("tissue.cycle.ki67.positive", FIXED, True, True),
    ),
    "flow": (
        ("tissue.cycle.flow.g0g1", EXPONENTIAL, False, False),
        ("tissue.cycle.flow.s", EXPONENTIAL, True, False),
        ("tissue.cycle.flow.g2", EXPONENTIAL, False, False),
        ("tissue.cycle.flow.m", EXPONENTIAL, False, True),
    ),
}


@dataclass(frozen=True)
class Compiled:
    """A scene with its cells at the start, the names behind the numbers, and what it rests on."""

    scene: Scene
    cells: Cells
    parts: tuple[Part, ...]
    substances: tuple[str, ...]
    types: tuple[str, ...]
    citations: Citations


def compile_tissue(spec: TissueSpec, seed: int = 1) -> Compiled:
    """Compile a specification.

    Args:
        spec: what the file says.
        seed: of the run; identities of the first cells derive from it.

    Raises:
        InputError: a table that cannot be read, too many cells, or cells outside of the domain.
    """
    substances = tuple(sorted(spec.substances, key=lambda name: ORDER[spec.substances[name].pace]))
    types, known = tuple(spec.cell_types), [spec.substances[name] for name in substances]
    kinds = np.zeros(len(types), dtype=KIND)
    units = {name: spec.substances[name].unit for name in substances}
    base = _bases(spec, units)
    parts = tuple(part(spec) for part in parts_of(spec))
    for t, cell in enumerate(spec.cell_types.values()):
        _fill_kind(kinds[t], cell, spec.substances, substances)
    kept = _signals_kept(spec)
    known_to_all = behaviours(units, types, part_behaviours(spec))
    senses = signals(units, types, kept)
    modified = [name for part in parts for name in part.modified]
    book = compile_rules(spec.rules, spec.functions, known_to_all, senses, units, list(types), base, modified)
    networks = _networks(spec, kept, senses, types)
    contacts = any(needs_contacts(int(n), len(units), len(types)) for network in networks for n in network.wanted)
    book = replace(book, rules=book.rules._replace(contacts=book.rules.contacts or contacts))
    steps = Steps(
        spec.steps.diffusion, spec.steps.mechanics, spec.steps.phenotype, spec.steps.longest_mechanics,
        spec.steps.exchange == "balanced",
    )  # fmt: skip
    scene = Scene(
        _grid(spec),
        tuple(Substance(s.diffusion or 0.0, s.decay, _faces(s)) for s in known),
        tuple(s.pace for s in known),
        np.array([s.initial for s in known]),
        kinds,
        *_strengths(spec, bool((book.column[[REPULSION, ADHESION]] >= 0).any())),
        np.array([cell.friction for cell in spec.cell_types.values()]),
        base,
        np.array([cell.dead_uptake for cell in spec.cell_types.values()]),
        np.array([cell.motility is None or cell.motility.each_alike for cell in spec.cell_types.values()]),
        book,
        tuple(b.name for b in known_to_all),
        (substances, types),
        networks,
        compile_reactions(spec.reactions, spec.substances, substances),
        {signal.name: row for row, signal in enumerate(kept)},
        steps,
        skin=2.5 if any(s.pace == "fast" for s in known) else 3.5,  # fewer steps of mechanics, so fewer lists pay
        precision=np.float32 if spec.precision == "single" else np.float64,
    )
    citations = Citations(sources_of(spec))
    for key, reason in (SOURCES | (RULE_SOURCES if spec.rules else {})).items():
        citations.add(key, reason)
    for name, network in spec.networks.items():
        for key in network.network.source:
            citations.add(key, f"the network {name} in cells")
        if network.boolean is not None:
            citations.add("stoll2012", "networks in cells: continuous-time Markov dynamics")
    cells = _cells(spec, scene, seed)
    for part in parts:
        cells.columns |= part.columns(cells.room)
    return Compiled(scene, cells, parts, substances, types, citations)


def _signals_kept(spec: TissueSpec) -> list[Signal]:
    """Signals of networks and parts that something reads; the others are not stored."""
    read = {rule.signal for rule in spec.rules} | {s for f in spec.functions for s in f.signals}
    read |= {one.signal for network in spec.networks.values() for one in network.inputs}
    return [signal for signal in carried_signals(spec) if signal.name in read]


def _networks(
    spec: TissueSpec, kept: list[Signal], senses: list[Signal], types: tuple[str, ...]
) -> tuple[BooleanCellNetwork | KineticCellNetwork, ...]:
    """Networks in cells."""
    made = []
    for number, (name, network) in enumerate(spec.networks.items()):
        rows = {row: signal.name for row, signal in enumerate(kept) if signal.name.startswith(f"{name}.")}
        made.append(cell_network(name, number, network, types, senses, rows, spec.clones()))
    return tuple(made)


def _grid(spec: TissueSpec) -> Grid:
    domain = spec.domain
    ends = [domain.z, domain.y, domain.x]
    shape = tuple(1 if e is None else round((e[1] - e[0]) / domain.spacing) for e in ends)
    low_z = -0.5 * domain.spacing if domain.z is None else domain.z[0]
    return Grid((shape[0], shape[1], shape[2]), domain.spacing, (domain.x[0], domain.y[0], low_z))


def _faces(substance: SubstanceSpec) -> Faces:
    held, flux = substance.faces()
    kinds = tuple(HELD if face in held else FLUX for face in FACES)
    values = tuple(held.get(face, flux.get(face, 0.0)) for face in FACES)
    return Faces(kinds, values)  # type: ignore[arg-type]


def _strengths(spec: TissueSpec, ruled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Repulsion and adhesion between types: geometric means, adhesion times both affinities.

    Where rules move strengths (``ruled``), those of the single cells come in later.
    """
    cells = list(spec.cell_types.values())
    affinity = np.array([[c.adhesion_to.get(other, 1.0) for other in spec.cell_types] for c in cells])
    affinity = np.sqrt(affinity * affinity.T)
    if ruled:
        return np.ones_like(affinity), affinity
    repulsion = np.sqrt(np.outer(*2 * [np.array([c.repulsion for c in cells])]))
    return repulsion, np.sqrt(np.outer(*2 * [np.array([c.adhesion for c in cells])])) * affinity


def _fill_kind(k: np.void, cell: CellTypeSpec, known: dict[str, SubstanceSpec], names: tuple[str, ...]) -> None:
    solid = 1.0 - cell.fluid_fraction
    k["volume"], k["nucleus"] = cell.volume, cell.nucleus_volume * solid
    k["cytoplasm_ratio"] = (cell.volume - cell.nucleus_volume) / cell.nucleus_volume
    for name in ("fluid_fraction", "fluid_rate", "nucleus_rate", "cytoplasm_rate"):
        k[name] = getattr(cell, name)
    _fill_cycle(k, cell.cycle)
    k["oxygen"] = -1
    necrosis, apoptosis = cell.necrosis or NecrosisSpec(), cell.apoptosis or ApoptosisSpec()
    for name in ("length", "swelling_rate", "fluid_rate", "nucleus_rate", "cytoplasm_rate"):
        k[f"necrosis_{name}"] = getattr(necrosis, name)
    k["lysis_ratio"] = necrosis.lysis_ratio
    for name in ("length", "fluid_rate", "nucleus_rate", "cytoplasm_rate"):
        k[f"apoptosis_{name}"] = getattr(apoptosis, name)
    k["necrosis_level"] = -math.inf  # it dies of no want of oxygen
    if cell.oxygen is not None:
        unit = known[cell.oxygen.substance].unit
        k["oxygen"] = names.index(cell.oxygen.substance)
        k["oxygen_saturation"] = parse_quantity(cell.oxygen.saturation, unit)
        k["oxygen_threshold"] = parse_quantity(cell.oxygen.threshold, unit)
        if cell.necrosis is not None:
            k["necrosis_level"] = parse_quantity(necrosis.level, unit)
            k["necrosis_full_level"] = parse_quantity(necrosis.full_level, unit)
            k["necrosis_rate"] = math.inf if necrosis.rate == "at once" else necrosis.rate


def rule_notes(spec: TissueSpec) -> list[str]:
    """Rules whose direction is not that from the base to their saturation."""
    if not spec.rules:
        return []
    units, types = units_of(spec), tuple(spec.cell_types)
    known = known_behaviours(spec)
    base = _bases(spec, units)
    senses = signals(units, types, _signals_kept(spec))
    compile_rules(spec.rules, (), known, senses, units, list(types), base)
    found = []
    for i, rule in enumerate(spec.rules):
        b = number_of(rule.behaviour, known, "behaviour")
        start, end = base[types.index(rule.type), b], parse_quantity(rule.saturation, known[b].unit)
        if end != start and (end > start) != (rule.direction == "increases"):
            found.append(
                f"rules[{i}] {rule.direction} {rule.behaviour} of {rule.type}, but goes from {start:g} to {end:g}"
            )
    return found


def _bases(spec: TissueSpec, units: dict[str, str]) -> np.ndarray:
    """Base values (types, behaviours); ``units`` of the substances in the order of the tables."""
    types = tuple(spec.cell_types)
    base = np.zeros((len(types), len(known_behaviours(spec))))
    for t, cell in enumerate(spec.cell_types.values()):
        _fill_behaviours(base[t], cell, units, types)
        own = [part.base(one.name, cell) for part in parts_of(spec) for one in part.behaviours]
        base[t, base.shape[1] - len(own) :] = own
    return base


def _fill_behaviours(base: np.ndarray, cell: CellTypeSpec, units: dict[str, str], types: tuple[str, ...]) -> None:
    """Base values of all behaviours of a cell type."""
    names = list(units)
    for p, phase in enumerate(_phases(cell.cycle)):
        base[EXIT + p] = phase[0]
    base[APOPTOSIS] = 0.0 if cell.apoptosis is None else cell.apoptosis.rate
    base[NECROSIS] = 0.0 if cell.necrosis is None else cell.necrosis.anywhere_rate
    base[ADHESION], base[REPULSION] = cell.adhesion, cell.repulsion
    base[PERSISTENCE] = fact("tissue.motility.persistence").value
    motility = cell.motility
    if motility is not None:
        base[SPEED], base[PERSISTENCE], base[BIAS] = motility.speed, motility.persistence, motility.bias
        base[GUIDANCE] = motility.guidance
        for name, weight in motility.chemotaxis.items():
            base[of_substance(CHEMOTAXIS, names.index(name), len(names))] = weight
    for name, exchange in cell.exchange.items():
        s = names.index(name)
        for what, value in (
            (UPTAKE, exchange.uptake),
            (SECRETION, exchange.secretion),
            (TARGET, parse_quantity(exchange.target, units[name]) if exchange.target else 0.0),
            (EXPORT, read_export(exchange.export, units[name])),
        ):
            base[of_substance(what, s, len(names))] = value
    for other, rate in cell.transforms_to.items():
        base[transform_to(types.index(other), len(names))] = rate


def _phases(cycle: CycleSpec) -> list[tuple[float, int, int, bool, bool]]:
    """Phases of a cycle: rate at which it ends, law, stages, whether the cell grows in it, whether it divides then."""
    if cycle.model == "none":
        return [(0.0, EXPONENTIAL, 1, False, False)]
    elif cycle.model == "live":
        rate = fact("tissue.cycle.live.birth_rate").value if cycle.birth_rate is None else cycle.birth_rate
        return [(rate, EXPONENTIAL, 1, False, True)]
    elif cycle.model == "phases":
        return [(1.0 / p.length, _LAWS[p.law], p.shape, p.grows, p.divides) for p in cycle.phases]
    return [(1.0 / fact(key).to("min"), law, 1, grows, divides) for key, law, grows, divides in _CYCLES[cycle.model]]


def _fill_cycle(k: np.void, cycle: CycleSpec) -> None:
    phases = _phases(cycle)
    assert len(phases) <= MAX_PHASES
    k["phases"] = len(phases)
    k["divides_after"] = next((i for i, phase in enumerate(phases) if phase[4]), -1)
    for i, (_, law, shape, grows, _) in enumerate(phases):
        k["phase_law"][i], k["phase_shape"][i], k["phase_doubles"][i] = law, shape, grows


def _cells(spec: TissueSpec, scene: Scene, seed: int) -> Cells:
    places, kinds, clones = [np.empty((0, 3))], [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int16)]
    known_clones = spec.clones()
    types = list(spec.cell_types)
    flat = scene.grid.shape[0] == 1
    for i, group in enumerate(spec.cells):
        t = types.index(group.type)
        where = f"cells[{i}]"
        radius = radius_of(scene.kinds[t]["volume"])
        if group.sphere is not None:
            expected = (group.sphere.radius / radius) ** (2 if flat else 3)
            if expected > MAX_CELLS:
                raise InputError(
                    f"makes about {expected:,.0f} cells",
                    field=f"{where}.sphere.radius",
                    allowed=f"at most {MAX_CELLS:,}",
                )
            centre = np.zeros(3)
            if flat and len(group.sphere.centre) == 3 and group.sphere.centre[2] != 0.0:
                raise InputError("has 3 coordinates in two dimensions", field=f"{where}.sphere.centre", allowed="2")
            centre[: len(group.sphere.centre)] = group.sphere.centre
            xyz = hexagonal_sphere(group.sphere.radius, radius, flat) + centre
            if len(xyz) == 0:
                raise InputError("holds no cell", field=f"{where}.sphere.radius", allowed=f"at least {radius:.3g} um")
        elif group.random is not None:
            most = _most(scene, radius)
            if group.random.number > most:
                raise InputError(
                    f"{group.random.number:,} cells do not fit into this domain", field=f"{where}.random.number",
                    allowed=f"at most {most:,}, which lie {DENSEST} deep",
                )  # fmt: skip
            xyz = _anywhere(group.random.number, scene, seed, i)
        elif group.at is not None:
            xyz = np.zeros((len(group.at), 3))
            for n, point in enumerate(group.at):
                if len(point) != (2 if flat else 3):
                    raise InputError(
                        f"has {len(point)} coordinates", field=f"{where}.at[{n}]", allowed="2" if flat else "3"
                    )
                xyz[n, : len(point)] = point
        else:
            assert group.file is not None
            xyz = _read_places(group.file, group.sha256, flat, f"{where}.file")
        if flat:
            xyz[:, 2] = 0.0
        places.append(xyz)
        kinds.append(np.full(len(xyz), t, dtype=np.int32))
        clones.append(np.full(len(xyz), known_clones.index(group.clone or ""), dtype=np.int16))
    xyz, kind = np.concatenate(places), np.concatenate(kinds)
    n = len(xyz)
    if n > MAX_CELLS:
        raise InputError(f"are {n:,} in all", field="cells", allowed=f"at most {MAX_CELLS:,}")
    cells = Cells(n + n // 16 + 64)
    names = child_id_column(np.uint64(seed), np.arange(n, dtype=np.int64))
    add_newcomers(cells, scene, Newcomers(xyz, kind, names))
    for network in scene.networks:
        cells.columns |= network.columns(cells.room)
        if f"{network.column}_clone" in cells.columns:
            cells.columns[f"{network.column}_clone"][0, :n] = np.concatenate(clones)
    if scene.kept or scene.networks:
        cells.columns[CARRIED] = np.zeros((len(scene.kept), cells.room), dtype=np.float32)
    return cells


def _most(scene: Scene, radius: float) -> int:
    """Cells of a radius that fill the domain `DENSEST` times over."""
    size = np.array(scene.grid.shape) * scene.grid.spacing
    flat = scene.grid.shape[0] == 1
    room = float(np.prod(size[1:] if flat else size))
    return int(DENSEST * room / (math.pi * radius**2 if flat else 4.0 / 3.0 * math.pi * radius**3))


def _anywhere(number: int, scene: Scene, seed: int, group: int) -> np.ndarray:
    """Random places (n, 3) in the domain; those of another group are others."""
    grid = scene.grid
    names = child_id_column(np.uint64(seed), np.arange(number, dtype=np.int64))
    draws = [uniform_column(np.uint64(seed), names, S_PLACING, 3 * group + axis) for axis in range(3)]
    size = np.array(grid.shape[::-1]) * grid.spacing
    return np.array(grid.origin) + np.column_stack(draws) * size


def _read_places(file: str, sha256: str | None, flat: bool, field: str) -> np.ndarray:
    """Coordinates (n, 3) from a CSV file with the columns x, y and, in three dimensions, z."""
    wanted = ("x", "y") if flat else ("x", "y", "z")
    content = read_sealed(file, sha256, field)
    try:
        with io.StringIO(content.decode("utf-8-sig"), newline="") as stream:
            reader = csv.DictReader(stream)
            names = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            for name in wanted:
                if name not in names:
                    raise InputError(
                        f"has no column {name!r}",
                        file=file,
                        field=field,
                        allowed=names,
                        nearest=nearest_name(name, names),
                    )
            rows = []
            for row in reader:
                try:
                    point = [float(row[name]) for name in wanted]
                except (TypeError, ValueError):
                    raise InputError(
                        "a coordinate is no number", file=file, line=reader.line_num, field=field
                    ) from None
                if not all(map(math.isfinite, point)):
                    raise InputError("a coordinate is not finite", file=file, line=reader.line_num, field=field)
                rows.append(point + [0.0] * (3 - len(point)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read: {error}", file=file, field=field) from None
    return np.array(rows).reshape(-1, 3)
