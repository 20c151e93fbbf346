"""Second pass: with the whole slide known, every event gets its class, how sure that is, and its cluster."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diaspore.ctc.images.clusters import clusters
from diaspore.ctc.images.eventarray import write_calls
from diaspore.ctc.images.gates import LEUKOCYTE, TUMOUR, UNASSIGNED, Gates
from diaspore.ctc.images.measuring import TABLES, Measurements
from diaspore.ctc.images.mixture import Mixture, mixture
from diaspore.ctc.images.parts import Parts, read_parts
from diaspore.ctc.images.relative import Reference, reference, standardised


@dataclass(frozen=True)
class Caller:
    """What a slide's events are called by: gates, leukocytes, mixture (None: too few leukocytes), top of the camera."""

    gates: Gates
    reference: Reference
    mixture: Mixture | None
    top: float

    @classmethod
    def of(cls, gates: Gates, measured: Measurements) -> Caller:
        """For the events of a slide, from a sample of them."""
        found = reference(measured.sample, measured.tiles[0].names)
        mixed = mixture(standardised(measured.sample, found)["balance"].to_numpy(), found) if found.enough else None
        return cls(gates, found, mixed, measured.tiles[0].top)

    def call(self, events: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
        """Events with what depends on the slide.

        New columns: ``balance`` and ``NAME_z`` (see `relative`), ``class``, ``probability`` of being a tumour cell (NaN
        where there are too few leukocytes to say), and those of `clusters.clusters`.
        """
        table = pd.concat([events, standardised(events, self.reference)], axis=1)
        table["class"] = self.gates.classify(table, self.top)
        chance = np.full(len(table), np.nan) if self.mixture is None else self.mixture.probability(table["balance"])
        table["probability"] = chance.astype(np.float32)
        found = []
        tiles, begins = np.unique(table["tile"].to_numpy(), return_index=True)
        borders = dict(iter(contacts.groupby("tile")))
        nothing = contacts.iloc[:0]
        for tile, begin, end in zip(tiles, begins, [*begins, len(table)][1:], strict=True):
            here = table.iloc[begin:end]
            found.append(clusters(here["label"].to_numpy(), here["class"].to_numpy(), borders.get(tile, nothing)))
        joined = pd.concat(found, ignore_index=True) if found else clusters(np.zeros(0), np.zeros(0), nothing)
        return pd.concat([table.reset_index(drop=True), joined], axis=1)


@dataclass
class Tally:
    """A slide: ``counts`` by class, ``probabilities`` of its calls, ``clusters``, and the events to ``show``."""

    counts: dict[str, int]
    probabilities: np.ndarray
    clusters: dict[str, int]
    show: pd.DataFrame


def call_all(caller: Caller, measured: Measurements, work: Path, slide: str, gallery: int) -> Tally:
    """Call the events below ``work / "measured"``; all go to ``work / "events"``, those of note to ``calls.csv``.

    At most ``gallery`` events are returned for show: tumour cells first, the surest before others.
    """
    counts = dict.fromkeys(caller.gates.classes, 0)
    groups = {"clusters": 0, "heterotypic": 0, "cells_in_clusters": 0, "largest": 0}
    chances: list[np.ndarray] = []
    best: list[tuple[tuple[float, ...], int, Any]] = []
    parts = Parts(work / "events", ("part",))
    seen, head = 0, True
    with (work / "calls.csv").open("w", encoding="utf-8", newline="") as stream:
        for events, contacts in read_parts(work / "measured", TABLES):
            table = caller.call(events, contacts)
            parts.add(table)
            for name, count in table["class"].value_counts().items():
                counts[str(name)] += int(count)
            tumour = table[table["class"] == TUMOUR]
            chances.append(tumour["probability"].to_numpy(dtype=np.float64))
            _add_clusters(groups, tumour)
            noted = table[~table["class"].isin([LEUKOCYTE, UNASSIGNED])]
            write_calls(stream, noted, slide, measured.tiles, head=head)
            head = False
            for rank, row in zip(_ranks(noted, caller.gates), noted.to_dict("records"), strict=True):
                seen += 1
                heapq.heappush(best, (rank, -seen, row))
                if len(best) > gallery:
                    heapq.heappop(best)
    parts.flush()
    show = pd.DataFrame([row for _, _, row in sorted(best, reverse=True)])
    return Tally(counts, np.concatenate(chances) if chances else np.zeros(0), groups, show)


def _add_clusters(groups: dict[str, int], tumour: pd.DataFrame) -> None:
    joined = tumour[tumour["cluster"] > 0].groupby(["tile", "cluster"]).agg(
        cells=("cluster_nuclei", "max"), heterotypic=("heterotypic", "max")
    )  # fmt: skip
    several = joined[joined["cells"] >= 2]
    groups["clusters"] += len(several)
    groups["cells_in_clusters"] += int(several["cells"].sum())
    groups["heterotypic"] += int(joined["heterotypic"].sum())
    groups["largest"] = max(groups["largest"], int(several["cells"].max()) if len(several) else 0)


def _ranks(noted: pd.DataFrame, gates: Gates) -> list[tuple[float, ...]]:
    """Larger is shown earlier: tumour cells, then other classes in order; by probability, then by cytokeratin."""
    place = {name: -float(number) for number, name in enumerate(sorted(gates.classes, key=lambda one: one != TUMOUR))}
    chance = noted["probability"].fillna(0.0).round(3)
    keratin = noted["cytokeratin_snr"]
    return [(place[str(a)], float(b), float(c)) for a, b, c in zip(noted["class"], chance, keratin, strict=True)]
