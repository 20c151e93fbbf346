"""``diaspore convert``: models of other programs as files of Diaspore's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    settings: Annotated[Path, typer.Argument(help="Settings file of a PhysiCell model (XML).")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Default tissue.yaml.", show_default=False)
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="CSV", help="Table of rules; else the one named.", show_default=False),
    ] = None,
    cells: Annotated[
        Path | None,
        typer.Option("--cells", metavar="CSV", help="Table of cells; else the one named.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was not understood, as JSON.")] = False,
) -> None:
    """Turn a PhysiCell model into a tissue, and say what of it was not understood.

    Reads the settings file and the tables of rules and cells that it names. Code of one's own is not read.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.core.errors import DiasporeError
    from diaspore.core.jsonio import write_text
    from diaspore.core.spec import validate
    from diaspore.core.yamlio import dump_yaml
    from diaspore.tissue.physicell.settings import read_settings
    from diaspore.tissue.spec import TissueSpec

    found = read_settings(str(settings), None if rules is None else str(rules), None if cells is None else str(cells))
    spec = validate(TissueSpec, found.data)
    target = Path("tissue.yaml") if out is None else out
    if target.exists():
        raise DiasporeError(f"{target} exists already; choose another name with -o")
    lines = [f"Made from {settings.name}. Not understood, or done in another way:"]
    lines += [f"- {what}: {why}" for what, why in found.remarks] or ["- nothing"]
    text = "".join(f"# {line}\n" for line in lines) + dump_yaml(found.data)
    try:
        write_text(target, text)
    except OSError as error:
        raise DiasporeError(f"cannot write {target}: {error.strerror or error}") from None
    if as_json:
        print_json({"file": str(target), "remarks": [{"what": what, "why": why} for what, why in found.remarks]})
        return
    if found.remarks:
        print_table(("not understood, or done in another way", "how"), found.remarks)
    print(f"{target}: {len(spec.cell_types)} cell types, {len(spec.substances)} substances, {len(spec.rules)} rules")
