"""How often intervals for the level behind a count hold the truth."""

from __future__ import annotations

import numpy as np

from diaspore.validation.registry import Result

TUBES, SEED, MOST = 10_000, 13, 1e5


def run() -> Result:
    """Truths from the prior, from another law, and fixed ones; each tube drawn stage by stage."""
    from diaspore.ctc.assay import Prior, assay, posterior, tumour_population
    from diaspore.ctc.assay.counts import draw
    from diaspore.ctc.assay.posterior import metastatic

    result = Result()
    beads, cells = assay("cellsearch"), tumour_population(1.0)
    known: dict[int, tuple[float, float]] = {}

    def covered(truths: np.ndarray, seed: int) -> float:
        # One level for each tube: tubes of the same stage-by-stage draw, scaled by their own truth.
        held = 0
        rng = np.random.Generator(np.random.Philox(key=(seed, 77)))
        level = rng.gamma(beads.swing, 1.0 / beads.swing, len(truths))
        a = beads.handling * beads.concentration
        kept = rng.beta(a, beads.concentration - a, len(truths))
        count = np.zeros(len(truths), dtype=np.int64)
        for one in cells.members:
            drawn = rng.poisson(level * truths * one.share)
            count += rng.binomial(drawn, beads.found(one, kept))
        false = rng.gamma(beads.background_shape, beads.background / beads.background_shape, len(truths))
        count += rng.poisson(false)
        for truth, number in zip(truths, count, strict=True):
            if int(number) not in known:
                known[int(number)] = posterior(int(number), beads, cells).interval()
            low, high = known[int(number)]
            held += low <= truth <= high
        return held / len(truths)

    prior = metastatic()
    truths = prior.draw(2 * TUBES, np.random.Generator(np.random.Philox(SEED)))
    # Counts of a hundred thousand are left out: one tube in a hundred, each of which would need a posterior of its own.
    result.add("averaged", covered(truths[truths < MOST][:TUBES], SEED))
    other = Prior("log-normal", 20.0, 1.0)
    result.add("wrong_prior", covered(other.draw(TUBES, np.random.Generator(np.random.Philox(SEED + 1))), SEED + 1))
    for number, truth in enumerate((0, 1, 5, 50, 500)):
        # Drawn by the same code as users draw tubes.
        table = draw(beads, cells.at(truth / beads.volume), TUBES, SEED + 10 + number)
        held = 0
        for count, times in table["count"].value_counts().items():
            if int(str(count)) not in known:
                known[int(str(count))] = posterior(int(str(count)), beads, cells).interval()
            low, high = known[int(str(count))]
            held += int(times) * (low <= truth <= high)
        result.add(f"truth_{truth}", held / TUBES)
    return result
