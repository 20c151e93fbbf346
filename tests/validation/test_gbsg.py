"""The prediction of GBSG-2: its groups, null models, skipped checks, and the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diaspore.inference.assess import concordance
from diaspore.inference.treatment import START_DAY, YEAR
from diaspore.validation import gbsg, load_cases, nulls
from diaspore.validation.cases import gbsg_prediction


def test_groups_are_those_of_the_trial() -> None:
    parts = {part["name"]: part for part in gbsg.groups("breast-2026.1")}
    assert set(parts) == {*gbsg.PLAIN.values(), *gbsg.RECEPTOR.values()}
    assert sum(part["share"] for part in parts.values()) == pytest.approx(1.0)
    assert all(part["levers"][0]["lever"] == "kill_rate" for part in parts.values())
    tablets = parts[gbsg.PLAIN[True]]["levers"][1]
    assert tablets["until"] == f"{START_DAY + 2 * YEAR:g} day"
    slow, fast = (parts[gbsg.RECEPTOR[key]]["change"] for key in ((True, False), (False, False)))
    assert float(slow["growth.doubling_time"].split()[0]) == pytest.approx(150 * 241 / 193, rel=1e-5)
    assert float(fast["growth.doubling_time"].split()[0]) == pytest.approx(150 * 127.4 / 193, rel=1e-3)


def test_the_records_are_the_known_ones() -> None:
    pytest.importorskip("lifelines")
    trial = gbsg.load()
    assert len(trial.time) == 686
    assert trial.event.sum() == 299
    assert trial.nodes.min() >= 1.0
    assert np.isfinite(trial.all).all()
    assert trial.all.shape == (686, 8)
    assert (trial.used[:, 3] <= trial.tamoxifen).all()


def test_without_the_records_every_check_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gbsg, "available", lambda: False)
    rows = gbsg_prediction.run().rows
    checks = {check.name: check for check in load_cases()["gbsg_prediction"].checks}
    assert set(rows) == set(checks)
    for name, row in rows.items():
        assert row.skipped == (checks[name].kind != "implementation")
        assert not row.skipped or "trials" in row.reason


def test_folds_leave_everybody_out_once() -> None:
    found = np.array(list(nulls.folds(23, repeats=3)))
    assert found.shape == (15, 23)
    assert (found.reshape(3, 5, 23).sum(axis=1) == 1).all()
    assert (found == np.array(list(nulls.folds(23, repeats=3)))).all()


def test_null_models_learn_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lifelines")
    monkeypatch.setattr(nulls, "TREES", 30)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 2))
    event, lost = rng.exponential(5.0 * np.exp(-x[:, 0])), rng.uniform(2.0, 10.0, 400)
    time, seen = np.minimum(event, lost), event <= lost
    left_out = list(nulls.folds(400, repeats=1))
    truth = concordance(time, seen, x[:, 0])
    models = [nulls.constant, nulls.cox, *([nulls.forest] if nulls.has_forest() else [])]
    found = [nulls.cross_validated(time, seen, x, 3.0, left_out, model) for model in models]
    assert found[0].c.tolist() == [0.5] * 5
    for scores in found[1:]:
        assert scores.c.mean() > truth - 0.06
        assert scores.brier.mean() < found[0].brier.mean() - 0.02
    own = nulls.scores(time, seen, 3.0, left_out, x[:, 0], np.full(400, 0.4))
    assert own.c.mean() == pytest.approx(truth, abs=0.02)


def test_the_picture_is_written(tmp_path: Path) -> None:
    from diaspore.viz import style
    from diaspore.viz.predict import prediction

    rng = np.random.default_rng(2)
    hazard = 0.1 * np.exp(rng.normal(size=300))
    event, lost = rng.exponential(1.0 / hazard), rng.uniform(4.0, 8.0, 300)
    risk = -np.expm1(-hazard[:, None] * np.array([1.0, 3.0, 5.0, 7.0]))
    figure = prediction(np.minimum(event, lost), event <= lost, risk, (1, 3, 5, 7), 5, "Title", "subtitle")
    axes = figure.axes
    assert len(axes[0].lines) == 8
    assert len(axes[1].containers) == 8
    assert style.save_png(figure, tmp_path / "p.png").stat().st_size > 20_000


@pytest.mark.slow
def test_a_small_prediction_orders_patients(tmp_path: Path) -> None:
    pytest.importorskip("lifelines")
    trial = gbsg.load()
    found = gbsg.predictions(patients=20_000, folder=tmp_path)
    assert set(found) == set(gbsg.WAYS)
    for one in found.values():
        assert one.risk.shape == (686, len(gbsg.YEARS))
        assert (np.diff(one.risk, axis=1) >= 0.0).all()
        assert concordance(trial.time, trial.event, one.by(5)) > 0.6
