"""Anatomy as the engine reads it: conservation, identities, and links between tables."""

from __future__ import annotations

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.knowledge.anatomy import (
    CAVITIES,
    SEXES,
    SITES,
    capillary_bed,
    cavity,
    circulation,
    nodal_stations,
    primaries,
    primary,
    site,
    site_flow_percent,
    site_map,
    tropism,
    tropism_all,
)
from diaspore.knowledge.load import fact, table


@pytest.mark.parametrize("sex", SEXES)
def test_blood_flow_is_conserved_at_every_node(sex: str) -> None:
    body = circulation(sex)
    inflow = np.zeros(len(body.nodes))
    outflow = np.zeros(len(body.nodes))
    np.add.at(inflow, body.target, body.percent)
    np.add.at(outflow, body.source, body.percent)
    np.testing.assert_allclose(inflow, outflow, rtol=0, atol=1e-9)
    np.testing.assert_allclose(body.flow_percent, outflow, rtol=0, atol=0)
    assert body.flow_percent[body.index("left_heart")] == pytest.approx(100.0)


@pytest.mark.parametrize("sex", SEXES)
def test_transit_time_identity(sex: str) -> None:
    body = circulation(sex)
    share = body.volumes_ml / body.blood_volume_ml
    expected = share / (body.flow_percent / 100.0) * body.blood_volume_ml / (1000.0 * body.cardiac_output_l_min) * 60.0
    np.testing.assert_allclose(body.transit_s, expected, rtol=1e-5)


@pytest.mark.parametrize(("sex", "share", "turn"), [("male", 100.0, 48.923), ("female", 99.98, 39.661)])
def test_blood_volume_and_circulation_time(sex: str, share: float, turn: float) -> None:
    body = circulation(sex)
    assert 100.0 * body.volumes_ml.sum() / body.blood_volume_ml == pytest.approx(share, abs=1e-9)
    assert fact(f"body.{sex}.circulation_time").value == pytest.approx(turn, abs=1e-3)


def test_printed_transit_times_of_the_man() -> None:
    body = circulation("male")
    printed = {"lung": 5.27, "liver": 19.2, "brain": 4.9, "red_marrow": 65.2}
    for node, seconds in printed.items():
        assert body.transit_s[body.index(node)] == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize(("sex", "liver", "portal"), [("male", 25.5, 19.0), ("female", 27.5, 21.0)])
def test_liver_flow(sex: str, liver: float, portal: float) -> None:
    body = circulation(sex)
    into = {(a, b): p for a, b, p in body.edges}
    assert body.flow_percent[body.index("liver")] == pytest.approx(liver)
    arterial = into["aorta_large_arteries", "liver"]
    assert sum(p for (_, b), p in into.items() if b == "liver") - arterial == pytest.approx(portal)


@pytest.mark.parametrize("sex", SEXES)
def test_every_path_returns_to_the_left_heart(sex: str) -> None:
    body = circulation(sex)
    n = len(body.nodes)
    reach = np.eye(n, dtype=bool)
    reach[body.source, body.target] = True
    for _ in range(n):
        reach = reach | (reach.astype(int) @ reach.astype(int) > 0)
    assert reach.all()


def test_circulation_arrays_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        circulation("male").percent[0] = 1.0


def test_unknown_sex_and_node() -> None:
    assert circulation("Female").sex == "female"
    with pytest.raises(InputError, match="did you mean 'female'"):
        circulation("femal")
    with pytest.raises(InputError, match="did you mean 'liver'"):
        circulation("male").index("livr")


@pytest.mark.parametrize("sex", SEXES)
def test_sites_take_no_more_than_a_node_has(sex: str) -> None:
    used: dict[str, float] = {}
    for place in site_map().values():
        for node, share in place.nodes[sex].items():
            assert node in circulation(sex).nodes
            used[node] = used.get(node, 0.0) + share
    assert max(used.values()) <= 1.0 + 1e-12
    for whole in ("brain", "lymph_nodes", "lung", "liver"):
        assert used[whole] == pytest.approx(1.0)


def test_sites_are_complete() -> None:
    assert tuple(site_map()) == SITES
    assert len(SITES) == 24
    msk = {row["msk_site"] for row in table("tropism")}
    for place in site_map().values():
        assert place.bed == capillary_bed(place.name).type
        assert place.msk_site in msk | {""}
    named = [place.msk_site for place in site_map().values() if place.msk_site]
    assert len(named) == len(set(named)) == 15


def test_site_flow() -> None:
    assert site_flow_percent("lung", "male") == pytest.approx(100.0)
    assert site_flow_percent("liver", "female") == pytest.approx(27.5)
    assert site_flow_percent("bone", "male") == pytest.approx(5.0)
    assert site_flow_percent("ovary", "male") == 0.0
    assert site_flow_percent("prostate", "female") == 0.0
    with pytest.raises(InputError, match="did you mean 'adrenal'"):
        site("adrenals")


def test_capillary_beds() -> None:
    assert capillary_bed("brain").type == "bbb"
    assert capillary_bed("brain").pore_nm == 1.0
    assert capillary_bed("liver").facts["fenestra"].value == 105.0
    assert capillary_bed("bone").diameter_um > capillary_bed("lung").diameter_um
    for name in SITES:
        assert capillary_bed(name).facts["diameter"].grade == "assumed"


def test_cavities() -> None:
    for name in CAVITIES:
        space = cavity(name)
        assert sum(row.value for row in space.implant_share.values()) == pytest.approx(1.0)
        assert {row.grade for row in space.implant_share.values()} == {"assumed"}
        assert {"volume", "production", "surface"} <= space.facts.keys()
    surfaces = cavity("peritoneum").surface_share
    assert sum(row.value for row in surfaces.values()) == pytest.approx(1.0)
    assert {"omentum", "pouch_of_douglas", "mesentery", "right_paracolic_gutter"} <= cavity(
        "peritoneum"
    ).implant_share.keys()
    assert cavity("peritoneum").facts["surface"].to("cm**2") == pytest.approx(13_000.0)
    with pytest.raises(InputError, match="did you mean 'pleura'"):
        cavity("plura")


def test_nodal_stations_of_every_primary() -> None:
    for name in primaries():
        stations = nodal_stations(name)
        assert sum(s.share for s in stations) == pytest.approx(1.0, abs=1e-5)
        assert [s.order for s in stations if s.order == 1]
        known = {s.name for s in stations} | {"venous", "thoracic_duct"}
        for station in stations:
            assert set(station.onward) <= known
            assert station.nodes_low <= station.nodes <= station.nodes_high
            assert station.grade == "assumed" or station.primary in ("breast", "head_neck")


def test_lymph_always_reaches_the_blood() -> None:
    for name in primaries():
        by_name = {s.name: s for s in nodal_stations(name)}
        for start in by_name:
            seen: set[str] = set()
            todo = [start]
            while todo:
                here = todo.pop()
                if here in seen or here in ("venous", "thoracic_duct"):
                    seen.add(here)
                    continue
                seen.add(here)
                todo += by_name[here].onward
            assert seen & {"venous", "thoracic_duct"}, (name, start)


def test_every_station_can_be_reached() -> None:
    for name in primaries():
        stations = nodal_stations(name)
        fed = {s.name for s in stations if s.share > 0}
        for _ in stations:
            fed |= {onward for s in stations if s.name in fed for onward in s.onward}
        assert {s.name for s in stations} <= fed, name


def test_breast_stations() -> None:
    shares = {s.name: s.share for s in nodal_stations("breast")}
    assert shares["axilla_1"] == 0.9
    assert shares["internal_mammary"] == 0.08
    assert [s.name for s in nodal_stations("breast")][:3] == ["axilla_1", "axilla_2", "axilla_3"]


def test_tropism_of_breast_cancer() -> None:
    counts = tropism("breast")
    assert counts["bone"] == (1277, 1996)
    assert counts["liver"] == (945, 1996)
    assert counts["lung"] == (609, 1996)
    assert counts["brain"] == (435, 1996)
    assert len(counts) == 15
    assert "regional_nodes" not in counts
    assert list(counts) == [name for name in SITES if name in counts]


def test_tropism_of_every_primary() -> None:
    for name in primaries():
        assert len(tropism_all(name)) == 21
    assert len({row["msk_primary"] for row in table("tropism")}) == 27
    assert tropism_all("Skin Cancer, Non-Melanoma")["Bone"][1] == 50


def test_primary_names() -> None:
    assert primary("lung").name == "nsclc"
    assert primary("PDAC").name == "pancreas"
    assert primary("Renal Cell Carcinoma").name == "kidney"
    with pytest.raises(InputError, match="did you mean 'melanoma'"):
        primary("melonoma")


def test_primaries_link_to_the_size_table() -> None:
    cancers = {row["cancer"] for row in table("seer_size_metastasis")}
    linked = {item.seer_cancer for item in primaries().values()} - {""}
    assert linked <= cancers
