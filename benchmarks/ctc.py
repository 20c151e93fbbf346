"""Speed of assays of circulating tumour cells: tubes drawn, and cells counted on slides.

``tube-draws``: a million tubes of CellSearch with clusters, swings, losses and false events, on one thread. The rest
are megapixels of field per second, four channels of 16 bit each, two threads.

``images``: fields of 2048 x 2048 px with about 2,000 leukocytes and some tumour cells, from pixels in memory through
nuclei, cells, features, gates, probabilities and clusters; ``images-from-disk``: `count_folder` on the same fields as
files, all results but pictures written; ``images-memory``: growth of the largest memory in use (MB) from the first
eighth of the fields to the last, in a process of its own.

Profile of a field of 4.2 Mpx on one core (0.35 s of CPU): cells grown 18 %, watershed 12 %, quantiles of the background
20 %, holes filled 13 %, own thresholds 7 %, distances 6 %, smoothing 5 %, brightness of four channels 5 %. The floor is
one pass over every pixel of four channels (8 ms at 4 GB/s): what remains goes with masks, not with the number of cells.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

SIDE, LEUKOCYTES, TUMOUR, DEBRIS = 2048, 2000, 25, 80
FIELDS = {"small": 8, "medium": 16, "large": 64}
REPEATS = 5
TUBES = 1_000_000
CHILD = """
import json, resource, sys
from pathlib import Path
from diaspore.ctc.images.count import count_folder
peaks = []
for name in sys.argv[2:]:
    count_folder(Path(sys.argv[1]) / name, Path(sys.argv[1]) / f"{name}-count", gallery=0, threads=2)
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0)
print(json.dumps(peaks))
"""


def cases(threads: int, size: str) -> Iterator[dict[str, Any]]:
    """Yield all cases; two threads at most are used, as the figure is stated for two."""
    from diaspore.core.parallel import ordered_map
    from diaspore.ctc.assay import assay, tumour_population
    from diaspore.ctc.assay.counts import draw
    from diaspore.ctc.images.calling import Caller
    from diaspore.ctc.images.count import count_folder
    from diaspore.ctc.images.features import measure
    from diaspore.ctc.images.gates import load_gates
    from diaspore.ctc.images.measuring import Measurements, tile_of
    from diaspore.ctc.synth.slide import make_slide
    from diaspore.ctc.synth.spec import SlideSpec
    from diaspore.ctc.synth.write import write_tiff

    threads = min(threads, 2)
    one, blood = assay("cellsearch"), tumour_population(1.0)
    draw(one, blood, 1000, 1)
    walls = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        draw(one, blood, TUBES, 1)
        walls.append(time.perf_counter() - begin)
    yield {
        "case": "ctc/tube-draws", "value": median(walls), "unit": "s", "threads": 1, "tubes": TUBES,
        "repeats": REPEATS, "spread": max(walls) / min(walls),
    }  # fmt: skip
    spec = SlideSpec(tumour=TUMOUR, leukocytes=LEUKOCYTES, debris=DEBRIS, shape=(SIDE, SIDE))
    slides = [make_slide(spec, seed=seed) for seed in (1, 2)]
    frames = [slide.frame(f"tile-{k}") for k, slide in enumerate(slides)]
    first = measure(frames[0])
    caller = Caller.of(
        load_gates("relative"), Measurements(tiles=[tile_of(frames[0])], sample=first.events.assign(tile=0))
    )
    number = FIELDS[size]
    megapixels = number * SIDE * SIDE / 1e6

    def work(k: int) -> int:
        found = measure(frames[k % 2])
        return len(caller.call(found.events.assign(tile=k), found.contacts.assign(tile=k)))

    rates = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        events = sum(ordered_map(work, range(number), threads))
        rates.append(megapixels / (time.perf_counter() - begin))
    yield {
        "case": "ctc/images", "value": median(rates), "unit": "Mpx/s", "threads": threads, "fields": number,
        "events": events, "repeats": REPEATS, "spread": max(rates) / min(rates),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = [folder / f"source-{k}.ome.tif" for k in (0, 1)]
        for slide, file in zip(slides, source, strict=True):
            write_tiff(slide, file)
        for part, count in (("few", number // 8 or 1), ("many", number)):
            (folder / part).mkdir()
            for k in range(count):
                os.link(source[k % 2], folder / part / f"tile-{k:03d}.ome.tif")
        begin = time.perf_counter()
        count_folder(folder / "many", folder / "timed", gallery=0, threads=threads)
        rate = megapixels / (time.perf_counter() - begin)
        yield {"case": "ctc/images-from-disk", "value": rate, "unit": "Mpx/s", "threads": threads, "fields": number}
        done = subprocess.run(
            [sys.executable, "-c", CHILD, name, "few", "many"], capture_output=True, text=True, check=True
        )
        few, many = json.loads(done.stdout)
        yield {
            "case": "ctc/images-memory", "value": float(np.round(many - few, 1)), "unit": "MB", "threads": 2,
            "fields": number, "peak": float(np.round(many, 1)),
        }  # fmt: skip
