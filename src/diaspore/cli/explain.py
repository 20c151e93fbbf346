"""``diaspore explain``: where a number comes from."""

from __future__ import annotations

from typing import Annotated

import typer

from diaspore.cli import options


def explain(
    key: Annotated[str, typer.Argument(help="A parameter, fact, lever, site, primary or citation key.")],
    json: options.Json = False,
) -> None:
    """Say what stands behind KEY: value, unit, uncertainty, source, evidence, and where it is used."""
    from diaspore.knowledge.explain import explain as look_up

    found = look_up(key)
    if json:
        from diaspore.cli.output import print_json

        print_json(found.to_json())
    else:
        print(found.to_text(), end="")
