"""A trial on workers of a real scheduler: the same bits as on threads, also when a worker is killed on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from diaspore.core.simulate import simulate
from diaspore.core.spec import spec_from_dict

distributed = pytest.importorskip("distributed")

TRIAL: dict[str, Any] = {
    "schema_version": 1, "kind": "trial", "name": "on workers", "parameters": "breast-2026.2", "patients": 12_000,
    "numerics": {"lesion_limit": 5}, "surgery": {"primary": {"at": "30 day"}},
    "follow_up": {"duration": "12 year", "visits": [{"every": "6 month", "until": "12 year"}]},
    "arms": [
        {"name": "none"},
        {"name": "paclitaxel", "treatment": ["paclitaxel 80 mg/m2 weekly for 12 weeks from surgery"]},
    ],
    "analysis": {"follow_up": "10 year", "endpoints": ["recurrence"]},
}  # fmt: skip


def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    spec = spec_from_dict(TRIAL)
    here = simulate(spec, seed=2, out=tmp_path / "here", quiet=True, threads=1)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        pids = [worker.pid for worker in cluster.workers.values()]
        assert len(set(pids)) == 2
        assert os.getpid() not in pids
        killed: list[int] = []

        def kill_one() -> None:
            """Once the first batch is there, and others are not."""
            parts = tmp_path / "there" / "outcomes"
            deadline = time.monotonic() + 120.0
            while time.monotonic() < deadline:
                if any((tmp_path / "there").rglob("outcomes*/*")) or any(parts.glob("*")):
                    os.kill(pids[0], signal.SIGKILL)
                    killed.append(pids[0])
                    return
                time.sleep(0.005)

        watcher = threading.Thread(target=kill_one)
        watcher.start()
        there = simulate(
            spec, seed=2, out=tmp_path / "there", quiet=True, scheduler=cluster.scheduler_address, threads=1
        )
        watcher.join()
    assert killed, "the run was over before a worker could be killed"
    assert here.table("outcomes").equals(there.table("outcomes"))
    assert here.table("effects").equals(there.table("effects"))
    assert here.summary == there.summary
