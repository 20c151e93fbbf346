"""Every picture of every kind of run: written whole, the same each time, not blank, labelled, sensible when empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from diaspore.core.errors import InputError, RunStoreError
from diaspore.viz import body_map, compare, course, ledger, lesion_timeline, plot_compare, plot_run, population, style
from diaspore.viz.data import RunData

POPULATION = {"population_map", "stages", "sites", "survival", "relapse_time", "ctc", "nodes", "ledger"}


def texts(figure: Figure) -> str:
    """All visible text of a figure, one piece a line."""
    figure.canvas.draw()
    found: Iterator[Text] = (artist for artist in figure.findobj(Text) if artist.get_visible())
    return "\n".join(artist.get_text() for artist in found if artist.get_text())


def ink(path: Path) -> float:
    """Share of pixels that differ from white."""
    pixels = matplotlib.image.imread(path)[..., :3]
    return float(np.mean(np.any(pixels < 0.97, axis=-1)))


def data(runs: dict[str, Path], name: str) -> RunData:
    return RunData(runs[name])


@pytest.mark.parametrize("name", ["one", "quiet", "mid", "man", "population", "spared"])
def test_all_pictures_are_written_and_not_blank(runs: dict[str, Path], tmp_path: Path, name: str) -> None:
    files = plot_run(runs[name], tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(files)  # no temporary file is left
    for file in files:
        assert file.stat().st_size > 5_000
        assert ink(file) > 0.01
    stems = {file.stem for file in files}
    if name in ("one", "quiet"):
        assert stems == {"body_map", "lesion_timeline", "course", "ledger"}
    if name in ("mid", "man"):
        assert stems > POPULATION
        assert any(stem.endswith("lesion_timeline") for stem in stems)
    if name in ("population", "spared"):
        assert stems == POPULATION


def test_pictures_go_into_the_run_by_default(tmp_path: Path) -> None:
    from tests.viz.synthetic import write_run

    files = plot_run(write_run(tmp_path / "run", 1, seed=2))
    assert {file.parent for file in files} == {tmp_path / "run" / "plots"}


def test_the_same_run_gives_the_same_bytes(runs: dict[str, Path], tmp_path: Path) -> None:
    first, second = plot_run(runs["mid"], tmp_path / "a"), plot_run(runs["mid"], tmp_path / "b")
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    assert all(b"Software" not in file.read_bytes() for file in first)


def test_settings_of_the_user_neither_matter_nor_change(runs: dict[str, Path], tmp_path: Path) -> None:
    (plain,) = [file for file in plot_run(runs["one"], tmp_path / "a") if file.stem == "course"]
    with mpl.rc_context({"font.size": 30.0, "axes.facecolor": "black", "savefig.dpi": 30}):
        (styled,) = [file for file in plot_run(runs["one"], tmp_path / "b") if file.stem == "course"]
        assert mpl.rcParams["font.size"] == 30.0
    assert plain.read_bytes() == styled.read_bytes()


def test_a_failed_write_leaves_the_old_picture(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "stages.png"
    target.write_bytes(b"old")

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    figure = population.stages(data(runs, "mid"))
    monkeypatch.setattr(figure, "savefig", full_disk)
    with pytest.raises(OSError, match="No space"):
        style.save_png(figure, target)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("stages.png", b"old")]


def test_patient_map_names_sites_and_numbers(runs: dict[str, Path]) -> None:
    run = data(runs, "one")
    found = texts(body_map.patient_map(run, 0))
    assert style.DISCLAIMER in found
    assert "At diagnosis" in found
    assert "At relapse" in found
    assert "died of the cancer" in found
    for site in run.detected:
        assert style.label(site) in found
    assert "lesion" in found
    assert "primary" in found
    assert "mm³" in found


def test_population_map_shows_shares(runs: dict[str, Path]) -> None:
    run = data(runs, "population")
    found = texts(body_map.population_map(run))
    share = run.detected["bone"].size / run.size
    assert style.percent(share) in found
    assert "1,500 patients" in found
    assert "Ovary" in found
    assert "no metastasis was detected" in texts(body_map.population_map(data(runs, "spared")))


def test_unknown_site_is_listed_not_lost(runs: dict[str, Path]) -> None:
    run = data(runs, "mid")
    run.detected = {"bone": np.arange(3), "big_toe": np.arange(2)}
    found = texts(body_map.population_map(run))
    assert "elsewhere" in found
    assert "Big toe" in found


def test_labels_of_a_body_with_every_site_do_not_overlap() -> None:
    from diaspore.viz.body_shapes import shapes

    body = body_map.Body("both", {name: body_map.Mark("#aa0000", (name, "1 mm³")) for name in shapes()})
    figure = style.new_figure(8, 9)
    axes = figure.add_axes((0, 0, 1, 1))
    body_map.draw_body(axes, body, 62.0)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text() in body.marks]
    assert len(boxes) == len(body.marks)
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])


def test_timeline_shows_organs_and_ends(runs: dict[str, Path]) -> None:
    run = data(runs, "one")
    found = texts(lesion_timeline.timeline(run, 0))
    for word in ("diagnosis", "relapse", "death", "years after diagnosis", "dormant", "detected", "Regional nodes"):
        assert word in found
    quiet = data(runs, "quiet")
    quiet.lesions = quiet.lesions.iloc[:0]
    assert "no lesion was seeded" in texts(lesion_timeline.timeline(quiet, 0))


def test_timeline_of_very_many_lesions_says_what_it_leaves_out(runs: dict[str, Path]) -> None:
    run = data(runs, "one")
    run.lesions = pd.concat([run.lesions] * 40, ignore_index=True)
    figure = lesion_timeline.timeline(run, 0)
    assert "shown" in texts(figure)
    assert figure.get_size_inches()[1] < 16


def test_timeline_shows_the_relapse_and_not_what_died_out(runs: dict[str, Path]) -> None:
    run = data(runs, "one")
    row = run.patient(0)
    site, relapse = str(row["relapse_site"]), float(row["relapse_d"])
    template = run.lesions[run.lesions["site"] == site].iloc[:1]
    early = pd.concat([template.assign(detected_d=relapse - 9.0, volume_at_end_mm3=1.0)] * 20)
    late = template.assign(detected_d=relapse, volume_at_end_mm3=0.5, lesion=77, fate="growing")
    large = template.assign(detected_d=np.nan, volume_at_end_mm3=9e5, lesion=78, fate="growing")
    groups = lesion_timeline._groups(pd.concat([early, late, large], ignore_index=True), row)
    assert {77, 78} <= set(groups[0][1]["lesion"])
    gone = run.lesions.assign(fate="extinct", detected_d=np.nan)
    run.lesions = gone
    assert f"{len(gone)} lesion" in texts(lesion_timeline.timeline(run, 0))
    assert body_map._sites_on(run, 0, float(row["followup_d"])) == []


def test_nodes_of_patients_who_were_not_examined_do_not_count(runs: dict[str, Path]) -> None:
    run = data(runs, "population")
    positive = run.patients["nodes_positive"] > 0
    run.patients = run.patients.assign(nodes_examined=run.patients["nodes_examined"].where(positive, 0))
    assert "100 % positive" in texts(body_map.population_map(run))
    assert f"{positive.sum()} examined" in texts(population.nodes(run))
    run = data(runs, "population")
    run.patients = run.patients.assign(nodes_examined=0, nodes_positive=0)
    assert "nodes were not examined" in texts(population.nodes(run))


def test_a_body_without_colonies_tells_of_sleeping_cells(runs: dict[str, Path]) -> None:
    run = data(runs, "quiet")
    run.patients = run.patients.assign(dormant_cells_at_end=12.0)
    assert "no colony;\n12 dormant cells" in texts(body_map.patient_map(run, 0))


def test_pictures_say_when_the_parameters_are_of_another_organ(tmp_path: Path) -> None:
    from tests.viz.synthetic import write_run

    path = write_run(tmp_path / "run", 1, seed=2)
    (path / "spec.yaml").write_text("parameters: breast-2026.1\nprimary: {site: bowel}\n")
    assert "a primary of the bowel with parameters of the breast" in RunData(path).source


def test_course_has_units_on_every_panel(runs: dict[str, Path]) -> None:
    figure = course.course(data(runs, "one"), 0)
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["burden (mm³)", "CTC (cells/mL)", "share of cells", "readiness (–)"]
    assert "diameter of one sphere (mm)" in texts(figure)
    low, high = figure.axes[0].get_ylim()
    assert low < 1e-6 < 1e6 < high


def test_a_run_without_course_says_so(runs: dict[str, Path]) -> None:
    assert "kept no time course" in texts(course.course(data(runs, "population"), 0))


def test_ledger_shows_routes_and_stages(runs: dict[str, Path]) -> None:
    run = data(runs, "population")
    found = texts(ledger.ledger(run))
    for word in ("shed", "lost in transit", "dormant", "fatal", "blood", "lymph", "Bone", "detected or not"):
        assert word in found
    taken = run.ledger[(run.ledger["stage"] == "taken") & (run.ledger["cells"] > 0)]
    for site in taken["site"].unique():
        assert style.label(str(site)) in found
    run.ledger = run.ledger.assign(cells=0.0)
    assert "no cell was shed" in texts(ledger.ledger(run))
    run.ledger = pd.DataFrame()
    assert "no cell was shed" in texts(ledger.ledger(run))


def test_population_pictures_say_when_nothing_happened(runs: dict[str, Path]) -> None:
    run = data(runs, "spared")
    assert "no distant relapse" in texts(population.relapse_time(run))
    assert "no metastasis was detected" in texts(population.sites(run))
    patients = run.patients
    run.patients = patients.assign(death_d=np.nan, followup_d=3652.5, ctc_per_ml_at_diagnosis=0.0)
    assert "no event" in texts(population.survival(run))
    assert "median not reached" in texts(population.survival(run))
    assert "no tumour cell" in texts(population.blood(run))


def test_survival_numbers_at_risk(runs: dict[str, Path]) -> None:
    run = data(runs, "population")
    found = texts(population.survival(run)).splitlines()
    still = int((run.patients[run.patients.m_stage == "M0"].followup_d >= 20 * 365.25 - 0.5).sum())
    assert "at risk" in found
    assert f"{still:,}" in found


def test_hazard_equals_events_over_person_years(runs: dict[str, Path]) -> None:
    figure = style.new_figure(4, 3)
    axes = figure.add_subplot()
    time = np.array([100.0, 300.0, 700.0, 7305.0] * 40)
    event = np.array([True, True, False, False] * 40)
    population._hazard(axes, time, event)
    bars = axes.patches
    width = round(bars[0].get_width() / 0.9, 6)
    exposure = np.minimum(time / 365.25, width).sum()
    events = (event & (time / 365.25 < width)).sum()
    assert bars[0].get_height() == pytest.approx(100 * events / exposure)


def test_comparison_shows_both_runs(runs: dict[str, Path], tmp_path: Path) -> None:
    found = texts(compare.comparison(data(runs, "population"), data(runs, "milder")))
    for word in ("patient by patient", "hazard", "Overall survival at 5 y", "B − A", "pp", "Bone"):
        assert word in found
    assert "independent patients" in texts(compare.comparison(data(runs, "population"), data(runs, "spared")))
    file = plot_compare(runs["population"], runs["population"], tmp_path)
    assert file == tmp_path / "comparison.png"
    assert ink(file) > 0.01
    assert plot_compare(runs["one"], runs["quiet"], tmp_path / "two.png") == tmp_path / "two.png"


def test_chosen_patients_are_drawn_and_unknown_ones_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    stems = {file.stem for file in plot_run(runs["mid"], tmp_path, patients=[3, 5])}
    assert {"patient-3-body_map", "patient-5-course"} <= stems
    with pytest.raises(InputError, match="patient 999"):
        plot_run(runs["mid"], tmp_path, patients=[999])


def test_a_foreign_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunStoreError):
        plot_run(tmp_path)


def test_burden_colours_darken_steadily() -> None:
    rgb = style.burden_map()(np.linspace(0, 1, 64))[:, :3]
    lightness = rgb @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) < 0).all()


def test_sites_keep_their_colours_whatever_else_is_there() -> None:
    few, many = style.site_colours(["liver", "bone"]), style.site_colours(["bone", "liver", "toe", "ear", "brain"])
    assert few["liver"] == many["liver"]
    assert len(set(many.values())) == len(many)
    from diaspore.knowledge.anatomy import SITES

    assert len(set(style.site_colours(["local", *SITES]).values())) == len(SITES) + 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234, "1,234"), (1.5e9, "1.5×10⁹"), (0.05, "0.05"), (9.99e11, "1.0×10¹²"), (np.nan, "–")],
)
def test_numbers_read_well(value: float, text: str) -> None:
    assert style.number(value) == text


@pytest.mark.parametrize(
    ("mm3", "text"), [(1e-6, "~1 cell"), (5e-5, "~50 cells"), (12.0, "12 mm³"), (4.2e4, "42 cm³"), (1e-9, "~1 cell")]
)
def test_volumes_read_well(mm3: float, text: str) -> None:
    assert style.volume(mm3) == text


def test_import_is_light() -> None:
    import subprocess
    import sys

    code = "import sys, diaspore.viz, diaspore.cohort; print([m for m in ('matplotlib', 'pandas') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
