"""Text of parameter sets that rest on fits: what differs from the base set, each value with its source and grade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from diaspore.core.yamlio import dump_yaml
from diaspore.inference.artefact import Artefact, shipped
from diaspore.inference.breast.variants import KEYS
from diaspore.inference.ready.cancers import VERSION, Ready
from diaspore.knowledge.load import fact
from diaspore.knowledge.parameters import load_parameter_set

BASE = "breast-2026.1"
SEER, TROPISM = "seer-2026.1", "tropism-2026.1"
DOES_NOT_CLAIM = [
    "times of relapse, spread to nodes, dormancy and cells in blood: as in breast cancer, assumed",
    "effects of treatment, and survival under it",
    "survival: lethal burdens are assumed alike for all cancers",
]


def set_name(cancer: Ready) -> str:
    """Name of the parameter set."""
    return f"{cancer.name}-{VERSION}"


def text(cancer: Ready) -> str:
    """The parameter set as YAML."""
    seer, tropism = shipped(SEER), shipped(TROPISM)
    fitted = [f"tropism: {cancer.tropism}, MSK-MET (nguyen2022), in {TROPISM}"]
    free = 0
    if cancer.seer:
        fitted.append(f"seer_size_metastasis: {cancer.seer} (seer, szczurek2020), in {SEER}")
        free = int(len(seer.header["free_parameters"]["per_unit"]))
    data = {
        "name": set_name(cancer),
        "version": VERSION,
        "title": cancer.title,
        "base": BASE,
        "fitted_to": fitted,
        "free_parameters": free,
        "does_not_claim": DOES_NOT_CLAIM,
        "parameters": dict(_parameters(cancer, seer, tropism)),
    }
    return dump_yaml(data)


def _parameters(cancer: Ready, seer: Artefact, tropism: Artefact) -> Iterator[tuple[str, dict[str, Any]]]:
    growth = fact(cancer.growth)
    said = f"{cancer.growth}: {growth.columns.get('context', growth.columns.get('quantity', ''))}"
    yield "growth.doubling_time", _entry(f"{growth.to('day'):.6g} day", growth.source, growth.grade, said)
    yield from _spread(cancer, seer)
    soil = tropism.header["soil"][cancer.tropism]
    for place, value in soil["fate.soil"].items():
        grade = soil["grade"][place]
        said = {
            "fitted here": f"in {TROPISM}",
            "predicted": f"in {TROPISM}, from other primaries",
        }.get(grade, "not counted by MSK-MET")
        known = "fitted here" if grade == "fitted here" else "assumed"
        yield f"fate.soil.{place}", _entry(value, "nguyen2022", known, said)


def _spread(cancer: Ready, seer: Artefact) -> Iterator[tuple[str, dict[str, Any]]]:
    """What decides how soon and how often a tumour spreads."""
    note = f"shared by the five cancers of {SEER}, chosen with their bins in view"
    for key, value in seer.header["shared"].items():
        yield key, _entry(value, "szczurek2020", "fitted here", note)
    between = seer.header["between_patients"]
    yield "fate.bottleneck_law", _entry(between["shape"], "szczurek2020", "fitted here", note)
    if cancer.seer:
        unit = seer.header["units"][cancer.seer]
        note = f"{cancer.seer} of {SEER}: metastases found at diagnosis by size"
        for key, value in unit["optimum"].items():
            low, _, high = unit["interval_95"][key]
            bounds = {"low": _short(min(low, value)), "high": _short(max(high, value))}
            yield key, _entry(_short(value), "szczurek2020", "fitted here", note) | bounds
        return
    share = cancer.number("metastatic_at_diagnosis", "dimensionless")
    note = f"so that {100 * share:g} % of patients have a metastasis found at diagnosis (a recalled share)"
    yield "fate.bottleneck", _entry(cancer.number("bottleneck", "dimensionless"), "diaspore", "assumed", note)
    sd = cancer.number("bottleneck_sd", "dimensionless")
    yield "fate.bottleneck_sd", _entry(sd, "diaspore", "assumed", "as fitted for kidney and pancreas")


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _entry(value: Any, source: str, grade: str, note: str) -> dict[str, Any]:
    return {"value": value, "source": source, "grade": grade, "note": note}


BREAST = "breast-2026.2"
BREAST_SETS = {"breast-2026.2": "dormant", "breast-slow-2026.2": "slow"}
"""Parameter set of breast cancer -> variant of the fit `BREAST`."""
_BREAST_SOURCES = {
    "royston2013": ("metastasis_rate", "metastasis_spread", "doubling_spread", "dormant_ratio", "exit_rate",
                    "immediate_fraction", "switch_rate", "bottleneck", "bottleneck_sd", "shedding_exponent"),
    "curtis2012": ("node_share", "node_relief", "lymph_spread", "node_diameter", "lymph_exponent"),
    "szczurek2020": ("imaging_diameter",),
}  # fmt: skip


def breast_text(name: str) -> str:
    """A parameter set of breast cancer as YAML."""
    variant = BREAST_SETS[name]
    fit = shipped(BREAST).header
    unit = fit["units"][variant]
    data = {
        "name": name,
        "version": "2026.2",
        "title": f"Breast cancer, one set for all subtypes; {unit['title']}",
        "base": "breast-2026.1",
        "fitted_to": [f"{row['table']} ({row['source']}), in {BREAST}" for row in fit["data"]],
        "free_parameters": len(fit["free_parameters"]["per_unit"][variant]),
        "does_not_claim": [*fit["does_not_claim"]],
        "parameters": dict(_breast_parameters(variant, unit)),
    }
    return dump_yaml(data)


def _breast_parameters(variant: str, unit: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Values of the optimum. A spread belongs to the entry of its own parameter."""
    base = load_parameter_set("breast-2026.1")
    changes, optimum = dict(unit["change"]), unit["optimum"]
    spreads = {k.removesuffix(".spread"): changes.pop(k) for k in list(changes) if k.endswith(".spread")}
    note = f"{variant} of {BREAST}; posterior and what it cannot tell apart are in that fit"
    names = {key: name for name, (key, _) in KEYS.items()}
    for key, value in changes.items():
        fitted = names.get(key) in optimum
        grade = "fitted here" if fitted else "assumed"
        source = _source(names[key]) if fitted else "diaspore"
        entry = _entry(_rounded(value), source, grade, note if fitted else f"held in the {variant} variant of {BREAST}")
        if key in ("fate.active_fraction", "fate.dormant_fraction"):
            entry |= {"source": "royston2013", "grade": "fitted here" if "dormant_ratio" in optimum else "assumed"}
        elif fitted:
            entry |= _bounds(unit, names[key], KEYS[names[key]][1], value)
        if key in spreads:
            entry["spread"] = _short(float(spreads.pop(key)))
        yield key, entry
    for key, spread in spreads.items():
        old = base[key]
        entry = _entry(old.value, old.source, old.grade, f"spread: {note}")
        yield key, entry | {"spread": _short(float(spread))}


def _source(name: str) -> str:
    return next((source for source, names in _BREAST_SOURCES.items() if name in names), "diaspore")


def _rounded(value: Any) -> Any:
    if isinstance(value, str):
        number, _, unit = value.partition(" ")
        return f"{_short(float(number))} {unit}"
    return _short(float(value))


def _bounds(unit: Mapping[str, Any], name: str, words: str, value: Any) -> dict[str, Any]:
    low, _, high = unit["interval_95"][name]
    middle = float(str(value).partition(" ")[0])
    ends = {"low": _short(min(low, middle)), "high": _short(max(high, middle))}
    return {k: f"{v} {words}" if words else v for k, v in ends.items()}
