"""Cell definitions of a settings file as cell types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diaspore.tissue.kernels.neighbours import REACH
from diaspore.tissue.physicell.element import Element

Remark = Callable[[str, str], None]
# By code: phases of a cycle as (name, whether the cell begins to grow, whether it divides at the end).
CYCLES = {
    0: [("Ki67-", False, False), ("Ki67+ before mitosis", True, True), ("Ki67+ after mitosis", False, False)],
    1: [("Ki67-", False, False), ("Ki67+", True, True)],
    2: [("G0/G1", False, False), ("S", True, False), ("G2/M", False, True)],
    5: [("live", True, True)],
    6: [("G0/G1", False, False), ("S", True, False), ("G2", False, False), ("M", False, True)],
    7: [("quiescent", False, False), ("cycling", True, True)],
}
LONGEST = 5_300_000.0  # min; a phase that does not end


def cell_type(phenotype: Element | None, names: Names, flat: bool, where: str, remark: Remark) -> dict[str, Any]:
    """A cell type from its phenotype, which knows those from which it inherits."""
    if phenotype is None:
        remark(where, "has no phenotype: it is a tumour cell that does not divide")
        return {"cycle": {"model": "none"}}
    cell: dict[str, Any] = {}
    part = phenotype.find
    cycle = part("cycle")
    cell["cycle"] = {"model": "none"} if cycle is None else _cycle(cycle, where, remark)
    for code, name in (("100", "apoptosis"), ("101", "necrosis")):
        model = part("death/model", code=code)
        if model is not None:
            cell[name] = _death(model, name)
    volume = part("volume")
    if volume is not None:
        cell |= _volume(volume)
    mechanics = part("mechanics")
    if mechanics is not None:
        cell |= _mechanics(mechanics, names, where, remark)
    motility = part("motility")
    if motility is not None:
        cell |= _motility(motility, names, flat, where, remark)
    exchange: dict[str, Any] = {}
    for substance, plain in names.substances.items():
        found = part("secretion/substrate", name=substance)
        if found is not None:
            exchange[plain] = _exchange(found, names.units[plain])
    cell["exchange"] = {name: given for name, given in exchange.items() if given}
    rates = part("cell_transformations/transformation_rates")
    if rates is not None:
        found_rates = {names.type_of(r.name()): r.number() or 0.0 for r in rates.all("transformation_rate")}
        cell["transforms_to"] = {t: f"{rate!r} 1/min" for t, rate in found_rates.items() if t and rate}
    return {field: value for field, value in cell.items() if value != {}}


class Names:
    """Names of a settings file and the plain ones that stand for them."""

    def __init__(self) -> None:
        self.substances: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.units: dict[str, str] = {}

    @staticmethod
    def plain(name: str, taken: Any) -> str:
        """A name of letters, digits, _, + and -; another one than those that are taken."""
        text = "".join(c if c.isascii() and (c.isalnum() or c in "_+-") else "_" for c in name.strip())[:36]
        text = text if text[:1].isalpha() else f"x{text}"
        chosen, number = text, 2
        while chosen in taken:
            chosen, number = f"{text}_{number}", number + 1
        return chosen

    def type_of(self, name: str) -> str | None:
        """Plain name of a cell type."""
        return self.types.get(name)


def _cycle(cycle: Element, where: str, remark: Remark) -> dict[str, Any]:
    code = cycle.name("code")
    number = cycle.index("code", 1000)
    cycle = cycle.whole() if cycle.whole().index("code", 1000) == number else cycle.own()
    phases = None if number is None else CYCLES.get(number)
    if phases is None:
        remark(f"{where}: cycle {code}", "is not known; its cells do not divide")
        cycle.pass_over()
        return {"model": "none"}
    rates: list[tuple[float, bool]] = [(0.0, False)] * len(phases)
    for given in [*cycle.all("phase_transition_rates/rate"), *cycle.all("transition_rates/rate")]:
        i, value = given.index("start_index", len(phases)), given.number() or 0.0
        if i is not None:
            rates[i] = value, given.name("fixed_duration").lower() == "true"
    for given in cycle.all("phase_durations/duration"):
        i, value = given.index("index", len(phases)), given.number() or 0.0
        if i is not None:
            rates[i] = (1.0 / value if value > 0.0 else 0.0), given.name("fixed_duration").lower() == "true"
    if len(phases) == 1 and not rates[0][1]:
        return {"model": "live", "birth_rate": f"{rates[0][0]!r} 1/min"}
    found = []
    for (name, grows, divides), (rate, fixed) in zip(phases, rates, strict=True):
        if rate <= 1.0 / LONGEST:
            remark(f"{where}: cycle", f"phase {name} never ends by itself: it is given ten years")
        found.append(
            {
                "name": name, "length": f"{min(1.0 / rate, LONGEST) if rate > 0.0 else LONGEST!r} min",
                "law": "fixed" if fixed else "exponential", "grows": grows, "divides": divides,
            }
        )  # fmt: skip
    return {"model": "phases", "phases": found}


def _rates(element: Element, pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found = {ours: element.number(theirs) for ours, theirs in pairs}
    return {ours: f"{value!r} 1/min" for ours, value in found.items() if value is not None}


def _death(model: Element, name: str) -> dict[str, Any]:
    phases = [(1.0 / v if v else None, r) for r in model.all("phase_transition_rates/rate") if (v := r.number())]
    lengths = [(v, d) for d in model.all("phase_durations/duration") if (v := d.number())]
    last = next((v for v, _ in reversed([*phases, *lengths]) if v), None)
    rate = model.number("death_rate", model.number("rate", 0.0))
    pairs = [("cytoplasm_rate", "cytoplasmic_biomass_change_rate"), ("nucleus_rate", "nuclear_biomass_change_rate")]
    if name == "apoptosis":
        pairs.append(("fluid_rate", "unlysed_fluid_change_rate"))
        model.text("parameters/relative_rupture_volume")  # an apoptotic cell only shrinks
    else:
        pairs += [("swelling_rate", "unlysed_fluid_change_rate"), ("fluid_rate", "lysed_fluid_change_rate")]
    parameters = model.find("parameters")
    found: dict[str, Any] = {"rate" if name == "apoptosis" else "anywhere_rate": f"{rate!r} 1/min"}
    if parameters is not None:
        found |= _rates(parameters, tuple(pairs))
        ratio = parameters.number("relative_rupture_volume")
        if name == "necrosis" and ratio is not None:
            found["lysis_ratio"] = ratio
    if last is not None:
        found["length"] = f"{last!r} min"
    return found


def _volume(volume: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for ours, theirs in (("volume", "total"), ("nucleus_volume", "nuclear")):
        value = volume.number(theirs)
        if value is not None:
            found[ours] = f"{value!r} um**3"
    fraction = volume.number("fluid_fraction")
    if fraction is not None:
        found["fluid_fraction"] = fraction
    volume.text("relative_rupture_volume")  # that of the death models counts
    return found | _rates(
        volume,
        (
            ("fluid_rate", "fluid_change_rate"),
            ("cytoplasm_rate", "cytoplasmic_biomass_change_rate"),
            ("nucleus_rate", "nuclear_biomass_change_rate"),
        ),
    )


def _mechanics(mechanics: Element, names: Names, where: str, remark: Remark) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for ours in ("adhesion", "repulsion"):
        value = mechanics.number(f"cell_cell_{ours}_strength")
        if value is not None:
            found[ours] = f"{value!r} um/min"
    reach = mechanics.number("relative_maximum_adhesion_distance", REACH)
    if reach != REACH:
        remark(f"{where}: mechanics", f"adhesion reaches to {REACH} radii, not to {reach:g}")
    affinity = {names.type_of(a.name()): a.number() for a in mechanics.all("cell_adhesion_affinities/*")}
    found["adhesion_to"] = {t: value for t, value in affinity.items() if t and value is not None and value != 1.0}
    for option in mechanics.all("options/*"):
        if not option.enabled(default=False):
            option.pass_over()
    for spring in ("attachment_elastic_constant", "maximum_number_of_attachments", "detachment_rate"):
        if not mechanics.number("attachment_rate"):
            mechanics.pass_over(spring)
    return found


def _motility(motility: Element, names: Names, flat: bool, where: str, remark: Remark) -> dict[str, Any]:
    if not motility.on("options/enabled", default=True) or not motility.number("speed"):
        motility.pass_over()
        return {}
    found: dict[str, Any] = {"speed": f"{motility.number('speed')!r} um/min"}
    persistence, bias = motility.number("persistence_time"), motility.number("migration_bias")
    if persistence is not None:
        found["persistence"] = f"{persistence!r} min"
    found["bias"] = 0.0 if bias is None else bias
    if motility.on("options/use_2D") and not flat:
        remark(f"{where}: motility/options/use_2D", "its cells move in all three dimensions")
    simple, advanced = motility.find("options/chemotaxis"), motility.find("options/advanced_chemotaxis")
    if simple is not None and simple.on("enabled"):
        found["chemotaxis"] = {names.substances.get(simple.text("substrate")): simple.number("direction", 1.0)}
    elif simple is not None:
        simple.pass_over()
    if advanced is not None and advanced.on("enabled"):
        weights = {
            names.substances.get(s.name("substrate")): s.number()
            for s in advanced.all("chemotactic_sensitivities/chemotactic_sensitivity")
        }
        found["chemotaxis"] = {s: w for s, w in weights.items() if w}
        found["each_alike"] = advanced.on("normalize_each_gradient")
    elif advanced is not None:
        advanced.pass_over()
    found["chemotaxis"] = {s: w for s, w in found.get("chemotaxis", {}).items() if s is not None}
    return {"motility": {field: value for field, value in found.items() if value != {}}}


def _exchange(substrate: Element, unit: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for ours, theirs in (("uptake", "uptake_rate"), ("secretion", "secretion_rate")):
        value = substrate.number(theirs)
        if value:
            found[ours] = f"{value!r} 1/min"
    target = substrate.number("secretion_target", substrate.number("secretion_saturation_density"))
    if target or "secretion" in found:
        target = target or 0.0
        found["target"] = target if unit == "dimensionless" else f"{target!r} {unit}"
    export = substrate.number("net_export_rate")
    if export:
        found["export"] = f"{export!r} um**3/min" if unit == "dimensionless" else f"{export!r} ({unit})*um**3/min"
    return found
