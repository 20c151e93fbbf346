"""Pictures of runs: one file per kind of picture, drawn with matplotlib from a run directory alone.

``plot_run`` writes the pictures of a run, ``plot_compare`` one picture of two runs. matplotlib and pandas are imported
when the first picture is drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diaspore.core.progress import Progress
    from diaspore.core.runstore import Run

__all__ = ["compare_target", "plot_compare", "plot_film", "plot_run", "plot_tissues"]

#: up to this many patients one patient's pictures are drawn
FEW = 200
#: from this many patients on the pictures of a population are drawn
MANY = 20


def plot_run(
    run: Run | str | Path,
    out_dir: Path | str | None = None,
    patients: Sequence[int] | None = None,
    only: Collection[str] | None = None,
) -> list[Path]:
    """Write the pictures of a run as PNG files.

    Parameters
    ----------
    run : a run, or the path of its directory.
    out_dir : where to write; by default ``plots`` in the run directory.
    patients : numbers of the patients to draw one by one. By default, in a run of at most 200 patients, the one whose
        disease reached most sites; in a larger run none.
    only : kinds of pictures to draw ("body_map", "survival" …); by default all.

    Returns
    -------
    The files, in a fixed order. Runs of 20 patients and more also get the pictures of a population. Every picture is
    written whole or not at all and holds no time stamp; the same run gives the same bytes.

    Raises RunStoreError when the directory is not a finished run, InputError when a patient is not in the run.
    """
    from diaspore.core.errors import InputError
    from diaspore.viz import body_map, cohort, course, ledger, lesion_timeline, population, style
    from diaspore.viz.data import RunData

    data = RunData(run)
    if data.run.manifest.get("kind") == "cohort":
        target = Path(out_dir) if out_dir is not None else data.run.path / "plots"
        kinds = {
            "shares": lambda: cohort.shares(data.run),
            "curves": lambda: cohort.curves(data.run),
            "ledger": lambda: ledger.ledger(data),
        }
        return [
            style.save_png(draw(), target / f"{name}.png")
            for name, draw in kinds.items()
            if only is None or name in only
        ]
    if data.run.manifest.get("kind") == "trial":
        return _plot_trial(data.run, Path(out_dir) if out_dir is not None else data.run.path / "plots", only)
    if data.run.manifest.get("kind") in ("tissue", "lattice"):
        return _plot_tissue(data.run, Path(out_dir) if out_dir is not None else data.run.path / "plots", only)
    if data.run.manifest.get("kind") == "journey":
        return _plot_journey(data.run, Path(out_dir) if out_dir is not None else data.run.path / "plots", only)
    if data.run.manifest.get("kind") == "invasion":
        return _plot_invasion(data.run, Path(out_dir) if out_dir is not None else data.run.path / "plots", only)
    if data.run.manifest.get("kind") == "boolean_network":
        return _plot_boolean(data.run, Path(out_dir) if out_dir is not None else data.run.path / "plots", only)
    if data.run.manifest.get("kind") == "kinetic_network":
        return _plot_kinetic(data.run, Path(out_dir) if out_dir is not None else data.run.path / "plots", only)
    folder = Path(out_dir) if out_dir is not None else data.run.path / "plots"
    if patients is None:
        patients = [data.telling_patient()] if 0 < data.size <= FEW else []
    known = set(data.patients["patient"].tolist()) if patients else set()
    written = []
    for number in patients:
        if number not in known:
            problem = f"patient {number} is not in the run"
            raise InputError(problem, field="patients", allowed=f"{min(known)} to {max(known)}" if known else "none")
        prefix = "" if data.size == 1 else f"patient-{number}-"
        figures = {
            "body_map": body_map.patient_map,
            "lesion_timeline": lesion_timeline.timeline,
            "course": course.course,
        }
        for name, draw in figures.items():
            if only is None or name in only:
                written.append(style.save_png(draw(data, number), folder / f"{prefix}{name}.png"))
    if data.size >= MANY or data.size == 0:
        pictures = {
            "population_map": body_map.population_map,
            "stages": population.stages,
            "sites": population.sites,
            "survival": population.survival,
            "relapse_time": population.relapse_time,
            "ctc": population.blood,
            "nodes": population.nodes,
        }
        for name, picture in pictures.items():
            if only is None or name in only:
                written.append(style.save_png(picture(data), folder / f"{name}.png"))
    if only is None or "ledger" in only:
        written.append(style.save_png(ledger.ledger(data), folder / "ledger.png"))
    return written


def _plot_journey(run: Run, folder: Path, only: Collection[str] | None) -> list[Path]:
    from diaspore.core.runstore import Run as OpenRun
    from diaspore.viz import journey, style

    written = [] if only is not None and "fates" not in only else [
        style.save_png(journey.fates(run), folder / "fates.png")
    ]  # fmt: skip
    for stage in ("primary", "niche"):
        written += _plot_tissue(OpenRun.open(run.path / stage), folder / stage, only)
    return written


def _plot_trial(run: Run, folder: Path, only: Collection[str] | None) -> list[Path]:
    from diaspore.viz import style, trial

    kinds = {"curves": trial.curves, "ratios": trial.ratios}
    return [
        style.save_png(draw(run), folder / f"{name}.png")
        for name, draw in kinds.items()
        if only is None or name in only
    ]


def _plot_tissue(run: Run, folder: Path, only: Collection[str] | None) -> list[Path]:
    from diaspore.viz import lattice, style, tissue

    drawn = lattice if run.manifest.get("kind") == "lattice" else tissue
    kinds = {"sections": drawn.sections, "counts": drawn.counts}
    if run.spec.get("networks"):
        kinds["networks"] = tissue.networks
    return [
        style.save_png(draw(run), folder / f"{name}.png")
        for name, draw in kinds.items()
        if only is None or name in only
    ]


def _plot_invasion(run: Run, folder: Path, only: Collection[str] | None) -> list[Path]:
    from diaspore.viz import invasion, style

    flat = run.spec["domain"].get("y") is None
    kinds = {"profiles": invasion.profiles} if flat else {"maps": invasion.maps}
    kinds["front"] = invasion.front
    return [
        style.save_png(draw(run), folder / f"{name}.png")
        for name, draw in kinds.items()
        if only is None or name in only
    ]


def _plot_boolean(run: Run, target: Path, only: Collection[str] | None) -> list[Path]:
    from diaspore.core.spec import validate
    from diaspore.networks.boolean.spec import BooleanNetworkSpec
    from diaspore.viz import network, style

    kinds = {
        "trajectories": lambda: network.trajectories(run),
        "phenotypes": lambda: network.phenotypes(run),
        "influences": lambda: network.influence_graph(validate(BooleanNetworkSpec, run.spec)),
    }
    return [
        style.save_png(draw(), target / f"{name}.png") for name, draw in kinds.items() if only is None or name in only
    ]


def _plot_kinetic(run: Run, folder: Path, only: Collection[str] | None) -> list[Path]:
    from diaspore.viz import kinetic, style

    if only is not None and "trajectories" not in only:
        return []
    return [style.save_png(kinetic.trajectories(run), folder / "trajectories.png")]


def plot_film(run: Run | str | Path, out_dir: Path | str | None = None, progress: Progress | None = None) -> list[Path]:
    """Write a film of a tissue: film.gif, and film.mp4 where there is ffmpeg.

    Parameters
    ----------
    run : a run of ``kind: tissue``, or the path of its directory.
    out_dir : where to write; by default ``plots`` in the run directory.
    progress : where to show how far it is, by default nowhere.

    Returns
    -------
    The files. Raises InputError for a run of another kind.
    """
    from diaspore.core.progress import no_progress
    from diaspore.core.runstore import Run
    from diaspore.tissue.results import opened
    from diaspore.viz.tissue_film import film

    shown = run if isinstance(run, Run) else Run.open(run)
    folder = Path(out_dir) if out_dir is not None else shown.path / "plots"
    return film(opened(shown, "films"), folder, progress or no_progress)


def plot_compare(a: Run | str | Path, b: Run | str | Path, out: Path | str) -> Path:
    """Write one picture of two runs; the file written.

    ``out`` is a .png file in an existing directory, or an existing directory for ``comparison.png``. Raises InputError
    for anything else.
    """
    from diaspore.viz import compare, style
    from diaspore.viz.data import RunData

    target = compare_target(out)
    return style.save_png(compare.comparison(RunData(a), RunData(b)), target)


def plot_tissues(runs: Sequence[Run | str | Path], out: Path | str) -> Path:
    """Write one picture of two to eight tissues; the file written. ``out`` as for `plot_compare`."""
    from diaspore.core.runstore import Run
    from diaspore.viz import style, tissue_compare

    target = compare_target(out)
    shown = [run if isinstance(run, Run) else Run.open(run) for run in runs]
    return style.save_png(tissue_compare.comparison(shown), target)


def compare_target(out: Path | str) -> Path:
    """The file that `plot_compare` writes; raises InputError where it could not be one."""
    from diaspore.core.errors import InputError

    target = Path(out)
    if target.is_dir():
        return target / "comparison.png"
    if target.suffix.lower() != ".png":
        raise InputError(f"{target} is not a picture", field="out", allowed="a .png file, or an existing directory")
    if not target.parent.is_dir():
        raise InputError(f"there is no directory {target.parent}", field="out", allowed="a file in an existing one")
    return target
