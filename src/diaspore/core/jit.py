"""The one way in which Diaspore compiles a kernel.

Kernels are cached on disk. Numba does not notice that a function *imported* by a cached kernel has changed, so the
cache lives in a folder named for a hash of all code that a package reaches: edited code compiles anew, installed code
compiles once. ``nogil`` lets batches of patients run on plain threads; ``error_model="numpy"`` makes a division by
zero give inf as NumPy does; fast-math stays off because results must have the same bits everywhere.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_ROOT = Path(__file__).resolve().parents[1]
_ENGINES = ("networks", "fields", "tissue", "body")
_IMPORTED = re.compile(r"^\s*(?:from diaspore(?:\.| import )|import diaspore\.)(\w+)", re.MULTILINE)

F = TypeVar("F", bound=Callable[..., Any])

not_kept: list[str] = []  # why compiled kernels cannot be kept, each reason once
_ours = "NUMBA_CACHE_DIR" not in os.environ
_folders: dict[str, Path] = {}  # of packages whose kernels were asked for


@cache
def _sources(package: str) -> tuple[Path, ...]:
    """Files of a package and of all packages that it imports from, or of the whole tree for code that is not ours."""
    if not (_ROOT / package).is_dir():
        return tuple(sorted(_ROOT.rglob("*.py")))
    found, ahead = {package}, [package]
    while ahead:
        for file in (_ROOT / ahead.pop()).rglob("*.py"):
            new = {name for name in _IMPORTED.findall(file.read_text("utf-8")) if (_ROOT / name).is_dir()} - found
            found |= new
            ahead += new
    return tuple(sorted(file for name in found for file in (_ROOT / name).rglob("*.py")))


def _cache_folder(package: str) -> Path:
    """Folder of compiled kernels for exactly this source code."""
    digest = hashlib.sha256()
    for path in _sources(package):
        digest.update(path.relative_to(_ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    base = os.environ.get("DIASPORE_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    parent = Path(base) if base else Path.home() / ".cache"
    folder = parent / "diaspore" / "kernels" / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:  # a read-only home: compile into a private temporary folder instead of failing
        reason = f"{folder.parent}: {error.strerror or error}"
        if reason not in not_kept:
            not_kept.append(reason)
        return Path(tempfile.mkdtemp(prefix="diaspore-kernels-"))


def _use_folder_of(function: Callable[..., Any]) -> None:
    """Tell Numba, which asks when a function is decorated, where its compiled form belongs."""
    if not _ours:
        return
    parts = function.__module__.split(".")
    package = parts[1] if parts[0] == "diaspore" and len(parts) > 2 else ""
    if package not in _folders:
        _folders[package] = _cache_folder(package)
    setattr(numba.config, "CACHE_DIR", str(_folders[package]))  # noqa: B010 - numba declares its settings at run time


def generated_folder(package: str) -> Path:
    """Where generated source code of a package belongs, beside the kernels compiled from it.

    Numba keeps compiled forms only of functions that stand in files.
    """
    if package not in _folders:
        _folders[package] = _cache_folder(package)
    folder = _folders[package] / "generated"
    folder.mkdir(exist_ok=True)
    return folder


def nothing_compiled() -> bool:
    """Whether an engine that is loaded has no compiled kernels yet: the first run of a version compiles them."""
    engines = {package: folder for package, folder in _folders.items() if package in _ENGINES}
    if len(engines) > 1:
        engines.pop("networks", None)  # tissues load it whether or not their cells have networks
    return any(next(folder.rglob("*.nbi"), None) is None for folder in engines.values())


def kernel(function: F) -> F:
    """Compile ``function`` to a cached, GIL-free kernel with IEEE arithmetic."""
    _use_folder_of(function)
    compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    _forgive(getattr(compiled, "_cache", None))
    return cast(F, compiled)


def _forgive(cache: Any) -> None:
    """Let a kernel that cannot be written to the cache (a full disk) run all the same, and say so once."""
    save = getattr(cache, "save_overload", None)
    if save is None:
        return

    def save_or_warn(*arguments: Any, **options: Any) -> None:
        try:
            save(*arguments, **options)
        except OSError as error:
            reason = f"{getattr(cache, 'cache_path', 'the cache')}: {error.strerror or error}"
            if reason not in not_kept:
                not_kept.append(reason)
                print(f"Compiled kernels are not kept: cannot write {reason}", file=sys.stderr, flush=True)

    cache.save_overload = save_or_warn


def inline(function: F) -> F:
    """Like :func:`kernel` for small scalar functions; LLVM inlines them into the kernel that calls them."""
    return cast(F, numba.njit(nogil=True, error_model="numpy")(function))
