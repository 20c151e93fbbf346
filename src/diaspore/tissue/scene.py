"""What does not change in a run of a tissue: the compiled description, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from diaspore.fields.diffusion import Substance
from diaspore.fields.grid import Grid
from diaspore.tissue.networks import BooleanCellNetwork, KineticCellNetwork
from diaspore.tissue.reactions import Reaction
from diaspore.tissue.rules import RuleBook


@dataclass(frozen=True)
class Steps:
    """Time steps, min; each a whole multiple of the one before.

    Where no substance is transient, a step of mechanics may grow up to ``longest`` while cells are slow; at 0 it does
    not. ``balanced``: how cells exchange transient substances (see ``kernels.exchange``).
    """

    diffusion: float = 0.01
    mechanics: float = 0.1
    phenotype: float = 6.0
    longest: float = 0.0
    balanced: bool = True


@dataclass(frozen=True)
class Scene:
    """All that does not change in a run.

    Attributes:
        grid: voxels of the substances; its box is the domain of the cells.
        substances: how each moves; first those of the pace fast, then slow and steady ones, then still ones.
        paces: of each substance.
        initial: (S,) level at the start.
        kinds: (K,) records of `kinds.KIND`.
        repulsion, adhesion: (K, K) strength between two types, um/min; without the strengths of single cells, only
            how well the types hold to each other, where rules move them.
        friction: (K,) of each type with the medium, over that for which the strengths are given.
        base: (K, B) base value of every behaviour, see ``behaviours``; ``behaviours`` are their names.
        dead_uptake: (K,) share of its uptake that a dead cell keeps.
        each_alike: (K,) whether gradients count by their direction only.
        rules: what moves behaviours in single cells.
        names: of substances and of cell types, for messages.
        networks: of molecules in the cells.
        reactions: among substances.
        kept: row in the column `CARRIED` of each signal that cells carry and something reads.
        steps: time steps.
        skin: of the lists of neighbours, um.
        precision: of the substances.
    """

    grid: Grid
    substances: tuple[Substance, ...]
    paces: tuple[str, ...]
    initial: np.ndarray
    kinds: np.ndarray
    repulsion: np.ndarray
    adhesion: np.ndarray
    friction: np.ndarray
    base: np.ndarray
    dead_uptake: np.ndarray
    each_alike: np.ndarray
    rules: RuleBook
    behaviours: tuple[str, ...]
    names: tuple[tuple[str, ...], tuple[str, ...]]
    networks: tuple[BooleanCellNetwork | KineticCellNetwork, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    kept: Mapping[str, int] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)
    skin: float = 2.5
    precision: type[np.floating] = np.float64

    @property
    def fast(self) -> int:
        """Substances that are followed in time with the steps of diffusion: the first ones."""
        return self.paces.count("fast")

    @property
    def spreading(self) -> int:
        """Substances that spread; those from here on are still."""
        return len(self.paces) - self.paces.count("still")
