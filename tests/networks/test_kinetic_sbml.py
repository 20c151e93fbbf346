"""SBML and Antimony as networks and back, files that are none, and libroadrunner beside Diaspore's own integration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import diaspore
from diaspore.cli.application import app
from diaspore.core.errors import InputError
from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec, spec_from_dict
from diaspore.networks.formats import read_network
from diaspore.networks.kinetic.export import to_sbml
from diaspore.networks.kinetic.integrate import Integrator
from diaspore.networks.kinetic.network import Network
from diaspore.networks.kinetic.roadrunner import roadrunner_rows
from diaspore.networks.kinetic.sbml import parse_sbml
from diaspore.networks.kinetic.spec import KineticNetworkSpec

pytest.importorskip("libsbml")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "networks" / "sbml_biomodels"
FILES = sorted(SHARED.glob("*.xml")) if SHARED.is_dir() else []

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SMALL = (
    HEAD + '<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="m" name="small">\n'
    '<listOfCompartments><compartment id="c" size="2"/></listOfCompartments>\n'
    '<listOfSpecies><species id="S" compartment="c" initialConcentration="3"/>'
    '<species id="exp" compartment="c" initialAmount="4"/></listOfSpecies>\n'
    '<listOfReactions><reaction id="r"><listOfReactants><speciesReference species="S"/></listOfReactants>'
    '<listOfProducts><speciesReference species="exp" stoichiometry="2"/></listOfProducts>'
    '<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>k</ci><ci>S</ci></apply></math>'
    '<listOfParameters><parameter id="k" value="0.1"/></listOfParameters></kineticLaw></reaction></listOfReactions>\n'
    "</model></sbml>"
)


def network(raw: bytes) -> KineticNetworkSpec:
    found = spec_from_dict(parse_sbml(raw).data)
    assert isinstance(found, KineticNetworkSpec)
    return found


def rows(of: KineticNetworkSpec, times: Any, method: str = "lsoda", step: float | None = None) -> np.ndarray:
    made = Network(of)
    changes = [(of.times(one.at, "at"), one.name, one.value) for one in of.set]
    integrator = Integrator(made, method, step=step, tolerance=1e-10, changes=changes)
    return np.array(list(integrator.rows(integrator.start(), times)))


def test_a_small_file() -> None:
    of = network(SMALL.encode())
    assert of.name == "small"
    assert list(of.species) == ["S", "exp_"]  # exp is a function
    assert of.species["exp_"].initial == 2.0
    assert list(of.parameters) == ["r_k"]
    found = rows(of, [0.0, 10.0])
    assert found[1, 1] == pytest.approx(3 * np.exp(-0.5), rel=1e-8)
    assert found[1, 2] == pytest.approx(2 + 6 * (1 - np.exp(-0.5)), rel=1e-8)
    remarks = dict(parse_sbml(SMALL.encode()).remarks)
    assert remarks["exp"] == "is called exp_ here"


BOMB = (
    HEAD
    + '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{k} "{"&a" + str(k - 1) * (k > 0) + ";"}{"&a;" * 10}">' for k in range(1, 9))
    + "]><sbml>&a8;</sbml>"
)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b"", "no element found"),
        (b"\x00\x01\x02" * 3_000_000, "not valid XML"),
        (b"a" * 10_000_000, "column 1: not valid XML"),
        (b"<a>" * 100_000, "nested too deeply"),
        (b"<html><body/></html>", "the root element is <html>"),
        (BOMB.encode(), "document types and entities are not read"),
        (b"<sbml>\n  <model>\n </sbml>", ":3: column 4: not valid XML: mismatched tag"),
        (b'<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"/>', "model"),
        (SMALL.replace("<ci>S</ci>", "<ci>Q</ci>").encode(), "'Q' is not known"),
        (SMALL.replace("<times/>", "<factorial/>").replace("<ci>k</ci>", "").encode(), "not supported"),
        (b'<?xml version="1.0" encoding="no-such"?><sbml/>', "encoding"),
    ],
)  # fmt: skip
def test_files_that_are_no_networks(text: bytes, part: str, tmp_path: Path) -> None:
    file = tmp_path / "file.xml"
    file.write_bytes(text)
    with pytest.raises(InputError) as error:
        read_network(file)
    assert part in str(error.value)
    assert str(file) in str(error.value)


def test_too_large_a_file(tmp_path: Path) -> None:
    file = tmp_path / "large.xml"
    file.write_bytes(b" " * 20_000_001)
    with pytest.raises(InputError, match="too large"):
        read_network(file)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(SMALL) - 1), st.text(alphabet='<>/="& abciksS01.-\n', max_size=8), st.integers(0, 30))
def test_damaged_files_are_read_or_refused(at: int, new: str, lost: int) -> None:
    try:
        found = parse_sbml((SMALL[:at] + new + SMALL[at + lost :]).encode())
        spec_from_dict(found.data)
    except InputError:
        pass


def test_antimony_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("antimony")
    monkeypatch.chdir(tmp_path)
    Path("m.ant").write_text("model m\n S1 -> S2; k*S1\n S1=3; S2=0; k=0.1\n at (time > 5): k = 0\nend\n")
    done = CliRunner().invoke(app, ["convert", "m.ant", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["file"] == "m.yaml"
    one, two = diaspore.simulate("m.yaml", quiet=True), diaspore.simulate("m.ant", quiet=True)
    assert one.table("course").equals(two.table("course"))
    assert one.summary["end"]["S1"] == pytest.approx(3 * np.exp(-0.5), rel=1e-6)
    Path("bad.ant").write_text("model m\n S1 -> ;; k*\n")
    with pytest.raises(InputError, match="not read as Antimony"):
        read_network("bad.ant")
    again = CliRunner().invoke(app, ["convert", "m.ant"])
    assert again.exit_code == 2


def test_a_network_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "small.xml").write_text(SMALL)
    run = diaspore.simulate(tmp_path / "small.xml", out=tmp_path / "run", quiet=True)
    from diaspore.networks.kinetic.equilibria import Equilibria
    from diaspore.viz import plot_run
    from diaspore.viz.kinetic import bifurcation
    from diaspore.viz.style import save_png

    files = plot_run(run)
    assert [file.name for file in files] == ["trajectories.png"]
    of = load_spec(shipped_models()["lu-2013"])
    assert isinstance(of, KineticNetworkSpec)
    branch = Equilibria(of).follow("SNAIL", 200_000.0, 210_000.0)
    picture = save_png(bifurcation([branch], "ZEB", title="switch", unit="molecules"), tmp_path / "branch.png")
    assert picture.stat().st_size > 10_000


EVERYTHING = {
    "schema_version": 1, "kind": "kinetic_network", "name": "all", "duration": 10, "save_every": 1,
    "compartments": {"cell": {"size": 2.5}},
    "species": {"a": {"initial": 1.0, "compartment": "cell"}, "b": {"initial": "2 * k"},
                "fed": {"initial": 1.5, "held": True}, "z": {"initial": 0.3}},
    "parameters": {"k": {"value": 0.5}, "n": {"value": "k * 4"}, "e": {"value": 0.1}},
    "functions": {"hill": {"arguments": ["x", "n"], "formula": "x^n / (1 + x^n)"}},
    "rules": {"level": "min(a, b, 2) + max(a, 0.1) + log10(1 + b) + ln(1 + a)"},
    "reactions": {"r": {"reactants": {"a": 2, "fed": 1}, "products": {"b": 1}, "rate": "k * hill(a, n) * fed"},
                  "back": {"reactants": {"b": 1}, "products": {"a": 2}, "rate": "e * b * level"}},
    "rates": {"z": "piecewise(sin(a), a > 0.4 and not b > 3 or z < 0, exp(-z)) - abs(z) * sqrt(b)"},
    "events": {"one": {"when": "time >= 3.5", "delay": 1, "set": {"fed": 3, "k": "k / 2"}}},
    "set": [{"at": 7, "name": "a", "value": 2}, {"at": 8.5, "name": "k", "value": 0}],
}  # fmt: skip


def test_libroadrunner_agrees_on_everything_a_file_can_say() -> None:
    pytest.importorskip("roadrunner")
    of = spec_from_dict(EVERYTHING)
    assert isinstance(of, KineticNetworkSpec)
    changes = [(7.0, "a", 2.0), (8.5, "k", 0.0)]
    theirs = np.array(roadrunner_rows(Network(of), of.rows, changes, tolerance=1e-10))
    ours = rows(of, of.rows)
    late = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10]  # at 7 both give the value after the change
    np.testing.assert_allclose(ours[late], theirs[late], rtol=1e-6)
    again = network(to_sbml(of).encode())
    np.testing.assert_allclose(rows(again, [0.0, 3.0, 6.0])[:, 1:5], ours[[0, 3, 6], 1:5], rtol=1e-8)
    run = diaspore.simulate({**EVERYTHING, "method": "libroadrunner"}, quiet=True)
    assert "welsh2023" in run.citations
    assert run.summary["end"]["z"] == pytest.approx(ours[-1, 4], rel=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(not FILES, reason="the collection of BioModels is not here")
def test_files_of_biomodels_against_libroadrunner() -> None:
    """Every file that both read, to the time 100: adaptive steps to 1e-6; what is refused is known."""
    roadrunner = pytest.importorskip("roadrunner")
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    times = np.linspace(0.0, 100.0, 11)
    refused, compared = {}, 0
    for file in FILES:
        try:
            of = spec_from_dict(read_network(file).data)
        except InputError as error:
            refused[file.name.split("-")[0].split("_")[0]] = error.problem
            continue
        if not isinstance(of, KineticNetworkSpec):  # a logical model
            continue
        runner = roadrunner.RoadRunner(str(file))
        runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-10, 1e-18
        runner.integrator.maximum_num_steps = 200_000
        known = {*runner.model.getFloatingSpeciesIds(), *runner.model.getBoundarySpeciesIds()}
        names = [name for name in of.species if name in known or not known]
        runner.selections = ["time", *(f"[{n}]" if of.species[n].compartment else n for n in names)]
        try:
            theirs = np.array(runner.simulate(0.0, 100.0, 11))[:, 1:]
        except RuntimeError:  # it stalls where a signal is switched on
            assert file.name.startswith("lee2003")
            continue
        columns = [1 + list(of.species).index(name) for name in names]
        ours = rows(of, times)[:, columns]
        scale = np.abs(theirs).max(axis=0)
        # Where nothing but rounding is there, as before a signal is given, there is nothing to compare.
        known_size = scale > 1e-11 * scale.max()
        close = np.abs(ours - theirs) <= 1e-5 * np.abs(theirs) + 1e-7 * scale
        bad = [name for name, fine in zip(names, (close | ~known_size).all(axis=0), strict=True) if not fine]
        assert not bad, file.name
        compared += 1
    assert compared >= 26
    assert set(refused) == {"zi2011"}
    assert "no constant size" in refused["zi2011"]
