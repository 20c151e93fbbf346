"""Run directories, format 1: written batch by batch so that a killed run can go on, read back by everything else.

Layout::

    manifest.json  spec.yaml  input.yaml  summary.json  citations.json  references.bib  timing.json
    tables/<name>/part-00000.parquet ...   course.zarr/   plots/
    checkpoint/00000.json ...              only while running: one file per finished batch, written last

Every file is written beside its place and renamed, so after a kill it is there whole or not at all. A power cut can
still tear what the system had not yet written out; a checkpoint therefore holds checksums of its batch's files, and a
batch that does not match them is computed again. Nothing waits for the disk until the end: a run is declared complete
only after all of it is there. No file but timing.json holds a time: two runs of the same spec, seed and versions have
the same bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diaspore.core.citations import Citations
from diaspore.core.errors import RunStoreError
from diaspore.core.jsonio import TEMPORARY, sync_directory, sync_tree, to_json, write_atomic, write_text
from diaspore.core.runlayout import (
    CHECKPOINT,
    COURSE,
    FORMAT_VERSION,
    MANIFEST,
    PART,
    TABLE_NAME,
    arrow_table,
    changed_message,
    checksum,
    folders,
    make_directory,
    matching,
    number_of,
    read_json,
    read_manifest,
    refuse_foreign,
    system_errors,
)
from diaspore.core.runlock import LOCK_NAME, RunLock

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from diaspore.core.zarrio import Variable


class PartWriter:
    """Writes batches' parts of tables into a run directory; workers on other machines have one each.

    Attributes:
        path: the directory.
        written: the files of each batch, relative to the directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: dict[int, set[str]] = {}

    def write_part(self, table: str, batch: int, data: Any) -> None:
        """Write one batch's rows of a table; an earlier part of the same batch is replaced.

        Args:
            table: table name, e.g. ``"patients"``.
            batch: batch number, 0 to 99,999; parts are read back in this order.
            data: a pandas DataFrame (its index is dropped), an Arrow table, or a mapping of column name -> array.

        Raises:
            RunStoreError: the disk is full, or the system refuses; no temporary file is left.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not TABLE_NAME.fullmatch(table):
            msg = f"{table!r} is not a table name"
            raise ValueError(msg)
        arrow = arrow_table(data)
        folder = self.path / "tables" / table
        target = folder / f"part-{number_of(batch)}.parquet"

        # Only words repeat enough for a dictionary; trying one on every column of numbers doubles the time.
        words = [field.name for field in arrow.schema if pa.types.is_dictionary(field.type)]
        whole = pa.BufferOutputStream()
        pq.write_table(arrow, whole, compression="zstd", compression_level=1, version="2.6", use_dictionary=words)
        with system_errors(f"cannot write {target}"):
            folder.mkdir(parents=True, exist_ok=True)
            write_atomic(target, whole.getvalue())
        self.written.setdefault(batch, set()).add(target.relative_to(self.path).as_posix())

    def write_course(self, batch: int, variables: Mapping[str, Variable]) -> None:
        """Write (or replace) course.zarr, from the results of one batch: variables by name, coordinates included.

        Raises:
            RunStoreError: the disk is full, or the system refuses.
        """
        self.write_arrays(COURSE, batch, variables)

    def write_arrays(self, name: str, batch: int, variables: Mapping[str, Variable]) -> None:
        """Write (or replace) a group of arrays of one batch under ``name``, such as ``snapshots/00003.zarr``.

        Raises:
            RunStoreError: the disk is full, or the system refuses.
        """
        from diaspore.core.zarrio import write_zarr

        target = self.path / name
        temporary = target.parent / f"{TEMPORARY}{target.name}"
        with system_errors(f"cannot write {target}"):
            target.parent.mkdir(exist_ok=True)
            shutil.rmtree(temporary, ignore_errors=True)
            try:
                write_zarr(temporary, variables)
                shutil.rmtree(target, ignore_errors=True)
                temporary.rename(target)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
        self.written.setdefault(batch, set()).add(name)


class RunStore(PartWriter):
    """The writing side of a run directory; made by `create`, which also takes its lock.

    Attributes:
        path: the directory.
        manifest: what identifies the run, with its ``status`` ("running" or "complete").
    """

    def __init__(
        self, path: Path, manifest: dict[str, Any], lock: RunLock, made: list[Path], lasting: bool = True
    ) -> None:
        super().__init__(path)
        self.manifest = manifest
        self._lock = lock
        self._made = made
        self._lasting = lasting

    @classmethod
    def create(
        cls,
        path: str | Path,
        manifest: Mapping[str, Any],
        *,
        spec_yaml: str,
        input_text: str | None = None,
        resume: bool = False,
        lasting: bool = True,
    ) -> RunStore:
        """Start a run in `path`, or go on with one.

        Args:
            path: a new or empty directory, or with `resume` one that holds this run unfinished.
            manifest: what identifies the run (kind, name, seed, versions, spec hash); compared on resume.
            spec_yaml: the resolved spec.
            input_text: the spec as the user wrote it.
            resume: keep the finished batches found in `path`; a new or empty directory is simply started.
            lasting: outlast a power cut; waiting for the disk can take longer than a short run.

        Raises:
            RunStoreError: `path` holds something else, a finished run, an unfinished one without `resume`, or one with
                another spec, seed or version; another process writes it; the system refuses.
        """
        path = Path(path)
        entries = dict(manifest) | {"format_version": FORMAT_VERSION, "status": "running"}
        entries = {"format_version": FORMAT_VERSION} | entries
        with system_errors(f"cannot start a run in {path}"):
            made = make_directory(path)
            refuse_foreign(path)
            lock = RunLock(path)
            lock.acquire()
        store = cls(path, entries, lock, made, lasting)
        try:
            with system_errors(f"cannot start a run in {path}"):
                if (path / MANIFEST).exists():
                    store._go_on(resume, spec_yaml)
                # The manifest comes first: from here on the directory is known as ours.
                store._write_manifest(durable=lasting)
                write_text(path / "spec.yaml", spec_yaml)
                if input_text is not None:
                    write_text(path / "input.yaml", input_text)
        except BaseException:
            store.close()
            raise
        return store

    def commit(self, batch: int, extra: Mapping[str, Any] | None = None) -> None:
        """Declare a batch finished: on resume it is kept. Call it after all its parts are written.

        `extra` is what the engine needs of the batch to go on, as plain data; `checkpoint` gives it back exactly.

        Raises:
            RunStoreError: the disk is full, or the system refuses.
        """
        folder = self.path / "checkpoint"
        target = folder / f"{number_of(batch)}.json"
        with system_errors(f"cannot write {target}"):
            sums = {name: checksum(self.path / name) for name in sorted(self.written.get(batch, ()))}
            record = {"batch": batch, "checksums": sums, "extra": dict(extra or {})}
            folder.mkdir(exist_ok=True)
            write_text(target, to_json(record, exact=True))

    def completed(self) -> set[int]:
        """Numbers of the batches that are finished and whole; a damaged one counts as not finished."""
        done = set()
        for file in matching(self.path / "checkpoint", CHECKPOINT):
            try:
                sums = dict(read_json(file)["checksums"])
                if all(checksum(self.path / name) == found for name, found in sums.items()):
                    done.add(int(file.stem))
            except (RunStoreError, LookupError, TypeError, ValueError, OSError):
                continue
        return done

    def checkpoint(self, batch: int) -> dict[str, Any]:
        """The `extra` given to `commit` for a finished batch."""
        extra: dict[str, Any] = read_json(self.path / "checkpoint" / f"{number_of(batch)}.json")["extra"]
        return extra

    def annotate(self, **entries: Any) -> None:
        """Add to the manifest what only the engine knows, e.g. the parameter set and its hash.

        Raises:
            RunStoreError: on resume, when the value differs from that of the first attempt.
        """
        changed = [key for key, value in entries.items() if key in self.manifest and self.manifest[key] != value]
        if changed:
            raise RunStoreError(changed_message(self.path, self.manifest, entries, changed))
        if any(key not in self.manifest for key in entries):
            self.manifest |= entries
            with system_errors(f"cannot write {self.path / MANIFEST}"):
                self._write_manifest()

    def finish(
        self, summary: Mapping[str, Any], citations: Citations | None = None, timing: Mapping[str, Any] | None = None
    ) -> None:
        """Write what is left, declare the run complete, remove the checkpoints and let the directory go.

        Raises:
            RunStoreError: the disk is full, or the system refuses; the run can then still be resumed.
        """
        cited = citations if citations is not None else Citations()
        with system_errors(f"cannot finish the run in {self.path}"):
            write_text(self.path / "citations.json", to_json(cited.to_json()))
            write_text(self.path / "references.bib", cited.bibtex())
            write_text(self.path / "timing.json", to_json(dict(timing or {})))
            write_text(self.path / "summary.json", to_json(summary))
            # All that the word "complete" stands for must be on the disk before it.
            if self._lasting:
                sync_tree(self.path)
                for folder in self._made:
                    sync_directory(folder.parent)
            self.manifest["status"] = "complete"
            self._write_manifest(durable=self._lasting)
            shutil.rmtree(self.path / "checkpoint", ignore_errors=True)
            self._lock.release()

    def close(self) -> None:
        """Let the directory go without finishing; it can be resumed. Does nothing after `finish`."""
        self._lock.release()

    def discard_if_empty(self) -> bool:
        """Remove what `create` made if no batch was written, so that the user can start again; True if removed."""
        if self.manifest["status"] == "complete" or (self.path / "checkpoint").exists():
            return False
        names = {MANIFEST, "spec.yaml", "input.yaml", LOCK_NAME}
        if not self._lock.held or any(entry.name not in names for entry in self.path.iterdir()):
            return False
        for name in names - {LOCK_NAME}:
            (self.path / name).unlink(missing_ok=True)
        self._lock.release()
        for folder in self._made:
            try:
                folder.rmdir()
            except OSError:
                break
        return True

    def _go_on(self, resume: bool, spec_yaml: str) -> None:
        """Check that the unfinished run found here is this one, take over its manifest, clear what was half-written."""
        found = read_manifest(self.path)
        if found["status"] == "complete":
            raise RunStoreError(
                f"{self.path} already holds a finished run.\n  Choose another directory with -o, or remove this one."
            )
        if not resume:
            raise RunStoreError(
                f"{self.path} holds an unfinished run.\n"
                "  Go on with it by --resume (resume=True in Python), or choose another directory with -o."
            )
        changed = [key for key in self.manifest if found.get(key) != self.manifest[key]]
        if changed:
            raise RunStoreError(changed_message(self.path, found, self.manifest, changed, spec_yaml))
        self.manifest = found
        for leftover in [*self.path.rglob(f"{TEMPORARY}*")]:
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        done = self.completed()
        for file in matching(self.path / "checkpoint", CHECKPOINT):
            if int(file.stem) not in done:
                file.unlink()
        for folder in folders(self.path / "tables"):
            for part in matching(folder, PART):
                if int(part.stem.removeprefix("part-")) not in done:
                    part.unlink()

    def _write_manifest(self, *, durable: bool = False) -> None:
        write_text(self.path / MANIFEST, to_json(self.manifest), durable=durable)


class Run:
    """A finished run, read from its directory; made by `Run.open` or `diaspore.simulate`.

    Attributes:
        path: the directory.
        manifest: what identifies the run: kind, name, seed, versions, spec hash.
        spec: the resolved spec as plain data.
        summary: the main results as plain data (null where a number is undefined).
        citations: the sources the run used.
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open a finished run.

        Raises:
            RunStoreError: not a run directory, not finished, damaged, or of a newer format.
        """
        path = Path(path)
        if not path.is_dir():
            raise RunStoreError(
                f"{path} is not a run directory: " + ("a file" if path.exists() else "no such directory")
            )
        if not (path / MANIFEST).is_file():
            raise RunStoreError(f"{path} is not a run directory: it has no {MANIFEST}")
        manifest = read_manifest(path)
        if manifest["status"] != "complete":
            name, seed = manifest.get("name", "FILE"), manifest.get("seed", 1)
            raise RunStoreError(
                f"the run in {path} is not finished.\n"
                f"  Go on with it: diaspore run {name} --seed {seed} -o {path} --resume\n"
                f"  (with the file it was started from in place of {name}, if that was your own)"
            )
        for name in ("summary.json", "spec.yaml", "citations.json"):
            if not (path / name).is_file():
                raise RunStoreError(f"the run in {path} is damaged: {name} is missing")
        return cls(path, manifest)

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved spec as plain data."""
        from diaspore.core.yamlio import load_yaml

        data = load_yaml(self.path / "spec.yaml").data
        if not isinstance(data, dict):
            raise RunStoreError(f"{self.path / 'spec.yaml'} is damaged: it holds no spec")
        return data

    @property
    def summary(self) -> dict[str, Any]:
        """The main results as plain data."""
        summary = read_json(self.path / "summary.json")
        if not isinstance(summary, dict):
            raise RunStoreError(f"{self.path / 'summary.json'} is damaged: it holds no results")
        return summary

    @property
    def citations(self) -> Citations:
        """The sources the run used."""
        file = self.path / "citations.json"
        try:
            return Citations.from_json(read_json(file))
        except (LookupError, TypeError):
            raise RunStoreError(f"{file} is damaged: it holds no citations") from None

    def tables(self) -> list[str]:
        """Names of the tables, sorted."""
        return [folder.name for folder in folders(self.path / "tables") if matching(folder, PART)]

    def table(self, name: str) -> pd.DataFrame:
        """One table with the rows of all batches, in order, index 0..n-1.

        Raises:
            RunStoreError: no such table, or a damaged part.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder = self.path / "tables" / name
        parts = matching(folder, PART)
        if not parts and folder.is_dir():
            raise RunStoreError(f"the table {name} of {self.path} is damaged: {folder} holds no part-00000.parquet")
        if not parts:
            raise RunStoreError(f"{self.path} has no table {name!r}; it has: {', '.join(self.tables()) or 'none'}")
        try:
            table = pa.concat_tables([pq.read_table(part, partitioning=None) for part in parts])
        except (pa.ArrowInvalid, OSError) as error:
            raise RunStoreError(f"the table {name} of {self.path} cannot be read: {error}") from None
        return table.unify_dictionaries().to_pandas()

    def course(self) -> xr.Dataset | None:
        """Time courses of the patients as labelled arrays, or None where the run has none.

        Raises:
            RunStoreError: a damaged file; the message names it.
        """
        return self.arrays(COURSE)

    def arrays(self, name: str) -> xr.Dataset | None:
        """A group of labelled arrays such as ``snapshots/00003.zarr``, or None where the run has none of that name.

        Raises:
            RunStoreError: a damaged file; the message names it.
        """
        import xarray as xr

        from diaspore.core.zarrio import DamagedFile, read_zarr

        folder = self.path / name
        if not folder.is_dir():
            return None
        try:
            arrays = read_zarr(folder)
            if arrays is None:  # written by another program
                return xr.open_zarr(folder, consolidated=False, chunks=None)
            return xr.Dataset({name: (array.dims, array.values, dict(array.attrs)) for name, array in arrays.items()})
        except DamagedFile as error:
            raise RunStoreError(str(error)) from None
        except (OSError, ValueError, KeyError) as error:
            raise RunStoreError(f"{folder} cannot be read: {error}") from None

    def __repr__(self) -> str:
        return f"<Run {self.manifest.get('name')!r} seed {self.manifest.get('seed')} in {self.path}>"
