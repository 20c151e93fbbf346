"""Names in the documentation exist: parameters with their units, commands, options, levers, columns."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from diaspore.body.changes import parameter_keys
from diaspore.body.registry import DEFINITIONS
from diaspore.cli.application import app
from diaspore.core.messages import FACTOR_LEVERS, RATE_LEVERS
from diaspore.core.spec import json_schema
from diaspore.knowledge.load import facts
from tests.docs.pages import DOCS, PAGES, blocks, inline_code, name_of, tables

GROUPS = {key.partition(".")[0] for key in DEFINITIONS}
_KEY = re.compile(r"[a-z_]+(?:\.[a-z0-9_]+)+(?:\.SITE)?")
MODEL = sorted((DOCS / "model").glob("*.md"))


def _known_key(text: str) -> bool:
    if text.endswith(".SITE"):
        definition = DEFINITIONS.get(text.removesuffix(".SITE"))
        return definition is not None and definition.index == "site"
    return text in DEFINITIONS or text in parameter_keys() or text in facts() or text in _fields()


@cache
def _fields() -> set[str]:
    """Dotted names of the fields of a patient file."""
    schema = json_schema("patient")
    found: set[str] = set()

    def add(part: dict[str, Any], place: str) -> None:
        for name, what in part.get("properties", {}).items():
            found.add(f"{place}{name}")
            for form in (what, *what.get("anyOf", ())):
                if "$ref" in form:
                    add(schema["$defs"][form["$ref"].rsplit("/", 1)[1]], f"{place}{name}.")

    add(schema, "")
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_parameters_exist(page: Path) -> None:
    for text in inline_code(page):
        if _KEY.fullmatch(text) and text.partition(".")[0] in GROUPS:
            assert _known_key(text), f"{name_of(page)}: there is no parameter {text}"


@pytest.mark.parametrize("page", MODEL, ids=name_of)
def test_symbols_have_the_units_of_their_parameters(page: Path) -> None:
    for rows in tables(page, "symbol"):
        for _symbol, _meaning, key, unit in rows:
            match = re.fullmatch(r"`([a-z_.]+?)(\.SITE)?`", key)
            if match is None or match[1] in (*FACTOR_LEVERS, *RATE_LEVERS):
                continue
            definition = DEFINITIONS.get(match[1])
            if definition is None and match[1].endswith(".spread"):
                definition = parameter_keys().get(match[1])
            assert definition is not None, f"{name_of(page)}: there is no parameter {key}"
            assert (match[2] is not None) == (definition.index == "site"), f"{name_of(page)}: {key} by site or not?"
            wanted = "–" if definition.unit == "1" else definition.unit
            assert unit == wanted, f"{name_of(page)}: {key} is in {wanted}, not {unit}"


def test_every_parameter_is_described() -> None:
    described = set()
    for page in MODEL:
        for rows in tables(page, "symbol"):
            described |= {re.sub(r"\.SITE$", "", row[2].strip("`")) for row in rows}
    assert set(DEFINITIONS) - described == set()


def _commands() -> dict[str, set[str]]:
    """Every command with its options."""
    group: Any = typer.main.get_command(app)
    found: dict[str, set[str]] = {}

    def add(name: str, command: Any) -> None:
        found[name] = {form for p in command.params for form in (*p.opts, *p.secondary_opts) if form.startswith("-")}
        for below, inner in getattr(command, "commands", {}).items():
            add(f"{name} {below}".strip(), inner)

    add("", group)
    return found


def _mentions(page: Path) -> list[str]:
    lines = [text for text in inline_code(page) if text.startswith("diaspore ")]
    for block in blocks(page):
        if block.language in ("bash", "text"):
            lines += [line.strip() for line in block.text.splitlines() if line.strip().startswith("diaspore ")]
    return lines


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_exist(page: Path) -> None:
    known = _commands()
    for line in _mentions(page):
        words = line.split("#")[0].split()[1:]
        names = [word for word in words[:2] if not word.startswith("-")]
        command = " ".join(names) if " ".join(names) in known else (names[0] if names else "")
        assert command in known, f"{name_of(page)}: there is no command in {line!r}"
        for word in words:
            if word.startswith("-") and word not in ("-h", "--help"):
                assert word.partition("=")[0] in known[command], f"{name_of(page)}: {line!r} has no option {word}"


def test_every_command_and_lever_is_described() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    for name in _commands():
        assert not name or f"## `diaspore {name}`" in text, name
    levers = (DOCS / "levers.md").read_text(encoding="utf-8")
    for name in (*FACTOR_LEVERS, *RATE_LEVERS):
        assert f"`{name}`" in levers, name
