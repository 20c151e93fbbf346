"""``diaspore schema``: JSON schema of the files, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    kind: Annotated[str | None, typer.Argument(help="Kind of file; default all.", show_default=False)] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write to FILE.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON schema of a kind of file, for completion and checks in an editor.

    In a YAML file, editors with a YAML language server pick it up from a first line such as
    "# yaml-language-server: $schema=diaspore.schema.json".
    """
    from diaspore.core.errors import DiasporeError
    from diaspore.core.jsonio import to_json, write_text
    from diaspore.core.spec import json_schema

    text = to_json(json_schema(kind))
    if out is None:
        print(text, end="")
        return
    try:
        write_text(out, text)
    except OSError as error:
        raise DiasporeError(f"cannot write {out}: {error.strerror or error}") from None
    print(out)
