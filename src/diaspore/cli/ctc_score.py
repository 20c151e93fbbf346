"""``diaspore ctc score``: scores, evidence and calls of single-cell profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options


def score(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=".h5ad file, or a downloaded table or folder.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help=".h5ad or .csv; default FILE-scored.h5ad.")
    ] = None,
    signature: Annotated[str, typer.Option(help="KS_cellline (single cells, lines) or KS_tumour.")] = "KS_cellline",
    layer: Annotated[str | None, typer.Option(help="Layer to score, instead of X.", show_default=False)] = None,
    scale: Annotated[str, typer.Option(help="What the values are: auto, counts, linear or log.")] = "auto",
    symbols: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of var with gene symbols.", show_default=False)
    ] = None,
    json: options.Json = False,
) -> None:
    """Score cells between epithelium and mesenchyme, with evidence of leukocytes and platelets beside, and calls.

    Calls come from a classifier fitted to made profiles: they are not calibrated on patients.
    """
    import warnings

    from diaspore.cli.output import print_json, print_table
    from diaspore.core.errors import InputError
    from diaspore.ctc.rna.annotated import ProfileWarning
    from diaspore.ctc.rna.load import load_profiles
    from diaspore.ctc.rna.score import score_profiles
    from diaspore.ctc.rna.write import write_scores

    stem = file.name.removesuffix(".gz").rsplit(".", 1)[0] if file.is_file() else file.name
    target = file.with_name(f"{stem}-scored.h5ad") if out is None else out
    if target.suffix not in (".h5ad", ".csv") or not target.parent.is_dir():
        raise InputError(
            f"{target} cannot be written", field="--out", allowed="a .h5ad or .csv file in a folder that exists"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProfileWarning)  # they are printed below
        data = load_profiles(file)
        notes = [str(note) for note in data.uns.get("diaspore_loaded", {}).get("notes", [])]
        try:
            notes += score_profiles(data, signature_name=signature, layer=layer, scale=scale, symbols=symbols)
        except InputError as error:
            raise error.located(file=file) from None
    write_scores(data, target)
    calls, states = data.obs["ctc_call"], data.obs["emt_state"]
    flagged = int((data.obs["ctc_flag"] != "").sum())
    if json:
        print_json(
            {
                "file": str(target), "cells": data.n_obs, "calls": calls.value_counts().to_dict(),
                "states": states.value_counts().to_dict(), "flagged": flagged, "notes": notes,
            }
        )  # fmt: skip
        return
    rows = []
    for call in calls.value_counts().index:
        of_call = data.obs[calls == call]
        mean = of_call[["emt_ks", "ctc_call_probability"]].mean()
        rows.append(
            (
                call, len(of_call), *(int((of_call["emt_state"] == state).sum()) for state in _STATES),
                f"{mean['emt_ks']:+.2f}", f"{mean['ctc_call_probability']:.2f}", int((of_call["ctc_flag"] != "").sum()),
            )
        )  # fmt: skip
    columns = ("call", "cells", *_STATES, "mean KS", "mean probability", "flagged")
    print_table(columns, rows, title=f"{data.n_obs:,} cells; states by {signature}")
    for note in notes:
        print(f"note: {note}")
    print("Calls are not calibrated on patients; stemness is not scored. Not for clinical decisions.")
    print(target)


_STATES = ("epithelial", "hybrid", "mesenchymal", "unassigned")
