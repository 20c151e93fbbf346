"""What a ready scene is: a shipped model, its measures, and its ablations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec
from diaspore.tissue.ablation import Ablation, Measure
from diaspore.tissue.spec import TissueSpec

SCENES: tuple[str, ...] = (
    "invasion-front",
    "intravasation",
    "lung-niche",
    "liver-niche",
    "bone-niche",
    "brain-niche",
    "lymph-node",
    "peritoneal-implant",
    "angiogenic-switch",
    "immune-infiltration",
    "premetastatic-niche",
)
"""Names of the models; each has a module here (with _ for -), and a model in three dimensions, NAME-3d."""


@dataclass(frozen=True)
class ReadyScene:
    """A ready scene.

    Attributes:
        name: of its model.
        measures: name -> unit and meaning, in order.
        measure: reads them from a finished run.
        ablations: what can be switched off.
        expected: (ablation, outcome of the list of signs) -> measure that stands for the outcome.
    """

    name: str
    measures: Mapping[str, tuple[str, str]]
    measure: Measure
    ablations: Sequence[Ablation]
    expected: Mapping[tuple[str, str], str]

    @property
    def file(self) -> Path:
        """Its model."""
        return shipped_models()[self.name]

    def spec(self) -> TissueSpec:
        """The scene as it is."""
        return cast(TissueSpec, load_spec(self.file))

    def table(self) -> Path:
        """Stored runs of its ablations."""
        return Path(__file__).parent / "tables" / f"{self.name}.csv"


def scene(name: str) -> ReadyScene:
    """A ready scene by its name.

    Raises:
        InputError: there is none of this name.
    """
    if name not in SCENES:
        raise InputError(f"there is no scene {shown(name)}", allowed=SCENES, nearest=nearest_name(name, SCENES))
    module: ModuleType = import_module(f"diaspore.tissue.scenes.{name.replace('-', '_')}")
    return cast(ReadyScene, module.SCENE)
