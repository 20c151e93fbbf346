"""BoolNet files (.bnet): a line for each node, ``node, rule``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError, shown
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.spec import MAX_NODES, BooleanNetworkSpec
from diaspore.networks.formats.text import Imported, read_text

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONSTANT = {"true": ex.TRUE, "false": ex.FALSE, "True": ex.TRUE, "False": ex.FALSE}


def read_bnet(path: str | Path) -> Imported:
    """A network from a .bnet file; a node whose rule is itself, or that only stands in rules, is an input.

    Raises:
        InputError: mistakes, with line and column.
    """
    rules: dict[str, tuple[ex.Expression, int, str]] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        text = line.split("#", 1)[0]
        if not text.strip() or re.fullmatch(r"\s*targets\s*,\s*factors\s*", text, re.IGNORECASE):
            continue
        comma = text.find(",")
        name = text[: comma if comma >= 0 else None].strip()
        start = len(text) - len(text.lstrip()) + 1
        if comma < 0:
            raise InputError("expected 'node, rule'", file=path, line=number, column=start)
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{shown(name)} is no name of a node", file=path, line=number, column=start,
                allowed="letters, digits and _, not beginning with a digit",
            )  # fmt: skip
        if name in rules:
            raise InputError(f"the node {name} is defined a second time", file=path, line=number, column=start)
        if len(rules) == MAX_NODES:
            raise InputError(
                "has too many nodes", file=path, line=number, column=start, allowed=f"at most {MAX_NODES:,}"
            )
        try:
            found = ex.parse(text[comma + 1 :], line=number, column=comma + 2)
        except InputError as error:
            raise error.located(file=path) from None
        rules[name] = (found, number, text)
    return _network(Path(path), rules)


def _network(path: Path, rules: dict[str, tuple[ex.Expression, int, str]]) -> Imported:
    if not rules:
        raise InputError("has no nodes", file=path, line=1, column=1)
    nodes: dict[str, Any] = {}
    in_any_case = {name.lower(): name for name in rules}
    for name, (rule, line, text) in rules.items():
        wrong = next((one for one in ex.walk(rule) if isinstance(one, ex.Parameter | ex.Attribute)), None)
        if wrong is not None:
            raise InputError(f"{shown(ex.text(wrong))} cannot stand in a .bnet file", file=path, line=line, column=1)
        for one in ex.names(rule, ex.Node):
            if one in _CONSTANT and one not in rules:
                rule = ex.replaced(rule, {one: _CONSTANT[one]})
            elif one not in rules and one.lower() in in_any_case:
                column = re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text)
                raise InputError(
                    f"{shown(one)} is no node of this network", file=path, line=line,
                    column=1 if column is None else column.start() + 1, nearest=in_any_case[one.lower()],
                )  # fmt: skip
        for one in ex.names(rule, ex.Node):
            if one not in rules:
                nodes.setdefault(one, {})
        nodes[name] = {} if rule == ex.Node(name) else {"logic": ex.text(rule)}
    found = Imported({"schema_version": 1, "kind": "boolean_network", "name": path.stem, "nodes": nodes})
    implicit = [name for name in nodes if name not in rules]
    if implicit:
        found.remarks.append((", ".join(implicit), "no rule: taken as an input"))
    found.remarks.append(("start, rates", "not in this format: random, and 1"))
    return found


def write_bnet(spec: BooleanNetworkSpec) -> str:
    """The rules of a network as .bnet; rates, start and mutations have no place there.

    Raises:
        InputError: a node has rates and no rule.
    """
    lines = ["targets, factors"]
    for name, node in spec.nodes.items():
        if node.is_input:
            lines.append(f"{name}, {name}")
            continue
        if node.logic is None:
            raise InputError("has rates and no rule, which .bnet cannot hold", field=f"nodes.{name}")
        try:
            rule = ex.text(node.rule(), "bnet")
        except ValueError as error:
            raise InputError(f"its rule holds {error}, which .bnet cannot hold", field=f"nodes.{name}") from None
        lines.append(f"{name}, {rule}")
    return "\n".join(lines) + "\n"
