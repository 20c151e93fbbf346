"""``diaspore compare``: runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diaspore.cli import options

if TYPE_CHECKING:
    from diaspore.core.runstore import Run


def compare(
    a: options.RunDirectory,
    b: options.RunDirectory,
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN ...", help="More runs, of tissues.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Draw a picture (.png).", show_default=False)
    ] = None,
    json: options.Json = False,
) -> None:
    """Compare two runs: differences with 95 % intervals, patient by patient where the runs share their patients.

    Tissues, two to eight: cells by type and state, size and levels at the last time that all have saved; the picture
    has their course.
    """
    from diaspore.cli.output import console, print_json, print_table
    from diaspore.cli.output import text as shown
    from diaspore.cohort.compare import compare_runs
    from diaspore.core.runstore import Run

    first, second, *others = (Run.open(path) for path in (a, b, *(more or ())))
    kind = _one_kind([first, second, *others])
    if out is not None:
        from diaspore.viz import compare_target

        out = compare_target(out)
    if kind == "tissue":
        _tissues([first, second, *others], [a, b, *(more or ())], out, json)
        return
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


def _one_kind(runs: list[Run]) -> str:
    """The kind of all runs."""
    from diaspore.core.errors import InputError

    kinds = [str(run.manifest.get("kind")) for run in runs]
    if "tissue" in kinds and len(set(kinds)) > 1:
        other = next(run for run, kind in zip(runs, kinds, strict=True) if kind != kinds[0])
        raise InputError(
            f"{runs[0].path} is a run of kind {kinds[0]}, {other.path} one of kind {other.manifest.get('kind')}",
            allowed="tissues among themselves, or patients with patients",
        )
    unfit = [kind for kind in kinds if kind not in ("tissue", "patient", "cohort")]
    if unfit:
        raise InputError(
            f"runs of kind {unfit[0]} cannot be compared", field="RUN", allowed="patients, cohorts, tissues; "
            "the tables of others with pandas",
        )  # fmt: skip
    if len(runs) > 2 and kinds[0] != "tissue":
        raise InputError(f"got {len(runs)} runs", field="RUN", allowed="two runs of patients, or two to eight tissues")
    return kinds[0]


def _tissues(runs: list[Run], paths: list[Path], out: Path | None, json: bool) -> None:
    from diaspore.cli.output import console, print_json, print_table
    from diaspore.cli.output import text as shown
    from diaspore.tissue.compare import LETTERS, compare_tissues

    frame = compare_tissues(runs)
    letters = LETTERS[: len(runs)]
    pictures = []
    if out is not None:
        from diaspore.viz import plot_tissues

        pictures = [plot_tissues(runs, out)]
    named = dict(zip(letters, map(str, paths), strict=True))
    differences = _spec_differences(runs, letters)
    if json:
        print_json(
            named
            | {
                "seeds": [run.manifest["seed"] for run in runs],
                "spec_differences": differences,
                "rows": frame.to_dict("records"),
                "pictures": [str(picture) for picture in pictures],
            }
        )
        return
    if differences:
        rows = [[entry["field"], *(shown(entry[letter]) for letter in letters)] for entry in differences]
        print_table(("field", *letters), rows, title="What differs between the specs")
    else:
        console().print("The specs are equal.")
    title = ", ".join(f"{letter} = {path}" for letter, path in named.items())
    print_table(list(frame.columns), [tuple(row) for row in frame.itertuples(index=False)], title=title)
    print("One run of each: differences include chance.")
    for picture in pictures:
        print(picture)


def _spec_differences(runs: list[Run], letters: str) -> list[dict[str, Any]]:
    """Fields in which some spec differs from the first, with the value of each run."""
    from diaspore.cohort.compare import spec_differences

    specs = [run.spec for run in runs]
    found: dict[str, dict[str, Any]] = {}
    for letter, spec in zip(letters[1:], specs[1:], strict=True):
        for entry in spec_differences(specs[0], spec).to_dict("records"):
            values = found.setdefault(entry["field"], dict.fromkeys(letters, entry["A"]))
            values[letter] = entry["B"]
    return [{"field": field} | values for field, values in found.items()]
