"""``diaspore validate``: published and analytic results, recomputed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from diaspore.core.words import counted


def validate(
    every: Annotated[bool, typer.Option("--all/--quick", help="All cases, or those that take minutes.")] = False,
    case: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this case; may be repeated.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print every check, not a line a case.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, as results come.")] = False,
) -> None:
    """Recompute published and analytic results and compare them with what is expected.

    Exit status 1 when an analytic or implementation case does not pass. The others are reported as coverage: a model
    may differ from a published number, and the reason is given. A skipped case is not a pass.
    """
    from diaspore.cli.output import console, print_json_line, print_table, text
    from diaspore.core.progress import progress
    from diaspore.validation import chosen_cases, must_pass_failures, run_cases
    from diaspore.validation.report import summary, table, verdict

    which = "all" if every else "quick"
    results: list[dict[str, Any]] = []
    with progress(len(chosen_cases(which, case)), "validation", "cases") as bar:

        def report(name: str, done: int, total: int) -> None:
            if done:
                bar.advance()
            if name:
                bar.label(name)

        for result in run_cases(which, case, progress=report):
            results.append(result)
            if json:
                print_json_line(result)
    failures = must_pass_failures(results)
    if not json:
        if verbose:
            console().print(table(results))
        else:
            print_table(("case", "passed", "of", "not passed", "skipped"), _cases(results), title="Validation")
            columns = ("case", "check", "expected", "tolerance", "obtained", "reason")
            failed = [[r[c] if isinstance(r[c], str) else text(r[c]) for c in columns] for r in failures]
            if failed:
                print_table(columns, failed, title="Checks that must pass and did not")
        counts = summary(results)
        rows = [(kind, row["pass"], row["not_passed"], row["skipped"]) for kind, row in counts.items()]
        print_table(("kind", "passed", "not passed", "skipped"), rows)
        differ = sum(verdict(result) == "differs" for result in results)
        must = "all checks of analytic results and of the implementation passed"
        if failures:
            must = f"{counted(len(failures), 'check')} of analytic results or of the implementation did not pass"
        print(f"{must[:1].upper()}{must[1:]}; {counted(differ, 'published or fitted figure')} of data not met.")
    if failures:
        raise typer.Exit(1)


def _cases(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int, int, int]]:
    """One line for every case: its name, and the numbers of its checks."""
    rows: dict[str, list[int]] = {}
    for result in results:
        row = rows.setdefault(result["case"], [0, 0, 0, 0])
        row[0] += bool(result["pass"])
        row[1] += 1
        row[2] += not result["pass"] and not result.get("skipped")
        row[3] += bool(result.get("skipped")) and not result["pass"]
    return [(name, *row) for name, row in rows.items()]  # type: ignore[misc]
