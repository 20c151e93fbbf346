"""A settings file of PhysiCell as the description of a tissue, and what of it was not understood."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError
from diaspore.core.units import check_unit
from diaspore.tissue.physicell.cell_types import Names, cell_type
from diaspore.tissue.physicell.element import Element, read_xml
from diaspore.tissue.physicell.rules import rules_of_table

_FACES = {
    "xmin": "x_low", "xmax": "x_high", "ymin": "y_low", "ymax": "y_high", "zmin": "z_low", "zmax": "z_high",
}  # fmt: skip
_NOT_THE_MODEL = (
    "parallel", "save/folder", "save/SVG", "save/legacy_data", "save/full_data/enable", "overall/time_units",
    "overall/space_units", "options/legacy_random_points_on_sphere_in_divide", "options/random_seed",
    "options/virtual_wall_at_domain_edge", "options/disable_automated_spring_adhesions",
    "options/legacy_cell_defaults_copy", "microenvironment_setup/options/calculate_gradients",
    "user_parameters/random_seed",
)  # fmt: skip


@dataclass(frozen=True)
class Converted:
    """A tissue as plain data, and remarks (what, why) on what was not understood or is done in another way."""

    data: dict[str, Any]
    remarks: list[tuple[str, str]]


def read_settings(file: str, rules: str | None = None, cells: str | None = None) -> Converted:
    """Read a settings file, with the tables of rules and of cells that it names, or with others.

    Args:
        file: ``PhysiCell_settings.xml``.
        rules, cells: tables in place of those that it names, which are looked for beside it.

    Raises:
        InputError: a file that cannot be read, or a value that no tissue can have.
    """
    root, remarks, names = read_xml(file), [], Names()

    def remark(what: str, why: str) -> None:
        remarks.append((what, why))

    domain, flat = _domain(root, file, remark)
    substances = {}
    for variable in root.all("microenvironment_setup/variable"):
        name = names.plain(variable.name(), names.substances.values())
        names.substances[variable.name()] = name
        if name != variable.name():
            remark(f"substance {variable.name()}", f"is called {name}")
        substances[name] = _substance(variable, name, names, flat, remark)
    definitions = {d.name(): d for d in root.all("cell_definitions/cell_definition")}
    if not definitions:
        raise InputError("has no cell_definition", file=file)
    for name in definitions:
        names.types[name] = names.plain(name, names.types.values())
    types = {}
    for name, definition in definitions.items():
        if names.types[name] != name:
            remark(f"cell type {name}", f"is called {names.types[name]}")
        types[names.types[name]] = cell_type(_with_parents(definition, definitions), names, flat, name, remark)
        definition.pass_over("initial_parameter_distributions[@enabled='false']")
    overall = root.find("overall")
    steps = {
        ours: (overall.number(f"dt_{ours}") if overall else None) or usual
        for ours, usual in (("diffusion", 0.01), ("mechanics", 0.1), ("phenotype", 6.0))
    }
    phenotype = steps["phenotype"]
    duration = (overall.number("max_time") if overall else None) or 60.0
    save = root.number("save/full_data/interval") or 60.0
    data: dict[str, Any] = {
        "schema_version": 1, "kind": "tissue", "name": names.plain(Path(file).resolve().parent.name, ()),
        "duration": _minutes(duration, phenotype, "max_time", remark),
        "save_every": _minutes(save, phenotype, "save/full_data/interval", remark),
        "domain": domain, "substances": substances, "cell_types": types,
        "steps": {name: f"{value!r} min" for name, value in steps.items()} | {"exchange": "implicit"},
    }  # fmt: skip
    table = rules or _named_file(root, "cell_rules/rulesets/ruleset", file, remark)
    if table is not None:
        data["rules"] = rules_of_table(table, names, remark)
    ids = {d.name("ID"): names.types[d.name()] for d in definitions.values()}
    placed = cells or _named_file(root, "initial_conditions/cell_positions", file, remark)
    data["cells"] = _cells(placed, names, ids, flat, remark) if placed is not None else []
    number = root.number("user_parameters/number_of_cells") or 0.0
    if number:
        data["cells"] += [{"type": name, "random": {"number": int(number)}} for name in types]
    if not data["cells"]:
        remark("cells at the start", "the file does not say where they are: add them under cells:")
    for path in _NOT_THE_MODEL:
        root.pass_over(path)
    _remark_rest(root, remarks)
    return Converted({field: value for field, value in data.items() if value not in ({}, [])}, remarks)


def _domain(root: Element, file: str, remark: Any) -> tuple[dict[str, Any], bool]:
    found = root.find("domain")
    if found is None:
        raise InputError("has no domain", file=file)
    spacing = found.number("dx", 20.0)
    flat = found.on("use_2D")
    for axis in ("dy", "dz"):
        other = found.number(axis, spacing)
        if other != spacing and flat and axis == "dz":
            remark(
                "domain/dz", f"a layer is as thick as a voxel is wide, {spacing:g} um, not {other:g}: rates of exchange"
            )
        elif other != spacing:
            raise InputError(f"voxels must be cubes: dx is {spacing:g}", file=file, field=f"domain/{axis}")
    domain: dict[str, Any] = {"spacing": f"{spacing!r} um"}
    for axis in "xyz":
        low, high = found.number(f"{axis}_min", -500.0), found.number(f"{axis}_max", 500.0)
        if axis != "z" or not flat:
            domain[axis] = [f"{low!r} um", f"{high!r} um"]
    return domain, flat


def _substance(variable: Element, name: str, names: Names, flat: bool, remark: Any) -> dict[str, Any]:
    unit = variable.name("units") or "dimensionless"
    try:
        check_unit(unit)
    except InputError:
        remark(f"substance {variable.name()}", f"unit {unit!r} is not known; taken as dimensionless")
        unit = "dimensionless"
    names.units[name] = unit

    def level(value: float | None) -> str | float:
        return (value or 0.0) if unit == "dimensionless" else f"{value or 0.0!r} {unit}"

    found: dict[str, Any] = {} if unit == "dimensionless" else {"unit": unit}
    found["diffusion"] = f"{variable.number('physical_parameter_set/diffusion_coefficient', 0.0)!r} um**2/min"
    found["decay"] = f"{variable.number('physical_parameter_set/decay_rate', 0.0)!r} 1/min"
    found["initial"] = level(variable.number("initial_condition"))
    held: dict[str, str | float] = {}
    everywhere = variable.find("Dirichlet_boundary_condition")
    if everywhere is not None:
        value = everywhere.number()
        if everywhere.enabled():
            held = {face: level(value) for face in _FACES.values()}
    for face in variable.all("Dirichlet_options/boundary_value"):
        value, name_of = face.number(), _FACES.get(face.name("ID").lower())
        if name_of is None:
            continue
        if face.enabled():
            held[name_of] = level(value)
        else:
            held.pop(name_of, None)
    held = {face: value for face, value in held.items() if not (flat and face.startswith("z"))}
    return found | ({"held": held} if held else {})


def _with_parents(definition: Element, definitions: dict[str, Element]) -> Element | None:
    """Phenotype of a definition, with those from which it inherits."""
    chain: list[Element] = []
    seen: set[str] = set()
    while definition.name() not in seen:
        seen.add(definition.name())
        phenotype = definition.find("phenotype")
        if phenotype is not None:
            chain.append(phenotype)
        definition = definitions.get(definition.name("parent_type"), definition)
    return chain[0].inheriting(chain[1:]) if chain else None


def _minutes(value: float, step: float, what: str, remark: Any) -> str:
    whole = max(math.ceil(value / step - 1e-9), 1) * step
    if abs(whole - value) > 1e-9 * value:
        remark(what, f"{value:g} min is no multiple of the step of phenotypes, {step:g} min: {whole:g} min")
    return f"{whole!r} min"


def _named_file(root: Element, path: str, settings: str, remark: Any) -> str | None:
    """The file that an enabled element names, beside the settings or in the folder that it names."""
    for element in root.all(path):
        folder, name = element.text("folder"), element.text("filename")
        if not element.enabled(default=False) or not name:
            continue
        near = Path(settings).resolve().parent
        for candidate in (near / name, near / folder / name, near.parent / folder / name):
            if candidate.is_file():
                return str(candidate)
        remark(path, f"{name} is not beside the settings; it is left out")
    return None


def _cells(file: str, names: Names, ids: dict[str, str], flat: bool, remark: Any) -> list[dict[str, Any]]:
    """Cells of a table: x, y, z and the name of a type, or its ID."""
    try:
        rows = list(csv.reader(io.StringIO(Path(file).read_text(encoding="utf-8-sig"), newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read: {error}", file=file) from None
    header = bool(rows) and rows[0][:1] and rows[0][0].strip().lower() == "x"
    places: dict[str, list[list[str]]] = {}
    for line, row in enumerate(rows[1:] if header else rows, 2 if header else 1):
        if not any(cell.strip() for cell in row):
            continue
        try:
            point = [float(cell) for cell in row[:3]]
            given = row[3].strip()
        except (ValueError, IndexError):
            raise InputError("has not x, y, z and a type", file=file, line=line) from None
        if given in names.types:
            name = names.types[given]
        elif given.removesuffix(".0") in ids:
            name = ids[given.removesuffix(".0")]
        else:
            raise InputError(f"{given!r} is no cell type", file=file, line=line, allowed=list(names.types))
        places.setdefault(name, []).append([f"{v!r} um" for v in point[: 2 if flat else 3]])
    if header and len(rows[0]) > 4:
        remark(Path(file).name, f"columns after the fourth are not read: {', '.join(rows[0][4:])}")
    most = 100_000
    return [
        {"type": name, "at": points[first : first + most]}
        for name, points in places.items()
        for first in range(0, len(points), most)
    ]


def _remark_rest(root: Element, remarks: list[tuple[str, str]]) -> None:
    """Name what was not read; custom data and parameters of custom code in one remark each."""
    remarks.append(
        (
            "functions in C++",
            "are not part of the file: such as division and necrosis that depend on oxygen, or treatment",
        )
    )
    reasons = {
        "user_parameters": "of code of one's own, which is not part of the file",
        "custom_data": "of code of one's own, which is not part of the file",
        "cell_interactions": "attack, ingestion and fusion of cells are not built",
        "intracellular": "networks in cells are not built",
        "attachment": "springs between cells are not built",
        "damage": "damage of cells is not built",
    }
    grouped: dict[tuple[str, str], list[str]] = {}
    left = [
        (path.removeprefix("/").removeprefix("cell_definitions/cell_definition"), text) for path, text in root.left()
    ]
    attackers = {path.split("/")[0] for path, _ in left if "attack_rates/" in path}
    for path, text in left:
        if path.rpartition("/")[2] in ("attack_damage_rate", "attack_duration") and path.split("/")[0] not in attackers:
            continue  # of cells that attack nobody
        reason = next((why for key, why in reasons.items() if key in path), "is not understood")
        if "custom" in path or "user_parameters" in path:  # one line for all of a cell type
            folder, _, name = path.rpartition("/")
            grouped.setdefault((reason, folder), []).append(name)
        else:
            grouped.setdefault((reason, f"{path} = {text[:60]}"), [])
    for (reason, what), found in sorted(grouped.items(), key=lambda item: bool(item[1])):
        remarks.append((f"{what}: {', '.join(sorted(set(found)))}" if found else what, reason))
