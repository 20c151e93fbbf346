"""Surgery of primary, nodes and metastases: who is operated on, what goes, what stays, what is spread."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from diaspore.body.processes.growth import LAWS
from diaspore.body.state import AVASCULAR, EXTINCT, PROCEDURE, REMOVED, SLEEPING, VASCULAR
from diaspore.core.errors import InputError
from tests.body.common import (
    ALIKE,
    BARREN,
    IMMORTAL,
    NODES,
    P_MIN,
    SITE,
    UNMODULATED,
    batch,
    compiled,
    founders,
    owners,
    patient,
    per_patient,
)
from tests.body.twin import Twin

FIXED = {"primary": {"site": "breast", "diameter_at_diagnosis": "30 mm"}}
NOBODY = {**ALIKE, **UNMODULATED, **IMMORTAL, "fate.bottleneck": 60}  # nothing is founded
NODAL = {"at": "40 day", "stations": ["axilla_1", "axilla_2"]}


def operated(change: dict[str, Any] | None = None, count: int = 600, years: float = 3, **surgery: Any) -> Any:
    follow = {"duration": f"{years} year", "visits": []}
    data = patient({**IMMORTAL, **(change or {})}, follow_up=follow, surgery=surgery, primary={"site": "breast"})
    return data, batch(data, count)


def test_primary_is_out_and_sheds_no_more() -> None:
    data = patient(
        NOBODY, **FIXED, surgery={"primary": {"at": "40 day"}}, follow_up={"duration": "3 year", "visits": []}
    )
    twin, b = Twin(compiled(data)), batch(data, 3)
    primary = b.lesions[b.offsets[:-1]]
    assert np.all(primary["phase"] == REMOVED)
    assert np.all(primary["removed"] == 40.0)
    np.testing.assert_allclose(b.patients["y_surgery"], twin.y(np.array([40.0]))[0], rtol=1e-9)
    t = twin.grid(40.0)
    blood, _, _ = twin.flows(twin.y(t))
    assert b.flows.shed[0].sum() / 3 == pytest.approx(np.trapezoid(blood, t), rel=1e-2)


def test_metastatic_patients_are_spared_unless_asked_for() -> None:
    _, spared = operated(primary={"at": "40 day"}, nodes=NODAL)
    _, everyone = operated(primary={"at": "40 day"}, nodes=NODAL, only_m0=False)
    m1 = spared.patients["stage_m"] == 1
    assert m1.sum() > 5
    np.testing.assert_array_equal(np.isnan(spared.patients["surgery_day"]), m1)
    np.testing.assert_array_equal(spared.patients["nodes_examined"] > 0, ~m1)
    assert not np.isnan(everyone.patients["surgery_day"]).any()
    assert (everyone.patients["nodes_examined"] > 0).all()


def test_surgery_on_the_day_of_diagnosis_but_not_after_the_end() -> None:
    _, first_day = operated(primary={"at": "0 day"}, only_m0=False)
    np.testing.assert_array_equal(first_day.patients["surgery_day"], 0.0)
    with pytest.raises(InputError, match=r"surgery\.primary\.at"):
        operated(primary={"at": "4 year"}, only_m0=False)


def test_remnants() -> None:
    """A share of excisions leaves a remnant of the stated size in the bed; it grows and is found as a relapse."""
    change = NOBODY | {"surgery.remnant_probability": 0.3, "surgery.remnant_cells": 1e5}
    data = patient(
        change, **FIXED, surgery={"primary": {"at": "40 day"}}, follow_up={"duration": "15 year", "visits": []}
    )
    b = batch(data, 2000)
    rest = b.lesions[founders(b, None)]
    assert stats.binomtest(len(rest), 2000, 0.3).pvalue > P_MIN
    assert set(rest["site"]) == {SITE["breast"]}
    assert set(rest["route"]) == {PROCEDURE}
    np.testing.assert_array_equal(rest["seeded"], 40.0)
    np.testing.assert_array_equal(rest["waking"], 40.0)
    # from 1e5 cells to the size that diffusion feeds, at a metastasis's rate
    twin = Twin(compiled(data))
    rate = twin.rate * twin["growth.metastasis_rate"]
    first = math.log(1e5 / twin["growth.cells_per_volume"])
    young = math.log((twin.y_cap - first) / (twin.y_cap - twin.y_avascular)) / rate
    wait = rest["vascularised"] - 40.0 - young
    at_once = np.abs(wait) < 1e-6
    assert stats.binomtest(int(at_once.sum()), len(wait), twin["angiogenesis.immediate_fraction"]).pvalue > P_MIN
    assert np.all(wait[~np.isnan(wait)] > -1e-6)
    assert np.any(rest["detected"] > 40.0)


@pytest.mark.parametrize("law", LAWS)
def test_a_large_remnant_grows_on(law: str) -> None:
    """A remnant above the avascular size keeps its vessels and grows, whatever the law."""
    change = NOBODY | {
        "surgery.remnant_probability": 1, "surgery.remnant_cells": 1e8, "growth.law": law,
        "detection.symptom_diameter.default": "500 mm",
    }  # fmt: skip

    def size(days: float) -> np.ndarray:
        follow = {"duration": f"{days} day", "visits": []}
        b = batch(patient(change, **FIXED, surgery={"primary": {"at": "40 day"}}, follow_up=follow), 3)
        rest = b.lesions[founders(b, None)]
        assert np.all(rest["phase"] == VASCULAR)
        return np.asarray(rest["y"])

    start, later = size(40.0 + 1e-6), size(140.0)
    np.testing.assert_allclose(start, math.log(100.0), atol=1e-3)
    assert np.all(later > start + 0.2)


def test_procedure_spreads_nothing_unless_switched_on() -> None:
    _, b = operated({"surgery.remnant_probability": 0}, primary={"at": "40 day"})
    assert not np.any(b.lesions["route"] == PROCEDURE)


def test_procedure_spreads_a_poisson_number_of_founders() -> None:
    cells = 2e8
    base = {**ALIKE, **UNMODULATED, **IMMORTAL, **BARREN, "fate.bottleneck": 16}
    off = {"shedding.haematogenous": "1e-9 1/day", "shedding.lymphatic": "0 1/day"}
    change = base | off | {"surgery.procedure_cells": cells}
    data = patient(
        change, **FIXED, surgery={"primary": {"at": "40 day"}}, follow_up={"duration": "60 day", "visits": []}
    )
    b, twin = batch(data, 8000), Twin(compiled(data))
    _, _, share = twin.flows(twin.y(np.array([40.0])))
    expected = float(cells * twin.success(twin.source, share).sum())
    counts = per_patient(b, b.lesions["route"] == PROCEDURE)
    assert 0.3 < expected < 30.0
    assert abs(counts.mean() - expected) < 4.0 * math.sqrt(expected / len(counts))
    assert abs(counts.var() / counts.mean() - 1.0) < 4.0 * math.sqrt(2.0 / len(counts))
    np.testing.assert_array_equal(b.lesions["seeded"][b.lesions["route"] == PROCEDURE], 40.0)


def reach_of(data: dict[str, Any]) -> list[int]:
    return [i for i, s in enumerate(compiled(data).stations) if s.name in ("axilla_1", "axilla_2")]


def test_dissection_takes_all_nodes_within_reach() -> None:
    data, b = operated(primary={"at": "40 day"}, nodes=NODAL, only_m0=False)
    lesions, reach = b.lesions, reach_of(data)
    names = [s.name for s in compiled(data).stations]
    total = sum(compiled(data).stations[i].nodes for i in reach)
    assert names
    np.testing.assert_array_equal(b.patients["nodes_examined"], total)
    nodal = (lesions["site"] == NODES) & (lesions["seeded"] < 40.0) & (lesions["station"] >= 0)
    inside = nodal & np.isin(lesions["station"], reach)
    assert inside.sum() > 100
    assert np.all((lesions["phase"][inside] == REMOVED) | (lesions["phase"][inside] == EXTINCT))
    outside = nodal & ~np.isin(lesions["station"], reach)
    assert outside.sum() > 20
    assert not np.any(lesions["phase"][outside] == REMOVED)


def test_positive_nodes_are_those_with_visible_deposits() -> None:
    data, b = operated(primary={"at": "40 day"}, nodes=NODAL, only_m0=False)
    lesions, reach = b.lesions, reach_of(data)
    limit = math.log(math.pi / 6.0 * 0.2**3)
    taken = (lesions["site"] == NODES) & np.isin(lesions["station"], reach) & (lesions["removed"] == 40.0)
    visible = taken & ~np.isnan(lesions["waking"]) & (lesions["waking"] < 40.0) & (lesions["y"] >= limit)
    place = lesions["station"].astype(np.int64) * 64 + lesions["node"]
    pairs = np.unique(owners(b)[visible] * 4096 + place[visible])
    counted = np.bincount(pairs // 4096, minlength=len(b.patients))
    np.testing.assert_array_equal(b.patients["nodes_positive"], counted)
    assert np.all(~np.isnan(lesions["detected"][visible]))
    assert not np.any(lesions["detected"][taken & ~visible] == 40.0)
    n = np.select([counted >= 10, counted >= 4, counted >= 1], [3, 2, 1], 0)
    np.testing.assert_array_equal(b.patients["stage_n"], n)


def test_sampling_examines_its_mean_number_of_nodes() -> None:
    data, b = operated(nodes=NODAL | {"method": "sampling"}, only_m0=False, count=3000, years=0.2)
    total = sum(compiled(data).stations[i].nodes for i in reach_of(data))
    mean = 2.5
    examined = b.patients["nodes_examined"]
    share = mean / total
    assert abs(examined.mean() - mean) < 4.0 * math.sqrt(total * share * (1 - share) / len(examined))
    assert abs(examined.var() / (total * share * (1 - share)) - 1.0) < 4.0 * math.sqrt(2.0 / len(examined))
    gone = per_patient(b, b.lesions["removed"] == 40.0)
    assert np.all(gone[examined == 0] == 0)


def test_removed_nodes_are_not_settled_again() -> None:
    """With the primary in place after nodal surgery, cells pass where nodes have been removed."""
    change = {"fate.node_bottleneck_relief": 7, "surgery.remnant_probability": 0}
    data, b = operated(change, nodes=NODAL, only_m0=False, count=300)
    late = (b.lesions["site"] == NODES) & (b.lesions["seeded"] > 40.0) & (b.lesions["station"] >= 0)
    assert np.any(late & ~np.isin(b.lesions["station"], reach_of(data)))
    assert not np.any(late & np.isin(b.lesions["station"], reach_of(data)))


def test_metastasectomy_up_to_its_limit() -> None:
    change = {"detection.imaging_width": "0.05 mm", "detection.imaging_d50.default": "5 mm"}
    _, b = operated(change, lesions={"at": "200 day", "at_most": 2}, only_m0=False, years=1)
    lesions = b.lesions
    distant = founders(b, None) & (lesions["site"] != NODES)
    known = distant & (lesions["detected"] <= 200.0) & (lesions["phase"] != EXTINCT)
    gone = distant & (lesions["removed"] == 200.0)
    count = per_patient(b, known)
    np.testing.assert_array_equal(per_patient(b, gone), np.where(count <= 2, count, 0))
    assert np.any(count > 2)
    assert np.any((count > 0) & (count <= 2))
    assert not np.any(gone & ~known)


def test_the_removed_do_nothing_more() -> None:
    """Nothing is seeded by a lesion after its removal, and it neither wakes nor grows."""
    data, b = operated(primary={"at": "40 day"}, nodes=NODAL, only_m0=False, years=8)
    lesions = b.lesions
    gone = {int(i): d for i, d in zip(lesions["id"], lesions["removed"], strict=True) if not np.isnan(d)}
    known = np.array([gone.get(int(p), math.inf) for p in lesions["parent"]])
    metastasis = founders(b, None) & (lesions["route"] != PROCEDURE)
    from_primary = metastasis & (lesions["parent"] == 0)
    assert np.all(lesions["seeded"][from_primary] <= 40.0)
    assert np.all(lesions["seeded"][metastasis] <= known[metastasis])
    removed = lesions["phase"] == REMOVED
    for name in ("waking", "vascularised", "detected"):
        assert not np.any(lesions[name][removed] > lesions["removed"][removed] + 1e-9), name
    assert compiled(data).spec.surgery.primary is not None
    assert np.any(lesions["phase"] == SLEEPING)
    assert np.any(lesions["phase"] == AVASCULAR)
