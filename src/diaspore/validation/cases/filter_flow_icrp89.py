"""First-pass arrest on the blood-flow network of the ICRP 89 man."""

from __future__ import annotations

import numpy as np

from diaspore.validation.models import filter_flow as ff
from diaspore.validation.registry import Result
from diaspore.validation.tolerance import clopper_pearson

PHI = 0.9999
WALKERS = {0.9999: 2_000_000, 0.5: 300_000}
PRINTED = {
    "venous": ("lung", "kidneys", "brain", "liver", "red_marrow", "adrenals"),
    "gut": ("liver", "lung", "brain"),
    "lung": ("kidneys", "skeletal_muscle", "brain", "liver", "adrenals"),
}


def engine_shares(source: str, phi: float) -> dict[str, float]:
    """Shares arrested by compartment from the body engine: all held cells leave the vessel, none dies or is
    released.
    """
    from diaspore.body.circulation import Rates, network_of, solve

    net = network_of("male")
    zero = np.zeros(len(net.nodes))
    rates = Rates(hold=np.where(net.is_bed, phi, 0.0), release=zero, extravasate=zero + 1.0, die=zero, flow_death=0.0)
    start = zero.copy()
    start[net.index(ff.SOURCES[source])] = 1.0
    return dict(zip(net.nodes, solve(net, rates, start[None, :]).extravasated[0], strict=True))


def run() -> Result:
    """Solve, sum the series, walk, and ask the engine."""
    result = Result()
    net = ff.network(ff.male_edges())
    exact = {(s, phi): ff.arrest_by_solve(net, s, phi) for s in ff.SOURCES for phi in WALKERS}
    series = max(float(np.abs(ff.arrest_by_series(net, s, phi) - x).max()) for (s, phi), x in exact.items())
    result.add("reference_matches_series", series)
    result.add("conservation", max(abs(float(exact[s, PHI].sum()) - 1.0) for s in ff.SOURCES))
    for source, organs in PRINTED.items():
        for organ in organs:
            result.add(f"{source}_{organ}", exact[source, PHI][net.index(organ)])

    counts = {
        key: ff.arrest_by_walkers(net, key[0], key[1], WALKERS[key[1]], seed=89 + i) for i, key in enumerate(exact)
    }
    result.add("walkers", _outside(counts, exact))

    try:
        engine = {key: engine_shares(*key) for key in exact}
    except Exception as error:  # the engine's part is judged apart from the reference
        for check in ("engine_matches_dense_solve", "engine_walkers"):
            result.skip(check, f"the body engine gave no answer: {type(error).__name__}: {error}")
        return result
    shares = {key: np.array([engine[key].get(name, 0.0) for name in net.names]) for key in exact}
    strangers = sum(sum(abs(v) for k, v in e.items() if k not in net.names) for e in engine.values())
    result.add("engine_matches_dense_solve", max(float(np.abs(shares[k] - exact[k]).max()) for k in exact) + strangers)
    result.add("engine_walkers", _outside(counts, shares))
    return result


def _outside(counts: dict[tuple[str, float], np.ndarray], shares: dict[tuple[str, float], np.ndarray]) -> int:
    """Organs whose binomial interval (99.99 %) leaves out the exact share."""
    outside = 0
    for key, found in counts.items():
        for k, share in zip(found, shares[key], strict=True):
            low, high = clopper_pearson(int(k), WALKERS[key[1]], 0.9999)
            outside += not low <= share <= high
    return outside
