"""``diaspore network``: what a Boolean network can do: attractors, exact absorption, mutants, screens, influences."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diaspore.cli import options

if TYPE_CHECKING:
    from diaspore.networks.boolean.mutants import Screen
    from diaspore.networks.boolean.spec import BooleanNetworkSpec

MANY_NODES = 50  # above which all attractors may take hours

app = typer.Typer(
    help="Attractors, exact absorption, mutants and influences of a Boolean network.", no_args_is_help=True
)

File = Annotated[
    str, typer.Argument(metavar="FILE", help="YAML file, .bnd, .bnet, SBML-qual, or a model of the package.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="NODE=0|1", help="Fix a node; may be repeated.", show_default=False)
]
Trajectories = Annotated[
    int | None,
    typer.Option("--trajectories", metavar="N", min=1, max=10_000_000, help="Of each mutant.", show_default=False),
]
Time = Annotated[float | None, typer.Option("--time", metavar="T", help="When to look.", show_default=False)]
Outputs = Annotated[
    list[str] | None,
    typer.Option("--output", metavar="NODE", help="Nodes to report; may be repeated.", show_default=False),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Random seed.")]
Out = Annotated[Path | None, typer.Option("-o", "--out", metavar="CSV", help="Also write a table.", show_default=False)]
Picture = Annotated[Path | None, typer.Option("--plot", metavar="PNG", help="Also draw a picture.", show_default=False)]


@app.command("attractors")
def attractors(
    file: File,
    fixed: Annotated[bool, typer.Option("--fixed-points", help="Fixed points only; far faster.")] = False,
    set_: Set = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="List at most so many.")] = 100,
    json: options.Json = False,
) -> None:
    """All attractors when nodes flip one at a time, for every setting of the inputs.

    Fixed points come first. In a cyclic attractor some nodes never rest.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.networks.boolean.attractors import attractors, fixed_points

    spec = _spec(file, set_)
    if not fixed and len(spec.nodes) > MANY_NODES:
        hint = "all attractors may take very long; --fixed-points takes seconds"
        print(f"{spec.name}, {len(spec.nodes)} nodes: {hint}", file=sys.stderr, flush=True)
    found = fixed_points(spec, limit=limit) if fixed else attractors(spec, limit=limit)
    rows = found.rows()
    if json:
        print_json({"network": spec.name, "count": found.count, "attractors": rows})
        return
    what = "fixed points" if fixed else "attractors"
    print_table(
        ("#", "states", "on", "changing"),
        [(k, row["states"], ", ".join(row["on"]) or "–", ", ".join(row["changing"])) for k, row in enumerate(rows, 1)],
        title=f"{spec.name}: {found.count:,} {what}" + (f", the first {len(rows)}" if found.count > len(rows) else ""),
    )


@app.command("absorption")
def absorption(file: File, set_: Set = None, json: options.Json = False) -> None:
    """Exact probabilities of where a small network ends, from its start.

    All states that can be reached are listed; networks that reach more than four million are refused.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.networks.boolean.absorption import absorption

    found = absorption(_spec(file, set_))
    rows: list[dict[str, Any]] = []
    for state, size, chance in zip(found.states, found.sizes, found.probability, strict=True):
        on = [name for name, value in zip(found.names, state, strict=True) if value]
        rows.append({"probability": float(chance), "states": int(size), "on": on})
    if json:
        print_json({"reachable": found.reachable, "remainder": found.remainder, "ends": rows})
        return
    print_table(
        ("probability", "states", "on" if (found.sizes == 1).all() else "on (of one state)"),
        [(f"{row['probability']:.10f}", row["states"], ", ".join(row["on"]) or "–") for row in rows],
        title=f"{found.reachable:,} states can be reached"
        + (f"; {found.remainder:.3g} is still on its way" if found.remainder > 1e-9 else ""),
    )


@app.command("mutants")
def mutants(
    file: File,
    set_: Set = None,
    outputs: Outputs = None,
    trajectories: Trajectories = None,
    time: Time = None,
    seed: Seed = 1,
    threads: options.Threads = None,
    out: Out = None,
    plot: Picture = None,
    json: options.Json = False,
) -> None:
    """What the gain and the loss of each node do to the outputs at the end."""
    _screen(file, set_, outputs, trajectories, time, seed, threads, out, plot, json, pairs=False)


@app.command("screen")
def screen(
    file: File,
    set_: Set = None,
    outputs: Outputs = None,
    trajectories: Trajectories = None,
    time: Time = None,
    seed: Seed = 1,
    threads: options.Threads = None,
    out: Out = None,
    plot: Picture = None,
    json: options.Json = False,
) -> None:
    """What all single and double mutants do to the outputs at the end."""
    _screen(file, set_, outputs, trajectories, time, seed, threads, out, plot, json, pairs=True)


@app.command("graph")
def graph(
    file: File,
    plot: Annotated[Path, typer.Option("--plot", metavar="PNG", help="Picture to draw.")] = Path("network.png"),
    json: options.Json = False,
) -> None:
    """Who acts on whom, and with which sign: as a picture, or as JSON."""
    from diaspore.cli.output import print_json
    from diaspore.networks.boolean.influence import influences

    if not json:
        _check_targets(None, plot)
    spec = _spec(file, None)
    if json:
        signs = {1: "+", -1: "-", 0: "both", None: "none"}
        rows = [{"source": one.source, "target": one.target, "sign": signs[one.sign]} for one in influences(spec)]
        print_json({"network": spec.name, "influences": rows})
        return
    from diaspore.viz.network import influence_graph
    from diaspore.viz.style import save_png

    print(save_png(influence_graph(spec), plot))


def _spec(file: str, fixed: Sequence[str] | None) -> BooleanNetworkSpec:
    from diaspore.core.errors import InputError, nearest_name, shown
    from diaspore.core.simulate import find_spec_file
    from diaspore.core.spec import load_spec
    from diaspore.networks.boolean.spec import BooleanNetworkSpec

    spec = load_spec(find_spec_file(file))
    if not isinstance(spec, BooleanNetworkSpec):
        raise InputError(f"is a {spec.kind}", file=file, field="kind", allowed="boolean_network")
    changes: dict[str, str] = {}
    for one in fixed or ():
        name, _, value = one.partition("=")
        if name not in spec.nodes:
            near = nearest_name(name, spec.nodes)
            raise InputError(
                f"{shown(name)} is no node of {spec.name}", field="--set", allowed=sorted(spec.nodes), nearest=near
            )
        if value not in ("0", "1"):
            raise InputError(f"{shown(one)} does not say a state", field="--set", allowed=f"{name}=0 or {name}=1")
        changes[name] = "on" if value == "1" else "off"
    return spec.mutated(**changes) if changes else spec


def _check_targets(out: Path | None, plot: Path | None) -> None:
    """Whether files can be written, before the work of hours and not after it.

    Raises:
        DiasporeError: there is a file of this name, no such folder, or another ending.
    """
    from diaspore.core.errors import DiasporeError

    for target, ending, option in ((out, ".csv", "-o"), (plot, ".png", "--plot")):
        if target is None:
            continue
        if target.suffix.lower() != ending:
            raise DiasporeError(f"{target} does not end with {ending}; choose another name with {option}")
        if target.exists():
            raise DiasporeError(f"{target} exists already; choose another name with {option}")
        if not target.parent.is_dir():
            raise DiasporeError(f"there is no folder {target.parent}; choose another name with {option}")
        if not os.access(target.parent, os.W_OK):
            raise DiasporeError(f"the folder {target.parent} cannot be written; choose another name with {option}")


def _screen(
    file: str, fixed: list[str] | None, outputs: list[str] | None, trajectories: int | None, time: float | None,
    seed: int, threads: int | None, out: Path | None, plot: Path | None, json: bool, *, pairs: bool,
) -> None:  # fmt: skip
    from diaspore.cli.output import print_json, print_table
    from diaspore.core.parallel import resolve_threads
    from diaspore.core.progress import no_progress, progress
    from diaspore.networks.boolean.mutants import screen

    _check_targets(out, plot)
    spec = _spec(file, fixed)
    bars: Any = no_progress if json else progress
    with bars(100.0, f"{spec.name}: mutants", "%") as bar:
        found = screen(
            spec, pairs=pairs, outputs=outputs, trajectories=trajectories, duration=time, seed=seed,
            threads=resolve_threads(threads), progress=lambda done, of: bar.advance(100.0 * done / of),
        )  # fmt: skip
    if out is not None:
        _write(found, out)
    if plot is not None:
        from diaspore.viz.network import mutant_map
        from diaspore.viz.style import save_png

        print(save_png(mutant_map(found, spec.name), plot), file=sys.stderr if json else None)
    rows = _strongest(found)
    if json:
        table = found.table()
        print_json({"network": spec.name, "trajectories": found.trajectories, "columns": list(table), "rows": rows})
        return
    least = len(found.mutants) - len(rows)
    note = f"; {least:,} that change less are left out, -o FILE writes all" if least else ""
    title = f"{spec.name}: probabilities at the end, {found.trajectories:,} trajectories each{note}"
    print_table(("mutant", *found.outputs), rows, title=title)


def _strongest(found: Screen, most: int = 60) -> list[list[Any]]:
    """The network as given, then the mutants that change most, strongest first."""
    import numpy as np

    change = np.abs(found.probability - found.probability[0]).max(axis=1)
    order = np.argsort(-change[1:], kind="stable")[:most] + 1
    return [[found.name(int(k)), *map(float, found.probability[k])] for k in (0, *order)]


def _write(found: Screen, out: Path) -> None:
    import pandas as pd

    from diaspore.core.errors import DiasporeError
    from diaspore.core.jsonio import write_text

    try:
        write_text(out, pd.DataFrame(found.table()).to_csv(index=False))
    except OSError as error:
        raise DiasporeError(f"cannot write {out}: {error.strerror or error}") from None
