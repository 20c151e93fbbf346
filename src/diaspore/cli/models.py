"""``diaspore models``: the models that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="List the models that come with the package, or copy one to change it.")


@app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the models that come with the package, or copy one to change it."""
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
def list_models() -> None:
    """List the models: name, kind, and the first sentence of what their files say of them."""
    from diaspore.cli.output import print_table
    from diaspore.core.extends import extended
    from diaspore.core.simulate import shipped_models
    from diaspore.core.yamlio import load_yaml

    rows = []
    for name, file in shipped_models().items():
        whole = extended(load_yaml(file).data, file.parent)
        rows.append((name, str(whole.get("kind", "")), _first_sentence(file) or str(whole.get("name", ""))))
    print_table(("model", "kind", "what it is"), rows)


def _first_sentence(file: Path) -> str:
    """Of the comment at the head of a model's file."""
    head: list[str] = []
    if not file.is_file():
        return ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if "yaml-language-server" not in line:
            head.append(line.removeprefix("#").strip())
    return " ".join(head).partition(". ")[0].rstrip(".")


@app.command("copy")
def copy_model(
    name: Annotated[str, typer.Argument(help="Name of a model.")],
    file: Annotated[Path | None, typer.Argument(help="File to write; default NAME.yaml.", show_default=False)] = None,
) -> None:
    """Copy a model to a file, as a starting point of your own."""
    from diaspore.core.errors import DiasporeError, InputError, nearest_name
    from diaspore.core.simulate import shipped_models

    known = shipped_models()
    if name not in known:
        raise InputError(f"there is no model {name!r}", allowed=list(known), nearest=nearest_name(name, known))
    target = Path(f"{name}.yaml") if file is None else file
    if target.is_dir():
        target = target / f"{name}.yaml"
    try:
        with target.open("xb") as stream:
            stream.write(known[name].read_bytes())
    except FileExistsError:
        raise DiasporeError(f"{target} exists already; choose another name") from None
    except OSError as error:
        raise DiasporeError(f"cannot write {target}: {error.strerror or error}") from None
    print(target)
