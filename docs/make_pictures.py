"""Draw the pictures of the documentation: ``python docs/make_pictures.py [SEED|fits|tissue|invasion|vessels|...]``.

Pictures are what `diaspore plot` and `diaspore compare` draw of runs of the shipped model, reduced to 256 colours so
that each stays below 300 kB. The patient shown is that of SEED, or of the first seed whose course has much to show
(`telling`, which takes minutes); README and tutorial name the seed. ``fits`` draws those of the fits that ship alone.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))

from generate import replaced

import diaspore
from diaspore.inference.artefact import shipped
from diaspore.viz import plot_compare, plot_run
from diaspore.viz.fit import draw

IMAGES = Path(__file__).resolve().parent / "images"
README = IMAGES.parents[1] / "README.md"
TUTORIAL = IMAGES.parent / "tutorial.md"
SEEDS = range(1, 1000)
POPULATION = 10_000
ONE = ("body_map", "course", "lesion_timeline")
MANY = ("population_map", "sites", "survival", "ledger")
FITS = ("breast-2026.2", "seer-2026.1", "tropism-2026.1")
LARGEST = 300_000  # bytes


def keep(source: Path, name: str = "") -> None:
    """Copy a picture to the documentation with at most 256 colours, without the file's remarks."""
    picture = Image.open(source).convert("RGB")
    # A palette spread over all colours in use keeps gradients, which cover few pixels.
    method, dither = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
    colours = picture.quantize(colors=256, method=method, kmeans=3, dither=dither)
    target = IMAGES / (name or source.name)
    colours.save(target, optimize=True)
    change = np.abs(np.asarray(picture, dtype=int) - np.asarray(colours.convert("RGB"), dtype=int)).max()
    size = target.stat().st_size
    print(f"{target.name}: {size / 1000:.0f} kB, largest change of a channel {change} of 255")
    if size >= LARGEST:
        raise ValueError(f"{target.name} is too large")


def telling() -> int:
    """The first seed with no metastasis at diagnosis, a late distant relapse, and death with several sites."""
    for seed in SEEDS:
        run = diaspore.simulate("breast", seed=seed, quiet=True)
        patient = run.table("patients").iloc[0]
        lesions = run.table("lesions")
        if (
            patient.m_stage == "M0"
            and 1 <= patient.nodes_positive <= 9
            and patient.relapse_kind == "distant"
            and patient.relapse_d > 730
            and patient.death_cause == "cancer"
            and patient.sites_with_metastasis >= 3
            and len(lesions) <= 80
        ):
            return seed
    raise ValueError("no seed gives a patient that shows much")


def tissue() -> None:
    """Sections of the shipped spheroid, and the grids of the shipped lattice."""
    for model, name in (("oxygen-spheroid", "tissue_sections.png"), ("franssen-2019", "lattice_sections.png")):
        with tempfile.TemporaryDirectory() as folder:
            run = diaspore.simulate(model, out=Path(folder) / "run")
            (file,) = plot_run(run, only={"sections"})
            keep(file, name)


def invasion() -> None:
    """Profiles of the shipped tumour that poisons the tissue in its way."""
    with tempfile.TemporaryDirectory() as folder:
        run = diaspore.simulate("acid-invasion", out=Path(folder) / "run")
        (file,) = plot_run(run, only={"profiles"})
        keep(file, "invasion_profiles.png")


def vessels() -> None:
    """Sprouts of a parent vessel after a week, beside a lymph vessel."""
    import numpy as np

    from diaspore.core.spec import validate
    from diaspore.tissue.compile import compile_tissue
    from diaspore.tissue.simulation import Simulation
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.vessels.part import Vessels
    from diaspore.tissue.vessels.spec import VesselsSpec
    from diaspore.viz.style import save_png
    from diaspore.viz.vessels import vessels as picture

    side = ["0 um", "1000 um"]
    spec = {
        "schema_version": 1, "kind": "tissue", "name": "sprouts", "duration": "1 h", "save_every": "1 h",
        "domain": {"x": side, "y": side, "spacing": "20 um"}, "cell_types": {"tumour": {}}, "cells": [],
        "substances": {"VEGF": {"unit": "ng/mL", "diffusion": "600 um**2/min"}},
    }  # fmt: skip
    layout = [
        {"parent": {"face": "x_low", "axis": "y", "distance": "60 um"}, "diameter": "20 um"},
        {"parent": {"face": "y_low", "axis": "x", "distance": "40 um"}, "diameter": "30 um", "kind": "lymph",
         "pressure_in": "0 mmHg", "pressure_out": "none"},
    ]  # fmt: skip
    sprouting = {"substance": "VEGF", "half": "1 ng/mL", "rate": "6e-6 1/(um*min)"}
    compiled = compile_tissue(validate(TissueSpec, spec), seed=3)
    simulation = Simulation(compiled.scene, compiled.cells, seed=3)
    grid = compiled.scene.grid
    x, y = np.meshgrid(grid.centres(2), grid.centres(1))
    simulation.u[0] = 3.0 * np.exp(-((x - 800.0) ** 2 + (y - 500.0) ** 2) / 550.0**2)
    part = Vessels(
        validate(VesselsSpec, {"layout": layout, "sprouting": sprouting, "remodelling": {}}), {"VEGF": "ng/mL"}
    )
    part.begin(simulation)
    for _ in range(7 * 240):
        part.step(simulation)
        simulation.tick += 1
    shot = {name: variable.values for name, variable in part.variables().items()}
    shot |= {name: grid.centres(axis) for axis, name in enumerate("zyx")} | {"substance_VEGF": simulation.u[0]}
    words = "7 days · a growth factor that stays as it is · width is diameter · seed 3"
    figure = picture(shot, "flow", "VEGF", "ng/mL", title="Sprouts of a vessel towards a source", subtitle=words)
    with tempfile.TemporaryDirectory() as folder:
        keep(save_png(figure, Path(folder) / "vessels.png"))


def networks() -> None:
    """Equilibria of a shipped switch, mutants of a Boolean network, and a network in the cells of a tissue."""
    from diaspore.core.simulate import shipped_models
    from diaspore.core.spec import load_spec
    from diaspore.networks.boolean.mutants import screen
    from diaspore.networks.boolean.spec import BooleanNetworkSpec
    from diaspore.networks.kinetic.equilibria import Equilibria
    from diaspore.networks.kinetic.spec import KineticNetworkSpec
    from diaspore.viz.kinetic import bifurcation
    from diaspore.viz.network import mutant_map
    from diaspore.viz.style import save_png

    spec = load_spec(shipped_models()["lu-2013"])
    assert isinstance(spec, KineticNetworkSpec)
    branch = Equilibria(spec).follow("SNAIL", 150_000.0, 250_000.0)
    texts = {"title": "miR-200/ZEB switch", "label": "mRNA of ZEB", "parameter": "SNAIL (molecules)"}
    with tempfile.TemporaryDirectory() as folder:
        figure = bifurcation([branch], "mZEB", unit="molecules", **texts)
        keep(save_png(figure, Path(folder) / "emt_bifurcation.png"))
        cohen = load_spec(shipped_models()["cohen-2015"])
        assert isinstance(cohen, BooleanNetworkSpec)
        keep(save_png(mutant_map(screen(cohen), "cohen-2015"), Path(folder) / "network_mutants.png"))
        run = diaspore.simulate("invasion-network", seed=1, out=Path(folder) / "run")
        for picture in plot_run(run, only=["sections"]):
            keep(picture.rename(picture.with_name("network_tissue.png")))


def main(arguments: Sequence[str]) -> None:
    """Run, draw, keep."""
    IMAGES.mkdir(exist_ok=True)
    parts = {
        "fits": fits, "tissue": tissue, "invasion": invasion, "networks": networks, "vessels": vessels,
        "trials": trials, "counts": counts,
    }  # fmt: skip
    for part, draws in parts.items():
        if not arguments or arguments[0] not in parts or arguments == [part]:
            draws()
    if arguments and arguments[0] in parts:
        return
    seed = int(arguments[0]) if arguments else telling()
    caption = f"*One simulated patient: `diaspore run breast --seed {seed} --plots`.*"
    first = f"```bash\ndiaspore run breast --seed {seed} -o first --plots\n```"
    for page, part, content in ((README, "caption", caption), (TUTORIAL, "first-patient", first)):
        page.write_text(replaced(page.read_text(encoding="utf-8"), part, content), encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        patient = diaspore.simulate("breast", seed=seed, out=folder / "patient")
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


def trials() -> None:
    """Predicted hazard ratios, as they ship."""
    from diaspore.inference.strengths.lessons import stored as learnt
    from diaspore.inference.strengths.predictions import stored
    from diaspore.inference.strengths.timing import stored as times
    from diaspore.viz.style import save_png
    from diaspore.viz.trial_predictions import forest
    from diaspore.viz.trial_timing import lessons, timing

    with tempfile.TemporaryDirectory() as folder:
        keep(save_png(lessons(learnt()), Path(folder) / "trial_lessons.png"))
        keep(save_png(timing(times()), Path(folder) / "trial_timing.png"))
        keep(save_png(forest(stored()), Path(folder) / "trial_predictions.png"))


def counts() -> None:
    """Counts of circulating tumour cells of the page about them, which has them as its file."""
    from diaspore.ctc.clinical import cutoff, read_counts, report_counts
    from diaspore.viz.ctc_counts import ctc_counts
    from diaspore.viz.style import save_png

    text = (IMAGES.parent / "ctc-clinic.md").read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "counts.csv"
        table.write_text(text, encoding="utf-8")
        figure = ctc_counts(report_counts(read_counts(table), cutoff("breast")))
        keep(save_png(figure, Path(folder) / "ctc_counts.png"))


def fits() -> None:
    """Pictures of the fits that ship and are shown: NAME_PICTURE.png."""
    with tempfile.TemporaryDirectory() as folder:
        for name in FITS:
            for picture in draw(shipped(name), Path(folder)):
                keep(picture, f"{name.split('-')[0]}_{picture.name}")


def _breast() -> Path:
    from diaspore.core.simulate import find_spec_file

    return find_spec_file("breast")


if __name__ == "__main__":
    main(sys.argv[1:])
