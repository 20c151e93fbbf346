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
    film: Annotated[
        bool, typer.Option("--film", help="A film of a tissue as well: film.gif, with ffmpeg also film.mp4.")
    ] = False,
) -> None:
    """Draw the pictures of a run; prints their paths."""
    from diaspore.cohort.remarks import course_is_lost
    from diaspore.core.runstore import Run
    from diaspore.viz import plot_run

    opened = Run.open(run)
    if course_is_lost(opened):
        print(f"{opened.path / 'course.zarr'} is missing: pictures do without time courses", file=sys.stderr)
    folder = out if out is not None else opened.path / "plots"
    if film:
        from diaspore.tissue.results import opened as checked

        checked(opened, "films")  # before anything is drawn
    for picture in plot_run(opened.path, folder):
        print(picture)
    if film:
        from diaspore.core.progress import progress
        from diaspore.viz import plot_film

        for file in plot_film(opened, folder, progress):
            print(file)
