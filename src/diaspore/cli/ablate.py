"""``diaspore ablate``: what switching off a cell type or factor does to a tissue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from diaspore.cli import options

if TYPE_CHECKING:
    from diaspore.tissue.ablation import Ablation
    from diaspore.tissue.spec import TissueSpec


def ablate(
    file: Annotated[str, typer.Argument(help="A scene, or a file of kind tissue.")],
    without: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this cell type, substance or ablation; repeatable.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, max=10_000, help="Runs of each, with seeds from 1 on.")] = 20,
    processes: Annotated[int | None, typer.Option(min=1, help="Runs at a time; default: one a core.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file for the single runs.")] = None,
    stored: Annotated[bool, typer.Option("--stored", help="Show the runs that come with the package.")] = False,
    json: options.Json = False,
) -> None:
    """Run a tissue as it is and without each cell type and factor, and print the differences with 95 % intervals.

    A sign counts where the interval lies on one side of 0 and the change is at least a tenth.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.core.errors import InputError, nearest_name
    from diaspore.core.parallel import available_threads
    from diaspore.core.progress import progress
    from diaspore.core.simulate import find_spec_file
    from diaspore.core.spec import load_spec
    from diaspore.tissue.ablation import WHOLE, effects, interval_text, last_counts, measured_runs, usual_ablations
    from diaspore.tissue.scenes.scene import SCENES, scene
    from diaspore.tissue.scenes.stored import read_runs, write_runs
    from diaspore.tissue.spec import TissueSpec

    known = scene(file) if file in SCENES else None
    if stored:
        if known is None:
            have = [name for name in SCENES if scene(name).table().is_file()]
            raise InputError(
                f"{file!r} comes with no stored runs", field="file", allowed=have, nearest=nearest_name(file, have)
            )
        runs, current = read_runs(known)
        if without:
            names = [_picked(name, list(known.ablations), known.spec()).name for name in without]
            runs = runs[runs["ablation"].isin([WHOLE, *names])]
        if not current:
            print("note: the code or the scene has changed since these runs; leave out --stored to compute them anew")
    else:
        spec = load_spec(find_spec_file(file)) if known is None else known.spec()
        if not isinstance(spec, TissueSpec):
            raise InputError(f"is a {spec.kind}", file=file, field="kind", allowed="tissue")
        chosen: list[Ablation] = list(usual_ablations(spec) if known is None else known.ablations)
        if without:
            chosen = [_picked(name, chosen, spec) for name in without]
        measure = last_counts if known is None else known.measure
        count = available_threads() if processes is None else processes
        with progress(seeds * (1 + len(chosen)), f"ablations of {spec.name}", "runs") as bar:

            def done(name: str) -> None:
                bar.label(name)
                bar.advance()

            runs = measured_runs(spec, chosen, measure, range(1, seeds + 1), count, done)
        if out is not None:
            write_runs(runs, out, known)
    table = effects(runs)
    if json:
        print_json(table.to_dict("records"))
        return
    rows = [
        (row["ablation"], row["measure"], row["seeds"], row["as_is"], row["without"], interval_text(row), row["sign"])
        for row in table.to_dict("records")
    ]
    print_table(("without", "measure", "runs", "as it is", "without it", "difference (95 %)", "sign"), rows, title=file)
    if known is not None:
        from diaspore.validation.ablations import compared

        signs = compared(known, runs)
        signs = signs[signs["obtained"] != ""]
        listed = [
            (row["off"], row["outcome"], row["sign"], row["obtained"], row["verdict"], row["source"])
            for row in signs.to_dict("records")
        ]
        print_table(("without", "outcome", "expected", "obtained", "", "source"), listed, title="Expected signs")


def _picked(name: str, known: list[Ablation], spec: TissueSpec) -> Ablation:
    from diaspore.core.errors import InputError, nearest_name, shown
    from diaspore.tissue.ablation import Ablation

    found = {one.name: one for one in known}
    if name in found:
        return found[name]
    if name in spec.cell_types:
        return Ablation(name, cells=(name,))
    if name in spec.substances:
        return Ablation(name, factors=(name,))
    names = list(dict.fromkeys([*found, *spec.cell_types, *spec.substances]))
    raise InputError(
        f"{shown(name)} is no cell type, substance or ablation here", field="without", allowed=names,
        nearest=nearest_name(name, names),
    )  # fmt: skip
