"""``diaspore demo``: one patient and a population, with pictures, in a minute."""

from __future__ import annotations

import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options

MODEL = "breast"
#: the pictures that show most; `diaspore plot` draws all
PICTURES = {
    "patients": ("body_map", "lesion_timeline", "course"),
    "population": ("population_map", "survival", "ledger"),
}
FEW = 12  # the one whose disease reached most sites is told in full


def demo(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Default runs/demo.", show_default=False)
    ] = None,
    patients: Annotated[int, typer.Option(metavar="N", help="Size of the population.")] = 10_000,
    threads: options.Threads = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted demonstration.")] = False,
) -> None:
    """Simulate some breast cancer patients and a population, print the results and draw pictures.

    The last line printed is the directory that holds both runs.
    """
    from diaspore.cli import patient, report
    from diaspore.cli.output import print_table
    from diaspore.cli.places import RUNS, free_directory, latest_directory
    from diaspore.cli.run import draw, read_spec, show
    from diaspore.core.simulate import simulate

    if out is not None:
        path = out
    else:
        path = (latest_directory if resume else free_directory)(RUNS / "demo")
    drawn = []
    with ThreadPoolExecutor(1) as pool:  # one core draws what is finished while the next run is computed
        for name, count in (("patients", FEW), ("population", patients)):
            spec, document = read_spec(MODEL, count)
            try:
                result = simulate(spec, out=path / name, threads=threads, document=document, resume=resume)
            except KeyboardInterrupt:  # the run's own message names a directory that this command does not take
                again = f"diaspore demo --resume -o {shlex.quote(str(path))}"
                message = f"interrupted; nothing finished so far is lost.\n  Go on with: {again}"
                raise KeyboardInterrupt(message) from None
            drawn.append(pool.submit(draw, result, PICTURES[name]))
            if name == "patients" and report.is_population(result):
                number = patient.telling_patient(result)
                title = patient.patient_title(result, number)
                print_table(patient.COURSE, patient.patient_course(result, number), title=title)
            else:
                show(result)
    print("Pictures (more: diaspore plot RUN):")
    for pictures in drawn:
        for picture in pictures.result():
            print(f"  {picture}")
    print("Research only; not for clinical decisions. What to cite: diaspore cite RUN, where a number comes from:")
    print("diaspore explain KEY, how good it is: diaspore validate. Both runs are in:")
    print(path)
