"""``diaspore compare``: two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options


def compare(
    a: options.RunDirectory,
    b: options.RunDirectory,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Draw a picture (.png).", show_default=False)
    ] = None,
    json: options.Json = False,
) -> None:
    """Compare two runs: differences with 95 % intervals, patient by patient where the runs share their patients."""
    from diaspore.cli.output import console, print_json, print_table
    from diaspore.cli.output import text as shown
    from diaspore.cohort.compare import compare_runs
    from diaspore.core.runstore import Run

    first, second = Run.open(a), Run.open(b)
    if out is not None:
        from diaspore.viz import compare_target

        out = compare_target(out)
    frame = compare_runs(first, second)
    pictures = []
    if out is not None:
        from diaspore.viz import plot_compare

        pictures = [plot_compare(first, second, out)]
    if json:
        print_json(
            {
                "A": str(a),
                "B": str(b),
                **frame.attrs,
                "rows": frame.to_dict("records"),
                "pictures": [str(picture) for picture in pictures],
            }
        )
        return
    differences = frame.attrs.get("spec_differences", [])
    if differences:
        rows = [(entry["field"], shown(entry["A"]), shown(entry["B"])) for entry in differences]
        print_table(("field", "A", "B"), rows, title="What differs between the specs")
    else:
        console().print("The two specs are equal.")
    rows = [tuple(row) for row in frame.itertuples(index=False)]
    print_table(list(frame.columns), rows, title=f"A = {a}, B = {b}")
    for picture in pictures:
        print(picture)
