"""Tables and headline numbers of a cohort, from its counts."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.body.ledger import STAGES, balance_error, ledger_table
from diaspore.body.processes.staging import GROUPS
from diaspore.body.summary import years_within
from diaspore.body.tables import site_names
from diaspore.cohort.intervals import Z95, wilson
from diaspore.cohort.tally import ALL, CURVES, DIAMETER_MM, MONTH, NODES, TUBE, Tally
from diaspore.core.runstore import RunStore

if TYPE_CHECKING:
    from diaspore.cohort.engine import Prepared


def curve(tally: Tally, name: str) -> dict[str, np.ndarray]:
    """A curve at the ends of months: at_risk, events, value, lower, upper.

    ``value`` is the share without the event: the product-limit estimate with members who are stopped leaving at the
    end of their month; without such members it is the plain share. Limits: Greenwood's variance on the log(-log) scale.
    """
    events = tally[f"{name}.events"].astype(float)
    gone = tally[f"{name}.censored"].astype(float)
    at_risk = float(tally[f"{name}.members"][0]) - np.concatenate([[0.0], np.cumsum(events + gone)[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.cumprod(np.where(at_risk > 0, 1.0 - events / at_risk, 1.0))
        spread = np.cumsum(np.where(at_risk > events, events / (at_risk * (at_risk - events)), np.nan))
        log = np.log(value)
        half = Z95 * np.sqrt(spread) / np.abs(log)
        lower, upper = value ** np.exp(half), value ** np.exp(-half)
    certain = value >= 1.0
    lower, upper = np.where(certain, 1.0, lower), np.where(certain, 1.0, upper)
    return {"at_risk": at_risk, "events": events, "value": value, "lower": lower, "upper": upper}


def shares(tally: Tally, sites: tuple[str, ...]) -> list[tuple[str, str, int, int]]:
    """Rows (what, class, count, of) of everything that is a share of members."""
    n, m0 = (int(x) for x in tally["members"])
    rows = [("stage", word, int(tally["stage"][i]), n) for i, word in enumerate(GROUPS)]
    examined = int(tally["nodes_m0"].sum())
    rows += [("positive nodes, M0", word, int(tally["nodes_m0"][i]), examined) for i, word in enumerate(NODES)]
    rows += [("CTC in a tube at diagnosis, M0", word, int(tally["tube_m0"][i]), m0) for i, word in enumerate(TUBE)]
    rows += [("CTC in a tube at diagnosis, M1", word, int(tally["tube_m1"][i]), n - m0) for i, word in enumerate(TUBE)]
    metastatic = int(tally["metastatic"][0])
    found = zip(sites, tally["sites"], strict=True)
    rows += [("site ever, of members with any", word, int(k), metastatic) for word, k in found if k]
    borders = [f"{a:g}-{b:g}" for a, b in pairwise(DIAMETER_MM)] + [f"{DIAMETER_MM[-1]:g}+"]
    sizes = zip(borders, tally["diameter"], strict=True)
    return rows + [("diameter at diagnosis, mm", word, int(k), n) for word, k in sizes if k]


def write_tables(prepared: Prepared, store: RunStore, total: Mapping[str, Tally], ledger: np.ndarray) -> None:
    """Write the tables ``shares``, ``curves`` and ``ledger``."""
    names = site_names(prepared.groups[0])
    rows = [(stratum, *row) for stratum, tally in total.items() for row in shares(tally, names)]
    count, of = np.array([r[3] for r in rows]), np.array([r[4] for r in rows])
    limits = [wilson(np.array(k), n) for k, n in zip(count, of, strict=True)]
    store.write_part(
        "shares",
        0,
        {
            "stratum": [r[0] for r in rows],
            "what": [r[1] for r in rows],
            "class": [r[2] for r in rows],
            "count": count,
            "of": of,
            "share": np.divide(count, of, out=np.full(len(rows), np.nan), where=of > 0),
            "lower": np.array([float(low) for low, _ in limits]),
            "upper": np.array([float(high) for _, high in limits]),
        },
    )
    columns: dict[str, list[Any]] = {"stratum": [], "curve": [], "month": []}
    values: dict[str, list[np.ndarray]] = {name: [] for name in ("at_risk", "events", "value", "lower", "upper")}
    for stratum, tally in total.items():
        for name in CURVES:
            columns["stratum"] += [stratum] * prepared.months
            columns["curve"] += [name] * prepared.months
            columns["month"] += list(range(1, prepared.months + 1))
            for key, array in curve(tally, name).items():
                values[key].append(array)
    store.write_part("curves", 0, columns | {key: np.concatenate(arrays) for key, arrays in values.items()})
    store.write_part("ledger", 0, ledger_table(ledger, names))


def summarise(prepared: Prepared, total: Mapping[str, Tally], ledger: np.ndarray) -> dict[str, Any]:
    """Headline numbers of a cohort, for every stratum."""
    years = years_within(prepared.months * MONTH)

    def strata(tally: Tally) -> dict[str, Any]:
        n, m0 = (int(x) for x in tally["members"])
        examined = int(tally["nodes_m0"].sum())
        result: dict[str, Any] = {
            "patients": n,
            "stage": {word: int(tally["stage"][i]) for i, word in enumerate(GROUPS)},
            "metastatic_at_diagnosis": (n - m0) / n,
            "node_positive_m0": 1.0 - int(tally["nodes_m0"][0]) / examined if examined else None,
        }
        for name in CURVES:
            value = curve(tally, name)["value"]
            falls = name.endswith("survival")
            result[name] = {str(y): float(value[12 * y - 1] if falls else 1.0 - value[12 * y - 1]) for y in years}
        return result

    spec = prepared.spec
    return strata(total[ALL]) | {
        "primary": spec.primary.site,
        "groups": {name: strata(tally) for name, tally in total.items() if name != ALL},
        "parameter_sets": sorted({c.values.set.name for c in prepared.groups}),
        "ledger": {name: float(ledger[i].sum()) for i, name in enumerate(STAGES)},
        "ledger_balance_error": balance_error(ledger),
        "numerics": spec.numerics.model_dump(mode="json"),
    }
