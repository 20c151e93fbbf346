"""The one way in which Diaspore compiles a kernel.

Kernels are cached on disk. Numba does not notice that a function *imported* by a cached kernel has changed, so the
cache lives in a folder named for a hash of the whole source tree: an edited tree compiles anew, an installed one
compiles once. ``nogil`` lets batches of patients run on plain threads; ``error_model="numpy"`` makes a division by
zero give inf as NumPy does; fast-math stays off because results must have the same bits everywhere.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

_PACKAGES = ("core", "networks", "fields", "tissue", "body", "ctc", "coupling", "inference")  # those that hold kernels

F = TypeVar("F", bound=Callable[..., Any])

not_kept: list[str] = []  # why compiled kernels cannot be kept, each reason once


def _cache_folder() -> Path:
    """Folder of compiled kernels for exactly this source tree."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for package in _PACKAGES for path in (root / package).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    base = os.environ.get("DIASPORE_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    parent = Path(base) if base else Path.home() / ".cache"
    folder = parent / "diaspore" / "kernels" / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:  # a read-only home: compile into a private temporary folder instead of failing
        not_kept.append(f"{folder}: {error.strerror or error}")
        return Path(tempfile.mkdtemp(prefix="diaspore-kernels-"))


if "NUMBA_CACHE_DIR" not in os.environ:
    setattr(numba.config, "CACHE_DIR", str(_cache_folder()))  # noqa: B010 - numba declares its settings at run time


def nothing_compiled() -> bool:
    """Whether the cache is empty: the first run of a version on a machine compiles for about a minute."""
    folder = Path(str(getattr(numba.config, "CACHE_DIR")))  # noqa: B009 - numba declares its settings at run time
    return next(folder.rglob("*.nbi"), None) is None


def kernel(function: F) -> F:
    """Compile ``function`` to a cached, GIL-free kernel with IEEE arithmetic."""
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
