"""A small kind of spec with a batched engine, for tests of everything around an engine."""

from __future__ import annotations

import os
import signal
import time
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from diaspore.core.citations import Citations
from diaspore.core.errors import InputError
from diaspore.core.runstore import RunStore
from diaspore.core.spec import Spec, register_kind
from diaspore.core.units import Fraction, Quantity


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Surgery(Part):
    type: Literal["surgery"] = "surgery"
    day: Annotated[float, Quantity("day", ge=0)]


class Drug(Part):
    type: Literal["drug"] = "drug"
    drug: str
    clearance: Annotated[float, Quantity("1/day", gt=0)] = 0.5


class Organ(Part):
    weight: float = Field(1.0, ge=0, description="relative weight of this organ")
    volume: Annotated[float, Quantity("mm**3", gt=0)]


class DummySpec(Spec):
    kind: Literal["dummy"] = "dummy"
    doubling_time: Annotated[float, Quantity("day", gt=0)] = Field(
        120.0, description="doubling time of the primary", validate_default=False
    )
    rate: Annotated[float, Quantity("1/day", ge=0)] = 0.1
    share: Fraction = 0.5
    count: int = Field(4, ge=1)
    level: Literal["low", "high"] = "low"
    limit: Annotated[float, Quantity("day", ge=0)] | None = None
    organs: dict[str, Organ] = Field(default_factory=dict)
    therapy: tuple[Annotated[Surgery | Drug, Field(discriminator="type")], ...] = ()
    rows: int = Field(100, ge=1)
    batches: int = Field(4, ge=1)
    pause_s: float = 0.0

    @model_validator(mode="after")
    def _one_level_rule(self) -> DummySpec:
        if self.level == "high" and self.share == 0:
            raise InputError("a high level needs a share above 0", allowed="share above 0")
        return self


def run_dummy(
    spec: DummySpec, store: RunStore, *, seed: int, mapper: Any, controllers: Any, progress: Any
) -> dict[str, Any]:
    """Batches of random rows; kills or interrupts itself when the environment says so."""
    if spec.name == "refused":
        raise InputError("the engine refuses this", field="name")
    store.annotate(parameter_set="dummy-1")
    done = store.completed()

    def batch(number: int) -> tuple[int, pd.DataFrame | None]:
        if number in done:
            return number, None
        time.sleep(spec.pause_s)
        rng = np.random.Generator(np.random.Philox(key=[seed, number]))
        values = rng.normal(size=spec.rows)
        first = number * spec.rows
        return number, pd.DataFrame({"row": np.arange(first, first + spec.rows), "value": values, "site": "liver"})

    total = 0.0
    with progress(spec.batches, "batches") as bar:
        for number, frame in mapper(batch, range(spec.batches)):
            if frame is None:
                total += store.checkpoint(number)["sum"]
                continue
            store.write_part("rows", number, frame)
            _misbehave("between", number)
            store.commit(number, {"sum": float(frame["value"].sum())})
            _misbehave("after", number)
            total += float(frame["value"].sum())
            bar.advance()
    citations = Citations([("Paget1889", "seed and soil")])
    return {
        "summary": {"total": total, "rows": spec.rows * spec.batches, "undefined": float("nan")},
        "citations": citations,
    }


def _misbehave(where: str, number: int) -> None:
    if os.environ.get("DUMMY_KILL") == f"{where}:{number}":
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get("DUMMY_INTERRUPT") == f"{where}:{number}":
        raise KeyboardInterrupt


def register() -> None:
    """Make ``kind: dummy`` known."""
    register_kind("dummy", "tests.dummy_kind:DummySpec", "tests.dummy_kind:run_dummy")
