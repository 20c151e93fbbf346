"""Parts of a run: what a batch of patients leaves in the run directory, computed here or on another machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from diaspore.body.batch import Workspace
from diaspore.core.mapper import Mapper
from diaspore.core.runstore import PartWriter, RunStore
from diaspore.core.spec import Spec, spec_from_dict
from diaspore.core.yamlio import parse_yaml

Work = Callable[[Any, PartWriter, int, Sequence[Any], Workspace], "tuple[int, dict[str, Any]]"]
_spaces = threading.local()


@dataclass(frozen=True)
class Part:
    """A batch that has been computed: its number, patients, what the engine keeps of it, and the files written."""

    index: int
    patients: int
    extra: dict[str, Any]
    files: frozenset[str]


@dataclass(frozen=True)
class Task:
    """Computes batches in any process that sees the run directory.

    Attributes:
        module: of the engine; it has ``prepare(spec, seed)`` and a ``run_part`` of type `Work`.
        spec_yaml, seed: what is run. path: the run directory. controllers: hooks of the engine.
    """

    module: str
    spec_yaml: str
    seed: int
    path: str
    controllers: tuple[Any, ...]

    def __call__(self, index: int) -> Part:
        """Compute and write one batch."""
        prepared = _prepared(self.module, self.spec_yaml, self.seed)
        return compute(import_module(self.module).run_part, prepared, Path(self.path), index, self.controllers)


@lru_cache(maxsize=4)
def _prepared(module: str, spec_yaml: str, seed: int) -> Any:
    return import_module(module).prepare(spec_from_dict(parse_yaml(spec_yaml).data), seed)


def compute(work: Work, prepared: Any, path: Path, index: int, controllers: Sequence[Any]) -> Part:
    """Compute one batch and write its parts; every thread uses its memory again."""
    if not hasattr(_spaces, "own"):
        _spaces.own = Workspace()
    writer = PartWriter(path)
    patients, extra = work(prepared, writer, index, controllers, _spaces.own)
    return Part(index, patients, extra, frozenset(writer.written.get(index, ())))


def run_parts(
    module: str,
    prepared: Any,
    spec: Spec,
    store: RunStore,
    todo: Sequence[int],
    *,
    seed: int,
    mapper: Mapper,
    controllers: Sequence[Any],
    bar: Any,
) -> None:
    """Compute the batches ``todo`` where the mapper says, and commit them in order."""
    if mapper.client is None:
        work = import_module(module).run_part

        def task(index: int) -> Part:
            return compute(work, prepared, store.path, index, controllers)

        parts = mapper(task, todo)
    else:
        away = Task(module, spec.to_yaml(), seed, str(store.path.resolve()), tuple(controllers))
        parts = mapper(away, todo)
    for part in parts:
        store.written[part.index] = set(part.files)
        store.commit(part.index, part.extra)
        bar.advance(part.patients)
