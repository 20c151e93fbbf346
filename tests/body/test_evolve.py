"""One lesion through time: a plain Python twin of its life, and advancing in two steps as in one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diaspore.body.kernels.evolve import advance
from diaspore.body.kernels.model import S_SLEEP
from diaspore.body.processes.growth import LAWS, grow, time_to_reach
from diaspore.body.state import AVASCULAR, EXTINCT, HELD, LESION, PAUSED, SLEEPING, VASCULAR
from diaspore.core.rng import exponential, uniform
from tests.body.common import ALIKE, SITE, batch, compiled, patient

Levers = dict[str, float]
NEUTRAL: Levers = {
    "growth_rate": 1.0, "kill_rate": 0.0, "angiogenesis_rate": 1.0, "dormancy_exit": 1.0, "immune_kill": 1.0,
    "bone_cycle": 1.0,
}  # fmt: skip


def scene(law: str, levers: Levers, site: str, **fields: Any) -> dict[str, Any]:
    """Records for one lesion of a patient under levers."""
    data = patient({**ALIKE, "growth.law": law, "clones.count": 1}, follow_up={"duration": "1 day", "visits": []})
    c = compiled(data)
    rows = c.model.rows.copy()
    for name, value in levers.items():
        rows[name][:] = value
    lesions = np.zeros(1, dtype=LESION)
    lesions["site"], lesions["route"], lesions["id"], lesions["station"] = SITE[site], 1, 1234567, -1
    lesions["waking"] = lesions["vascularised"] = lesions["detected"] = math.nan
    for name, value in fields.items():
        lesions[name] = value
    return {"c": c, "row": rows[0], "patient": batch(data, 2).patients[:1].copy()[0], "lesion": lesions[0]}


def go(s: dict[str, Any], day: float, systemic: float) -> tuple[Any, ...]:
    """The kernel's answer."""
    model = s["c"].model
    return advance(model.par[0], s["row"], model.blood[0], s["patient"], s["lesion"], day, systemic)  # type: ignore[no-any-return]


def twin(s: dict[str, Any], day: float, systemic: float) -> tuple[Any, ...]:
    """The life of a metastasis as the documentation tells it. Returns (phase, y, waking day, day of vessels)."""
    p, row, lesion, pat = s["c"].model.par[0], s["row"], s["lesion"], s["patient"]
    site = int(lesion["site"])
    lever = {name: float(row[name][site, 0]) for name in NEUTRAL}
    law, cap = int(p["law"]), float(p["y_cap"]) + math.log(p["growth_site_capacity"][site])
    rate = float(pat["metastasis_rate"] * p["growth_site_rate"][site]) * lever["growth_rate"]
    first = math.log(p["growth_hahnfeldt_capacity_ratio"])
    young = rate * first / (cap - float(p["y_avascular"])) if law == 5 else rate
    kill, exponent, step = lever["kill_rate"], float(p["growth_exponent"]), float(p["hahnfeldt_step"])
    avascular = (0 if law == 5 else law, young, cap, exponent, kill, 0.0, 1.0, step)
    phase, y, q, tau, hold, pause = (lesion[k].item() for k in ("phase", "y", "q", "tau", "hold", "pause"))
    seed, name, t = p["seed"], lesion["id"], float(lesion["t0"])
    waking = vascular = math.nan
    while t < day and phase not in (VASCULAR, EXTINCT):
        if phase == SLEEPING:
            wake = float(p["dormancy_exit_rate"]) * lever["dormancy_exit"]
            total = wake + float(p["dormancy_death_rate"]) + kill
            t += tau / total
            if t >= day:
                break
            phase = AVASCULAR if uniform(seed, name, S_SLEEP, 0) < wake / total else EXTINCT
            waking = t if phase == AVASCULAR else math.nan
        elif phase == AVASCULAR:
            target = float(p["y_held"] if hold else p["y_avascular"])
            law_, *rest = avascular
            needed = time_to_reach(law_, y, target, q, *rest)
            if t + needed >= day:
                y, _ = grow(law_, y, q, day - t, *rest)
                break
            t, y = t + needed, target
            if hold:
                phase, hold, tau = HELD, 0, exponential(seed, name, S_SLEEP, 1)
            elif pause:
                phase, tau = PAUSED, exponential(seed, name, S_SLEEP, 2)
            else:
                phase, vascular, q = VASCULAR, t, y + first
        elif phase in (HELD, PAUSED):  # a kill rate shrinks it while it waits
            if phase == HELD:
                suppressed = float(p["systemic_suppression"] * p["systemic_myeloid_gain"]) * systemic
                hazard = float(p["dormancy_escape_rate"]) / (lever["immune_kill"] / (1.0 + suppressed))
            else:
                mobilised = float(p["systemic_progenitor_gain"]) * systemic
                gain = 1.0 + float(p["angiogenesis_progenitor_gain"]) * mobilised
                hazard = float(p["angiogenesis_metastasis_switch_rate"]) * lever["angiogenesis_rate"] * gain
            until = t + tau / hazard
            y -= kill * (min(until, day) - t)
            t = until
            if t < day and phase == HELD:
                phase = AVASCULAR
            elif t < day:
                phase, vascular, q = VASCULAR, t, y + first
    if phase == VASCULAR and t < day:
        args = (cap, exponent, kill, float(pat["stimulation"]), lever["angiogenesis_rate"], step)
        fast = rate * (1.0 + float(p["niche_bone_gain"]) * lever["bone_cycle"])
        if site == SITE["bone"]:
            slow = time_to_reach(law, y, float(p["y_bone"]), q, rate, *args)
            if 0.0 < slow < day - t:
                y, q = grow(law, y, q, slow, rate, *args)
                t += slow
            y, q = grow(law, y, q, day - t, fast if y >= float(p["y_bone"]) - 1e-9 else rate, *args)
        else:
            y, q = grow(law, y, q, day - t, rate, *args)
    if kill > 0.0 and y < float(p["y_cell"]):
        phase = EXTINCT
    return phase, y, waking, vascular


def start_of(phase: int, p: Any, tau: float, hold: int, pause: int, size: float) -> dict[str, Any]:
    """A lesion that has just entered ``phase`` (or is of ``size`` in 0..1 between its limits when it grows)."""
    ratio = math.log(p["growth_hahnfeldt_capacity_ratio"])
    first = float(p["y_cell"]) + 3.0
    y = {
        SLEEPING: first,
        HELD: float(p["y_held"]),
        PAUSED: float(p["y_avascular"]),
        AVASCULAR: first + size * (float(p["y_avascular"]) - first) * (0.5 if hold else 0.99),
        VASCULAR: float(p["y_avascular"]) + 8.0 * size,
    }[phase]
    return {"phase": phase, "y": y, "q": y + ratio, "tau": tau, "hold": hold if phase != HELD else 0, "pause": pause}


STATES = {
    "law": st.sampled_from(LAWS),
    "phase": st.sampled_from([SLEEPING, AVASCULAR, HELD, PAUSED, VASCULAR]),
    "site": st.sampled_from(["lung", "bone", "distant_nodes", "regional_nodes"]),
    "hold": st.integers(0, 1),
    "pause": st.integers(0, 1),
    "tau": st.floats(1e-3, 4.0),
    "size": st.floats(0.0, 1.0),
    "systemic": st.floats(0.0, 1.0),
    "name": st.integers(1, 2**63),
    "growth": st.sampled_from([0.2, 1.0, 2.0]),
    "kill": st.sampled_from([0.0, 0.0, 1e-4, 0.003]),
    "other": st.floats(0.2, 5.0),
}


def build(x: dict[str, Any]) -> dict[str, Any]:
    names = ("angiogenesis_rate", "dormancy_exit", "immune_kill", "bone_cycle")
    levers = NEUTRAL | {"growth_rate": x["growth"], "kill_rate": x["kill"]} | dict.fromkeys(names, x["other"])
    probe = scene(x["law"], levers, x["site"])["c"].model.par[0]
    fields = start_of(x["phase"], probe, x["tau"], x["hold"], x["pause"], x["size"])
    return scene(x["law"], levers, x["site"], id=np.uint64(x["name"]), t0=100.0, seeded=100.0, **fields)


@settings(max_examples=300)
@given(days=st.floats(0.0, 6000.0), **STATES)
def test_equals_the_twin(days: float, **x: Any) -> None:
    s = build(x)
    expected = twin(s, 100.0 + days, x["systemic"])
    phase, y, _q, _tau, _hold, _pause, waking, vascular = go(s, 100.0 + days, x["systemic"])
    assert phase == expected[0]
    assert y == pytest.approx(expected[1], abs=1e-3 if x["law"] == "hahnfeldt" else 1e-7)
    for found, wanted in ((waking, expected[2]), (vascular, expected[3])):
        assert found == pytest.approx(wanted, abs=1e-6, nan_ok=True)


@settings(max_examples=300)
@given(first=st.floats(0.0, 3000.0), second=st.floats(0.0, 3000.0), **STATES)
def test_two_steps_are_one(first: float, second: float, **x: Any) -> None:
    s = build(x)
    bone = x["site"] == "bone" and x["kill"] > 0.0
    assume(not bone)  # a bone lesion that shrinks past the size of the vicious cycle leaves it at the panel's end
    whole = go(s, 100.0 + first + second, x["systemic"])
    part = go(s, 100.0 + first, x["systemic"])
    lesion = s["lesion"]
    for name, value in zip(("phase", "y", "q", "tau", "hold", "pause"), part[:6], strict=True):
        lesion[name] = value
    lesion["t0"] = 100.0 + first
    twice = go(s, 100.0 + first + second, x["systemic"])
    assert twice[0] == whole[0]
    if whole[0] != EXTINCT:
        assert twice[1] == pytest.approx(whole[1], abs=2e-3 if x["law"] == "hahnfeldt" else 1e-6)
    for k in (6, 7):
        day = part[k] if not math.isnan(part[k]) else twice[k]
        assert day == pytest.approx(whole[k], abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("phase", [SLEEPING, AVASCULAR, HELD, PAUSED, VASCULAR])
def test_a_strong_kill_rate_ends_every_lesion(phase: int) -> None:
    """A drug that kills cells at 1 per day leaves no colony after a year, dormant or not."""
    p = scene("gompertz", NEUTRAL, "lung")["c"].model.par[0]
    s = scene("gompertz", NEUTRAL | {"kill_rate": 1.0}, "lung", t0=0.0, **start_of(phase, p, 0.5, 1, 1, 0.5))
    assert go(s, 365.0, 0.0)[0] == EXTINCT


@pytest.mark.parametrize("law", LAWS)
def test_growth_stopped_by_a_lever(law: str) -> None:
    """A factor of 0 on growth holds a lesion; with a kill rate besides, it shrinks by just that."""
    p = scene(law, NEUTRAL, "lung")["c"].model.par[0]
    lesion = start_of(VASCULAR, p, 0.5, 0, 0, 0.6)
    held = scene(law, NEUTRAL | {"growth_rate": 0.0}, "lung", t0=0.0, **lesion)
    assert go(held, 200.0, 0.0)[1] == pytest.approx(lesion["y"], abs=1e-9)
    shrinks = scene(law, NEUTRAL | {"growth_rate": 0.0, "kill_rate": 0.01}, "lung", t0=0.0, **lesion)
    assert go(shrinks, 200.0, 0.0)[1] == pytest.approx(lesion["y"] - 2.0, abs=1e-9)


def test_the_past_is_not_asked_for() -> None:
    """On its own day a lesion is as stored."""
    p = scene("gompertz", NEUTRAL, "liver")["c"].model.par[0]
    lesion = start_of(VASCULAR, p, 0.5, 0, 0, 0.6)
    s = scene("gompertz", NEUTRAL, "liver", t0=50.0, **lesion)
    phase, y, q, *_ = go(s, 50.0, 0.3)
    assert (phase, y, q) == (VASCULAR, lesion["y"], lesion["q"])
