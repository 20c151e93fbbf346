"""``diaspore rules``: the signals that cells sense and the behaviours that rules move."""

from __future__ import annotations

from typing import Annotated

import typer


def rules(
    spec: Annotated[
        str | None, typer.Argument(help="A tissue; left out: for any, with X and T for its names.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the signals that cells sense, the behaviours that rules move, and the rules of a tissue."""
    from diaspore.cli.output import print_json, print_table
    from diaspore.core.errors import InputError
    from diaspore.core.simulate import find_spec_file
    from diaspore.core.spec import load_spec
    from diaspore.tissue.behaviours import ALIASES, behaviours
    from diaspore.tissue.signals import signals
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.spec_network import network_signals

    units, types = {"X": "level of X"}, ["T"]
    tissue: TissueSpec | None = None
    if spec is not None:
        read = load_spec(find_spec_file(spec))
        if not isinstance(read, TissueSpec):
            raise InputError(f"is a {read.kind}", file=spec, field="kind", allowed="tissue")
        tissue = read
        units, types = {name: s.unit for name, s in tissue.substances.items()}, list(tissue.cell_types)
    of_networks = [] if tissue is None else network_signals(tissue.networks)
    senses, known = signals(units, types, of_networks), behaviours(units, types)
    of_tissue = [] if tissue is None else [rule.model_dump() for rule in tissue.rules]
    if as_json:
        print_json(
            {
                "signals": [s._asdict() for s in senses],
                "behaviours": [b._asdict() for b in known],
                "aliases": ALIASES,
                "rules": of_tissue,
            }
        )
        return
    print_table(("signal", "unit", "meaning"), senses, title="Signals")
    print_table(("behaviour", "unit", "meaning"), known, title="Behaviours")
    print("; ".join(f"{short} is short for {name}" for short, name in ALIASES.items()))
    if of_tissue:
        columns = ("type", "signal", "direction", "behaviour", "base", "saturation", "half_max", "power", "source")
        print_table(columns, [[rule[c] for c in columns] for rule in of_tissue], title="Rules")
