"""``diaspore fit``: a parameter set from named data, again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diaspore.cli import options

if TYPE_CHECKING:
    from diaspore.inference.artefact import Artefact


def fit(
    name: Annotated[str | None, typer.Argument(help="Fit; default: list them.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed.", min=0)] = 2026,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Default runs/fit-NAME.", show_default=False)
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a fit that was stopped.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small fit in less than a minute, to see that it works.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Fit parameters to published data and write the result with its posterior draws and pictures.

    The last line printed is the directory of the result. A stopped fit loses nothing: --resume gives the same bits.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.cli.places import RUNS
    from diaspore.core.progress import progress
    from diaspore.inference.fits import FITS, run_fit
    from diaspore.viz.fit import draw

    if name is None:
        for known, what in FITS.items():
            print(f"{known}: {what}")
        return
    path = RUNS / f"fit-{name}" if out is None else out
    result = run_fit(name, seed, path, resume, quick, progress)
    folder = path / result.name
    pictures = draw(result, folder)
    if json:
        print_json({"directory": str(folder), **result.header})
        return
    columns, rows = summary(result)
    print_table(columns, rows, title=f"{result.name}: {result.header['title']}")
    print("Pictures:")
    for picture in pictures:
        print(f"  {picture}")
    print(folder)


def summary(result: Artefact) -> tuple[list[str], list[list[object]]]:
    """Columns and rows: parameters with intervals and deviances beside both nulls, for each unit of a fit."""
    free = result.header["free_parameters"]["per_unit"]
    rows: list[list[object]] = []
    for name, unit in result.header["units"].items():
        row: list[object] = [name]
        for key in free:
            low, _, high = unit["interval_95"][key]
            row.append(f"{unit['optimum'][key]:.3g} ({low:.3g} to {high:.3g})")
        rows.append([*row, *(float(unit["deviance"][k]) for k in ("fit", "constant", "logistic"))])
    return ["unit", *free, "deviance", "of a constant", "of a logistic curve"], rows
