"""Where two switches of epithelial-mesenchymal transition turn."""

from __future__ import annotations

from collections.abc import Mapping

from diaspore.core.simulate import shipped_model
from diaspore.core.spec import load_spec
from diaspore.networks.kinetic.equilibria import Equilibria
from diaspore.networks.kinetic.spec import KineticNetworkSpec
from diaspore.validation.registry import Result

State = Mapping[str, float]
HALVINGS = 11


def run() -> Result:
    """Folds of the one network, and jumps of the other as its input is raised and lowered."""
    result = Result()
    branch = Equilibria(_network("lu-2013")).follow("SNAIL", 150_000.0, 250_000.0)
    folds = sorted(branch.folds, key=lambda fold: fold.value)
    names = ("lu_m_appears", "lu_hybrid_appears", "lu_e_lost", "lu_hybrid_lost")
    if len(folds) != len(names):
        for name in names:
            result.skip(name, f"{len(folds)} folds in place of four")
    else:
        for name, fold in zip(names, folds, strict=True):
            result.add(name, fold.value)
    tian = _network("tian-2013")
    # E-cadherin: about 3 in epithelial, 1 in partial and 0.1 in mesenchymal cells.
    epithelial = _rest(tian, 0.0, {})
    up, partial = _jump(tian, 0.5, 1.5, epithelial, below=2.2)
    back, _ = _jump(tian, 1.2, 0.3, partial, above=2.2)
    full, _ = _jump(tian, 1.5, 3.0, partial, below=0.4)
    for name, value in (("tian_partial", up), ("tian_back", back), ("tian_full", full)):
        result.add(name, value)
    return result


def _network(name: str) -> KineticNetworkSpec:
    file = shipped_model(name)
    assert file is not None
    spec = load_spec(file)
    assert isinstance(spec, KineticNetworkSpec)
    return spec


def _rest(spec: KineticNetworkSpec, level: float, start: State) -> State:
    """Where cells come to rest at a level of the input."""
    return Equilibria(spec, {"TGFb": level}).settled(start).state


def _jump(
    spec: KineticNetworkSpec, begin: float, end: float, start: State, *, below: float = -1.0, above: float = 1e9
) -> tuple[float, State]:
    """The level at which E-cadherin leaves its range when the input goes from one end to the other by small steps.

    Steps are halved before the jump; each starts from the rest of the last one. Also the state after the jump.
    """
    state, step, level = _rest(spec, begin, start), 0.5 * (end - begin), begin
    after = state
    for _ in range(HALVINGS):
        while True:
            found = _rest(spec, level + step, state)
            if not below <= found["Ecad"] <= above:
                after = found
                break
            level, state = level + step, found
            if (end - level) * step <= 0.0:
                return level, state
        step *= 0.5
    return level + step, after
