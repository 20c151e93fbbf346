"""What engine-level cases count, on small made-up patients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr

from diaspore.knowledge.anatomy import SITES
from diaspore.validation.cases.breast_nodes_by_size import shares
from diaspore.validation.cases.breast_relapse import SIZES, free_of_recurrence, kaplan_meier, size_weights
from diaspore.validation.cases.breast_sites import (
    engine_shares,
    excess_log_loss,
    flow_only,
    other_primaries,
    published_shares,
)
from diaspore.validation.cases.breast_spread_by_size import has_spread, threshold_fit
from diaspore.validation.cases.luzzi_cascade import DIAMETER_MM, injected_cells
from diaspore.validation.cases.seeding_labels import descends_from_node
from diaspore.validation.models.engine_runs import Patients, staging_only

BONE, LIVER, NODE, BREAST = (SITES.index(s) for s in ("bone", "liver", "regional_nodes", "breast"))
NAN = math.nan


def made_up(columns: dict[str, list[float]], lesions: dict[str, list[float]]) -> Patients:
    return Patients(
        {k: np.array(v) for k, v in columns.items()}, {k: np.array(v) for k, v in lesions.items()}, np.zeros(1)
    )


def test_kaplan_meier_is_that_of_lifelines() -> None:
    lifelines = pytest.importorskip("lifelines")
    rng = np.random.default_rng(1)
    time = rng.integers(1, 40, 300).astype(float)  # many ties
    event = rng.random(300) < 0.6
    weight = rng.integers(1, 4, 300).astype(float)
    fitted = lifelines.KaplanMeierFitter().fit(time, event, weights=weight)
    at = np.array([0.5, 1.0, 7.0, 19.5, 39.0])
    np.testing.assert_allclose(kaplan_meier(time, event, weight, at), fitted.predict(at).to_numpy(), rtol=1e-9)


def test_recurrence_counts_from_surgery_and_censors_death() -> None:
    year = 365.25
    patients = made_up({"relapse": [NAN, 30 + 1.5 * year, NAN, 10.0], "end": [30 + 1.2 * year, 9e3, 9e3, 9e3]}, {})
    curve = free_of_recurrence(patients, np.ones(4, dtype=bool), np.ones(4), (1, 2))
    np.testing.assert_allclose(curve, [1.0, 0.5])  # dead at 1.2 y: censored; found before surgery: not counted


def test_weights_give_the_cohorts_sizes() -> None:
    d = np.array([12.0, 15.0, 18.0, 25.0, 60.0])
    patients = made_up({"end": [1.0] * 5, "y_diagnosis": list(np.log(np.pi / 6) + 3 * np.log(d))}, {})
    weight = size_weights(patients, "n0", np.ones(5, dtype=bool))
    counts = np.array([886, 508, 42])  # Rotterdam, node-negative
    assert list(SIZES) == ["le20", "20_50", "gt50"]
    np.testing.assert_allclose([weight[:3].sum(), weight[3], weight[4]], counts / counts.sum())


def test_node_classes() -> None:
    np.testing.assert_allclose(shares(np.array([0, 0, 1, 3, 4, 9, 10, 25])), [0.25, 0.25, 0.25, 0.25])


def test_spread_needs_a_distant_founder_that_divides_and_was_seeded_before_surgery() -> None:
    lesions = {
        "owner": [0, 1, 2, 3, 4],
        "site": [BONE, BONE, BONE, NODE, BREAST],
        "seeded": [-10.0, -10.0, 5.0, -10.0, -10.0],
        "waking": [900.0, NAN, 5.0, -10.0, -10.0],
    }
    patients = made_up({"end": [1.0] * 6}, lesions)
    assert has_spread(patients).tolist() == [True, False, False, False, False, False]


def test_threshold_fit_finds_a_lognormal_threshold() -> None:
    d = np.array([12.0, 17.0, 25.0, 30.0, 40.0, 60.0, 90.0])
    median, sd = threshold_fit(d, ndtr(np.log(d / 36.0) / 0.8))
    assert median == pytest.approx(36.0, rel=1e-3)
    assert sd == pytest.approx(0.8, rel=1e-3)


def test_descent_is_followed_through_all_generations() -> None:
    lesions = {
        "id": [10, 11, 12, 13, 14],
        "parent": [0, 10, 11, 0, 13],
        "site": [NODE, BONE, LIVER, BONE, LIVER],
    }
    patients = made_up({"end": [1.0]}, lesions)
    assert descends_from_node(patients).tolist() == [False, True, True, False, False]


def test_site_shares_and_their_null_models() -> None:
    lesions = {
        "owner": [0, 0, 1, 2, 3],
        "site": [BONE, LIVER, BONE, BONE, NODE],
        "detected": [1.0, 1.0, 1.0, NAN, 1.0],
    }
    patients = made_up({"end": [1.0] * 4}, lesions)
    np.testing.assert_allclose(engine_shares(patients, ["bone", "liver"]), [1.0, 0.5])
    published = published_shares()
    assert published["bone"] == pytest.approx(0.63978, abs=1e-5)
    names, values = list(published), np.array(list(published.values()))
    flow = flow_only(names, values)
    assert flow.sum() == pytest.approx(values.sum())
    assert flow[names.index("lung")] > 0.99
    assert np.all((other_primaries(names) > 0.0) & (other_primaries(names) < 1.0))
    assert excess_log_loss(values, values) == pytest.approx(0.0, abs=1e-12)
    assert excess_log_loss(flow, values) > 0.1


def test_reduced_runs_and_injected_cells() -> None:
    patients = staging_only(DIAMETER_MM, 50)
    assert len(patients) == 50
    np.testing.assert_allclose(patients.diameter, DIAMETER_MM)
    assert set(np.unique(patients.lesions["owner"])) <= set(range(50))
    assert 200.0 < injected_cells() < 2000.0
