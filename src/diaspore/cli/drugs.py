"""``diaspore drugs``: drugs against metastasis, by what they hit."""

from __future__ import annotations

from typing import Annotated

import typer

from diaspore.cli import options


def drugs(
    target: Annotated[str | None, typer.Option(help="Symbol of a gene, or a word of the target.")] = None,
    step: Annotated[str | None, typer.Option(help="Step of the cascade, such as invasion or dormancy.")] = None,
    lever: Annotated[
        str | None, typer.Option(help="Lever, such as bone_cycle; -bone_cycle: only those that lower it.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="approved, phase 3, ..., or failed, stopped, harm.")] = None,
    json: options.Json = False,
) -> None:
    """List drugs against metastasis: genes they hit, step of the cascade, levers, how far they came.

    Most entries are recalled and graded so: diaspore explain drug NAME says which. Signs are directions; how far a drug
    moves a lever is in no source.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.knowledge.drugs import FIELDS, selected

    found = selected(target, step, lever, status)
    if json:
        print_json(
            [
                {"name": one.name, **{field: one.text(field) for field in FIELDS}, "levers": dict(one.levers)}
                for one in found
            ]
        )
        return
    print_table(
        ("drug", "genes", "step", "levers", "status"),
        [
            (
                one.name, one.text("genes"), one.text("step"),
                ", ".join(one.signed_levers()),
                one.text("status"),
            )
            for one in found
        ],
    )  # fmt: skip
    print(f"{len(found)} drugs; diaspore explain drug NAME says more, with sources. Not for clinical decisions.")
