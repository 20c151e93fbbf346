"""Text of a ready cancer's parameter set: what differs from breast cancer, each value with its source and grade."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diaspore.core.yamlio import dump_yaml
from diaspore.inference.artefact import Artefact, shipped
from diaspore.inference.ready.cancers import VERSION, Ready
from diaspore.knowledge.load import fact

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
    yield "fate.competent_share", _entry(between["competent_share"], "szczurek2020", "fitted here", note)
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
