"""``diaspore demo``: one patient and a population, with pictures, in a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options

MODEL = "breast"


def demo(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Default runs/demo.", show_default=False)
    ] = None,
    patients: Annotated[int, typer.Option(metavar="N", help="Size of the population.")] = 10_000,
    threads: options.Threads = None,
) -> None:
    """Simulate one breast cancer patient and a population, print the results and draw pictures.

    The last line printed is the directory that holds both runs.
    """
    from diaspore.cli.places import RUNS, free_directory
    from diaspore.cli.run import draw, read_spec, show
    from diaspore.core.simulate import simulate

    path = free_directory(RUNS / "demo") if out is None else out
    for name, count in (("patient", 1), ("population", patients)):
        spec, document = read_spec(MODEL, count)
        result = simulate(spec, out=path / name, threads=threads, document=document)
        show(result)
        for picture in draw(result):
            print(picture)
    print(path)
