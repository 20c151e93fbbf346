"""Tables of the circulation: where cells of each class end, what becomes a founder, what levers change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from diaspore.body.blood_tables import NEUTRAL, BloodTables, blood_tables, class_rates, injection, node_shares
from diaspore.body.circulation import concentrations, network_of, solve
from diaspore.knowledge.anatomy import SITES, site_map, vessels_of
from tests.body.common import SITE, compiled, patient

PRIMARIES = ("breast", "bowel", "lung", "ovary")


def values(change: dict[str, Any] | None = None) -> tuple[np.ndarray, np.ndarray]:
    v = compiled(patient(change)).values
    return v.scalar, v.site


def tables(change: dict[str, Any] | None = None, primary: str = "breast", **levers: Any) -> BloodTables:
    return blood_tables("female", primary, *values(change), replace(NEUTRAL, **levers))


def only(site: str, factor: float) -> tuple[float, ...]:
    return tuple(factor if name == site else 1.0 for name in SITES)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_every_bed_belongs_to_sites(sex: str) -> None:
    net = network_of(sex)
    shares = node_shares(net, sex)
    assert shares.min() >= 0.0
    np.testing.assert_allclose(shares[net.is_bed].sum(axis=1), 1.0, atol=1e-9)
    for name, site in site_map().items():
        for node, share in site.nodes[sex].items():
            assert shares[net.index(node), SITE[name]] >= share - 1e-12


@pytest.mark.parametrize("sex", ["female", "male"])
def test_vessels_are_those_of_the_largest_share_of_a_bed(sex: str) -> None:
    """The site whose parameters a compartment takes is the one that the refusal of other keys names."""
    net = network_of(sex)
    holder = node_shares(net, sex).argmax(axis=1)
    for name, site in site_map().items():
        for node in site.nodes[sex]:
            assert SITES[holder[net.index(node)]] == vessels_of()[name], (name, node)
    assert {name for name, other in vessels_of().items() if name != other} == {
        "breast", "prostate", "regional_nodes", "peritoneum", "pleura", "pericardium", "meninges",
    }  # fmt: skip
    v = compiled(patient({"blood.extravasation_rate.brain": "3 1/day", "blood.shunt.muscle": 0.3})).values
    assert v.site["blood_extravasation_rate"][SITE["meninges"]] == 3.0
    assert v.site["blood_shunt"][[SITE["pleura"], SITE["breast"]]].tolist() == [0.3, 0.3]


@pytest.mark.parametrize("sex", ["female", "male"])
def test_cells_enter_blood_behind_the_bed_of_their_site(sex: str) -> None:
    net = network_of(sex)
    rows = injection(net, sex, "breast", 0.0)
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-12)
    for site, first in (
        ("breast", "large_veins"),
        ("lung", "left_heart"),
        ("bowel", "liver"),
        ("liver", "large_veins"),
    ):
        assert rows[SITE[site], net.index(first)] == pytest.approx(1.0, abs=1e-9), site


def test_vertebral_plexus_takes_its_share_of_the_primary_only() -> None:
    net = network_of("female")
    plain, plexus = injection(net, "female", "breast", 0.0), injection(net, "female", "breast", 0.3)
    np.testing.assert_allclose(
        plexus[SITE["breast"]], 0.7 * plain[SITE["breast"]] + 0.3 * np.eye(len(net.nodes))[net.index("red_marrow")]
    )
    others = [i for i in range(len(SITES)) if i != SITE["breast"]]
    np.testing.assert_array_equal(plexus[others], plain[others])
    bone = SITE["bone"]
    without, with_plexus = tables(), tables({"blood.vertebral_fraction": 0.3})
    assert np.all(
        with_plexus.extravasated[SITE["breast"], :, :, bone] > without.extravasated[SITE["breast"], :, :, bone]
    )


@pytest.mark.parametrize("primary", PRIMARIES)
def test_no_cell_is_lost(primary: str) -> None:
    t = tables(primary=primary)
    np.testing.assert_allclose(t.arrested.sum(axis=3) + t.lost, 1.0, atol=1e-12)
    assert np.all(t.extravasated <= t.arrested + 1e-15)


def test_class_rates_by_hand() -> None:
    """Single, soft, and clustered cells against capillaries; NK cells reach only the exposed."""
    net = network_of("female")
    scalar, site = values()
    par, shares = scalar[0], node_shares(net, "female")
    diameters = [par["blood_single_diameter"]] * 2 + [
        par["blood_single_diameter"] * par["blood_mesenchymal_softness"],
        par["blood_cluster_diameter"],
    ]
    for c in range(4):
        for shield in (0, 1):
            r = class_rates(net, shares, scalar, site, c, shield, 2.5)
            nk = par["blood_nk_death"] if shield == 0 else 0.0
            assert r.flow_death == pytest.approx(par["blood_shear_death"] + nk + 2.5)
            np.testing.assert_allclose(r.die, par["blood_held_death"] + nk + 2.5)
            for name, node in (("lung", "lung"), ("liver", "liver"), ("bone", "red_marrow"), ("kidney", "kidneys")):
                i, s = net.index(node), site[SITE[name]]
                x = (diameters[c] / s["blood_capillary_diameter"]) ** par["blood_size_exponent"]
                missed = (1.0 - x / (1.0 + x)) * (1.0 - s["blood_adhesion"])
                assert r.hold[i] == pytest.approx((1.0 - s["blood_shunt"]) * (1.0 - missed)), (c, name)
                assert r.release[i] == s["blood_release_rate"]
                assert r.extravasate[i] == s["blood_extravasation_rate"]
    assert np.all(r.hold[~net.is_bed] == 0.0)


@pytest.mark.parametrize("primary", ["breast", "bowel"])
def test_tables_are_the_solved_circulation(primary: str) -> None:
    """A second way through: solve each class by itself and add up compartments site by site."""
    net = network_of("female")
    scalar, site = values()
    shares = node_shares(net, "female")
    t = tables(primary=primary)
    sources = injection(net, "female", primary, 0.0)
    for c, shield in ((0, 0), (2, 1), (3, 0)):
        fate = solve(net, class_rates(net, shares, scalar, site, c, shield, 0.0), sources)
        for j in (SITE["lung"], SITE["bone"], SITE["meninges"], SITE["muscle"]):
            by_hand = sum(fate.extravasated[:, i] * shares[i, j] for i in range(len(net.nodes)))
            np.testing.assert_allclose(t.extravasated[:, c, shield, j], by_hand, rtol=1e-12)
        np.testing.assert_allclose(t.lost[:, c, shield], fate.died_in_flow.sum(axis=1))
        np.testing.assert_allclose(t.concentration[:, c, shield], concentrations(net, fate))


def test_founders_are_extravasated_cells_weighed_by_soil_and_potency() -> None:
    scalar, site = values()
    par = scalar[0]
    t = tables()
    potency = [1.0, par["fate_hybrid_take"], par["fate_mesenchymal_take"]]
    potency.append(par["fate_cluster_potency"] / par["shedding_cluster_size"])  # per shed cell, not per cluster
    for c in range(4):
        success = t.extravasated[:, c] * site["fate_soil"] * potency[c]
        np.testing.assert_allclose(t.founder[:, c], success.sum(axis=-1), rtol=1e-12)
        np.testing.assert_allclose(
            np.diff(t.place[:, c], axis=-1, prepend=0.0), success / success.sum(-1, keepdims=True), atol=1e-12
        )
    assert np.all(t.place[..., -1] == 1.0)


def test_shielded_cells_found_more() -> None:
    """The engine bounds founder rates by the shielded ones."""
    for primary in PRIMARIES:
        t = tables(primary=primary)
        assert np.all(t.founder[:, :, 1] >= t.founder[:, :, 0])


def test_soft_cells_pass_the_lung_and_clusters_do_not() -> None:
    t = tables({"blood.adhesion.lung": 0.1})
    lung, breast = SITE["lung"], SITE["breast"]
    assert t.arrested[breast, 2, 1, lung] < t.arrested[breast, 0, 1, lung] < t.arrested[breast, 3, 1, lung]


def test_lever_extravasation_moves_only_its_site_and_is_capped() -> None:
    neutral, more, cap = tables(), tables(extravasation=only("bone", 1.2)), tables(extravasation=only("bone", 1e6))
    bone = SITE["bone"]
    np.testing.assert_allclose(
        more.extravasated[..., bone], np.minimum(1.2 * neutral.extravasated[..., bone], neutral.arrested[..., bone])
    )
    np.testing.assert_allclose(cap.extravasated[..., bone], neutral.arrested[..., bone])
    others = [i for i in range(len(SITES)) if i != bone]
    np.testing.assert_array_equal(more.extravasated[..., others], neutral.extravasated[..., others])
    np.testing.assert_array_equal(more.arrested, neutral.arrested)
    nothing = tables(extravasation=(0.0,) * len(SITES))
    assert not nothing.founder.any()
    assert np.all(nothing.place[..., -1] == 1.0)


def test_lever_homing_moves_founders_not_cells() -> None:
    neutral, homing = tables(), tables(homing=only("liver", 3.0))
    liver = SITE["liver"]
    np.testing.assert_array_equal(homing.extravasated, neutral.extravasated)
    share = np.diff(neutral.place, axis=-1, prepend=0.0)[..., liver]
    np.testing.assert_allclose(homing.founder, neutral.founder * (1.0 + 2.0 * share), rtol=1e-12)


def test_lever_ctc_death_leaves_fewer_cells_in_blood() -> None:
    neutral, deadly = tables(), tables(ctc_death=200.0)
    assert np.all(deadly.lost >= neutral.lost)
    assert np.all(deadly.concentration <= neutral.concentration * (1.0 + 1e-12))
    assert np.all(deadly.founder < neutral.founder)
    np.testing.assert_allclose(deadly.arrested.sum(axis=3) + deadly.lost, 1.0, atol=1e-12)
