"""Gates at their bounds, probabilities, clusters, intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diaspore.core.errors import InputError
from diaspore.ctc.images.certainty import EXACT, RATES, count_interval
from diaspore.ctc.images.clusters import clusters
from diaspore.ctc.images.gates import load_gates, presets
from diaspore.ctc.images.mixture import mixture
from diaspore.ctc.images.relative import Reference, reference, standardised

PX2 = 0.64**2
TUMOUR = {
    "cytokeratin_sd": 51.0, "cytokeratin_area_um2": 100 * PX2, "cytokeratin_max": 500.0, "dna_max": 171.0,
    "cd45_max": 59.0, "nucleus_area_um2": 100 * PX2, "nucleus_p2a": 1.0,
}  # fmt: skip
WHITE = TUMOUR | {"cytokeratin_sd": 49.0, "cd45_max": 101.0}


def called(gates: str, row: dict[str, float], top: float = 4095.0) -> str:
    return str(load_gates(gates).classify(pd.DataFrame([row]), top)[0])


def test_the_gates_that_are_shipped() -> None:
    assert presets() == ["ligthart-breast", "ligthart-cell-line", "ligthart-prostate", "relative"]
    for name in presets():
        gates = load_gates(name)
        assert gates.name == name
        assert gates.version
        assert gates.classes[-1] == "unassigned"


@pytest.mark.parametrize(
    ("gates", "row", "feature", "bound"),
    [
        ("ligthart-breast", TUMOUR, "cytokeratin_sd", 50.0),
        ("ligthart-breast", TUMOUR, "cytokeratin_area_um2", 75 * PX2),
        ("ligthart-breast", TUMOUR, "cytokeratin_area_um2", 2000 * PX2), ("ligthart-breast", TUMOUR, "dna_max", 170.0),
        ("ligthart-breast", TUMOUR, "cd45_max", 60.0), ("ligthart-prostate", TUMOUR, "cytokeratin_area_um2", 500 * PX2),
        ("ligthart-cell-line", TUMOUR, "cytokeratin_max", 400.0), ("ligthart-cell-line", TUMOUR, "cd45_max", 200.0),
        ("ligthart-cell-line", TUMOUR, "cytokeratin_area_um2", 10000 * PX2),
        ("ligthart-breast", WHITE, "cytokeratin_sd", 50.0), ("ligthart-breast", WHITE, "nucleus_area_um2", 50 * PX2),
        ("ligthart-breast", WHITE, "nucleus_area_um2", 1000 * PX2), ("ligthart-breast", WHITE, "cd45_max", 100.0),
        ("ligthart-breast", WHITE, "nucleus_p2a", 1.5), ("ligthart-breast", WHITE, "dna_max", 170.0),
    ],
)  # fmt: skip
def test_a_value_at_the_bound_is_outside(gates: str, row: dict[str, float], feature: str, bound: float) -> None:
    wanted = "tumour" if row is TUMOUR else "leukocyte"
    assert called(gates, row) == wanted
    assert called(gates, row | {feature: bound}) == "unassigned"
    inside = 1.0 if row[feature] > bound else -1.0
    assert called(gates, row | {feature: bound * (1 + 1e-6 * inside)}) == wanted
    assert called(gates, row | {feature: bound * (1 - 1e-6 * inside)}) == "unassigned"


def test_counts_are_scaled_to_the_bits_of_the_gates() -> None:
    brighter = {k: v * 65535 / 4095 if k.endswith(("sd", "max")) else v for k, v in TUMOUR.items()}
    assert called("ligthart-breast", brighter, 65535.0) == "tumour"
    assert called("ligthart-breast", TUMOUR, 65535.0) == "unassigned"


def test_reasons_name_each_bound() -> None:
    gates = load_gates("ligthart-breast")
    reasons = gates.reasons(pd.Series(TUMOUR), "tumour", 4095.0)
    assert reasons == [
        "cytokeratin_sd 51 > 50", "cytokeratin_area 100 > 75 px", "cytokeratin_area 100 < 2000 px", "dna_max 171 > 170",
        "cd45_max 59 < 60",
    ]  # fmt: skip
    assert gates.reasons(pd.Series(TUMOUR), "unassigned", 4095.0) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nclasses: [{name: x, when: [{feature: dna_max, above: high}]}]", "must be a number"),
        ("name: a\nclasses: [{name: x, when: [{feature: dna_max}]}]", "above or below"),
        ("name: a\nclasses: [{name: x, when: [{feature: dna_max, abov: 3}]}]", "did you mean 'above'"),
        ("name: a\nclasses: [{name: unassigned, when: [{feature: dna_max, above: 3}]}]", "none is 'unassigned'"),
        ("name: a\nclasses: [{name: x, when: [{feature: dna_area, above: 3, unit: px}]}]", "size of a pixel"),
        ("name: a\nbits: twelve\nclasses: [{name: x, when: [{feature: dna_max, above: 3}]}]", "whole number"),
        ("name: a\nerrors: {missed: 2}\nclasses: [{name: x, when: [{feature: dna_max, above: 3}]}]", "a share"),
        ("name: a", "classes is missing"),
    ],
)
def test_mistakes_in_gates_are_told_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "gates.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_gates(file)
    assert str(file) in str(caught.value)


def test_a_feature_that_was_not_measured_is_told() -> None:
    gates = load_gates("ligthart-breast")
    with pytest.raises(InputError, match="cytokeratin_sd, which was not measured"):
        gates.classify(pd.DataFrame([{"cytokeratin_sdd": 1.0}]), 4095.0)


def leukocytes(count: int, rng: np.random.Generator) -> pd.DataFrame:
    cd45, keratin = 50 * np.exp(0.5 * rng.standard_normal(count)), 2 * np.exp(0.3 * rng.standard_normal(count))
    return pd.DataFrame({"cd45_snr": cd45, "cytokeratin_snr": keratin})


def test_z_is_robust_and_needs_leukocytes() -> None:
    rng = np.random.default_rng(1)
    events = leukocytes(2000, rng)
    plain = reference(events, ("cytokeratin", "cd45"))
    z = standardised(events, plain)["cd45_z"]
    assert abs(np.median(z)) < 1e-3
    assert z.std() == pytest.approx(1.0, abs=0.05)
    tumour = pd.DataFrame({"cd45_snr": np.full(200, 1.0), "cytokeratin_snr": np.full(200, 60.0)})
    mixed = reference(pd.concat([events, tumour]), ("cytokeratin", "cd45"))
    assert mixed.middle == plain.middle  # tumour cells do not move it
    assert (standardised(tumour, mixed)["cytokeratin_z"] > 8).all()
    few = reference(events.iloc[:29], ("cytokeratin", "cd45"))
    assert not few.enough
    assert standardised(events, few)["cd45_z"].isna().all()


def test_probability_grows_with_the_balance_and_is_low_on_a_slide_without_tumour_cells() -> None:
    rng = np.random.default_rng(2)
    found = Reference(5000, {}, {}, (-2.6, 0.6), 5000, 1.0, 0.0)
    none = rng.normal(-2.6, 0.6, 5000)
    some = np.concatenate([none, rng.normal(2.7, 0.6, 100)])
    grid = np.linspace(-5, 5, 101)
    for values in (none, some):
        p = mixture(values, found).probability(grid)
        assert (np.diff(p) >= -1e-12).all()
        assert p[0] < 1e-6
    assert mixture(none, found).probability(none).max() < 0.5
    fitted = mixture(some, found)
    assert fitted.share == pytest.approx(100 / 5100, rel=0.1)
    assert fitted.probability(some).sum() == pytest.approx(
        100, abs=8
    )  # a little is left to leukocytes stained by accident
    assert fitted.middle == pytest.approx(2.7, abs=0.15)


def test_clusters_join_through_cytokeratin_only() -> None:
    classes = np.array(["tumour", "tumour", "tumour", "leukocyte", "tumour", "unassigned"])
    contacts = pd.DataFrame(
        [(1, 2, 4.0, 4.0), (2, 3, 4.0, 0.0), (3, 4, 4.0, 0.0), (5, 6, 4.0, 4.0), (1, 4, 1.0, 0.0)],
        columns=["first", "second", "border_um", "keratin_um"],
    )
    found = clusters(np.arange(1, 7), classes, contacts)
    assert list(found["cluster_nuclei"]) == [2, 2, 1, 0, 1, 0]
    assert list(found["cluster"]) == [1, 1, 2, 0, 0, 0]
    assert list(found["heterotypic"]) == [False, False, True, False, False, False]


def test_the_interval_of_a_count() -> None:
    assert count_interval(np.zeros(0), 0.0, 0.0) == (0, 0)
    assert count_interval(np.ones(12), 0.0, 0.0) == (12, 12)
    low, high = count_interval(np.full(100, 0.98), 0.05, 0.0)
    rng = np.random.default_rng(3)  # true numbers drawn evenly; those are kept that give 100 calls
    rounds = 2_000_000
    true, factors = rng.integers(80, 150, rounds), np.exp(RATES * rng.standard_normal((2, rounds)))
    right = rng.binomial(100, 1.0 - np.minimum(0.02 * factors[0], 1.0))
    kept = true[rng.binomial(true, 1.0 - np.minimum(0.05 * factors[1], 0.95)) == right]
    assert (low, high) == pytest.approx(np.quantile(kept, [0.025, 0.975]), abs=2.0)
    few, many = count_interval(np.full(EXACT, 0.98), 0.02, 0.02), count_interval(np.full(EXACT + 1, 0.98), 0.02, 0.02)
    assert few == pytest.approx(many, abs=6)
    assert few[0] < EXACT < few[1]
