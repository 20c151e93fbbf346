"""Trials that strengths are fitted to, as arms of a run of kind trial: what each patient gets, given the strengths.

A treatment is not the same to all tumours. Chemotherapy kills with one strength in all, radiotherapy what is left in
the breast; tamoxifen and trastuzumab kill in some patients, tamoxifen only holds growth in others, for a while after
the last dose as well, and both do nothing in the rest. Who responds is the same in all arms. In trials of tamoxifen
and trastuzumab who relapses without the drug gets it then, and in those who respond it holds growth for `SALVAGE`.
What a drug does where it acts is given (`KILL`, `HELD`); fitted is how often it does and, for chemotherapy and
radiotherapy, how much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SURGERY, BEGIN = 30.0, 44.0
YEAR = 365.25
KILL = 0.1
"""1/day, in tumours in which a targeted drug kills: 8 decades in half a year, more than a residue holds; assumed."""
HELD = 0.05
"""Factor on growth in tumours that it only holds; assumed."""
SALVAGE = 2.0 * YEAR
"""How long it holds a relapse of who has not had it before; assumed, half a year to three."""
COMPLIANCE = 0.8
"""Share who take tamoxifen (ebctcg2011)."""
CROSSOVER = 0.52
"""Share of controls who are given trastuzumab later (cameron2017)."""
CROSSED = 1.9 * YEAR
"""When they are, after randomisation: the first analysis came so long after half of the patients; assumed."""
AFTER_CHEMOTHERAPY = BEGIN + 212.0
"""Day of randomisation to trastuzumab: chemotherapy has been given."""
REMNANT = 0.38
"""Share of breasts with cancer left after conservation (garvey2015, re-excisions after close margins: 33 to 40 %)."""
RADIATION, WEEKS = BEGIN + 28.0, 5.0
"""Day on which radiotherapy of the breast begins, and its length; assumed."""
SMALL_MM = 15.0
"""Median diameter of tumours that are conserved; assumed."""


@dataclass(frozen=True)
class Design:
    """A trial: arms by name for strengths, the day from which time counts, and over how many years patients enter."""

    arms: Mapping[str, dict[str, Any]]
    begin: float = SURGERY
    accrual: float = 0.0
    years: float = 16.0
    median_mm: float = 22.0
    node_negative: bool = False
    change: Mapping[str, Any] = field(default_factory=dict)


def killing(drug: str, dose: str, every: float, doses: int, decades: float, start: float = BEGIN) -> dict[str, Any]:
    """A course of chemotherapy that kills ``decades`` of cells, evenly while it is given."""
    rate = decades * math.log(10.0) / (every * doses)
    return {
        "drug": drug, "dose": dose, "every": f"{every:g} day", "doses": doses, "from": f"{start:g} day",
        "effects": [{"lever": "kill_rate", "rate": f"{rate!r} 1/day"}],
    }  # fmt: skip


def cmf(decades: float) -> dict[str, Any]:
    """Six months of cyclophosphamide, methotrexate and 5-fluorouracil."""
    return killing("cyclophosphamide", "600 mg/m2", 28.0, 6, decades)


def ac(decades: float, start: float = BEGIN) -> dict[str, Any]:
    """Four courses of doxorubicin and cyclophosphamide."""
    return killing("doxorubicin", "60 mg/m2", 21.0, 4, decades, start)


def caf(decades: float) -> dict[str, Any]:
    """Six courses of an anthracycline at a higher cumulative dose."""
    return killing("doxorubicin", "60 mg/m2", 28.0, 6, decades)


def taxane(decades: float) -> dict[str, Any]:
    """Four courses of a taxane after four of AC."""
    return killing("paclitaxel", "175 mg/m2", 21.0, 4, decades, BEGIN + 84.0)


def chemotherapy(strengths: Mapping[str, float]) -> Design:
    """All regimens against none and each other."""
    given = {name: strengths[f"{name}_decades"] for name in ("cmf", "ac", "caf", "taxane")}
    courses: Mapping[str, Sequence[dict[str, Any]]] = {
        "none": [],
        "CMF": [cmf(given["cmf"])],
        "AC": [ac(given["ac"])],
        "CAF": [caf(given["caf"])],
        "AC twice": [ac(given["ac"]), ac(given["ac"], BEGIN + 84.0)],
        "AC and taxane": [ac(given["ac"]), taxane(given["taxane"])],
    }
    return Design({name: {"treatment": list(several)} for name, several in courses.items()}, years=11.0)


def tablets(effects: Sequence[dict[str, Any]], **when: str) -> dict[str, Any]:
    """Tamoxifen with these effects."""
    return {"drug": "tamoxifen", "dose": "20 mg", "every": "1 day", "effects": list(effects), **when}


def antibody(effects: Sequence[dict[str, Any]], **when: str) -> dict[str, Any]:
    """Trastuzumab with these effects."""
    return {"drug": "trastuzumab", "dose": "6 mg/kg", "every": "3 week", "effects": list(effects), **when}


def kills() -> list[dict[str, Any]]:
    """Effects in tumours that the drug kills."""
    return [{"lever": "kill_rate", "rate": f"{KILL!r} 1/day"}]


def holds(after_years: float = 0.0) -> list[dict[str, Any]]:
    """Effects in tumours that the drug holds."""
    return [{"lever": "growth_rate", "factor": HELD, "after": f"{after_years * YEAR!r} day"}]


def tamoxifen(strengths: Mapping[str, float]) -> Design:
    """Five years of tamoxifen, which one in five does not take, against none until relapse."""
    killed, held = strengths["tamoxifen_kills"], strengths["tamoxifen_holds"]
    after = strengths["tamoxifen_after"]
    course = {"from": f"{BEGIN:g} day", "for": "5 year", "until": "relapse"}
    later = [tablets(holds(), **{"from": "relapse", "for": f"{SALVAGE!r} day"})]
    given = {"kills": [tablets(kills(), **course)], "holds": [tablets(holds(after), **course)]}
    parts = {"kills": killed, "holds": held}
    taken, not_taken = [], []
    for name, share in parts.items():  # in one order, so that a patient responds in both arms or in none
        taken.append({"name": name, "share": COMPLIANCE * share, "treatment": given[name]})
        taken.append({"name": f"{name}, not taken", "share": (1.0 - COMPLIANCE) * share, "treatment": later})
        not_taken.append({"name": name, "share": share, "treatment": later})
    return Design({"none": {"variants": not_taken}, "tamoxifen": {"variants": taken}}, years=16.0)


def trastuzumab(strengths: Mapping[str, float]) -> Design:
    """A year or two of trastuzumab after chemotherapy, against none until relapse or until controls are offered it."""
    killed = strengths["trastuzumab_kills"]
    before = ac(strengths["ac_decades"])
    later = antibody(holds(), **{"from": "relapse", "for": f"{SALVAGE!r} day"})

    def course(start: float, years: float) -> list[dict[str, Any]]:
        return [before, antibody(kills(), **{"from": f"{start!r} day", "for": f"{years:g} year", "until": "relapse"})]

    def arm(*parts: tuple[float, list[dict[str, Any]]]) -> dict[str, Any]:
        variants = [
            {"name": f"responds {k}", "share": killed * one[0], "treatment": one[1]} for k, one in enumerate(parts)
        ]
        return {"treatment": [before], "variants": variants}

    at_once, offered = AFTER_CHEMOTHERAPY, AFTER_CHEMOTHERAPY + CROSSED
    arms = {
        "observation": arm((1.0, [before, later])),
        "crossover": arm((1.0 - CROSSOVER, [before, later]), (CROSSOVER, course(offered, 1.0))),
        "one year": arm((1.0, course(at_once, 1.0))),
        "two years": arm((1.0, course(at_once, 2.0))),
    }
    return Design(arms, AFTER_CHEMOTHERAPY, accrual=2.0, years=13.0)


def radiotherapy(strengths: Mapping[str, float]) -> Design:
    """Radiotherapy of the breast after conservation of small, node-negative tumours, against none."""
    days = 7.0 * WEEKS
    rate = strengths["radiotherapy_decades"] * math.log(10.0) / days
    field_of_breast = {
        "lever": "kill_rate", "rate": f"{rate!r} 1/day", "sites": ["breast"], "from": f"{RADIATION:g} day",
        "until": f"{RADIATION + days:g} day",
    }  # fmt: skip
    change = {"surgery.remnant_probability": REMNANT}
    arms = {"none": {}, "radiotherapy": {"levers": [field_of_breast]}}
    return Design(arms, years=11.0, median_mm=SMALL_MM, node_negative=True, change=change)


DESIGNS = {
    "chemotherapy": chemotherapy, "tamoxifen": tamoxifen, "trastuzumab": trastuzumab, "radiotherapy": radiotherapy,
}  # fmt: skip
"""Designs by name; the table's treatment "endocrine" is that of tamoxifen."""
