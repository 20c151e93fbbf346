"""``diaspore explain``: where a number comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from diaspore.cli import options

if TYPE_CHECKING:
    from diaspore.knowledge.explain import Explanation


def explain(
    key: Annotated[
        str,
        typer.Argument(
            help="Key of a parameter, fact, lever, site, primary, pathway, gene, drug or citation; or a group."
        ),
    ],
    name: Annotated[
        str | None, typer.Argument(help="A name of the group KEY, as in pathway tgf-beta, gene SNAI1, drug digoxin.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Say what stands behind KEY: value, unit, uncertainty, source, evidence, and where it is used.

    pathway, gene and drug alone list what there is.
    """
    from diaspore.knowledge.explain import explain as look_up
    from diaspore.knowledge.explain import listing

    listed = listing(key) if name is None else None
    if listed is not None:
        _print_list(*listed, json=json)
        return
    found = look_up(key if name is None else f"{key}.{name}")
    if found.kind == "parameter":
        found = _defined(found)
    if json:
        from diaspore.cli.output import print_json

        print_json(found.to_json())
    else:
        print(found.to_text(), end="")


def _print_list(columns: tuple[str, ...], rows: list[tuple[str | int, ...]], *, json: bool) -> None:
    from diaspore.cli.output import print_json, print_table

    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)


def _defined(found: Explanation) -> Explanation:
    """A parameter with the words that define it, which the engine holds and not its set."""
    from dataclasses import replace

    from diaspore.body.changes import parameter_keys

    definition = parameter_keys().get(found.key)
    return found if definition is None else replace(found, title=definition.text)
