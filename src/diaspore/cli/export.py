"""``diaspore export``: a run for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options


def export(
    run: options.RunDirectory,
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="vtu, simularium, anndata or adtte.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="PATH", help="File, for vtu a folder; default in RUN/export.", show_default=False
        ),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option("--every", metavar="N", help="Keep one snapshot in N, and the last.", show_default=False),
    ] = None,
    snapshot: Annotated[
        int | None, typer.Option("--snapshot", metavar="N", help="Only this snapshot, from 0.", show_default=False)
    ] = None,
) -> None:
    """Write a tissue for ParaView (vtu), the Simularium viewer, or scanpy and the like (anndata), or a trial's times to
    events (adtte); prints the path."""
    from diaspore.core.progress import progress
    from diaspore.export import export_run

    print(export_run(run, to, out, every=every, snapshot=snapshot, progress=progress))
