"""``diaspore demo``: one patient and a population, with pictures, in a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options

MODEL = "breast"
FEW = 12  # the one whose disease reached most sites is told in full


def demo(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Default runs/demo.", show_default=False)
    ] = None,
    patients: Annotated[int, typer.Option(metavar="N", help="Size of the population.")] = 10_000,
    threads: options.Threads = None,
) -> None:
    """Simulate some breast cancer patients and a population, print the results and draw pictures.

    The last line printed is the directory that holds both runs.
    """
    from diaspore.cli import report
    from diaspore.cli.output import print_table
    from diaspore.cli.places import RUNS, free_directory
    from diaspore.cli.run import draw, read_spec, show
    from diaspore.core.simulate import simulate

    path = free_directory(RUNS / "demo") if out is None else out
    pictures = []
    for name, count in (("patients", FEW), ("population", patients)):
        spec, document = read_spec(MODEL, count)
        result = simulate(spec, out=path / name, threads=threads, document=document)
        if name == "patients" and report.is_population(result):
            number = report.telling_patient(result)
            title = report.patient_title(result, number)
            print_table(report.COURSE, report.patient_course(result, number), title=title)
        else:
            show(result)
        pictures += draw(result)
    print("Pictures:")
    for picture in pictures:
        print(f"  {picture}")
    print("Research only; not for clinical decisions. What to cite: diaspore cite RUN, where a number comes from:")
    print("diaspore explain KEY, how good it is: diaspore validate. Both runs are in:")
    print(path)
