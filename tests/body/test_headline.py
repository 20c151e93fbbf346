"""Headline figures: agreement with the engine's own tables, the well-mixed counter-example, ridges, draws, command."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from diaspore.body.blood_tables import blood_tables
from diaspore.body.circulation import half_life_hours, network_of
from diaspore.body.headline import draw, headline, metastatic_tubes, naive_per_ml_per_gram
from diaspore.body.identifiability import NON_IDENTIFIED, SEEN, Combination, walk
from diaspore.body.parameters import Values, resolve
from diaspore.body.processes.geometry import ln_volume
from diaspore.body.quantities import (
    SOURCES,
    arrest_half_life,
    changed,
    mixture,
    poisson_tail,
    pool_half_life,
    quantities,
    solve_blood,
    value_of,
    well_mixed,
)
from diaspore.cli.application import app
from diaspore.core.errors import InputError
from diaspore.knowledge.anatomy import SITES
from diaspore.knowledge.load import references

SET = "breast-2026.1"
RIDGES = [c for c in NON_IDENTIFIED if c.ridge is not None]


@pytest.fixture(scope="module")
def values() -> Values:
    return resolve(SET, {})


@pytest.fixture(scope="module")
def best(values: Values) -> dict[str, float]:
    return quantities(changed(values, {}), "female")


def test_circulation_is_the_engines(values: Values) -> None:
    tables = blood_tables("female", "breast", values.scalar, values.site)
    blood = solve_blood(changed(values, {}), "female")
    at = [SITES.index(s) for s in SOURCES]
    np.testing.assert_allclose(blood.concentration, tables.concentration[at], rtol=1e-12)
    np.testing.assert_allclose(blood.extravasated, tables.extravasated[at], rtol=1e-12)
    np.testing.assert_allclose(blood.arrested, tables.arrested[at].sum(axis=3), rtol=1e-12)


def test_half_life_is_that_of_the_bisection(values: Values, best: dict[str, float]) -> None:
    point = changed(values, {})
    share, _weight = mixture(point, ln_volume(20.0))
    blood = solve_blood(point, "female")
    network = network_of("female")
    source = np.zeros(len(network.nodes))
    source[network.index("large_veins")] = 1.0  # behind the bed of the breast
    parts = [(float(share[c, g]), blood.rates[c][g]) for c in range(4) for g in range(2)]
    assert best["half_life_h"] == pytest.approx(half_life_hours(network, parts, source), rel=1e-3)


def test_early_share_is_that_of_engine_patients(values: Values, best: dict[str, float]) -> None:
    from diaspore.body.batch import run
    from diaspore.body.compile import compile_patient
    from diaspore.core.spec import spec_from_dict

    spec: Any = spec_from_dict(
        {"schema_version": 1, "kind": "patient", "name": "early", "patients": 3000, "follow_up": {"duration": "1 day",
         "visits": []}}
    )  # fmt: skip
    found = run(compile_patient(spec, 3), 0, 3000).patients
    early = found["ctc_diagnosis"][found["stage_m"] == 0]
    tube = value_of(values, "detection.tube_volume") * value_of(values, "detection.tube_recovery")
    # Nodal deposits and occult metastases shed too, so the engine's share is a little higher.
    assert float(poisson_tail(early * tube, 1).mean()) == pytest.approx(best["early_share_ge1"], abs=0.04)


def test_a_well_mixed_pool_empties_within_a_minute(values: Values, best: dict[str, float]) -> None:
    assert 10.0 < pool_half_life("female") * 3600.0 < 60.0
    assert 10.0 < arrest_half_life("female") * 3600.0 < 60.0
    assert best["half_life_h"] > 50.0 * pool_half_life("female")
    point = changed(values, {})
    pool = quantities(point, "female", blood=well_mixed(solve_blood(point, "female"), "female"))
    assert pool["arterial_to_venous"] == pytest.approx(1.0)
    assert pool["portal_to_arm"] == pytest.approx(1.0)


def test_naive_pool_of_the_literature() -> None:
    assert naive_per_ml_per_gram() == pytest.approx(3.2e6 / 24 * 1.5 / math.log(2) / 5000)
    assert round(naive_per_ml_per_gram()) == 58


@pytest.mark.parametrize("combination", RIDGES, ids=lambda c: c.name)
def test_figures_stay_along_the_ridge(combination: Combination, values: Values) -> None:
    assert combination.ridge is not None
    changes = combination.ridge(values, combination.step)
    moved = [abs(math.log(new / value_of(values, key))) for key, new in changes.items() if value_of(values, key) > 0.0]
    assert max(moved) >= math.log(1.4)
    change = walk(combination, values)
    assert max(change[name] for name in combination.keeps) < 0.01
    # Off the ridge, a parameter alone moves what stays along it.
    before = quantities(changed(values, {}), "female")
    alone = [quantities(changed(values, {key: new}), "female") for key, new in changes.items()]
    assert max(abs(after[name] / before[name] - 1.0) for after in alone for name in combination.keeps) > 0.01


def test_shedding_per_metastasis_moves_along_its_ridge(values: Values) -> None:
    change = walk(next(c for c in RIDGES if c.name == "shedding, recovery and take"), values)
    assert change["cells_shed_per_metastasis"] == pytest.approx(1.0)
    assert max(change[name] for name in SEEN) < 1e-9


def test_combinations_say_what_is_seen(values: Values) -> None:
    known = set(values.set.entries) | {key.rsplit(".", 1)[0] for key in values.set.entries}
    for combination in NON_IDENTIFIED:
        assert set(combination.parameters) <= known, combination.name
        assert combination.seen
        assert combination.reason
        assert set(combination.keeps) <= set(quantities(changed(values, {}), "female"))


def test_draws(values: Values) -> None:
    first = draw(values, 0, 7)
    assert first == draw(values, 0, 7)
    assert first != draw(values, 1, 7)
    assert first != draw(values, 0, 8)
    many = [draw(values, k, 7)["blood.release_rate.lung"] for k in range(200)]
    entry = values.set.entries["blood.release_rate.lung"]
    low, high = (float(str(v).split()[0]) for v in (entry.low, entry.high))
    assert low <= min(many)
    assert max(many) <= high
    assert len({round(x, 12) for x in many}) == 200


def test_changed_defaults_spare_sites_with_a_value_of_their_own(values: Values) -> None:
    point = changed(values, {"blood.extravasation_rate.default": 7.0, "fate.bottleneck": 20.0})
    assert point.site["blood_extravasation_rate"][SITES.index("lung")] == 7.0
    assert point.site["blood_extravasation_rate"][SITES.index("brain")] != 7.0
    assert point["fate_bottleneck"] == 20.0
    with pytest.raises(InputError, match="no such parameter"):
        changed(values, {"fate.botleneck": 20.0})


def test_figures(best: dict[str, float]) -> None:
    figures = headline(SET, draws=8, patients=0)
    assert [f.to_json() for f in figures] == [f.to_json() for f in headline(SET, draws=8, patients=0)]
    names = {f.name for f in figures}
    assert "arterial over central venous CTC" in names
    for figure in figures:
        assert figure.source in references()
        assert figure.kind in ("fitted", "predicted", "input")
        assert figure.note
        assert math.isfinite(figure.value)
        assert math.isfinite(figure.published)
        assert figure.kind == "input" or figure.low < figure.high
        assert not figure.published_low > figure.published_high
    without = headline(SET, draws=0, patients=0)
    assert all(math.isnan(f.low) for f in without)
    assert [f.value for f in without] == [f.value for f in figures]
    assert headline(SET, "male", draws=0, patients=0)[0].value != without[0].value


def test_tubes_of_metastatic_patients() -> None:
    tubes = metastatic_tubes(SET, "female", 400, 1)
    assert 50 < len(tubes) < 400
    assert np.all(tubes >= 0.0)
    shares = [f for f in headline(SET, draws=2, patients=400) if f.name.startswith("metastatic patients")]
    assert len(shares) == 2
    assert 0.0 < shares[0].value < 1.0


def test_command() -> None:
    shown = CliRunner().invoke(app, ["headline", "--draws", "3", "--patients", "0"])
    assert shown.exit_code == 0, shown.output
    assert "Not identified" in shown.output
    assert "butler1975" in shown.output
    as_json = CliRunner().invoke(app, ["headline", SET, "--draws", "0", "--patients", "0", "--json"])
    data = json.loads(as_json.output)
    assert {"parameter_set", "figures", "not_identified"} <= set(data)
    assert data["figures"][0]["low"] is None
    wrong = CliRunner().invoke(app, ["headline", "breast-1999"])
    assert wrong.exit_code == 2
