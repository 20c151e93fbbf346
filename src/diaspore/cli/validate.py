"""``diaspore validate``: published and analytic results, recomputed."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def validate(
    every: Annotated[bool, typer.Option("--all/--quick", help="All cases, or those that take minutes.")] = False,
    case: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this case; may be repeated.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, as results come.")] = False,
) -> None:
    """Recompute published and analytic results and compare them with what is expected.

    Exit status 1 when an analytic or implementation case does not pass. The others are reported as coverage: a model
    may differ from a published number, and the reason is given. A skipped case is not a pass.
    """
    from diaspore.cli.output import console, print_json_line, print_table
    from diaspore.core.progress import progress
    from diaspore.validation import chosen_cases, must_pass_failures, run_cases
    from diaspore.validation.report import summary, table

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
        console().print(table(results))
        counts = summary(results)
        rows = [(kind, row["pass"], row["not_passed"], row["skipped"]) for kind, row in counts.items()]
        print_table(("kind", "passed", "not passed", "skipped"), rows)
        print(f"{len(failures)} of the cases that must pass did not" if failures else "All cases that must pass passed")
    if failures:
        raise typer.Exit(1)
