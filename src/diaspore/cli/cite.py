"""``diaspore cite``: what to cite when using a run."""

from __future__ import annotations

from typing import Annotated

import typer

from diaspore.cli import options


def cite(
    run: options.RunDirectory,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX.")] = False,
    json: options.Json = False,
) -> None:
    """List the sources a run used, and what each was used for."""
    from diaspore.core.runstore import Run

    opened = Run.open(run)
    if bibtex:
        print((opened.path / "references.bib").read_text(encoding="utf-8"), end="")
        return
    records = opened.citations.to_json()
    if json:
        from diaspore.cli.output import print_json

        print_json(records)
        return
    for record in records:
        print(f"{record['key']}: {record['text'] or '(not in the list of references)'}")
        for reason in record["reasons"]:
            print(f"    {reason}")
