"""Early metastasis: trajectories of wild type and double mutant, and exact probabilities of where they end."""

from __future__ import annotations

import numpy as np

from diaspore.networks.boolean.absorption import absorption
from diaspore.networks.boolean.ensemble import Ensemble, probabilities
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from diaspore.validation.networks import shipped_boolean
from diaspore.validation.registry import Result

NETWORK = "cohen-2015"
TRAJECTORIES = 1_000_000
SEED = 1
DOUBLE = {"NICD": "on", "p53": "off"}


def run() -> Result:
    """Phenotypes in the last window; absorption without damage of DNA."""
    result = Result()
    wild = _last(shipped_boolean(NETWORK))
    for check, node in (
        ("metastasis", "Metastasis"), ("emt", "EMT"), ("apoptosis", "Apoptosis"), ("arrest", "CellCycleArrest"),
    ):  # fmt: skip
        result.add(check, wild[node])
    mutant = _last(shipped_boolean(NETWORK, DOUBLE))
    result.add("double_metastasis", mutant["Metastasis"])
    result.add("double_apoptosis", mutant["Apoptosis"])
    rest = absorption(shipped_boolean(NETWORK, start={"ECMicroenv": 0.0, "DNAdamage": 0.0}))
    result.add("exact_emt", rest.of(EMT=1))
    result.add("exact_rest", rest.of(EMT=0, CellCycleArrest=0, Apoptosis=0, Metastasis=0))
    double = absorption(shipped_boolean(NETWORK, DOUBLE, start={"DNAdamage": 0.0}))
    result.add("exact_double", double.of(Metastasis=1))
    return result


def _last(spec: BooleanNetworkSpec) -> dict[str, float]:
    """Probability of each node in the last window."""
    found = Ensemble(spec).run(SEED, 0, TRAJECTORIES)
    shares = probabilities(found.nodes, TRAJECTORIES, np.ones(spec.windows))[-1]
    return dict(zip(spec.nodes, shares.tolist(), strict=True))
