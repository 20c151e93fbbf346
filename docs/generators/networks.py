"""Tables about the networks that come with the package."""

from __future__ import annotations

from pathlib import Path

from generators.markdown import cited, code, table


def library() -> str:
    """Every shipped network: what it is about, its size, what goes in, sources, licence of the model."""
    import diaspore
    from diaspore.core.spec import load_spec
    from diaspore.knowledge.pathways import pathways
    from diaspore.networks.boolean.spec import BooleanNetworkSpec
    from diaspore.networks.kinetic.spec import KineticNetworkSpec

    rows: list[tuple[str, ...]] = []
    for file in sorted((Path(diaspore.__file__).parent / "models" / "networks").glob("*.yaml")):
        spec = load_spec(file)
        assert isinstance(spec, BooleanNetworkSpec | KineticNetworkSpec)
        if isinstance(spec, BooleanNetworkSpec):
            kind, size, inputs = "Boolean", f"{len(spec.nodes)} nodes", ", ".join(map(code, spec.inputs)) or "–"
        else:
            kind, size = "kinetic", f"{len(spec.species)} species"
            given = [name for name, one in spec.parameters.items() if one.source == "input"]
            inputs = ", ".join(map(code, given)) or "–"
        within = ", ".join(code(name) for name, one in pathways().items() if file.stem in one.networks)
        about = f"{spec.name}; {within}" if within else spec.name
        rows.append(
            (
                code(file.stem),
                about,
                kind,
                size,
                inputs,
                ", ".join(map(cited, spec.source)),
                spec.licence or "not stated",
            )
        )
    return table(("network", "about; pathways", "kind", "size", "inputs", "source", "licence of the model"), rows)


def stated() -> str:
    """What the Boolean networks are known to give."""
    import diaspore
    from diaspore.core.spec import load_spec
    from diaspore.networks.boolean.spec import BooleanNetworkSpec

    rows = []
    for file in sorted((Path(diaspore.__file__).parent / "models" / "networks").glob("*.yaml")):
        spec = load_spec(file)
        if isinstance(spec, BooleanNetworkSpec):
            for one in spec.expected:
                assert isinstance(one.value, float)
                source = one.source if one.source == "computed here" else cited(one.source or "")
                rows.append((code(file.stem), one.what, f"{one.value:.10g}", source))
    return table(("network", "what", "value", "source"), rows)
