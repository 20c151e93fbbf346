"""``diaspore convert``: models of other programs as files of Diaspore's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from diaspore.core.spec import Spec


def convert(
    file: Annotated[
        Path,
        typer.Argument(help="Settings of a PhysiCell model (XML), or a network: SBML (.sbml, .xml), Antimony (.ant)."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="Default tissue.yaml, or NAME.yaml.", show_default=False),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            "--rules", metavar="CSV", help="PhysiCell: table of rules; else the one named.", show_default=False
        ),
    ] = None,
    cells: Annotated[
        Path | None,
        typer.Option(
            "--cells", metavar="CSV", help="PhysiCell: table of cells; else the one named.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was not understood, as JSON.")] = False,
) -> None:
    """Turn a PhysiCell model into a tissue, or SBML or Antimony into a network, and say what was not understood.

    Of PhysiCell the settings file is read, and the tables of rules and cells that it names; code of one's own is not.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.core.errors import DiasporeError, InputError
    from diaspore.core.jsonio import write_text
    from diaspore.core.yamlio import dump_yaml

    if _is_physicell(file):
        found, spec, name, counts = _tissue(file, rules, cells)
    else:
        for option, given in (("--rules", rules), ("--cells", cells)):
            if given is not None:
                raise InputError("is for PhysiCell models", field=option)
        found, spec, name, counts = _network(file)
    target = Path(name) if out is None else out
    if target.exists():
        raise DiasporeError(f"{target} exists already; choose another name with -o")
    lines = [f"Made from {file.name}. Not understood, or done in another way:"]
    lines += [f"- {what}: {why}" for what, why in found.remarks] or ["- nothing"]
    text = "".join(f"# {' '.join(line.split())}\n" for line in lines) + dump_yaml(found.data)
    try:
        write_text(target, text)
    except OSError as error:
        raise DiasporeError(f"cannot write {target}: {error.strerror or error}") from None
    if as_json:
        print_json({"file": str(target), "remarks": [{"what": what, "why": why} for what, why in found.remarks]})
        return
    if found.remarks:
        print_table(("not understood, or done in another way", "how"), found.remarks)
    print(f"{target}: {', '.join(f'{len(getattr(spec, field))} {words}' for field, words in counts.items())}")


def _is_physicell(file: Path) -> bool:
    """Whether a file is XML of PhysiCell; what is not XML of SBML is left to its reader, which says what is wrong."""
    if file.suffix.lower() != ".xml":
        return False
    from diaspore.core.errors import InputError
    from diaspore.networks.formats.xmlsafe import check_xml, read_bytes

    try:
        return check_xml(read_bytes(file), file)[0] != "sbml"
    except InputError:
        return True


def _tissue(file: Path, rules: Path | None, cells: Path | None) -> tuple[Any, Spec, str, dict[str, str]]:
    from diaspore.core.spec import validate
    from diaspore.tissue.physicell.settings import read_settings
    from diaspore.tissue.spec import TissueSpec

    found = read_settings(str(file), None if rules is None else str(rules), None if cells is None else str(cells))
    counts = {"cell_types": "cell types", "substances": "substances", "rules": "rules"}
    return found, validate(TissueSpec, found.data), "tissue.yaml", counts


def _network(file: Path) -> tuple[Any, Spec, str, dict[str, str]]:
    from diaspore.cli.places import slug
    from diaspore.core.spec import spec_from_dict
    from diaspore.networks.formats import read_network

    found = read_network(file)
    spec = spec_from_dict(found.data)
    kinds = {"kinetic_network": {"species": "species", "reactions": "reactions", "rules": "rules", "events": "events"}}
    return found, spec, f"{slug(file.stem)}.yaml", kinds.get(spec.kind, {"nodes": "nodes"})
