"""``diaspore explain``: where a number comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from diaspore.cli import options

if TYPE_CHECKING:
    from diaspore.knowledge.explain import Explanation


def explain(
    key: Annotated[str, typer.Argument(help="A parameter, fact, lever, site, primary or citation key.")],
    json: options.Json = False,
) -> None:
    """Say what stands behind KEY: value, unit, uncertainty, source, evidence, and where it is used."""
    from diaspore.knowledge.explain import explain as look_up

    found = look_up(key)
    if found.kind == "parameter":
        found = _defined(found)
    if json:
        from diaspore.cli.output import print_json

        print_json(found.to_json())
    else:
        print(found.to_text(), end="")


def _defined(found: Explanation) -> Explanation:
    """A parameter with the words that define it, which the engine holds and not its set."""
    from dataclasses import replace

    from diaspore.body.changes import parameter_keys

    definition = parameter_keys().get(found.key)
    return found if definition is None else replace(found, title=definition.text)
