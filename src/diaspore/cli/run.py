"""``diaspore run``: simulate what a file describes."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diaspore.cli import options

if TYPE_CHECKING:
    from diaspore.core.runstore import Run
    from diaspore.core.spec import Spec
    from diaspore.core.yamlio import Document


def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="YAML file, or the name of a shipped model.")],
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed; the same seed gives the same bits.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Run directory; default runs/NAME-seedN.", show_default=False),
    ] = None,
    threads: options.Threads = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Dask scheduler that computes the batches, or 'local'.", show_default=False
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run.")] = False,
    patients: Annotated[
        int | None, typer.Option(metavar="N", help="Number of patients, in place of the file's.", show_default=False)
    ] = None,
    plots: Annotated[bool, typer.Option("--plots/--no-plots", help="Draw pictures into the run directory.")] = False,
    json: options.Json = False,
) -> None:
    """Simulate what FILE describes; the last line printed is the run directory."""
    from diaspore.cli.places import default_directory
    from diaspore.core.simulate import simulate

    spec, document = read_spec(file, patients)
    path = default_directory(spec.name, seed, resume=resume) if out is None else out
    result = simulate(spec, seed=seed, out=path, threads=threads, scheduler=scheduler, resume=resume, document=document)
    from diaspore.cohort.remarks import remarks

    pictures = draw(result) if plots else []
    if json:
        from diaspore.cli.output import print_json

        print_json(
            {
                "directory": str(result.path),
                "manifest": result.manifest,
                "summary": result.summary,
                "remarks": remarks(result),
                "pictures": [str(picture) for picture in pictures],
            }
        )
        return
    show(result)
    for picture in pictures:
        print(picture)
    if not pictures:
        print(f"Pictures: diaspore plot {shlex.quote(str(result.path))}")
    print(f"Sources:  diaspore cite {shlex.quote(str(result.path))}")
    print(result.path)


def read_spec(file: str, patients: int | None = None) -> tuple[Spec, Document]:
    """The spec in a file or shipped model, the number of patients replaced if given, and what was read."""
    from diaspore.core.errors import InputError, InputErrors
    from diaspore.core.simulate import find_spec_file
    from diaspore.core.spec import read_document, spec_from_dict

    document = read_document(find_spec_file(file))
    data = document.data
    if patients is None or not isinstance(data, dict):
        return spec_from_dict(data, document), document
    try:
        return spec_from_dict(data | {"patients": patients}, document), document
    except InputError as error:
        # What is wrong with the number given on the command line is not on a line of the file.
        mistakes = error.errors if isinstance(error, InputErrors) else (error,)
        for mistake in mistakes:
            if mistake.field == "patients":
                allowed, nearest = mistake.allowed, mistake.nearest
                raise InputError(mistake.problem, field="--patients", allowed=allowed, nearest=nearest) from None
        raise


def show(result: Run) -> None:
    """Print the main results: the course of a single patient, the figures of a population, else the summary."""
    from diaspore.cli import patient, report
    from diaspore.cli.output import print_table, summary_rows
    from diaspore.cohort.remarks import remarks

    manifest = result.manifest
    title = f"{manifest['name']}, seed {manifest['seed']}"
    if manifest["kind"] == "cohort":
        print_table(*report.cohort_rows(result), title=title)
    elif not report.is_population(result):
        print_table(("result", "value"), summary_rows(result.summary), title=title)
    elif result.summary["patients"] == 1:
        number = patient.telling_patient(result)
        print_table(patient.COURSE, patient.patient_course(result, number), title=patient.patient_title(result, number))
    else:
        print_table(report.FIGURES, report.population_rows(result), title=title)
    for remark in remarks(result):
        print(f"Note: {remark}")


def draw(result: Run, only: Collection[str] | None = None) -> list[Path]:
    """Draw the pictures of a run, or only some kinds, into its ``plots`` directory."""
    from diaspore.viz import plot_run

    if only is None:
        return list(plot_run(result.path, result.path / "plots"))
    return list(plot_run(result.path, result.path / "plots", only=only))
