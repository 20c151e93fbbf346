"""One lesion through time: sleep, avascular growth, being held, the angiogenic switch, vascular growth.

A lesion's future at constant levers is a chain of closed-form growth and exponential waits. ``advance`` returns the
state at a later day without touching the stored state, so that volumes can be asked for at any day within a panel.
"""

from __future__ import annotations

import math

from diaspore.body.kernels.model import S_SLEEP
from diaspore.body.processes.angiogenesis import switch_hazard
from diaspore.body.processes.growth import grow, time_to_reach
from diaspore.body.processes.systemic import immune_activity
from diaspore.body.state import AVASCULAR, EXTINCT, HELD, PAUSED, SLEEPING, VASCULAR
from diaspore.core.jit import kernel
from diaspore.core.rng import exponential, uniform

_FLOOR = -40.0  # ln mm3: far below one cell; a lesion that falls here under a kill rate is gone


@kernel
def advance(par, row, vessels, patient, lesion, day, systemic):
    """State of ``lesion`` on ``day`` (not before its own day) at the patient's present levers.

    ``systemic`` is the systemic response s(B) of the panel. Returns (phase, y, q, tau, hold, pause, waking day or nan,
    day of vascularisation or nan).
    """
    phase = lesion.phase
    y = lesion.y
    q = lesion.q
    tau = lesion.tau
    hold = lesion.hold
    pause = lesion.pause
    waking = math.nan
    vascular = math.nan
    left = day - lesion.t0
    if left <= 0.0 or phase > VASCULAR:
        return phase, y, q, tau, hold, pause, waking, vascular
    site = lesion.site
    clone = lesion.clone
    is_primary = lesion.route == 0
    if is_primary:
        base = patient.rate
        y_cap = par.y_cap
    else:
        base = patient.metastasis_rate * par.growth_site_rate[site]
        y_cap = par.y_cap + par.ln_site_capacity[site]
    base *= row.growth_rate[site, clone]
    kill = row.kill_rate[site, clone]
    angiogenic = row.angiogenesis_rate[site, clone]
    exponent = par.growth_exponent
    step = par.hahnfeldt_step
    if base <= 0.0:
        base = 1e-300
    for _ in range(64):
        if phase == SLEEPING:
            wake = par.dormancy_exit_rate * row.dormancy_exit[site, clone]
            total = wake + par.dormancy_death_rate + kill
            if tau > total * left:
                tau -= total * left
                break
            spent = tau / total if total > 0.0 else math.inf
            left -= spent
            if uniform(par.seed, lesion.id, S_SLEEP, 0) * total >= wake:
                phase = EXTINCT
                break
            phase = AVASCULAR
            waking = day - left
            tau = 0.0
        elif phase == HELD:
            rate = par.dormancy_escape_rate / max(1e-9, row.immune_kill[site, clone] * immune_activity(systemic, par))
            if tau > rate * left:
                tau -= rate * left
                y -= kill * left
                break
            y -= kill * tau / rate  # a held colony that is killed down stays small until it escapes
            left -= tau / rate
            phase = AVASCULAR
            hold = 0
            tau = 0.0
        elif phase == PAUSED:
            rate = switch_hazard(
                par.angiogenesis_primary_switch_rate if is_primary else par.angiogenesis_metastasis_switch_rate,
                angiogenic,
                par.angiogenesis_progenitor_gain,
                par.systemic_progenitor_gain * systemic,
            )
            if tau > rate * left:
                tau -= rate * left
                y -= kill * left
                break
            y -= kill * tau / rate
            left -= tau / rate
            phase = VASCULAR
            vascular = day - left
            q = y + math.log(par.growth_hahnfeldt_capacity_ratio)
        elif phase == AVASCULAR:
            # Without vessels the lesion grows along the same law (Hahnfeldt: its Gompertz form) up to a stop.
            law = 0 if par.law == 5 else par.law
            target = par.y_held if hold == 1 else par.y_avascular
            if law == 0 and par.law == 5:
                rate = base * math.log(par.growth_hahnfeldt_capacity_ratio) / (y_cap - par.y_avascular)
            else:
                rate = base
            spent = time_to_reach(law, y, target, q, rate, y_cap, exponent, kill, 0.0, 1.0, step)
            if spent >= left:
                y, q = grow(law, y, q, left, rate, y_cap, exponent, kill, 0.0, 1.0, step)
                break
            left -= spent
            y = target
            if hold == 1:
                phase = HELD
                tau = exponential(par.seed, lesion.id, S_SLEEP, 1)
            elif pause == 1:
                phase = PAUSED
                tau = exponential(par.seed, lesion.id, S_SLEEP, 2)
            else:
                phase = VASCULAR
                vascular = day - left
                q = y + math.log(par.growth_hahnfeldt_capacity_ratio)
        else:
            rate = base
            stimulation = patient.stimulation
            if site == par.bone_site and not is_primary:
                if y < par.y_bone:
                    spent = time_to_reach(
                        par.law, y, par.y_bone, q, rate, y_cap, exponent, kill, stimulation, angiogenic, step
                    )
                    if spent < left:
                        y, q = grow(par.law, y, q, spent, rate, y_cap, exponent, kill, stimulation, angiogenic, step)
                        y = par.y_bone
                        left -= spent
                        continue
                else:
                    rate *= 1.0 + par.niche_bone_gain * row.bone_cycle[site, clone]
            y, q = grow(par.law, y, q, left, rate, y_cap, exponent, kill, stimulation, angiogenic, step)
            break
    if y < _FLOOR or (kill > 0.0 and y < par.y_cell):
        phase = EXTINCT
    return phase, y, q, tau, hold, pause, waking, vascular
