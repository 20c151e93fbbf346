"""Founder rates against a plain twin under levers, sites and systemic responses, and the bounds that thin them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diaspore.body.kernels.nodes import read_occupancy
from diaspore.body.kernels.observe import add_blood
from diaspore.body.kernels.seeding import loose_majorant, shed_cells, state_at, tight_majorant, true_rate
from diaspore.body.state import LESION
from tests.body.common import ALIKE, NODES, SITE, batch, compiled, patient

BLOOD, KEPT, DUCT, CAVITY, CLEARED, NERVE = range(6)
SITES_TRIED = ("lung", "liver", "bone", "ovary", "regional_nodes", "peritoneum", "pleura")
LEVERS = (
    "emt_rate", "tam_recruitment", "invasion_speed", "protease_activity", "adhesion", "matrix_stiffness", "immune_kill",
)  # fmt: skip
ROUTES = ("blood", "lymph", "cavity", "nerve")
OVERALL = (*(f"shedding_{route}" for route in ROUTES), "ctc_cluster_fraction", "platelet_shield")


def scene(site: str, primary: bool, levers: dict[str, float]) -> dict[str, Any]:
    """Records of one lesion of a patient with an ovarian primary. ``homing`` acts in nodes and on linings alone: what
    it does to founders by blood is in the tables of the circulation, which are neutral here."""
    change = {**ALIKE, "cavity.breach_diameter": "20 mm", "shedding.perineural": "50 1/day", "fate.bottleneck": 15}
    where = {"site": "ovary", "diameter_at_diagnosis": "40 mm"}
    data = patient(change, primary=where, follow_up={"duration": "1 day", "visits": []})
    c = compiled(data)
    row = c.model.rows.copy()
    for name, value in levers.items():
        row[name] = value
    person = batch(data, 2).patients[:1].copy()
    lesion = np.zeros(1, dtype=LESION)
    lesion["site"] = SITE["ovary" if primary else site]
    lesion["route"] = 0 if primary else 1
    lesion["station"] = 0 if site == "regional_nodes" and not primary else -1
    lesion["y_breach"] = math.log(math.pi / 6.0 * 20.0**3)
    read_occupancy(c.model.par[0], person[0], lesion, 1)
    return {
        "c": c,
        "par": c.model.par[0],
        "row": row[0],
        "vessels": c.model.blood[0],
        "patient": person[0],
        "lesion": lesion[0],
    }


def kernel_rate(s: dict[str, Any], y: float, systemic: float) -> tuple[float, np.ndarray, np.ndarray]:
    shed, parts = np.zeros(8), np.zeros(6)
    total = true_rate(s["par"], s["row"], s["vessels"], s["patient"], s["lesion"], y, systemic, shed, parts)
    return total, shed, parts


def twin_rate(s: dict[str, Any], y: float, systemic: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Cells per day by route, class shares, founders per day by way, shielded share: from the documented processes."""
    p, row, pat, site = s["par"], s["row"], s["patient"], int(s["lesion"]["site"])
    lever = {name: float(row[name][site, 0]) for name in LEVERS}
    v, primary, nodal = math.exp(y), int(s["lesion"]["route"]) == 0, site == NODES
    hypoxia = v / (v + p["plasticity_hypoxia_half_volume"])
    stroma = v / (v + p["plasticity_stroma_half_volume"]) * (1 + p["systemic_fibroblast_gain"] * systemic)
    drive = lever["emt_rate"] * (1 + p["plasticity_hypoxia_gain"] * hypoxia + p["plasticity_tgfb_gain"] * stroma)
    h = p["plasticity_hybrid_ratio"] * drive
    m = h * p["plasticity_mesenchymal_ratio"] * drive
    weight = np.array([p[f"shedding_{n}_weight"] for n in ("epithelial", "hybrid", "mesenchymal")])
    single = np.array([1.0, h, m]) / (1 + h + m) * weight
    total = single.sum()
    cluster = min(1.0, p["shedding_cluster_fraction"] * float(row["ctc_cluster_fraction"]))
    share = np.append(single * (1 - cluster), total * cluster) / total
    invasion = (
        lever["invasion_speed"] ** p["shedding_speed_exponent"]
        * lever["protease_activity"] ** p["shedding_protease_exponent"]
        * lever["matrix_stiffness"] ** p["shedding_stiffness_exponent"]
        / lever["adhesion"] ** p["shedding_adhesion_exponent"]
    )
    scale = (v / 1000.0) ** p["shedding_exponent"] * invasion * total
    recruited = v / (v + p["shedding_macrophage_half_volume"]) * lever["tam_recruitment"]
    tam = 1 + p["shedding_macrophage_gain"] * recruited * (1 + p["systemic_macrophage_gain"] * systemic)
    relay, entry = p["lymph_node_relay"], p["lymph_node_blood_entry"]
    blood = pat["shed_blood"] * scale * tam * (relay * entry if nodal else 1.0)
    lymph = pat["shed_lymph"] * scale * (1.0 if primary else relay * (1 - entry) if nodal else 0.0)
    lined = site in (SITE["peritoneum"], SITE["pleura"])
    near = lined or site in (SITE["lung"], SITE["liver"], SITE["ovary"])
    breached = near and (lined or y >= float(s["lesion"]["y_breach"]) - math.log(max(invasion, 1e-9)))
    cavity = p["shedding_cavity"] * scale if breached else 0.0
    nerve = p["shedding_perineural"] * scale if primary else 0.0
    cells = np.array([blood, lymph, cavity, nerve]) * [float(row[f"shedding_{route}"]) for route in ROUTES]
    platelets = p["systemic_platelet_cloak"] * (1 + p["systemic_platelet_gain"] * systemic)
    cloak = min(1.0, platelets * float(row["platelet_shield"]))
    suppressed = 1 + p["systemic_suppression"] * p["systemic_myeloid_gain"] * systemic
    reach = min(1.0, float(row["immune_kill"][0, 0]) / suppressed)
    shielded = 1 - (1 - cloak) * reach
    table = s["c"].tables[0].founder
    live = p["fate_active_fraction"] + p["fate_dormant_fraction"]
    own, duct_take = (float(share @ (table[i] @ [1 - shielded, shielded])) * pat["take"] * live for i in (site, NODES))
    duct = float(p["duct"] if primary else p["station_duct_from"][0] if nodal else 0.0)
    rates = np.array([p[f"cavity_{k}_rate"] for k in ("attachment", "anoikis", "clearance")])
    attach, _, cleared = rates / rates.sum()
    parts = np.zeros(6)
    parts[BLOOD] = cells[0] * own
    parts[DUCT] = cells[1] * duct * duct_take
    parts[CAVITY] = cells[2] * attach * pat["cavity_take"] * live * float(row["homing"][site])
    parts[CLEARED] = cells[2] * cleared * duct_take
    parts[NERVE] = cells[3] * pat["cavity_take"] * live
    return cells, share, parts, shielded


FACTOR = st.sampled_from([0.0, 0.3, 1.0, 1.0, 4.0])
POSITIVE = st.sampled_from([0.3, 1.0, 1.0, 4.0])
WIDE = st.sampled_from([0.0, 0.3, 1.0, 4.0, 50.0])  # beyond the slack of the bounds
SCENES = {
    "site": st.sampled_from(SITES_TRIED),
    "primary": st.booleans(),
    "levers": st.fixed_dictionaries(
        {name: POSITIVE if name == "adhesion" else FACTOR for name in (*LEVERS, *OVERALL)} | {"homing": WIDE}
    ),
    "y": st.floats(0.6, 14.5),
    "systemic": st.floats(0.0, 1.0),
}


@settings(max_examples=300)
@given(**SCENES)
def test_rates_equal_the_twin(site: str, primary: bool, levers: dict[str, float], y: float, systemic: float) -> None:
    s = scene(site, primary, levers)
    total, shed, parts = kernel_rate(s, y, systemic)
    cells, share, expected, _ = twin_rate(s, y, systemic)
    np.testing.assert_allclose(shed[:4], cells, rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(shed[4:] / shed[4:].sum(), share, rtol=1e-10, atol=1e-14)
    for way in (BLOOD, DUCT, CAVITY, CLEARED, NERVE):
        np.testing.assert_allclose(parts[way], expected[way], rtol=1e-9, atol=1e-300, err_msg=str(way))
    np.testing.assert_allclose(total, parts.sum(), rtol=1e-12, atol=1e-300)
    assert (parts[KEPT] > 0.0) == (cells[1] > 0.0 and levers["homing"] > 0.0)


@settings(max_examples=200)
@given(**SCENES)
def test_blood_concentrations_equal_the_twin(
    site: str, primary: bool, levers: dict[str, float], y: float, systemic: float
) -> None:
    s = scene(site, primary, levers)
    out = np.zeros(4)
    add_blood(s["par"], s["row"], s["vessels"], s["patient"], s["lesion"], y, systemic, np.zeros(8), out)
    cells, share, _, shielded = twin_rate(s, y, systemic)
    p, place = s["par"], int(s["lesion"]["site"])
    duct = float(p["duct"] if primary else p["station_duct_from"][0] if place == NODES else 0.0)
    rates = np.array([p[f"cavity_{k}_rate"] for k in ("attachment", "anoikis", "clearance")])
    through = cells[1] * duct + cells[2] * rates[2] / rates.sum()
    shield = [1 - shielded, shielded]
    table = s["c"].tables[0].concentration
    expected = np.einsum("c,cgk,g->k", share, table[place] * cells[0] + table[NODES] * through, shield)
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-300)


@settings(max_examples=300)
@given(width=st.floats(0.0, 8.0), where=st.floats(0.0, 1.0), first=st.floats(0.0, 1.0), **SCENES)
def test_bounds_bound(
    site: str,
    primary: bool,
    levers: dict[str, float],
    y: float,
    systemic: float,
    width: float,
    where: float,
    first: float,
) -> None:
    """Whatever volume and response a panel passes through, the rate stays below both bounds."""
    s = scene(site, primary, levers)
    high, at = y + width, y + where * width
    rate, _, _ = kernel_rate(s, at, systemic)
    args = (s["par"], s["row"], s["vessels"], s["patient"], s["lesion"])
    shed, parts = np.zeros(8), np.zeros(6)
    tight = tight_majorant(*args, y, high, shed, parts)
    state_at(*args, high, first, shed)  # the engine takes the response at one end of the panel
    loose = loose_majorant(s["par"], s["row"], s["vessels"], s["patient"], s["lesion"], shed, shed[4:].sum())
    assert rate <= tight * (1 + 1e-9)
    assert rate <= loose * (1 + 1e-9)


def test_flows_grow_as_a_power_of_volume() -> None:
    """At equal phenotypes shedding follows volume to the stated power."""
    s = scene("bone", False, {})
    small, large = np.zeros(8), np.zeros(8)
    for y, out in ((9.0, small), (12.0, large)):
        shed_cells(s["par"], s["row"], s["vessels"], s["patient"], s["lesion"], y, 0.2, 0.3, 0.5, 0.0, out)
    gain, half = s["par"]["shedding_macrophage_gain"], s["par"]["shedding_macrophage_half_volume"]
    tam = [1 + gain * math.exp(y) / (math.exp(y) + half) for y in (9.0, 12.0)]
    power = math.log(large[0] / small[0] * tam[0] / tam[1]) / 3.0
    np.testing.assert_allclose(power, s["par"]["shedding_exponent"], rtol=1e-9)
