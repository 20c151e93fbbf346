"""Reference of the command line, from the program itself."""

from __future__ import annotations

from typing import Any

from generators.markdown import code, table


def commands() -> str:
    """Every command with its arguments and options."""
    import typer

    from diaspore.cli.application import app

    group = typer.main.get_command(app)
    blocks = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        blocks.append(_command(f"diaspore {name}", command))
        for below, inner in getattr(command, "commands", {}).items():
            blocks.append(_command(f"diaspore {name} {below}", inner))
    return "\n\n".join(blocks)


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    line = " ".join([name, *(_placeholder(p) for p in arguments), *(["[OPTIONS]"] if options else [])])
    rows = [(code(_placeholder(p)), p.help or "") for p in arguments]
    rows += [(" ".join(code(form) for form in _forms(p)), p.help or "") for p in options]
    text = " ".join((command.help or "").split("\n\n")[0].split())
    more = [" ".join(part.split()) for part in (command.help or "").split("\n\n")[1:]]
    parts = [f"## `{name}`", text, *more, f"```text\n{line}\n```"]
    if rows:
        parts.append(table(("argument or option", "meaning"), rows))
    return "\n\n".join(part for part in parts if part)


def _placeholder(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name.upper()).strip("[]")
    return name if parameter.required else f"[{name}]"


def _forms(parameter: Any) -> list[str]:
    value = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    return [f"{form}{value}" for form in (*parameter.opts, *parameter.secondary_opts)]
