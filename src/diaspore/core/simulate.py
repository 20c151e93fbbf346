"""The one verb: a spec goes in, a finished run directory comes out."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import diaspore
from diaspore.core.errors import DiasporeError, InputError, shown
from diaspore.core.mapper import Mapper, mapper
from diaspore.core.parallel import resolve_threads
from diaspore.core.progress import no_progress, progress
from diaspore.core.runlayout import run_status, same_run, tidy
from diaspore.core.runstore import Run, RunStore
from diaspore.core.spec import Spec, kind_of, read_document, spec_from_dict
from diaspore.core.yamlio import Document

MAX_SEED = 2**63 - 1

# Packages whose version can change the bits of a result.
_VERSIONED = ("numpy", "numba", "pyarrow")


def simulate(
    spec: Spec | str | Path | Mapping[str, Any],
    *,
    seed: int = 1,
    out: str | Path | None = None,
    threads: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    controllers: Sequence[Any] = (),
    quiet: bool = False,
    document: Document | None = None,
) -> Run:
    """Run a spec.

    The result depends on spec, seed and installed versions only, bit for bit, not on `threads` nor on interruptions.

    Args:
        spec: a spec, a YAML file, the name of a model that comes with the package ("breast"), or plain data.
        seed: whole number from 0 to 2**63 - 1.
        out: the run directory to make; by default a temporary one, deleted with the returned `Run`.
        threads: default every core available.
        scheduler: address of a Dask scheduler whose workers compute the batches ("tcp://host:8786", or "local" for
            processes on this machine); they must see the directory `out` under the same path. Same bits.
        resume: go on with the unfinished run in `out`; a finished one is returned as it is, an absent one is started.
        controllers: hooks called by the engine at its visit times (`diaspore.core.controller`).
        quiet: show no progress.
        document: where `spec` was read, if it was: kept as input.yaml, and named with its lines in messages.

    Raises:
        InputError: mistakes in the spec or in the arguments.
        RunStoreError: the directory cannot be used or written.
        KeyboardInterrupt: on Ctrl-C; the message says how to go on, unless `out` was not given.
    """
    if isinstance(spec, str | Path):
        spec, document = _read(spec)
    elif not isinstance(spec, Spec):
        spec = spec_from_dict(spec)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InputError(f"must be a whole number from 0 to {MAX_SEED}, got {shown(seed)}", field="seed")
    count = resolve_threads(threads)
    engine = kind_of(spec).engine_function()
    spec_yaml = spec.to_yaml()
    manifest = {
        "kind": spec.kind,
        "name": spec.name,
        "seed": seed,
        "versions": versions(),
        "spec_sha256": hashlib.sha256(spec_yaml.encode()).hexdigest(),
    }
    if resume and out is None:
        raise InputError("needs the directory of the run to go on with", field="resume", allowed="out=DIRECTORY")
    path = Path(tempfile.mkdtemp(prefix="diaspore-")) if out is None else Path(out)
    if resume:
        found = run_status(path)
        if found is not None and found["status"] == "complete":
            same_run(found, manifest, path, spec_yaml)
            tidy(path)
            return Run.open(path)
    try:
        if not quiet:
            _announce_compiling()
            for note in (*(() if document is None else document.remarks), *spec.notes()):
                print(f"note: {note}", file=sys.stderr, flush=True)
        text = None if document is None else document.text
        store = RunStore.create(
            path, manifest, spec_yaml=spec_yaml, input_text=text, resume=resume, lasting=out is not None
        )
        with mapper(scheduler, count) as run_batches:
            _drive(engine, spec, store, seed, run_batches, controllers, quiet)
    except BaseException as error:
        if out is None:
            shutil.rmtree(path, ignore_errors=True)
        elif isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(
                "interrupted; nothing finished so far is lost.\n"
                f"  Go on with the same command and --resume -o {shlex.quote(str(path))} (resume=True in Python)."
            ) from None
        if isinstance(error, InputError) and document is not None:
            raise document.locate(error) from None
        raise
    run = Run.open(path)
    if out is None:
        weakref.finalize(run, shutil.rmtree, path, ignore_errors=True)
    return run


def versions() -> dict[str, str]:
    """Versions that can change the bits of a result: this package, Python, and the numerical packages."""
    known = {"diaspore": diaspore.__version__, "python": platform.python_version()}
    return known | {name: _installed(name) for name in _VERSIONED}


@cache
def _installed(name: str) -> str:
    """Version of a package; looking it up reads its metadata from the disk."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def shipped_model(name: str) -> Path | None:
    """File of a model that comes with the package, by its name without ``.yaml``; None if there is none."""
    return shipped_models().get(name)


def shipped_models() -> dict[str, Path]:
    """Models that come with the package: name -> file, sorted by name."""
    folder = Path(diaspore.__file__).parent / "models"
    return {file.stem: file for file in sorted(folder.rglob("*.yaml"), key=lambda file: file.stem)}


def find_spec_file(file: str | Path) -> Path:
    """The file meant by a path or by the name of a model that comes with the package.

    Raises:
        InputError: neither.
    """
    path = Path(file)
    try:
        if path.is_file():
            return path
        there = path.exists()
    except (OSError, ValueError):  # a name the system does not take; reading says what is wrong with it
        there = True
    model = shipped_model(str(file))
    if model is not None:
        return model
    if there:
        return path
    from diaspore.core.errors import nearest_name

    names = list(shipped_models())
    allowed = "a YAML file, or one of the models: " + (", ".join(names) or "(none)")
    raise InputError("no such file or model", file=file, allowed=allowed, nearest=nearest_name(path.stem, names))


def _read(file: str | Path) -> tuple[Spec, Document]:
    document = read_document(find_spec_file(file))
    return spec_from_dict(document.data, document), document


def _announce_compiling() -> None:
    """Say so before the one long wait there is. Importing an engine loads its kernels, calling them compiles."""
    jit = sys.modules.get("diaspore.core.jit")
    if jit is not None and not os.environ.get("DIASPORE_QUIET") and jit.nothing_compiled():
        again = "only this once."
        if jit.not_kept:
            again = (
                f"at every run: they cannot be kept in {jit.not_kept[0]}.\n  Name another folder in DIASPORE_CACHE_DIR."
            )
        print(f"Compiling the kernels of this version: about a minute, {again}", file=sys.stderr, flush=True)


def _drive(
    engine: Any, spec: Spec, store: RunStore, seed: int, mapper: Mapper, controllers: Sequence[Any], quiet: bool
) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        result = engine(
            spec,
            store,
            seed=seed,
            mapper=mapper,
            controllers=tuple(controllers),
            progress=no_progress if quiet else progress,
        )
        timing = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "threads": mapper.threads}
        store.finish(result["summary"], result.get("citations"), timing)
    except DiasporeError:
        # A mistake found before any result was written must not block the directory for the corrected spec.
        store.discard_if_empty()
        raise
    finally:
        store.close()
