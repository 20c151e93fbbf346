"""``diaspore plot``: pictures of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options


def plot(
    run: options.RunDirectory,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Default RUN/plots.", show_default=False)
    ] = None,
) -> None:
    """Draw the pictures of a run; prints their paths."""
    from diaspore.cohort.remarks import course_is_lost
    from diaspore.core.runstore import Run
    from diaspore.viz import plot_run

    opened = Run.open(run)
    if course_is_lost(opened):
        print(f"{opened.path / 'course.zarr'} is missing: pictures do without time courses", file=sys.stderr)
    for picture in plot_run(opened.path, out if out is not None else opened.path / "plots"):
        print(picture)
