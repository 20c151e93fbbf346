"""``diaspore explain``: where a number comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from diaspore.cli import options

if TYPE_CHECKING:
    from diaspore.knowledge.explain import Explanation
    from diaspore.tissue.sources import Number
    from diaspore.tissue.spec import TissueSpec


def explain(
    key: Annotated[
        str,
        typer.Argument(
            help="Key of a parameter, fact, lever, site, primary, pathway, gene, drug or citation; group; or tissue."
        ),
    ],
    name: Annotated[
        str | None, typer.Argument(help="A name of the group KEY, as in pathway tgf-beta, gene SNAI1, drug digoxin.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Say what stands behind KEY: value, unit, uncertainty, source, evidence, and where it is used.

    pathway, gene and drug alone list what there is. For a tissue, a file or the name of a model, all its numbers.
    """
    from diaspore.knowledge.explain import explain as look_up
    from diaspore.knowledge.explain import listing

    tissue = _tissue(key) if name is None else None
    if tissue is not None:
        _print_tissue(tissue, json=json)
        return
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


def _tissue(key: str) -> TissueSpec | None:
    """The tissue in a file or model called `key`; None for a word that is neither."""
    from pathlib import Path

    from diaspore.core.errors import InputError
    from diaspore.core.simulate import find_spec_file, shipped_model
    from diaspore.core.spec import load_spec, read_document

    file = key.lower().endswith((".yaml", ".yml"))
    if not file and (shipped_model(key) is None or Path(key).exists()):
        return None
    path = find_spec_file(key)
    if not file and read_document(path).data.get("kind") != "tissue":
        return None  # names of other models may be those of sites and primaries
    spec = load_spec(path)
    from diaspore.tissue.spec import TissueSpec

    if not isinstance(spec, TissueSpec):
        raise InputError(f"is a {spec.kind}; numbers are listed of a tissue", file=key, field="kind", allowed="tissue")
    return spec


def _print_tissue(spec: TissueSpec, *, json: bool) -> None:
    from diaspore.cli.output import print_json, print_table
    from diaspore.core.words import counted
    from diaspore.tissue.sources import numbers, to_json, unsourced

    found = numbers(spec)
    assumed = [number for number in found if number.only_assumed]
    if json:
        paths = [number.path for number in assumed]
        print_json({"name": spec.name, "numbers": to_json(found), "only_assumed": paths, "unsourced": unsourced(spec)})
        return
    shown = [number for number in found if number.kind != "neutral"]
    rows = [(n.path, n.text, _grade(n), n.source, n.fact, _ends(n)) for n in shown]
    columns = ("number", "value", "grade", "source", "row of the tables", "interval")
    # A narrow screen has no room for columns in which there is nothing.
    kept = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    print_table([columns[i] for i in kept], [[row[i] for i in kept] for row in rows], title=spec.name)
    if len(shown) < len(found):
        left_out = counted(len(found) - len(shown), "number")
        print(f"{left_out} left out of the file are 0, or a factor of 1, and switch nothing on: see --json.\n")
    of = sum(n.kind not in ("setting", "neutral") for n in found)
    print_table(
        ("number", "value", "note"), [(n.path, n.text, _note(n)) for n in assumed],
        title=f"Only assumed ({len(assumed)} of {of})",
    )  # fmt: skip


def _grade(number: Number) -> str:
    return number.grade or ("setting" if number.kind == "setting" else "" if number.settled else "not said")


def _note(number: Number) -> str:
    said = [part for part in number.note.split("; ") if part and part != "no interval known"]
    return "; ".join(said) if number.settled or said else "nothing says where it is from"


def _ends(number: Number) -> str:
    ends = ["?" if end is None else f"{end:.6g}" for end in (number.low, number.high)]
    return "" if ends == ["?", "?"] else " to ".join(ends)


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
