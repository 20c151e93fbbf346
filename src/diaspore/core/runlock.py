"""One writer per run directory: a lock file that dies with its process."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from diaspore.core.errors import RunStoreError

try:
    import fcntl
except ImportError:  # not a POSIX system: the process id in the file has to do
    fcntl = None  # type: ignore[assignment]

LOCK_NAME = ".lock"


class RunLock:
    """Holds ``<directory>/.lock`` until `release`.

    The system's advisory lock decides where there is one, so a killed process never leaves a directory locked. On file
    systems without it, the process id noted in the file decides: one that no longer runs is taken over.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / LOCK_NAME
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            RunStoreError: another living process writes this run.
            OSError: the file cannot be created.
        """
        for _ in range(3):
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
            try:
                self._claim(handle)
                # The previous holder may have deleted the file between our open and our lock.
                if _same_file(handle, self.path):
                    self._note(handle)
                    self._handle = handle
                    return
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
        raise RunStoreError(f"{self.path.parent} is being written by another process")

    def release(self) -> None:
        """Delete the file and let go; does nothing when not held."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        self.path.unlink(missing_ok=True)
        os.close(handle)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._handle is not None

    def _claim(self, handle: int) -> None:
        holder = _read(handle)
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                raise self._refusal(holder) from None
            except OSError:
                pass  # no locks on this file system
        if holder is not None and _alive(holder):
            raise self._refusal(holder)

    def _refusal(self, holder: dict[str, Any] | None) -> RunStoreError:
        who = "" if holder is None else f" (process {holder.get('pid')} on {holder.get('host')})"
        return RunStoreError(
            f"{self.path.parent} is being written by another process{who}.\n"
            "  Wait for it to end, or choose another directory with -o."
        )

    @staticmethod
    def _note(handle: int) -> None:
        os.ftruncate(handle, 0)
        note = {"pid": os.getpid(), "host": socket.gethostname(), "started": _started(os.getpid())}
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, json.dumps(note).encode())


def _same_file(handle: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(handle)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _read(handle: int) -> dict[str, Any] | None:
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        note = json.loads(os.read(handle, 4096) or b"null")
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None


def _alive(holder: dict[str, Any]) -> bool:
    """Whether the process that wrote the note still runs; one on another machine is taken to be alive."""
    pid = holder.get("pid")
    if not isinstance(pid, int) or pid <= 0:
        return False
    if holder.get("host") != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    # The same number may have been given to a new process since.
    return holder.get("started") is None or holder.get("started") == _started(pid)


def _started(pid: int) -> str | None:
    """Start time of a process in clock ticks since boot (Linux), else None."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]
