"""Draw the pictures of README and documentation from runs of the shipped model: ``python docs/make_pictures.py``.

Pictures are what `diaspore plot` and `diaspore compare` draw, reduced to 256 colours so that each stays below 300 kB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import diaspore
from diaspore.viz import plot_compare, plot_run

IMAGES = Path(__file__).resolve().parent / "images"
PATIENT_SEED = 1  # a patient whose disease reaches several sites
POPULATION = 10_000
ONE = ("body_map", "course", "lesion_timeline")
MANY = ("population_map", "sites", "survival", "ledger")
LARGEST = 300_000


def keep(source: Path) -> None:
    """Copy a picture to the documentation with at most 256 colours, without the file's remarks."""
    picture = Image.open(source).convert("RGB")
    target = IMAGES / source.name
    colours = picture.quantize(colors=256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours.save(target, optimize=True)
    difference = np.abs(np.asarray(picture, dtype=int) - np.asarray(colours.convert("RGB"), dtype=int))
    size = target.stat().st_size
    print(f"{target.name}: {size / 1000:.0f} kB, mean change of a channel {difference.mean():.2f} of 255")
    if size >= LARGEST:
        raise ValueError(f"{target.name} is too large")


def main() -> None:
    """Run, draw, keep."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        patient = diaspore.simulate("breast", seed=PATIENT_SEED, out=folder / "patient")
        population = diaspore.load_spec(_breast()).model_copy(update={"patients": POPULATION})
        many = diaspore.simulate(population, seed=1, out=folder / "population")
        data = population.model_dump(mode="json")
        lever = {"lever": "dormancy_exit", "factor": 0.5, "from": "30 day"}
        halved = diaspore.spec_from_dict(data | {"name": "waking halved", "levers": [lever]})
        other = diaspore.simulate(halved, seed=1, out=folder / "halved")
        for run, wanted in ((patient, ONE), (many, MANY)):
            for picture in plot_run(run):
                if picture.stem in wanted:
                    keep(picture)
        keep(plot_compare(many, other, folder / "comparison.png"))


def _breast() -> Path:
    from diaspore.core.simulate import find_spec_file

    return find_spec_file("breast")


if __name__ == "__main__":
    sys.exit(main())
