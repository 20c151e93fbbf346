"""Results of validation cases as a table for people and as JSON lines for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


def json_lines(results: Iterable[Mapping[str, Any]]) -> str:
    """One JSON object a line, in the order of the results."""
    return "\n".join(json.dumps(r, ensure_ascii=False, allow_nan=False) for r in results)


def _number(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping):
        nulls = ", ".join(f"{k} {_number(v)}" for k, v in value["null"].items())
        return f"{_number(value['model'])} (null: {nulls})"
    return f"{value:.6g}"


def verdict(result: Mapping[str, Any]) -> str:
    """pass, skipped, FAIL (must pass) or differs (coverage)."""
    if result["pass"]:
        return "pass"
    if result.get("skipped"):
        return "skipped"
    return "FAIL" if result["kind"] in ("analytic", "implementation") else "differs"


def closer_nulls(result: Mapping[str, Any]) -> list[str]:
    """Null models whose number is closer to the expected one than the model's, on the scale of the check."""
    value, expected = result["obtained"], result["expected"]
    if not isinstance(value, Mapping) or value["model"] is None or expected is None:
        return []
    distance = abs(value["model"] - expected)
    return [name for name, null in value["null"].items() if abs(null - expected) < distance]


def null_counts(results: Iterable[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """By kind: of how many checks beside a null model, how many have one that is closer (worse, made)."""
    counts: dict[str, tuple[int, int]] = {}
    for result in results:
        if isinstance(result["obtained"], Mapping) and result["obtained"]["null"]:
            worse, made = counts.get(result["kind"], (0, 0))
            counts[result["kind"]] = (worse + bool(closer_nulls(result)), made + 1)
    return counts


def summary(results: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Number of checks passed and made, by kind."""
    out: dict[str, dict[str, int]] = {}
    for r in results:
        row = out.setdefault(r["kind"], {"pass": 0, "not_passed": 0, "skipped": 0})
        row["pass" if r["pass"] else "skipped" if r.get("skipped") else "not_passed"] += 1
    return out


def _beside(result: Mapping[str, Any]) -> str:
    closer = closer_nulls(result)
    return f"; closer: {', '.join(closer)}" if closer else ""


def table(results: Sequence[Mapping[str, Any]]) -> Table:
    """A rich table of all results."""
    from rich.table import Table

    colours = {"pass": "green", "skipped": "yellow", "FAIL": "bold red", "differs": "magenta"}
    out = Table(title="Validation", show_lines=False)
    for name in ("case", "check", "kind", "expected", "tolerance", "obtained", "verdict", "reason"):
        out.add_column(name, overflow="fold")
    last = ""
    for r in results:
        word = verdict(r)
        shown = f"[{colours[word]}]{word}[/]{_beside(r)}"
        out.add_row(
            r["case"] if r["case"] != last else "", r["check"], r["kind"],
            _number(r["expected"]), r["tolerance"], _number(r["obtained"]), shown, r["reason"],
        )  # fmt: skip
        last = r["case"]
    return out
