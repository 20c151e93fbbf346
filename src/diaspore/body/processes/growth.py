"""Growth of the primary and of colonies.

Reads: the growth law, the patient's doubling time, levers ``growth_rate`` (factor) and ``kill_rate`` (1/day) at the
lesion's site and clone. Writes: the logarithm of the lesion's volume. Runs: whenever a volume is asked for; nothing is
stepped. All laws but Hahnfeldt's have a closed form while factor and kill rate are constant, also with a kill term:
Gompertz is linear in ln V, power law and von Bertalanffy are linear in V**(1 - exponent), the logistic law with a
kill term is again logistic. Hahnfeldt's carrying capacity is dynamic; it is advanced by RK4 in ln V and ln K.

Laws (V volume, g factor, k kill rate):
    gompertz        V' = g a V ln(K/V) - k V              norton1988
    logistic        V' = g a V (1 - V/K) - k V
    exponential     V' = g a V - k V
    power_law       V' = g a V**s - k V                   hart1998
    von_bertalanffy V' = g (a V**s - b V) - k V, b = a K**(s-1)
    hahnfeldt       V' = g a V ln(K/V) - k V, K' = w V - d K V**(2/3)   hahnfeldt1999

The rate ``a`` is fixed by the doubling time at a stated reference diameter, so that one number, which clinics
measure, means the same for every law.
"""

from __future__ import annotations

import math

from diaspore.body.definitions import SITE, Definition
from diaspore.core.jit import inline

LAWS = ("gompertz", "logistic", "exponential", "power_law", "von_bertalanffy", "hahnfeldt")
GOMPERTZ, LOGISTIC, EXPONENTIAL, POWER_LAW, VON_BERTALANFFY, HAHNFELDT = range(6)

PARAMETERS = (
    Definition("growth.law", "1", 0, 5, "growth law of primary and metastases", choices=LAWS),
    Definition(
        "growth.doubling_time", "day", 1, 5000, "volume doubling time of the primary at the reference size", spread=True
    ),
    Definition("growth.reference_diameter", "mm", 0.1, 200, "diameter at which the doubling time holds"),
    Definition("growth.carrying_capacity", "mm**3", 1e3, 1e9, "limiting volume K of a lesion"),
    Definition("growth.exponent", "1", 0.05, 0.98, "exponent s of the power law and of von Bertalanffy growth"),
    Definition("growth.cells_per_volume", "1/mm**3", 1e4, 1e7, "tumour cells per mm3 of lesion"),
    Definition(
        "growth.metastasis_rate", "1", 0.05, 20, "growth rate of a metastasis relative to its primary", spread=True
    ),
    Definition("growth.site_rate", "1", 0.05, 20, "growth rate at a site relative to other sites", index=SITE),
    Definition("growth.site_capacity", "1", 1e-6, 1, "limiting volume at a site relative to K", index=SITE),
    Definition("growth.hahnfeldt_stimulation", "1", 1, 1000, "vascular stimulation w relative to the growth rate a"),
    Definition("growth.hahnfeldt_capacity_ratio", "1", 1.01, 1000, "K/V when vascular growth starts"),
)


@inline
def rate_from_doubling_time(law, doubling_time, y_ref, y_cap, exponent, capacity_ratio):
    """Rate ``a`` of a law (in its own unit) that gives ``doubling_time`` at ln-volume ``y_ref``.

    Hahnfeldt's doubling time holds when the capacity stands at ``capacity_ratio`` times the volume.
    """
    g = math.log(2.0) / doubling_time
    if law == GOMPERTZ:
        return g / (y_cap - y_ref)
    if law == LOGISTIC:
        return g / (1.0 - math.exp(y_ref - y_cap))
    if law == EXPONENTIAL:
        return g
    if law == POWER_LAW:
        return g * math.exp((1.0 - exponent) * y_ref)
    if law == VON_BERTALANFFY:
        return g / (math.exp((exponent - 1.0) * y_ref) - math.exp((exponent - 1.0) * y_cap))
    return g / math.log(capacity_ratio)


@inline
def hahnfeldt_step(y, q, rate, stimulation, loss, kill, dt):
    """One RK4 step of Hahnfeldt's model in (ln V, ln K); ``rate`` already carries the growth factor."""
    third2 = 2.0 / 3.0
    k1y = rate * (q - y) - kill
    k1q = stimulation * math.exp(y - q) - loss * math.exp(third2 * y)
    y2 = y + 0.5 * dt * k1y
    q2 = q + 0.5 * dt * k1q
    k2y = rate * (q2 - y2) - kill
    k2q = stimulation * math.exp(y2 - q2) - loss * math.exp(third2 * y2)
    y3 = y + 0.5 * dt * k2y
    q3 = q + 0.5 * dt * k2q
    k3y = rate * (q3 - y3) - kill
    k3q = stimulation * math.exp(y3 - q3) - loss * math.exp(third2 * y3)
    y4 = y + dt * k3y
    q4 = q + dt * k3q
    k4y = rate * (q4 - y4) - kill
    k4q = stimulation * math.exp(y4 - q4) - loss * math.exp(third2 * y4)
    return y + dt / 6.0 * (k1y + 2.0 * k2y + 2.0 * k3y + k4y), q + dt / 6.0 * (k1q + 2.0 * k2q + 2.0 * k3q + k4q)


@inline
def stable_step(step, stimulation, angiogenic):
    """RK4 step in days: the wanted one, or a shorter one where K answers faster (at about w times the lever)."""
    return min(step, 0.5 / max(stimulation * max(1.0, angiogenic), 1e-12))


@inline
def grow(law, y, q, dt, rate, y_cap, exponent, kill, stimulation, angiogenic, step):
    """Advance (ln V, ln K) by ``dt`` days at constant conditions; ``rate`` carries the growth factor.

    ``stimulation`` is Hahnfeldt's w in 1/day, ``angiogenic`` the lever on it, ``step`` its RK4 step in days.
    """
    if dt <= 0.0:
        return y, q
    if law == GOMPERTZ:
        gone = -math.expm1(-rate * dt)  # written so that a rate of 0 leaves the kill term intact
        killed = kill * dt if rate * dt < 1e-12 else kill * gone / rate
        return y + (y_cap - y) * gone - killed, q
    if law == EXPONENTIAL:
        return y + (rate - kill) * dt, q
    if law == LOGISTIC:
        r = rate - kill
        x = r * dt
        grown = dt if abs(x) < 1e-12 else math.expm1(x) / r
        return y + x - math.log1p(rate * math.exp(y - y_cap) * grown), q
    if law in (POWER_LAW, VON_BERTALANFFY):
        p = 1.0 - exponent
        loss = kill
        if law == VON_BERTALANFFY:
            loss += rate * math.exp(-p * y_cap)
        u = math.exp(p * y)
        x = p * loss * dt
        grown = p * dt if abs(x) < 1e-12 else -math.expm1(-x) / loss
        return math.log(u * math.exp(-x) + rate * grown) / p, q
    loss = stimulation * math.exp(-2.0 / 3.0 * y_cap)
    n = max(1, int(math.ceil(dt / stable_step(step, stimulation, angiogenic))))
    for _ in range(n):
        y, q = hahnfeldt_step(y, q, rate, stimulation * angiogenic, loss, kill, dt / n)
    return y, q


@inline
def time_to_reach(law, y, target, q, rate, y_cap, exponent, kill, stimulation, angiogenic, step):
    """Days until ln V rises to ``target`` at constant conditions; infinity when it never does."""
    if target <= y:
        return 0.0
    if law == GOMPERTZ:
        y_end = y_cap - kill / rate
        if rate <= 1e-200 or target >= y_end:
            return math.inf
        return math.log((y_end - y) / (y_end - target)) / rate
    if law == EXPONENTIAL:
        r = rate - kill
        return (target - y) / r if r > 0.0 else math.inf
    if law == LOGISTIC:
        r = rate - kill
        if r <= 0.0 or target >= y_cap + math.log(r / rate):
            return math.inf
        c = rate / r
        return (target - y + math.log1p(-c * math.exp(y - y_cap)) - math.log1p(-c * math.exp(target - y_cap))) / r
    if law in (POWER_LAW, VON_BERTALANFFY):
        p = 1.0 - exponent
        loss = kill
        if law == VON_BERTALANFFY:
            loss += rate * math.exp(-p * y_cap)
        u0 = math.exp(p * y)
        u1 = math.exp(p * target)
        if loss <= 1e-300:
            return (u1 - u0) / (p * rate)
        u_end = rate / loss
        if u1 >= u_end:
            return math.inf
        return math.log((u_end - u0) / (u_end - u1)) / (p * loss)
    loss = stimulation * math.exp(-2.0 / 3.0 * y_cap)
    t = 0.0
    step = stable_step(step, stimulation, angiogenic)
    while True:
        y_new, q_new = hahnfeldt_step(y, q, rate, stimulation * angiogenic, loss, kill, step)
        if y_new >= target:
            low = 0.0
            high = step
            for _ in range(50):
                middle = 0.5 * (low + high)
                y_mid, _q = hahnfeldt_step(y, q, rate, stimulation * angiogenic, loss, kill, middle)
                if y_mid < target:
                    low = middle
                else:
                    high = middle
            return t + 0.5 * (low + high)
        if t > 73000.0:
            return math.inf
        y = y_new
        q = q_new
        t += step
