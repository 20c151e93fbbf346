"""The default run of a public program of spread between organ grids, mean of twenty seeds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from diaspore.core.parallel import resolve_threads
from diaspore.core.simulate import find_spec_file
from diaspore.core.spec import validate
from diaspore.core.yamlio import load_yaml
from diaspore.tissue.lattice.compile import compile_lattice
from diaspore.tissue.lattice.spec import LatticeSpec
from diaspore.validation.registry import Result

SEEDS = range(1, 21)
STEPS = 37_346


def run() -> Result:
    """Cells by grid at the end."""
    spec = validate(LatticeSpec, load_yaml(find_spec_file("metaspread-default")).data)

    def end(seed: int) -> np.ndarray:
        lattice = compile_lattice(spec, seed).lattice
        lattice.run(STEPS)
        return lattice.per_grid()

    with ThreadPoolExecutor(resolve_threads(None)) as threads:
        mean = np.mean(list(threads.map(end, SEEDS)), axis=0)
    result = Result()
    result.add("primary_mesenchymal", mean[0, 0])
    result.add("primary_epithelial", mean[1, 0])
    result.add("second_mesenchymal", mean[0, 1])
    return result
