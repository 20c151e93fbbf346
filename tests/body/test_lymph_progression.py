"""Hidden Markov model of lymphatic progression: small closed forms, Bayes, two sides."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaspore.body.lymph_progression import (
    BilateralProgression,
    LymphProgression,
    Modality,
    binomial_time_prior,
    oropharynx_bilateral,
)

CHAIN = LymphProgression(("I", "II", "III"), {"I": 0.1, "II": 0.3, "III": 0.05}, {("I", "II"): 0.6, ("II", "III"): 0.2})
PRIOR = binomial_time_prior(6, 0.4)


def test_one_level_is_geometric() -> None:
    side = LymphProgression(("II",), {"II": 0.25})
    found = [side.marginal(p)["II"] for p in side.evolve(8)]
    np.testing.assert_allclose(found, 1.0 - 0.75 ** np.arange(9), rtol=1e-12)


def test_two_steps_by_hand() -> None:
    side = LymphProgression(("A", "B"), {"A": 0.2}, {("A", "B"): 0.5})
    two = side.evolve(2)[2]
    # states: none, A, B, both
    np.testing.assert_allclose(two, [0.64, 0.8 * 0.2 + 0.2 * 0.5, 0.0, 0.2 * 0.5], rtol=1e-12)


def test_transition_matrix_never_heals_and_sums_to_one() -> None:
    a = CHAIN.transition_matrix()
    np.testing.assert_allclose(a.sum(axis=1), 1.0, atol=1e-14)
    for s, t in itertools.product(range(8), repeat=2):
        if s & ~t:
            assert a[s, t] == 0.0


@settings(max_examples=40, deadline=None)
@given(
    base=st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3),
    spread=st.lists(st.floats(0.0, 1.0), min_size=2, max_size=2),
)
def test_loop_twin_of_the_transition(base: list[float], spread: list[float]) -> None:
    side = LymphProgression(
        ("a", "b", "c"), dict(zip("abc", base, strict=True)), {("a", "b"): spread[0], ("b", "c"): spread[1]}
    )
    a = side.transition_matrix()
    for s in range(8):
        for t in range(8):
            p = 1.0
            for i in range(3):
                if s >> i & 1:
                    p *= 1.0 if t >> i & 1 else 0.0
                    continue
                stay = 1.0 - base[i]
                if i > 0 and s >> (i - 1) & 1:
                    stay *= 1.0 - spread[i - 1]
                p *= 1.0 - stay if t >> i & 1 else stay
            assert a[s, t] == pytest.approx(p, abs=1e-14)


def test_posterior_is_bayes_by_enumeration() -> None:
    modality = Modality(0.81, 0.86)
    finding = {"I": False, "II": True}
    prior = CHAIN.state_distribution(PRIOR)
    joint = []
    for s, p in enumerate(prior):
        one, two = s & 1, s >> 1 & 1
        joint.append(p * (0.19 if one else 0.86) * (0.81 if two else 0.14))
    np.testing.assert_allclose(CHAIN.posterior(PRIOR, finding, modality), np.array(joint) / sum(joint), rtol=1e-12)
    assert CHAIN.risk(PRIOR, finding, modality)["II"] > CHAIN.prevalence(PRIOR)["II"]


def test_perfect_examination_and_no_examination() -> None:
    sure = CHAIN.risk(PRIOR, {"I": True, "II": False, "III": True}, Modality(1.0, 1.0))
    assert sure == {"I": 1.0, "II": 0.0, "III": 1.0}
    assert CHAIN.risk(PRIOR, {}, Modality(0.8, 0.8)) == pytest.approx(CHAIN.prevalence(PRIOR))
    impossible = LymphProgression(("A",), {"A": 0.0})
    with pytest.raises(ValueError, match="impossible"):
        impossible.risk(PRIOR, {"A": True}, Modality(1.0, 1.0))


def test_midline_states_add_up_and_no_crossing_means_one_side() -> None:
    contra = LymphProgression(CHAIN.levels, {"I": 0.01, "II": 0.02, "III": 0.0}, CHAIN.spread)
    both = BilateralProgression(CHAIN, contra, crossing=0.1, mixing=0.3)
    parts = both.joint(PRIOR, False) + both.joint(PRIOR, True)
    np.testing.assert_allclose(parts, both.joint(PRIOR), atol=1e-15)
    assert parts.sum() == pytest.approx(1.0, rel=1e-12)
    assert both.prevalence(PRIOR, True)[1]["II"] > both.prevalence(PRIOR, False)[1]["II"]
    never = BilateralProgression(CHAIN, contra, crossing=0.0, mixing=0.3)
    assert never.prevalence(PRIOR)[1] == pytest.approx(contra.prevalence(PRIOR))
    assert never.prevalence(PRIOR)[0] == pytest.approx(CHAIN.prevalence(PRIOR))


def test_same_side_parameters_make_the_midline_irrelevant() -> None:
    both = BilateralProgression(CHAIN, CHAIN, crossing=0.2, mixing=0.7)
    assert both.prevalence(PRIOR)[1] == pytest.approx(CHAIN.prevalence(PRIOR))


def test_sides_are_linked_by_time() -> None:
    both = BilateralProgression(CHAIN, CHAIN, crossing=0.0, mixing=0.0)
    risk = both.risk(PRIOR, {"III": True}, {}, Modality(1.0, 1.0))[1]
    assert risk["II"] > CHAIN.prevalence(PRIOR)["II"]


def test_model_from_percentages() -> None:
    percent = {"midline_extension_prob_per_step": 8.0, "mixing_alpha": 30.0, "I_to_II": 60.0}
    percent |= {f"{s}_T_to_{k}": v for s, v in (("ipsi", 10.0), ("contra", 1.0)) for k in ("I", "II")}
    model = oropharynx_bilateral(percent, ("I", "II"))
    assert model.ipsi.spread == {("I", "II"): 0.6}
    assert model.contra_extended.base["I"] == pytest.approx(0.3 * 0.1 + 0.7 * 0.01)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: LymphProgression(("A", "A"), {}), "different levels"),
        (lambda: LymphProgression(("A",), {"B": 0.1}), "unknown level 'B'"),
        (lambda: LymphProgression(("A",), {"A": 1.1}), "between 0 and 1"),
        (lambda: LymphProgression(("A", "B"), {}, {("B", "A"): 0.1}), "later level"),
        (lambda: Modality(1.2, 0.5), "sensitivity"),
        (lambda: BilateralProgression(CHAIN, LymphProgression(("A",), {}), 0.1, 0.1), "same levels"),
        (lambda: BilateralProgression(CHAIN, CHAIN, -0.1, 0.1), "crossing"),
    ],
)
def test_mistakes_are_named(build, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        build()
