"""The same networks in the reference program and here: every node in every window, within the errors of both sides.

The random numbers of the reference program are those of consecutive seeds, one for each trajectory. Runs whose seeds
overlap share trajectories, and the points of one run form a lattice: mostly more even than random ones, but small runs
can be off by several standard errors, all in the same way (0.03 with 5 x 2,000 trajectories where this program meets
the exact chain; 0.004 with 5 x 20,000). So several runs with distant seeds are made, the error is the larger of the
binomial one and of their scatter, and a part of the deviation is granted to the lattice. The exact chain needs no such
grace: the same random networks are compared with it, too.
"""

from __future__ import annotations

import math
import random
import re
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from diaspore.core.spec import spec_from_dict
from diaspore.networks.boolean.engine import node_table, phenotype_table
from diaspore.networks.boolean.ensemble import Ensemble
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from diaspore.networks.formats.maboss import read_maboss, write_maboss
from tests.networks.boolean_common import (
    SHARED,
    all_states,
    generator,
    names_of,
    network,
    random_logic,
    start_distribution,
)

BATCHES = 5
LATTICE = 0.01
PUBLISHED = sorted(path for path in SHARED.rglob("*.bnd") if path.with_suffix(".cfg").is_file())


def reference(bnd: Path, cfg: str, names: list[str], batch: int) -> np.ndarray:
    """Probabilities of the nodes, ``[batches, windows, nodes]``."""
    import cmaboss

    found = []
    for k in range(BATCHES):
        path = bnd.with_name(f"run{k}.cfg")
        path.write_text(cfg + f"seed_pseudorandom = {1000 + 7_919_000 * k**3 + batch};\n")
        values, _, columns, *_ = cmaboss.MaBoSSSim(str(bnd), str(path)).run().get_nodes_probtraj()
        table = np.zeros((len(values), len(names)))
        for column, name in enumerate(columns):  # nodes that are never on are left out
            table[:, names.index(name)] = np.asarray(values)[:, column]
        found.append(table)
    return np.array(found)


def agree(ours: np.ndarray, many: int, theirs: np.ndarray, batch: int) -> None:
    windows = min(len(ours), theirs.shape[1])
    assert windows >= len(ours) - 1
    ours, theirs = np.clip(ours[:windows], 0.0, 1.0), np.clip(theirs[:, :windows], 0.0, 1.0)
    mean = theirs.mean(axis=0)
    share = np.clip(0.5 * (ours + mean), 1e-4, 1.0 - 1e-4)
    binomial = share * (1.0 - share) / (batch * BATCHES)
    scatter = theirs.var(axis=0, ddof=1) / BATCHES
    error = np.sqrt(np.maximum(binomial, scatter) + share * (1.0 - share) / many)
    # Bonferroni: one false alarm in ten thousand tests of all these figures together.
    limit = statistics.NormalDist().inv_cdf(1.0 - 0.5e-4 / ours.size)
    np.testing.assert_array_less(np.abs(ours - mean), limit * error + LATTICE)


def table_of(spec: BooleanNetworkSpec) -> np.ndarray:
    found = node_table(spec, Ensemble(spec).run(5, 0, spec.trajectories))
    return np.array([found[name] for name in spec.nodes]).T


@pytest.mark.parametrize("path", PUBLISHED or [None], ids=lambda path: path.stem if path else "absent")
def test_published_files(path: Path | None, tmp_path: Path) -> None:
    pytest.importorskip("cmaboss")
    if path is None:
        pytest.skip("the published files are not here")
    batch, many = 1000, 100_000
    text = path.with_suffix(".cfg").read_text()
    for setting, value in (("max_time", 12), ("time_tick", 1), ("sample_count", batch), ("use_physrandgen", 0)):
        text = re.sub(rf"^\s*{setting}\s*=[^;]*;", f"{setting} = {value};", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*(seed_pseudorandom|thread_count)\s*=[^;]*;", "", text, flags=re.MULTILINE)
    text = re.sub(r"(\.is_internal\s*=)[^;]*;", r"\1 0;", text)
    bnd, cfg = tmp_path / "n.bnd", tmp_path / "n.cfg"
    bnd.write_text(path.read_text())
    cfg.write_text(text)
    data = read_maboss(bnd, cfg).data | {"outputs": [], "trajectories": many}
    spec = spec_from_dict(data)
    assert isinstance(spec, BooleanNetworkSpec)
    assert (spec.duration, spec.window) == (12.0, 1.0)
    agree(table_of(spec), many, reference(bnd, text, list(spec.nodes), batch), batch)


def random_spec(seed: int) -> BooleanNetworkSpec:
    rng = random.Random(seed)
    names = names_of(rng.randint(2, 7))
    nodes: dict[str, Any] = {}
    for name in names:
        node: dict[str, Any] = {"logic": random_logic(rng, names)}
        kind = rng.random()
        if kind < 0.25:
            node |= {"up": f"@logic ? $fast : {rng.choice(['0.0', '$slow'])}", "down": "@logic ? 0.0 : 0.5 + $slow"}
        elif kind < 0.4:
            node["up"] = f"$slow * ({random_logic(rng, names, 2)}) + ({rng.choice(names)} ? 2 : 0.25)"
        elif kind < 0.5:
            node = {
                "up": "@mine ? $fast : 0",
                "down": rng.choice([0.3, "@mine ? 0 : 1"]),
                "attributes": {"mine": node["logic"]},
            }
        elif kind < 0.6:
            nodes[name] = None
            continue
        nodes[name] = node
    start: dict[str, Any] = {"default": rng.choice([0.0, 0.5, 0.3]), "on": {names[0]: rng.random()}}
    if len(names) > 3 and rng.random() < 0.5:
        keys = rng.sample(["00", "01", "10", "11"], rng.randint(1, 3))
        start["joint"] = [{"nodes": names[1:3], "states": {key: rng.choice([0.1, 0.5, 2.0]) for key in keys}}]
    return network(
        nodes, parameters={"fast": rng.choice([1.0, 3.0]), "slow": 0.2}, initial=start,
        updating=rng.choice(["continuous", "continuous", "discrete"]), duration=6, window=rng.choice([0.5, 1.0]),
        trajectories=60_000,
    )  # fmt: skip


def exactly(spec: BooleanNetworkSpec, ours: np.ndarray) -> None:
    """Against the Markov chain on all states."""
    matrix, state = generator(spec), start_distribution(spec)
    if spec.updating == "discrete":
        np.fill_diagonal(matrix, 0.0)
        total = matrix.sum(axis=1, keepdims=True)
        matrix = np.divide(matrix, total, out=np.zeros_like(matrix), where=total > 0.0) + np.diag(total[:, 0] == 0.0)
        means = [state @ np.linalg.matrix_power(matrix, k) for k in range(spec.windows)]
    else:
        n = len(state)
        double = expm(np.block([[matrix, np.eye(n)], [np.zeros((n, 2 * n))]]) * spec.window)
        step, integral = double[:n, :n], double[:n, n:] / spec.window
        means = [state @ np.linalg.matrix_power(step, k) @ integral for k in range(spec.windows)]
    exact = np.array(means) @ all_states(len(spec.nodes))
    error = np.sqrt(np.clip(exact * (1.0 - exact), 0.0, None) / spec.trajectories)
    np.testing.assert_array_less(np.abs(ours - exact), 5.0 * error + 1e-7)


def compare(seed: int, folder: Path) -> None:
    spec, batch = random_spec(seed), 8000
    bnd, cfg = write_maboss(spec.model_copy(update={"trajectories": batch}))
    path = folder / f"r{seed}.bnd"
    path.write_text(bnd)
    ours = table_of(spec)
    exactly(spec, ours)
    agree(ours, spec.trajectories, reference(path, cfg, list(spec.nodes), batch), batch)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_random_networks(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("cmaboss")
    compare(seed, tmp_path_factory.getbasetemp())


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_more_random_networks(block: int, tmp_path: Path) -> None:
    pytest.importorskip("cmaboss")
    for seed in range(20_000 + 30 * block, 20_030 + 30 * block):
        compare(seed, tmp_path)


def test_names_and_shares_of_phenotypes(tmp_path: Path) -> None:
    cmaboss = pytest.importorskip("cmaboss")
    spec = network(
        {"A": "!B", "B": "!A", "C": "A | B", "D": "C"}, outputs=["A", "B", "D"], initial={"default": 0}, duration=8,
        trajectories=40_000,
    )  # fmt: skip
    bnd, cfg = write_maboss(spec)
    (tmp_path / "n.bnd").write_text(bnd)
    (tmp_path / "n.cfg").write_text(cfg + "seed_pseudorandom = 9;\n")
    run = cmaboss.MaBoSSSim(str(tmp_path / "n.bnd"), str(tmp_path / "n.cfg")).run()
    values, _, names, *_ = run.get_probtraj()
    ours = phenotype_table(spec, Ensemble(spec).run(1, 0, 40_000))
    last = {
        name: share
        for name, share, begin in zip(ours["phenotype"], ours["probability"], ours["begin"], strict=True)
        if begin == 7.0
    }

    def key(name: str) -> frozenset[str]:
        return frozenset(name.split(" -- "))

    mine = {key(name): share for name, share in last.items()}
    for name, share in zip(names, values[-1], strict=True):
        error = math.sqrt(2.0 * max(share * (1.0 - share), 1e-4) / 40_000)
        assert abs(mine.get(key(name), 0.0) - share) < 5.0 * error
