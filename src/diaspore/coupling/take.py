"""How often a cell that arrives in a niche founds a colony: by plain runs, or by splitting where that is rare."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from diaspore.core.errors import InputError
from diaspore.core.spec import validate
from diaspore.coupling.patch import TissuePatch
from diaspore.coupling.splitting import Estimate, plain, split
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec
from diaspore.tissue.state import APOPTOTIC


def alone_in(niche: TissueSpec, arriving: str, types: Sequence[str], cells: int = 1) -> TissueSpec:
    """The niche with only these tumour cells: ``cells`` of the type ``arriving``, lodged in a vessel at the start.

    Raises:
        InputError: an unknown type.
    """
    for name in (arriving, *types):
        if name not in niche.cell_types:
            raise InputError(f"there is no cell type {name!r}", field="types", allowed=list(niche.cell_types))
    data = niche.model_dump(mode="json", by_alias=True, exclude_none=True)
    data.pop("sources", None)
    for field in ("cells", "recruitment"):
        data[field] = [one for one in data.get(field, []) if one["type"] not in types]
    entry = {"type": arriving, "through": "blood", "lodged": True, "number": cells, "cluster": cells}
    data["recruitment"].append(entry)
    found: TissueSpec = validate(TissueSpec, data)
    return found


class _Most:
    """Level of a tissue: live cells of some types; picklable, as copies of tissues need."""

    def __init__(self, kinds: Sequence[int]) -> None:
        self._kinds = tuple(kinds)

    def __call__(self, s: Simulation) -> float:
        n = s.cells.count
        alive = s.cells.phase[:n] < APOPTOTIC
        return float(sum(int(((s.cells.kind[:n] == kind) & alive).sum()) for kind in self._kinds))


def arrived_in(niche: TissueSpec, name: int) -> Simulation:
    """A niche after its first step, with the draws of the seed ``name``: where its cells are and where one arrives."""
    compiled = compile_tissue(niche, seed=name)
    made = Simulation(compiled.scene, compiled.cells, name, 1, compiled.parts)
    made.run(1)
    return made


def take_rate(
    niche: TissueSpec, arriving: str, types: Sequence[str], colony: int, walkers: int = 200, seed: int = 1,
    cluster: int = 1, plain_runs: int = 0,
) -> Estimate:  # fmt: skip
    """Chance that a cell, or a cluster, that is lodged in the niche's vessels grows to a colony within the niche's run.

    Args:
        niche: a tissue with vessels; its own tumour cells are left out.
        arriving: type of the cell that arrives.
        types: types of tumour cells, that one included.
        colony: live tumour cells that make a colony.
        walkers: of the splitting; each is a whole tissue in memory.
        seed: of it all.
        cluster: cells that arrive together.
        plain_runs: above 0, so many runs without splitting instead.

    Raises:
        InputError: an unknown type, or a colony no larger than what arrives.
    """
    if colony <= cluster:
        raise InputError(f"must be more than the {cluster} that arrive, got {colony}", field="colony")
    spec = alone_in(niche, arriving, types, cluster)
    level = _Most([list(spec.cell_types).index(name) for name in types])
    patch = TissuePatch(partial(arrived_in, spec), spec.duration - spec.steps.phenotype, level)
    if plain_runs > 0:
        return plain(patch, float(colony), runs=plain_runs, seed=seed)
    steps, level_now = [], cluster + 1
    while level_now < colony:
        steps.append(float(level_now))
        level_now = max(level_now + 1, round(1.5 * level_now))
    return split(patch, [*steps, float(colony)], walkers=walkers, seed=seed)
