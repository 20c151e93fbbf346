"""``diaspore fit``: a parameter set from named data, again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options


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
    from diaspore.inference.fits import FITS, run_fit, summary
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
