"""Runs for other programs: tissues for ParaView, Simularium and single-cell tools, trials for survival analysis."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from diaspore.core.errors import DiasporeError, InputError, nearest_name, shown
from diaspore.core.jsonio import TEMPORARY

if TYPE_CHECKING:
    from diaspore.core.progress import Progress
    from diaspore.core.runstore import Run
    from diaspore.tissue.results import Tissue

__all__ = ["FORMATS", "export_run"]

FORMATS = ("vtu", "simularium", "anndata", "adtte")
_ENDINGS = {"vtu": "-vtu", "simularium": ".simularium", "anndata": ".h5ad", "adtte": "-adtte.csv"}
_ALSO_CALLED = {"vtk": "vtu", "vti": "vtu", "pvd": "vtu", "paraview": "vtu", "h5ad": "anndata", "scanpy": "anndata"}


def export_run(
    run: Run | str | Path,
    to: str,
    path: Path | str | None = None,
    *,
    every: int | None = None,
    snapshot: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write a run in the form of another program; what was written.

    Args:
        run: a run of ``kind: tissue`` (for adtte of ``kind: trial``), or the path of its directory.
        to: one of `FORMATS`.
        path: a file (for vtu a folder) that does not exist yet; by default in the folder ``export`` of the run.
        every: keep one snapshot in so many, and the last one.
        snapshot: only this one.
        progress: where to show how far it is, by default nowhere.

    Raises:
        InputError: another kind of run, format or snapshot than there is; a package is missing.
        DiasporeError: the path is taken or cannot be written.
    """
    from diaspore.core.progress import no_progress
    from diaspore.core.runstore import Run
    from diaspore.tissue.results import opened

    opened_run = run if isinstance(run, Run) else Run.open(run)
    if to == "adtte":
        if every is not None or snapshot is not None:
            raise InputError("a trial has no snapshots", field="every" if every is not None else "snapshot")
        from diaspore.export.adtte import write_adtte

        def make(temporary: Path) -> None:
            write_adtte(opened_run, temporary)
    else:
        write = _writer(to)
        tissue = opened(opened_run, "exports")
        numbers = tissue.chosen(every, snapshot)

        def make(temporary: Path) -> None:
            write(tissue, numbers, temporary, progress or no_progress)

    folder = opened_run.path.resolve()
    target = folder / "export" / f"{folder.name}{_ENDINGS[to]}" if path is None else Path(path)
    if path is None and opened_run.path != folder:
        target = opened_run.path / target.relative_to(folder)
    if target.exists() or target.is_symlink():
        raise DiasporeError(f"{target} exists already; choose another name with -o, or remove it")
    with _made(target) as temporary:
        make(temporary)
    return target


Writer = Callable[["Tissue", Sequence[int], Path, "Progress"], None]


def _writer(to: str) -> Writer:
    if to == "vtu":
        from diaspore.export.vtu import write_vtu

        return write_vtu
    if to == "simularium":
        from diaspore.export.simularium import write_simularium

        return write_simularium
    if to == "anndata":
        from diaspore.export.anndata import write_anndata

        return write_anndata
    near = _ALSO_CALLED.get(str(to).lower()) or nearest_name(to, FORMATS)
    raise InputError(f"{shown(to)} is no format of exports", field="to", allowed=FORMATS, nearest=near)


@contextmanager
def _made(target: Path) -> Iterator[Path]:
    """A temporary name beside ``target`` for a file or folder, which is renamed once it is whole, else removed."""
    temporary = target.parent / f"{TEMPORARY}{target.name}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(temporary)
        try:
            yield temporary
            temporary.rename(target)
        except BaseException:
            _remove(temporary)
            raise
    except OSError as error:
        raise DiasporeError(f"cannot write {target}: {error.strerror or error}") from None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
