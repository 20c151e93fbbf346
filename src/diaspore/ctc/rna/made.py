"""Made profiles with known truth, from the signatures and a seed: for tests, examples and the shipped classifier.

Nothing here was measured. Levels are in counts per million and only plausible: genes of a list that is on around 60,
off around 0.5, other genes around 3; studies differ in depth (droplets, full length) and by gene, patients by gene.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from diaspore.core.errors import InputError
from diaspore.ctc.rna.annotated import anndata_module
from diaspore.knowledge.profiles import SIGNATURES, markers, signature

SHARES = {
    "CTC": 0.35, "platelet-coated CTC": 0.13, "CTC-leukocyte doublet": 0.13, "leukocyte": 0.27, "other": 0.12,
}  # fmt: skip
"""Kinds of cells and their shares."""
TUMOUR_STATES = {"epithelial": 0.5, "hybrid": 0.25, "mesenchymal": 0.25}
DEPTHS = (3_000.0, 100_000.0)
"""Median counts of a cell in studies with droplets and with whole transcripts, in turn."""
BLOOD_MESENCHYMAL = ("VIM", "EMP3", "LGALS1", "MSN", "TUBA1A", "AP1S2", "SH2B3", "SRGN", "CXCR4")
"""Genes of mesenchymal lists that leukocytes express as well."""
PLATELET_MESENCHYMAL = ("SPARC", "GNG11", "TPM2", "MYL9")
_AMBIENT = np.array([0.9, 0.04, 0.06])
"""Share of leukocytes, red cells and platelets in what floats in the fluid around the cells."""
_BACKGROUND, _HOUSE = 3000, 60
_ON, _OFF, _OTHER, _SHARE_ON = 60.0, 0.5, 3.0, 0.75


def made_profiles(cells: int = 300, patients: int = 6, studies: int = 2, seed: int = 1, world: int = 1) -> Any:
    """An AnnData of made cells.

    Args:
        cells, patients, studies: how many; patients are dealt out to studies in turn. seed: of the cells.
        world: seed of the levels of genes in each kind of cell; another one is a set that a classifier has not seen.

    Returns:
        ``X`` log1p CPM and ``layers["counts"]``, both sparse; ``obs``: kind (of `SHARES`), state (of tumour cells, else
        ""), patient, study. About 3,500 genes, of which 3,060 have made-up names.

    Raises:
        InputError: fewer patients than studies, or none.
    """
    if not (cells > 0 and 0 < studies <= patients):
        raise InputError(
            f"{cells} cells of {patients} patients in {studies} studies cannot be",
            field="patients", allowed="at least one cell and one study, and at least as many patients as studies",
        )  # fmt: skip
    rng = np.random.default_rng(seed)
    names = _names()
    place = {name: i for i, name in enumerate(names)}
    pure = _pure_profiles(place, np.random.default_rng(world))
    people = rng.integers(patients, size=cells)
    study = people % studies
    batch = rng.lognormal(0.0, 0.3, (studies, len(names)))
    person = rng.lognormal(0.0, 0.2, (patients, len(names)))
    blood = np.array([pure["leukocyte"], pure["erythroid"], pure["platelet"]])
    kinds = rng.choice(list(SHARES), size=cells, p=list(SHARES.values()))
    rows, states = [], []
    for i in range(cells):
        level, state = _cell(kinds[i], pure, rng)
        level = level + rng.uniform(0.0, 0.02) * _AMBIENT @ blood
        level = level * batch[study[i]] * person[people[i]] * rng.lognormal(0.0, 0.6, len(names))
        depth = DEPTHS[study[i] % len(DEPTHS)] * rng.lognormal(0.0, 0.5)
        rows.append(sparse.csr_matrix(rng.poisson(depth * level / level.sum()).astype(np.int32)))
        states.append(state)
    counts = sparse.vstack(rows).tocsr()
    totals = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1)
    logs = counts.astype(np.float32).multiply(1e6 / totals[:, None]).tocsr().astype(np.float32)
    logs.data = np.log1p(logs.data)
    obs = pd.DataFrame(
        {
            "kind": kinds, "state": states, "patient": [f"P{p + 1:02d}" for p in people],
            "study": [f"S{s + 1}" for s in study],
        },
        index=pd.Index([f"cell-{i + 1}" for i in range(cells)], dtype=str), dtype=str,
    )  # fmt: skip
    return anndata_module().AnnData(
        X=logs, obs=obs, var=pd.DataFrame(index=pd.Index(names, dtype=str)), layers={"counts": counts},
        uns={"made": f"made profiles, seed {seed}, world {world}: nothing in them was measured"},
    )  # fmt: skip


def _names() -> list[str]:
    known = [gene for name in SIGNATURES for gene in signature(name).genes]
    known += [gene for genes in markers().values() for gene in genes]
    known += [*BLOOD_MESENCHYMAL, *PLATELET_MESENCHYMAL]
    made = [f"MADE{i:04d}" for i in range(_BACKGROUND)] + [f"HOUSE{i:02d}" for i in range(_HOUSE)]
    return [*dict.fromkeys(known), *made]


def _pure_profiles(place: dict[str, int], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Mean level of every gene in cells of one kind, counts per million before normalising."""
    known = len(place) - _BACKGROUND - _HOUSE
    base = np.empty(len(place))
    base[:known] = _OFF * rng.lognormal(0.0, 1.0, known)
    base[known:-_HOUSE] = _OTHER * rng.lognormal(0.0, 2.0, _BACKGROUND)
    base[-_HOUSE:] = (1e6 - base[:-_HOUSE].sum()) / _HOUSE

    def on(genes: tuple[str, ...], level: float, share: float = 1.0) -> np.ndarray:
        columns = np.array([place[gene] for gene in genes])
        columns = columns[rng.random(len(columns)) < share]
        added = np.zeros(len(place))
        added[columns] = level * rng.lognormal(0.0, 1.0, len(columns))
        return added

    lines, tumours, marks = signature("KS_cellline"), signature("KS_tumour"), markers()
    low = on(tuple(dict.fromkeys(lines.epithelial + tumours.epithelial)), _ON, _SHARE_ON) + on(marks["epithelial"], 300)
    # Leukocytes and stroma stand in the mesenchymal list of tumours: tumour cells do not make all of it.
    high = on(lines.mesenchymal, _ON, _SHARE_ON) + on(tumours.mesenchymal, _ON, 0.35)
    high[[place[gene] for gene in marks["leukocyte"] if gene in place]] = 0.0
    white = on(marks["leukocyte"], 250) + on(BLOOD_MESENCHYMAL, 300) + on(tumours.mesenchymal, _ON, 0.15)
    return {
        "epithelial": base + low, "hybrid": base + 0.6 * low + 0.6 * high, "mesenchymal": base + high,
        "leukocyte": base + white, "platelet": base + on(marks["platelet"], 4000) + on(PLATELET_MESENCHYMAL, 1000),
        "endothelial": base + on(marks["endothelial"], 200) + 0.7 * high,
        "erythroid": base + on(marks["erythroid"], 8000),
    }  # fmt: skip


def _cell(kind: str, pure: dict[str, np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Levels of one cell, and its state if there is a tumour cell in it."""
    if kind == "leukocyte":
        return pure["leukocyte"], ""
    if kind == "other":
        which = rng.choice(["endothelial", "erythroid", "platelet", "debris"])
        if which == "debris":
            mixed = rng.dirichlet(np.ones(3)) @ np.array([pure["leukocyte"], pure["erythroid"], pure["platelet"]])
            return 0.2 * mixed + 0.8 * np.median(list(pure.values()), axis=0), ""
        return pure[str(which)], ""
    state = str(rng.choice(list(TUMOUR_STATES), p=list(TUMOUR_STATES.values())))
    level = pure[state]
    if kind == "platelet-coated CTC":
        coat = rng.uniform(0.05, 0.4)
        level = (1.0 - coat) * level + coat * pure["platelet"]
    elif kind == "CTC-leukocyte doublet":
        share = rng.uniform(0.25, 0.75)
        level = (1.0 - share) * level + share * pure["leukocyte"]
    return level, state
