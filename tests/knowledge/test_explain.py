"""`explain` and `search` over everything that has a name."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from diaspore.core.errors import InputError
from diaspore.knowledge.anatomy import SITES, primaries
from diaspore.knowledge.explain import explain, search
from diaspore.knowledge.load import facts, references, table
from diaspore.knowledge.parameters import load_parameter_set, parameter_set_names


def test_a_fact() -> None:
    found = explain("ctc.half_life")
    assert (found.kind, found.value, found.unit, found.low, found.high) == ("fact", "1.7", "h", "1", "2.4")
    assert found.source == "meng2004"
    assert "Meng" in found.reference
    assert "1.7 h" in found.to_text()
    assert "1 to 2.4 h" in found.to_text()
    assert found.used_in[0].startswith("table ctc_kinetics.csv, line ")


def test_case_and_dashes_do_not_matter() -> None:
    assert explain("CTC.Half-Life").key == "ctc.half_life"
    assert explain("  Luzzi1998 ").key == "luzzi1998"
    assert explain("Growth-Rate").key == "growth_rate"


def test_levers() -> None:
    for row in table("levers"):
        assert explain(row["lever"]) == explain(row.key)
        assert explain(row.key).kind == "lever"
    assert explain("kill_rate").details["neutral"] == "0 1/day"
    assert explain("kill_rate").details["combined"] == "added"
    assert explain("growth_rate").details["index"] == "site, clone"


def test_sites_primaries_and_citations() -> None:
    for name in SITES:
        assert explain(f"site.{name}").kind == "site"
        assert explain(name).kind == "site"
    for name in primaries():
        assert explain(f"primary.{name}").kind == "primary"
    assert "primary.breast" in explain("breast").note
    assert explain("nsclc").kind == "primary"
    assert "bone 64 %" in explain("primary.breast").details["MSK-MET"]
    cited = explain("luzzi1998")
    assert cited.kind == "citation"
    assert "cascade.luzzi.extravasated" in cited.used_in
    assert explain("nguyen2022").used_in[-1].endswith("more")


def test_everything_can_be_explained() -> None:
    keys = [*facts(), *references(), *SITES, *primaries()]
    for key in keys:
        found = explain(key)
        assert json.loads(json.dumps(found.to_json())) == found.to_json()
        assert found.to_text().endswith("\n")


@pytest.mark.parametrize("name", parameter_set_names())
def test_shipped_parameters(name: str) -> None:
    for key in load_parameter_set(name):
        found = explain(f"{name}:{key}")
        assert found.kind == "parameter"
        assert found.grade
        assert found.used_in[0].startswith(f"parameter set {name}")


def test_unknown_and_group() -> None:
    with pytest.raises(InputError, match="did you mean 'luzzi1998'"):
        explain("luzi1998")
    with pytest.raises(InputError, match=r"station\.breast\.axilla_1"):
        explain("station.breast")
    with pytest.raises(InputError, match="nothing is called"):
        explain("")


def test_search() -> None:
    hits = search("half-life MOUSE")
    assert "ctc.half_life_single_mouse" in hits
    assert hits == sorted(hits)
    assert "luzzi1998" in search("luzzi")
    assert search("   ") == []
    assert search("no such words anywhere") == []


def test_explaining_loads_no_heavy_library() -> None:
    code = (
        "import sys; from diaspore.knowledge.explain import explain; explain('cascade.luzzi.overall'); "
        "print([m for m in ('pandas', 'numba', 'matplotlib', 'xarray', 'pyarrow') if m in sys.modules])"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "[]"
