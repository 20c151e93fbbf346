"""What a run directory holds, and how it is looked at: names, manifest, and the checks both sides share."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from diaspore.core.errors import RunStoreError
from diaspore.core.jsonio import TEMPORARY
from diaspore.core.runlock import LOCK_NAME

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
COURSE = "course.zarr"

_MOST = 8  # fields named in a message

TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")
PART = re.compile(r"part-(\d{5})\.parquet")
CHECKPOINT = re.compile(r"(\d{5})\.json")


def run_status(path: str | Path) -> dict[str, Any] | None:
    """Manifest of the run in `path`, finished or not; None where there is no run.

    Raises:
        RunStoreError: a manifest that cannot be read.
    """
    path = Path(path)
    return read_manifest(path) if (path / MANIFEST).is_file() else None


def tidy(path: str | Path) -> None:
    """Remove what a kill at the very end of a finished run left behind: checkpoints and the lock file."""
    path = Path(path)
    shutil.rmtree(path / "checkpoint", ignore_errors=True)
    (path / LOCK_NAME).unlink(missing_ok=True)


def same_run(found: Mapping[str, Any], wanted: Mapping[str, Any], path: str | Path, spec_yaml: str = "") -> None:
    """Check that a run found on disk is the one wanted: every entry of `wanted` but the status is equal.

    Raises:
        RunStoreError: naming what differs.
    """
    changed = [key for key in wanted if key != "status" and found.get(key) != wanted[key]]
    if changed:
        raise RunStoreError(changed_message(Path(path), found, wanted, changed, spec_yaml))


def changed_message(
    path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any], keys: list[str], spec_yaml: str = ""
) -> str:
    """Why a run cannot be gone on with: what was, and what is wanted now, of each key and field of the spec."""
    words = {"versions": "the installed versions"}
    lines = [f"the run in {path} was started differently and cannot be resumed:"]
    for key in keys:
        if key == "spec_sha256":
            lines.append(f"  the spec has changed; {path / 'spec.yaml'} is the one it was started with")
            lines += _changed_fields(path / "spec.yaml", spec_yaml)
        elif isinstance(found.get(key), dict) and isinstance(wanted.get(key), dict):
            old, new = found[key], wanted[key]
            differs = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
            detail = ", ".join(f"{name} {old.get(name)} -> {new.get(name)}" for name in differs)
            lines.append(f"  {words.get(key, key)}: {detail}")
        else:
            lines.append(f"  {key}: {found.get(key)} -> {wanted.get(key)}")
    lines.append("  Start a new run in another directory with -o.")
    return "\n".join(lines)


def _changed_fields(file: Path, spec_yaml: str) -> list[str]:
    """A line for each of the first fields in which two specs differ."""
    from diaspore.core.errors import InputError
    from diaspore.core.yamlio import load_yaml, parse_yaml

    try:
        old, new = (dict(flattened(document.data)) for document in (load_yaml(file), parse_yaml(spec_yaml)))
    except InputError:  # a damaged file: what it held cannot be told
        return []
    fields = [field for field in {**old, **new} if old.get(field) != new.get(field)]
    words = ["nothing" if value is None else value for field in fields for value in (old.get(field), new.get(field))]
    lines = [f"    {field}: {words[2 * i]} -> {words[2 * i + 1]}" for i, field in enumerate(fields)]
    return lines[:_MOST] + ([f"    and {len(lines) - _MOST} more"] if len(lines) > _MOST else [])


def flattened(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted fields of plain data with their values: ``surgery.primary.at``, ``levers[0].factor``."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flattened(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from flattened(inner, f"{prefix}[{index}]")
    else:
        yield prefix, value


@contextmanager
def system_errors(what: str) -> Iterator[None]:
    """Turn errors of the system into a `RunStoreError` that begins with `what`."""
    try:
        yield
    except OSError as error:
        raise RunStoreError(f"{what}: {error.strerror or error}") from error


def make_directory(path: Path) -> list[Path]:
    """Create a directory; the ones that were made, innermost first."""
    missing = []
    folder = path
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    path.mkdir(parents=True, exist_ok=True)
    return missing


def refuse_foreign(path: Path) -> None:
    """Raise `RunStoreError` for a directory with something in it that is not a run."""
    if (path / MANIFEST).exists():
        return
    if any(entry.name != LOCK_NAME and not entry.name.startswith(TEMPORARY) for entry in path.iterdir()):
        raise RunStoreError(
            f"{path} is not empty and is not a run directory; nothing was written.\n  Choose another directory with -o."
        )


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the run in `path`; `RunStoreError` for one that is damaged, foreign or of another format."""
    manifest = read_json(path / MANIFEST)
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or "status" not in manifest:
        raise RunStoreError(f"{path} is not a run directory: its {MANIFEST} is not one of Diaspore's")
    if version != FORMAT_VERSION:
        raise RunStoreError(f"{path} has run format {version}; this version of Diaspore reads format {FORMAT_VERSION}")
    return manifest


def read_json(path: Path) -> Any:
    """A JSON file; `RunStoreError` for one that cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunStoreError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError:
        raise RunStoreError(f"{path} is damaged: it is not valid JSON") from None


def arrow_table(data: Any) -> Any:
    """An Arrow table from one, from a DataFrame (without its index) or from a mapping of columns."""
    import pyarrow as pa

    if isinstance(data, pa.Table):
        table = data
    elif isinstance(data, Mapping):
        table = pa.table({name: pa.array(column) for name, column in data.items()})
    else:
        table = pa.Table.from_pandas(data, preserve_index=False)
    # pandas notes its own version in the schema; the columns alone say all there is.
    return table.replace_schema_metadata(None)


def checksum(path: Path) -> int | None:
    """CRC-32 of a file, or of all files of a folder with their names; None where there is neither."""
    if not path.is_dir():
        return zlib.crc32(path.read_bytes()) if path.is_file() else None
    crc = 0
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        crc = zlib.crc32(file.relative_to(path).as_posix().encode(), crc)
        crc = zlib.crc32(file.read_bytes(), crc)
    return crc


def number_of(batch: int) -> str:
    """A batch number as in file names."""
    if not 0 <= batch <= 99_999:
        msg = f"batch number {batch} is not between 0 and 99999"
        raise ValueError(msg)
    return f"{batch:05d}"


def matching(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    """Files of a folder by name, sorted; none where there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if pattern.fullmatch(file.name))


def folders(folder: Path) -> list[Path]:
    """Folders of a folder, sorted; none where there is no such folder."""
    return sorted(entry for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
