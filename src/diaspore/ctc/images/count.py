"""From a folder of images to counts: files one by one, results under their names only once they are whole."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import diaspore
from diaspore.core.errors import InputError, InputErrors
from diaspore.core.jsonio import TEMPORARY, to_json, write_text
from diaspore.core.progress import Progress, no_progress
from diaspore.ctc.images.calling import Caller, Tally, call_all
from diaspore.ctc.images.certainty import count_interval
from diaspore.ctc.images.channels import ChannelMap
from diaspore.ctc.images.gates import Gates, load_gates
from diaspore.ctc.images.measuring import Measurements, measure_all
from diaspore.ctc.images.reading import fields
from diaspore.ctc.images.remarks import remarks
from diaspore.ctc.images.segmentation import Segmentation, Segmenter

RESULTS = ("events", "calls.csv", "gallery.png", "report.html", "summary.json")


@dataclass(frozen=True)
class Counted:
    """A count of a folder.

    ``summary``: plain data, also in summary.json; ``failures``: one error for each file that could not be used;
    ``folder``: where the results are.
    """

    summary: dict[str, Any]
    failures: tuple[InputError, ...]
    folder: Path


def count_folder(
    folder: str | Path,
    out: str | Path,
    *,
    gates: Gates | str | Path = "relative",
    channels: ChannelMap | None = None,
    segmentation: Segmentation | None = None,
    segmenter: Segmenter | None = None,
    gallery: int = 60,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Counted:
    """Count the cells in a folder of images by class.

    Args:
        folder: of one slide; each file is a field, or each group of files that fits the pattern of ``channels``. out:
        for ``events`` (Parquet, all events), ``calls.csv`` (those of a class other than leukocyte), ``gallery.png``,
            ``report.html`` and ``summary.json``; it must not hold any of these yet.
        gates: what makes a class.
        segmenter: instead of the nuclei that `segmentation` finds.
        gallery: most events to show; 0: no pictures and no report.
        threads: fields at a time.

    Raises:
        InputError: no images, gates that ask for what was not measured, ``out`` is taken.
        InputErrors: no file can be used.
    """
    chosen = gates if isinstance(gates, Gates) else load_gates(gates)
    folder, out = Path(folder), Path(out)
    taken = [name for name in RESULTS if (out / name).exists()]
    if taken:
        raise InputError(f"already holds a count ({', '.join(taken)})", file=out, allowed="another folder (--out DIR)")
    listed = fields(folder, channels)
    work = out / f"{TEMPORARY}count"
    shutil.rmtree(work, ignore_errors=True)
    try:
        with progress(len(listed), "fields", "fields") as bar:
            measured = measure_all(
                listed, work / "measured", bar,
                channels=channels, segmentation=segmentation, segmenter=segmenter, threads=threads,
            )  # fmt: skip
            if not measured.tiles:
                raise InputErrors(measured.failures or [InputError("holds no image that can be read", file=folder)])
            bar.label("calls and pictures")
            caller = Caller.of(chosen, measured)
            tally = call_all(caller, measured, work, folder.resolve().name, gallery)
            summary = _summary(folder, measured, caller, tally)
            if gallery:
                from diaspore.ctc.images.report import write_pictures

                write_pictures(work, tally.show, measured.tiles, listed, channels, caller, summary)
        write_text(work / "summary.json", to_json(summary))
        for name in RESULTS:
            if (work / name).exists():
                (work / name).replace(out / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if out.is_dir() and not any(out.iterdir()):
            out.rmdir()
    return Counted(summary, tuple(measured.failures), out)


def _summary(folder: Path, measured: Measurements, caller: Caller, tally: Tally) -> dict[str, Any]:
    """Counts and what they rest on, as plain data."""
    gates, tiles = caller.gates, measured.tiles
    nuclei = sum(tally.counts.values())
    interval = None
    if gates.missed is not None and gates.wrong is not None and caller.mixture is not None:
        low, high = count_interval(tally.probabilities, gates.missed, gates.wrong)
        interval = {"level": 0.95, "low": low, "high": high}
    return {
        "slide": folder.resolve().name,
        "gates": {
            "name": gates.name,
            "version": gates.version,
            "source": list(gates.source),
            "evidence": gates.evidence,
        },
        "version": diaspore.__version__,
        "fields": len(tiles),
        "not_used": [str(error) for error in measured.failures],
        "area_mm2": float(sum(np.prod(tile.shape) * (tile.pixel_um * 1e-3) ** 2 for tile in tiles)),
        "nuclei": nuclei,
        "counts": tally.counts,
        "tumour_interval": interval,
        "clusters": tally.clusters,
        "leukocytes_of_reference": caller.reference.count,
        "remarks": remarks(caller, tiles, nuclei),
    }
