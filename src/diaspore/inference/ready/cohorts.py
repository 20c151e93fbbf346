"""Text of the ready cohorts: who the patients are, what is done to them, and the parameter set."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from diaspore.core.yamlio import dump_yaml
from diaspore.inference.ready.cancers import READY, Ready
from diaspore.inference.ready.parameter_sets import set_name
from diaspore.knowledge.load import fact, table

SMALLEST_CM, LARGEST_CM = 0.5, 15.0
"""Bins of the registry that sizes are drawn from."""
BREAST = {"breast-cohort": "breast-2026.2", "breast-slow-cohort": "breast-slow-2026.2"}
"""Cohort of breast cancer -> parameter set: metastases that sleep, and metastases that grow slowly."""
LESIONS = {"ovary-cohort": 2, "stomach-cohort": 3}
"""Founders at a site that are followed, else `MOST`: some tumours found thousands (see docs/decisions, 0005)."""
MOST = 5
SUBTYPES = {
    "er_positive": "growth.tvdt.breast_er_pos",
    "her2": "growth.tvdt.breast_her2",
    "triple_negative": "growth.tvdt.breast_tnbc",
}
"""Subtype of breast cancer -> its mean doubling time; that of all patients is ``growth.tvdt.breast``."""
_HEADER = "# yaml-language-server: $schema=https://diaspore.readthedocs.io/schema/cohort.json\n"


def names() -> tuple[str, ...]:
    """Names of all ready cohorts."""
    return (*BREAST, *(f"{name}-cohort" for name in READY))


def text(name: str) -> str:
    """A ready cohort as YAML, with comments that say what is assumed."""
    if name in BREAST:
        return _breast(name)
    cancer = READY[name.removesuffix("-cohort")]
    said = "sizes of the registry" if cancer.seer else "sizes, age and stage assumed"
    lines = (
        f"# {cancer.title}: {said}; surgery of those without metastases, no systemic therapy, 20 years.\n"
        f"# What is fitted, and what is only assumed, stands in the parameter set {set_name(cancer)}.\n"
    )
    return _HEADER + lines + _yaml(_fields(name, cancer))


def _yaml(data: dict[str, Any]) -> str:
    """Like `dump_yaml`, with the innermost lists and mappings on one line each."""
    lines = []
    for key, value in data.items():
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            lines += [f"{key}:", *(f"  - {_flow(item)}" for item in value)]
        elif isinstance(value, dict) and any(isinstance(item, dict | list) for item in value.values()):
            lines += [f"{key}:", *(f"  {name}: {_flow(item)}" for name, item in value.items())]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return dump_yaml({"x": value}).removeprefix("x: ").strip()


def _common(name: str, parameters: str) -> dict[str, Any]:
    return {
        "schema_version": 1, "kind": "cohort", "name": name, "parameters": parameters, "patients": 10_000,
        "numerics": {"lesion_limit": LESIONS.get(name, MOST)},
    }  # fmt: skip


def _course(stations: tuple[str, ...]) -> dict[str, Any]:
    return {
        "follow_up": {
            "duration": "20 year",
            "visits": [{"every": "6 month", "until": "5 year"}, {"every": "1 year", "until": "20 year"}],
            "imaging": {"at_diagnosis": True, "after_relapse": True},
        },
        "surgery": {
            "primary": {"at": "30 day"},
            "nodes": {"at": "30 day", "method": "dissection", "stations": list(stations)},
            "only_m0": True,
        },
    }


def _fields(name: str, cancer: Ready) -> dict[str, Any]:
    data = _common(name, set_name(cancer))
    if len(cancer.sexes) == 1:
        data["sex"] = cancer.sexes[0]
    data |= _age(cancer.name) | {"primary": {"site": cancer.site}} | _course(cancer.stations)
    data["covariates"] = {"diameter": _sizes(cancer.seer) if cancer.seer else _lognormal(cancer)}
    if len(cancer.sexes) > 1:
        women = cancer.number("female_share", "dimensionless")
        data["groups"] = [
            {"name": "women", "share": women, "sex": "female"},
            {"name": "men", "share": round(1.0 - women, 6), "sex": "male"},
        ]
    return data


def _age(cancer: str) -> dict[str, Any]:
    return {
        f"age_{law}": f"{fact(f'ready.{cancer}.age_{law}').to('year'):g} year" for law in ("mean", "sd")
    }  # fmt: skip


def _sizes(unit: str) -> dict[str, Any]:
    """Registry's patients by size: a bin of half a centimetre around each size."""
    rows = [r for r in table("seer_size_metastasis") if r["cancer"] == unit]
    known = {float(r["size_cm"]): int(r.number("n")) for r in rows}
    sizes = sorted(s for s in known if SMALLEST_CM <= s <= LARGEST_CM)
    edges = [10.0 * (sizes[0] - 0.25), *(5.0 * (a + b) for a, b in pairwise(sizes))]
    edges.append(10.0 * (sizes[-1] + 0.25))
    return {"edges": [f"{e:g} mm" for e in edges], "shares": [known[s] for s in sizes]}


def _lognormal(cancer: Ready) -> dict[str, Any]:
    return {
        "median": f"{cancer.number('diameter_median', 'mm'):g} mm",
        "spread": cancer.number("diameter_spread", "dimensionless"),
        "low": "3 mm",
        "high": "150 mm",
    }


def _breast(name: str) -> str:
    data = _common(name, BREAST[name]) | {"sex": "female"} | _age("breast") | {"primary": {"site": "breast"}}
    data |= _course(("axilla_1", "axilla_2"))
    data["covariates"] = {"diameter": _sizes("breast")}
    everybody = fact("growth.tvdt.breast").to("day")
    median = fact("growth.tvdt.breast_median").to("day")
    data["groups"] = [
        {
            "name": subtype.replace("_", " "),
            "share": fact(f"ready.breast.share_{subtype}").to("dimensionless"),
            "change": {"growth.doubling_time": f"{median * fact(key).to('day') / everybody:.4g} day"},
        }
        for subtype, key in SUBTYPES.items()
    ]
    lines = (
        "# Breast cancer in three subtypes that differ in doubling time alone: means of serial ultrasound (ryu2014)\n"
        "# over that of all, times the median. Shares and the lack of other differences are assumed: the curves that\n"
        f"# the set {BREAST[name]} was fitted to are not split by receptor.\n"
    )
    return _HEADER + lines + _yaml(data)
