"""Assays: distributions beside draws and closed forms, capture, questions, posteriors, visits, and mistakes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from diaspore.cli.application import app
from diaspore.core.errors import InputError
from diaspore.core.messages import Lever, Levers
from diaspore.core.simulate import simulate
from diaspore.ctc.assay import (
    ASSAYS,
    Assay,
    Population,
    Prior,
    assay,
    body_population,
    change,
    detection,
    discordance,
    line,
    posterior,
    tumour_population,
    volume_for,
)
from diaspore.ctc.assay.assays import beta_nodes, sources
from diaspore.ctc.assay.capture import All, ByEpcam, BySize, averaged_hill
from diaspore.ctc.assay.counts import distribution, draw, false_events, moments, reported_means, spiked
from diaspore.ctc.assay.questions import call_chances, false_positive, tumour_detection
from diaspore.ctc.assay.visits import CountGuided, conversion, counts_of, observe
from diaspore.ctc.cells import cell_kinds

CELLS = tumour_population(1.0)
PLAIN = Assay("plain", 7.5, All())
ONE_KIND = tumour_population(1.0, kinds={"epithelial": 1.0}, clusters=0.0)


@pytest.mark.parametrize("name", ASSAYS)
def test_every_preset_counts_what_its_own_sums_say(name: str) -> None:
    one = assay(name)
    found = draw(one, CELLS.at(1.5), 200_000, 5)["count"].to_numpy()
    mean, variance = moments(one, CELLS.at(1.5))
    assert found.mean() == pytest.approx(mean, abs=4.5 * math.sqrt(variance / len(found)))
    chance = distribution(one, CELLS.at(1.5), 400)
    assert chance.sum() == pytest.approx(1.0, abs=1e-4)
    assert chance @ np.arange(401) == pytest.approx(mean, rel=0.01)
    seen = np.bincount(found, minlength=401)[:401] / len(found)
    assert np.abs(seen - chance).max() < 4.5 * math.sqrt(0.25 / len(found))
    assert 0.3 < one.recovery(CELLS) < 1.0
    assert all(row.grade for row in sources(name))
    assert ("detection.cellsearch.background" in {row.key for row in sources(name)}) == (one.background == 0.041)


def test_draws_are_the_same_for_a_seed_whatever_their_number() -> None:
    few, many = (draw(assay("parsortix"), CELLS, n, 9) for n in (70_000, 140_000))
    assert few.iloc[:65_536].equals(many.iloc[:65_536])
    assert not draw(assay("parsortix"), CELLS, 1000, 10)["count"].equals(many["count"].iloc[:1000])


def test_stages_of_a_tube_do_not_gain_cells() -> None:
    table = draw(assay("cellsearch"), CELLS.at(20.0), 20_000, 3, by_kind=True)
    assert (table["found"] <= table["in_tube"]).all()
    assert (table["count"] == table["found"] + table["false_events"]).all()
    assert (table["cells"] >= table["found"]).all()
    parts = [name for name in table.columns if name.startswith("found_")]
    assert len(parts) == len(CELLS.members)
    assert (table[parts].sum(axis=1) == table["found"]).all()
    broken = draw(assay("cellsearch").with_(clusters_broken=True), CELLS.at(20.0), 20_000, 3)
    assert broken["found"].mean() > table["found"].mean()
    assert (broken["cells"] >= 0).all()


def test_without_losses_a_count_is_poisson() -> None:
    chance = distribution(PLAIN, ONE_KIND.at(0.8), 40)
    # Cytokeratin and size do not matter to this assay.
    assert chance == pytest.approx(stats.poisson.pmf(np.arange(41), 6.0), abs=1e-13)
    assert detection(PLAIN, ONE_KIND.at(0.8), 5) == pytest.approx(stats.poisson.sf(4, 6.0), abs=1e-13)


def test_beta_nodes_integrate_powers() -> None:
    a, b = 6.76, 3.04
    x, w = beta_nodes(a, b)
    for power in (1, 2, 5, 20):
        assert w @ x**power == pytest.approx(float(stats.beta(a, b).moment(power)), rel=1e-12)


def test_capture_by_epcam_and_size() -> None:
    rng = np.random.default_rng(0)
    levels = 20_000.0 * np.exp(0.8 * rng.standard_normal(400_000))
    kind = replace(cell_kinds()["epithelial"], epcam=20_000.0)
    assert ByEpcam(10_000.0, 1.0).share(kind) == pytest.approx(np.mean(levels / (levels + 10_000.0)), abs=0.002)
    assert averaged_hill(0.0, 1.0, 1.0, 1.0) == 0.0
    shares = [ByEpcam(10_000.0, 1.0).share(line(name)) for name in ("skbr3", "t47d", "bt20", "mdamb231")]
    assert shares == sorted(shares, reverse=True)
    by_size = [
        BySize(8.0, 1.0).share(cell_kinds(cancer)["epithelial"]) for cancer in ("breast", "prostate", "colorectal")
    ]
    assert by_size[0] > 0.9 > by_size[1] > by_size[2]
    assert by_size[2] < 0.5
    mesenchymal, epithelial = (assay("cellsearch").alone(cell_kinds()[name]) for name in ("mesenchymal", "epithelial"))
    assert mesenchymal < 0.1 * epithelial


def test_a_cluster_is_found_more_often_than_a_cell_and_less_than_its_cells_would_be() -> None:
    one = assay("cellsearch")
    single, cluster = CELLS.members[0], CELLS.members[-1]
    p, c = float(one.found(single, 0.8)), float(one.found(cluster, 0.8))
    assert p < c < 3.0 * p
    assert c == pytest.approx(1.0 - (1.0 - p) ** 3)


def test_false_events_are_a_negative_binomial() -> None:
    k, mean = 0.023, 0.5
    found = false_events(mean, k)
    assert found[:50] == pytest.approx(stats.nbinom.pmf(np.arange(50), k, k / (k + mean)), rel=1e-8)
    assert false_positive(assay("cellsearch").with_(background=0.0), 1) == 0.0


def test_spiked_cells_are_beta_binomial() -> None:
    one = PLAIN.with_(handling=0.75, concentration=9.8)
    found = spiked(one, 1.0, 20, 200_000, 4)
    law = stats.betabinom(20, 0.75 * 9.8, 0.25 * 9.8)
    assert found.mean() == pytest.approx(law.mean(), rel=0.003)
    assert found.std() == pytest.approx(law.std(), rel=0.01)


def test_volume_for_a_cell() -> None:
    without_swing = PLAIN.with_(handling=0.85)
    assert volume_for(without_swing, ONE_KIND.at(0.1), 0.95) == pytest.approx(math.log(20.0) / 0.085, rel=1e-6)
    one = assay("cellsearch")
    volume = volume_for(one, CELLS.at(0.2))
    assert tumour_detection(one.with_(volume=volume), CELLS.at(0.2)) == pytest.approx(0.95, abs=1e-9)
    with pytest.raises(InputError, match="not even"):
        volume_for(one, CELLS.at(1e-9))


def test_two_tubes() -> None:
    one = assay("cellsearch")
    population = CELLS.at(1.0)
    near, far = discordance(one, population, 5), discordance(one, population, 5, same_draw=False)
    assert near < far <= 0.5
    rng = np.random.default_rng(2)
    level = rng.gamma(one.swing, 1.0 / one.swing, 40_000)
    still = one.with_(swing=math.inf)
    means, weight = reported_means(still, population)
    kept = rng.choice(len(weight), size=(2, len(level)), p=weight)
    counts = rng.poisson(level * means[kept]) + rng.poisson(
        rng.gamma(one.background_shape, one.background / one.background_shape, (2, len(level)))
    )
    drawn = np.mean((counts[0] >= 5) != (counts[1] >= 5))
    assert near == pytest.approx(drawn, abs=4.5 * math.sqrt(0.25 / len(level)))


def test_calls_agree_with_the_distribution() -> None:
    one = assay("parsortix")
    for truth in (0.0, 2.0, 30.0):
        expected = detection(one, CELLS.at(truth / one.volume), 3)
        assert call_chances(one, CELLS, 3, np.array([truth]))[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("count", [0, 3, 50])
def test_a_posterior_without_losses_is_a_gamma_distribution(count: int) -> None:
    found = posterior(count, PLAIN, ONE_KIND, Prior("gamma", 4.0, 2.0))
    law = stats.gamma(2.0 + count, scale=1.0 / (0.5 + 1.0))
    assert found.mean() == pytest.approx(law.mean(), rel=1e-5)
    assert found.interval() == pytest.approx((law.ppf(0.025), law.ppf(0.975)), rel=1e-3)
    assert found.above(5.0) == pytest.approx(law.sf(5.0), abs=0.02)


def test_a_cell_may_be_a_false_event() -> None:
    prior = Prior("gamma", 0.1, 0.5, absent=0.8)
    one = posterior(1, assay("parsortix"), CELLS, prior)
    five = posterior(5, assay("cellsearch"), CELLS, prior)
    assert one.none > 0.3
    assert five.none < 0.1 * one.none
    assert one.interval()[0] == 0.0


def test_the_level_is_wider_than_the_moment() -> None:
    one = assay("cellsearch")
    usual, moment = (posterior(30, each, CELLS).interval() for each in (one, one.with_(swing=math.inf)))
    assert usual[0] < moment[0]
    assert usual[1] > moment[1]


def test_a_series_of_counts_can_be_reported_by_the_model_of_the_assay(tmp_path: Path) -> None:
    from diaspore.ctc.assay.concentration import found_per_ml

    found = found_per_ml(7, 7.5, "cellsearch")
    assert 0.4 < found.above(5.0 / 7.5) < 0.8
    assert found.interval(0.95)[0] * 7.5 < 5.0 < found.interval(0.95)[1] * 7.5
    exact = found_per_ml(7, 7.5, "cellsearch").interval(0.5)
    assert found.interval(0.95)[0] < exact[0] < exact[1] < found.interval(0.95)[1]
    (tmp_path / "c.csv").write_text("day,count,volume_ml,assay\n0,7,7.5,cellsearch\n60,4,7.5,cellsearch\n")
    arguments = ["ctc", "report", str(tmp_path / "c.csv"), "--cancer", "breast", "--json"]
    parts = [
        json.loads(CliRunner().invoke(app, [*arguments, *more, "--out", str(tmp_path / name)]).stdout)["visits"]
        for name, more in (("plain", []), ("model", ["--assay-model"]))
    ]
    chances = [[row["chance_above"] for row in rows] for rows in parts]
    assert chances[0][0] > chances[1][0] > chances[1][1] > chances[0][1]  # hours and losses make it less certain


def test_changes() -> None:
    one = assay("cellsearch").with_(swing=math.inf)
    same = change(posterior(20, one, CELLS), posterior(20, one, CELLS))
    assert same.rise == pytest.approx(0.5, abs=1e-9)
    assert same.ratio == pytest.approx(1.0, rel=0.02)
    assert same.low * same.high == pytest.approx(1.0, rel=0.05)
    fall = change(posterior(200, one, CELLS), posterior(2, one, CELLS))
    assert fall.rise < 1e-4
    assert fall.high < 0.1
    small = change(posterior(7, assay("cellsearch"), CELLS), posterior(4, assay("cellsearch"), CELLS))
    assert 0.1 < small.rise < 0.5
    assert small.low < 1.0 < small.high


def test_the_rhythm_of_the_day() -> None:
    one = assay("cellsearch")
    levels = [one.level_at(hour) for hour in np.arange(0.0, 24.0, 0.25)]
    assert np.mean(levels) == pytest.approx(1.0, abs=1e-6)
    assert one.level_at(4.0) / (one.level_at(4.0) + one.level_at(10.0)) == pytest.approx(0.783, abs=0.001)
    assert one.level_at(None) == 1.0


def test_classes_of_the_body_engine() -> None:
    found = body_population([2.0, 1.0, 0.5, 0.5])
    assert found.per_ml == 4.0
    assert [one.share for one in found.members] == [0.5, 0.25, 0.125, 0.125]
    assert found.members[-1].cells == 3
    assert body_population([0.0, 0.0, 0.0, 0.0]).per_ml == 0.0


BODY: dict[str, Any] = {
    "schema_version": 1, "kind": "patient", "name": "blood", "patients": 60, "parameters": "breast-2026.2",
    "surgery": {"primary": {"at": "30 day"}},
    "follow_up": {"duration": "8 year", "visits": [{"every": "6 month", "until": "8 year"}]},
}  # fmt: skip


def test_visits_of_a_run(tmp_path: Path) -> None:
    from diaspore.core.spec import spec_from_dict

    run = simulate(spec_from_dict(BODY), seed=2, out=tmp_path / "run", threads=1, quiet=True)
    visits = run.table("visits")
    table = observe(visits, assay("cellsearch"), CELLS, seed=4)
    assert table["cellsearch_count"].ge(0).all()
    part = observe(visits.iloc[100:200], assay("cellsearch"), CELLS, seed=4)
    assert part["cellsearch_count"].equals(table["cellsearch_count"].iloc[100:200])
    high = table[table["ctc_per_ml_arm"] > table["ctc_per_ml_arm"].quantile(0.95)]
    assert high["cellsearch_count"].mean() > table["cellsearch_count"].mean()
    sides = conversion(table, "cellsearch_count", 1, 0.0, 400.0)
    assert set(sides["change"]) <= {"stayed low", "stayed high", "converted", "rose"}
    before = table[table["day"] <= 0.0].groupby("patient")["cellsearch_count"].last()
    assert (sides.set_index("patient")["before"] == before[sides["patient"]]).all()
    with pytest.raises(InputError, match="no column"):
        observe(visits.drop(columns="day"), assay("cellsearch"), CELLS)


def test_counts_by_patient_and_day_have_the_distribution_of_draws() -> None:
    one = assay("parsortix")
    n = 100_000
    found = counts_of(np.arange(n), np.full(n, 12.5), np.full(n, 0.7), one, CELLS, 8)
    chance = distribution(one, CELLS.at(0.7), 300)
    seen = np.bincount(found, minlength=301)[:301] / n
    assert np.abs(seen - chance).max() < 4.5 * math.sqrt(0.25 / n)


def test_counts_can_steer_a_run(tmp_path: Path) -> None:
    from diaspore.core.spec import spec_from_dict

    levers = Levers((Lever("growth_rate", 0.05),))
    guide = CountGuided(assay("cellsearch"), CELLS, every=182.625, until=2922.0, cut_off=1, levers=levers)
    plain = simulate(spec_from_dict(BODY), seed=2, out=tmp_path / "a", threads=1, quiet=True).table("patients")
    guided = simulate(
        spec_from_dict(BODY), seed=2, out=tmp_path / "b", threads=1, quiet=True, controllers=[guide]
    ).table("patients")
    positive = {number for number, tubes in guide.counts.items() if any(count >= 1 for _, count in tubes)}
    assert 3 < len(positive) < 60
    died = [set(one[one["death_cause"] == "cancer"]["patient"]) for one in (plain, guided)]
    assert len(died[1]) < len(died[0])
    never = guided[~guided["patient"].isin(positive)]["death_d"].fillna(-1.0)
    assert np.allclose(never, plain.loc[never.index, "death_d"].fillna(-1.0), atol=20.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: assay("celsearch"), "did you mean 'cellsearch'"),
        (lambda: assay("iset").with_(volumes=3.0), "did you mean 'volume'"),
        (lambda: assay("iset").with_(volume=0.0), "volume"),
        (lambda: assay("iset").with_(handling=1.2), "at most 1"),
        (lambda: tumour_population(-1.0), "per_ml"),
        (lambda: tumour_population(1.0, kinds={"epithelail": 1.0}), "did you mean 'epithelial'"),
        (lambda: tumour_population(1.0, cancer="brest"), "did you mean 'breast'"),
        (lambda: tumour_population(1.0, cells_in_cluster=1), "at least 2"),
        (lambda: Population((), 1.0), "add up"),
        (lambda: line("mcf7"), "no level of EpCAM"),
        (lambda: posterior(-1, PLAIN, CELLS), "whole number"),
        (lambda: posterior(2.5, PLAIN, CELLS), "whole number"),  # type: ignore[arg-type]
        (lambda: Prior("beta", 1.0, 1.0), "gamma"),
        (lambda: Prior("flat", 2.0, 1.0), "ends before"),
        (lambda: posterior(4000, PLAIN, CELLS, Prior("flat", 0.01, 1.0)), "cannot come"),
        (lambda: body_population([1.0, 2.0]), "four numbers"),
    ],
)  # fmt: skip
def test_mistakes(make: Any, words: str) -> None:
    with pytest.raises(InputError) as error:
        make()
    assert words in str(error.value)


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["ctc", "assay", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert (result.exit_code == 0) == (result.stderr == ""), result.stderr
    return result.output


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "parsortix" in said()
    assert "chance of a tumour event" in said("cellsearch", "--per-ml", "0.5", "--plot", "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000
    assert "chance of a rise" in said("cellsearch", "--count", "7", "--count", "4", "--plot", "b.png")
    assert "ctc_assay.cellsearch.handling" in said("cellsearch", "--sources", "--json")
    assert "--per-ml" in said("cellsearch")
    assert "did you mean 'cellsearch'" in said("celsearch", "--count", "3")
    assert "one or two" in said("cellsearch", "--count", "1", "--count", "1", "--count", "1")
