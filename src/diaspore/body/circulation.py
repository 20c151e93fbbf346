"""The circulation as an absorbing network, solved exactly.

A cell that enters a compartment is either held in its capillary bed (probability ``hold``) or passes. A passing cell
survives its transit with 1/(1 + death * transit). A held cell is released (on into the bed's vein), leaves the vessel,
or dies: three competing rates. With x the expected number of entries into each compartment per cell shed,

    x = source + T' (g * x),    g = (1 - hold) * survive + hold * release_share,

so one linear solve per class of cells gives where every cell ends, with all re-entries, and the flux through every
vessel, that is, concentrations in steady state. Adding the states "held" and "in transit" gives a Markov chain in time,
from which the half-life after resection follows. Idea of the filter-flow view: scott2014; flows: ICRP89.
A Monte-Carlo walker is the oracle in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

SECONDS_PER_DAY = 86400.0


@dataclass(frozen=True)
class Network:
    """Vessels of one person.

    Attributes:
        nodes: names of compartments, length n.
        routing: (n, n) share of the outflow of i that enters j; rows sum to 1.
        flow: (n,) blood flow through each compartment, mL/day.
        volume: (n,) blood volume of each compartment, mL.
        is_bed: (n,) True for compartments with a capillary bed.
        portal: indices of compartments that drain into the liver.
    """

    nodes: tuple[str, ...]
    routing: np.ndarray
    flow: np.ndarray
    volume: np.ndarray
    is_bed: np.ndarray
    portal: tuple[int, ...]

    @property
    def transit(self) -> np.ndarray:
        """Mean transit time of each compartment, day."""
        return self.volume / self.flow

    def index(self, name: str) -> int:
        """Position of a compartment."""
        return self.nodes.index(name)


VESSELS = ("large_veins", "right_heart", "left_heart", "aorta_large_arteries")


def build_network(
    edges: list[tuple[str, str, float]], volume_percent: dict[str, float], blood_ml: float, cardiac_output_ml_day: float
) -> Network:
    """Network from directed flows (percent of cardiac output) and blood volumes (percent of blood)."""
    names = tuple(dict.fromkeys([a for a, _, _ in edges] + [b for _, b, _ in edges]))
    n = len(names)
    position = {name: i for i, name in enumerate(names)}
    percent = np.zeros((n, n))
    for a, b, value in edges:
        percent[position[a], position[b]] += value
    outflow = percent.sum(axis=1)
    routing = percent / outflow[:, None]
    flow = outflow / 100.0 * cardiac_output_ml_day
    volume = np.array([volume_percent[name] for name in names]) / 100.0 * blood_ml
    is_bed = np.array([name not in VESSELS for name in names])
    liver = position["liver"]
    portal = tuple(i for i in range(n) if percent[i, liver] > 0 and names[i] not in VESSELS)
    return Network(names, routing, flow, volume, is_bed, portal)


@cache
def network_of(sex: str) -> Network:
    """The ICRP-89 man or woman."""
    from diaspore.knowledge.anatomy import circulation

    c = circulation(sex)
    percent = {name: float(v) / c.blood_volume_ml * 100.0 for name, v in zip(c.nodes, c.volumes_ml, strict=True)}
    return build_network(list(c.edges), percent, c.blood_volume_ml, c.cardiac_output_l_min * 1000.0 * 1440.0)


@dataclass(frozen=True)
class Rates:
    """What one class of cells meets, per compartment of a network (arrays of shape (n,)); rates in 1/day.

    Attributes:
        hold: probability of being held on entering the bed (0 in large vessels).
        release, extravasate, die: rates out of the held state.
        flow_death: death rate in flow (scalar).
    """

    hold: np.ndarray
    release: np.ndarray
    extravasate: np.ndarray
    die: np.ndarray
    flow_death: float

    @property
    def leaving(self) -> np.ndarray:
        """Total rate out of the held state."""
        return self.release + self.extravasate + self.die


@dataclass(frozen=True)
class Fate:
    """Where cells end, per source: arrays of shape (sources, n) unless said otherwise, per cell shed.

    ``entries`` are expected passages through each compartment, ``outflow`` expected exits into the next one.
    ``arrested`` are the cells held in a bed less those released again; that they are the sum of the two next ones, and
    with the last one all that was shed, is left for others to check.
    """

    entries: np.ndarray
    outflow: np.ndarray
    arrested: np.ndarray
    extravasated: np.ndarray
    died_held: np.ndarray
    died_in_flow: np.ndarray


def solve(network: Network, rates: Rates, sources: np.ndarray) -> Fate:
    """Exact fates of cells that enter compartments with the distribution of each row of ``sources`` (m, n)."""
    survive = 1.0 / (1.0 + rates.flow_death * network.transit)
    held = rates.hold > 0.0
    total = np.where(held, rates.leaving, 1.0)
    release = np.where(held, rates.release / total, 0.0)
    pass_on = (1.0 - rates.hold) * survive + rates.hold * release
    matrix = np.eye(len(network.nodes)) - network.routing.T * pass_on[None, :]
    entries = np.linalg.solve(matrix, sources.T).T
    held_cells = entries * rates.hold
    return Fate(
        entries=entries,
        outflow=entries * pass_on,
        arrested=held_cells * (1.0 - release),
        extravasated=held_cells * np.where(held, rates.extravasate / total, 0.0),
        died_held=held_cells * np.where(held, rates.die / total, 0.0),
        died_in_flow=entries * (1.0 - rates.hold) * (1.0 - survive),
    )


COMPARTMENTS = ("portal", "central_venous", "arterial", "arm")


def concentrations(network: Network, fate: Fate) -> np.ndarray:
    """Cells per mL in portal, central venous, arterial and arm venous blood per cell/day shed, shape (sources, 4).

    A concentration is flux over flow, so a vein just behind a bed carries what that bed let through.
    """
    out, flow = fate.outflow, network.flow
    portal = list(network.portal)
    aorta, liver = network.index("aorta_large_arteries"), network.index("liver")
    # What enters the liver by the portal vein: everything that does not come by the hepatic artery, so also the cells
    # that a primary in a portal organ sheds straight into its vein.
    by_portal = fate.entries[:, liver] - out[:, aorta] * network.routing[aorta, liver]
    arm = [network.index("skeletal_muscle"), network.index("skin")]
    columns = [
        by_portal / flow[portal].sum(),
        out[:, network.index("large_veins")] / flow[network.index("large_veins")],
        out[:, aorta] / flow[aorta],
        out[:, arm].sum(axis=1) / flow[arm].sum(),
    ]
    return np.stack(columns, axis=1)


def generator(network: Network, rates: Rates) -> np.ndarray:
    """Generator (2n, 2n) of the chain in time: states 0..n-1 in transit, n..2n-1 held; deaths leave the chain."""
    n = len(network.nodes)
    q = np.zeros((2 * n, 2 * n))
    leave = 1.0 / network.transit
    for i in range(n):
        q[i, i] -= leave[i] + rates.flow_death
        q[n + i, n + i] -= rates.leaving[i]
        for j in np.flatnonzero(network.routing[i]):
            share = network.routing[i, j]
            for state, rate in ((i, leave[i]), (n + i, rates.release[i])):
                q[state, j] += rate * share * (1.0 - rates.hold[j])
                q[state, n + j] += rate * share * rates.hold[j]
    return q


def decay_after_resection(network: Network, rates: Rates, source: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Flux of cells (per day and shed cell/day) through the arm vein, ``hours`` after shedding has stopped."""
    n = len(network.nodes)
    q = generator(network, rates)
    start = np.concatenate([source * (1.0 - rates.hold), source * rates.hold])
    occupancy = np.linalg.solve(-q.T, start)
    values, left = np.linalg.eig(q.T)
    weights = np.linalg.solve(left, occupancy.astype(complex))
    observe = np.zeros(2 * n)
    for name in ("skeletal_muscle", "skin"):
        k = network.index(name)
        observe[k] = 1.0 / network.transit[k]
        observe[n + k] = rates.release[k]
    modes = (observe @ left) * weights
    curve: np.ndarray = (modes[None, :] * np.exp(values[None, :] * (hours[:, None] / 24.0))).sum(axis=1).real
    return curve


def half_life_hours(network: Network, classes: list[tuple[float, Rates]], source: np.ndarray) -> float:
    """Hours until the arm-vein concentration has fallen to half after shedding has stopped (bisection to 1e-6 h).

    ``classes`` are shares of shed cells and what they meet.
    """

    def level(hours: float) -> float:
        at = np.array([hours])
        return sum(share * float(decay_after_resection(network, rates, source, at)[0]) for share, rates in classes)

    half = 0.5 * level(0.0)
    low, high = 0.0, 1.0
    while level(high) > half:
        high *= 2.0
        if high > 1e5:
            return float("inf")
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        if level(middle) > half:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
