"""``diaspore trials``: trials of drugs against metastasis, and what is predicted for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options

app = typer.Typer(help="List trials of drugs against metastasis, or predict their hazard ratios.")


@app.callback(invoke_without_command=True)
def trials(context: typer.Context) -> None:
    """List trials of drugs against metastasis, or predict their hazard ratios."""
    if context.invoked_subcommand is None:
        list_trials()


@app.command("list")
def list_trials() -> None:
    """List the trials: drug, cancer, course, what is counted, how many took part (recalled)."""
    from diaspore.cli.output import print_table
    from diaspore.inference.strengths.predictions import trials as known

    rows = [(one.key, one.name, one.cancer, one.course, one.endpoint, one.patients) for one in known()]
    print_table(("trial", "called", "cancer", "course", "endpoint", "patients"), rows)
    print("Designs are recalled. Not for clinical decisions.")


@app.command("predict")
def predict(
    trial: Annotated[
        list[str] | None, typer.Option(help="Key of a trial; may be repeated. Left out: all.", show_default=False)
    ] = None,
    patients: Annotated[int, typer.Option(help="Simulated in each arm.", min=100, max=1_000_000)] = 6000,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.", min=0)] = 20_265,
    resistance: Annotated[
        float,
        typer.Option(help="Chance per division of a cell that resists the drugs.", min=0, max=0.001),
    ] = 0.0,
    threads: options.Threads = None,
    stored: Annotated[bool, typer.Option(help="Show the predictions that ship; nothing is simulated.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="JSON file to write.", show_default=False)] = None,
    json: options.Json = False,
) -> None:
    """Predict hazard ratios of trials with strengths that were frozen before, beside a model in which nothing acts.

    All drugs that move a lever move it equally far: what differs is when, where and by which lever.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.core.jsonio import to_json, write_text
    from diaspore.core.progress import progress
    from diaspore.inference.strengths import predictions

    wanted = predictions.trials() if not trial else tuple(predictions.trial(name) for name in trial)
    if stored:
        found = dict(predictions.stored(resistance))
        keys = [one.key for one in wanted]
        found["trials"] = [row for row in found["trials"] if row["trial"] in keys]
    else:
        with progress(len(wanted), "trials", "trials") as bar:
            found = predictions.predict(wanted, patients, seed, threads, lambda one: bar.advance(), resistance)
    if out is not None:
        write_text(out, to_json(found))
    if json:
        print_json(found)
        return
    columns = ("trial", "drug", "cancer", "endpoint", "hazard ratio", "weak to strong", "a trial of its size", "null")
    rows = []
    for row in found["trials"]:
        one = predictions.trial(row["trial"])
        rows.append(
            (
                one.name, one.drug, one.cancer, one.endpoint.replace("_", " "), f"{row['central']:.2f}",
                f"{row['weak']:.2f} to {row['strong']:.2f}", f"{row['low']:.2f} to {row['high']:.2f}",
                f"{row['null_low']:.2f} to {row['null_high']:.2f}",
            )
        )  # fmt: skip
    print_table(columns, rows, title=f"Predicted with {found['strengths']}, frozen as {found['strengths_sha256'][:12]}")
    print("Strengths are assumed, one for all drugs of a lever. Not for clinical decisions.")
