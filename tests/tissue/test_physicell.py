"""Models of PhysiCell turned into tissues."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from diaspore.cli.application import app
from diaspore.core.errors import InputError
from diaspore.core.spec import load_spec, validate
from diaspore.tissue.behaviours import APOPTOSIS, EXIT, NECROSIS, SPEED
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.physicell.settings import read_settings
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec

SHARED = Path(__file__).resolve().parents[3] / "shared"

SETTINGS = """<PhysiCell_settings>
  <domain><x_min>-100</x_min><x_max>100</x_max><y_min>-60</y_min><y_max>60</y_max><z_min>-10</z_min><z_max>10</z_max>
    <dx>20</dx><dy>20</dy><dz>20</dz><use_2D>true</use_2D></domain>
  <overall><max_time>61</max_time><dt_diffusion>0.01</dt_diffusion><dt_mechanics>0.1</dt_mechanics>
    <dt_phenotype>6</dt_phenotype></overall>
  <save><folder>output</folder><full_data><interval>30</interval><enable>true</enable></full_data></save>
  <options><random_seed>7</random_seed></options>
  <microenvironment_setup>
    <variable name="oxygen" units="mmHg"><physical_parameter_set><diffusion_coefficient>1000</diffusion_coefficient>
      <decay_rate>0.1</decay_rate></physical_parameter_set><initial_condition>30</initial_condition>
      <Dirichlet_boundary_condition enabled="True">38</Dirichlet_boundary_condition>
      <Dirichlet_options><boundary_value ID="xmin" enabled="True">20</boundary_value>
        <boundary_value ID="ymax" enabled="False">1</boundary_value></Dirichlet_options></variable>
    <variable name="cell debris" units="wishes"><physical_parameter_set><diffusion_coefficient>1</diffusion_coefficient>
      <decay_rate>0</decay_rate></physical_parameter_set><initial_condition>0</initial_condition>
      <Dirichlet_boundary_condition enabled="False">5</Dirichlet_boundary_condition></variable>
  </microenvironment_setup>
  <cell_definitions>
    <cell_definition name="tumour cell" ID="0"><phenotype>
      <cycle code="6"><phase_durations><duration index="0" fixed_duration="false">300</duration>
        <duration index="1" fixed_duration="true">480</duration><duration index="2" fixed_duration="true">240</duration>
        <duration index="3" fixed_duration="true">60</duration></phase_durations></cycle>
      <death><model code="100" name="apoptosis"><death_rate>0.001</death_rate>
          <phase_durations><duration index="0">500</duration></phase_durations></model>
        <model code="101" name="necrosis"><death_rate>0.002</death_rate>
          <parameters><unlysed_fluid_change_rate>0.01</unlysed_fluid_change_rate>
          <calcification_rate>0.3</calcification_rate></parameters></model></death>
      <volume><total>2000</total><nuclear>500</nuclear></volume>
      <mechanics><cell_cell_adhesion_strength>0.3</cell_cell_adhesion_strength>
        <relative_maximum_adhesion_distance>1.5</relative_maximum_adhesion_distance>
        <cell_adhesion_affinities><cell_adhesion_affinity name="T cell">0.5</cell_adhesion_affinity>
        </cell_adhesion_affinities></mechanics>
      <motility><speed>1.5</speed><persistence_time>10</persistence_time><migration_bias>0.2</migration_bias>
        <options><enabled>false</enabled></options></motility>
      <secretion><substrate name="oxygen"><uptake_rate>10</uptake_rate></substrate>
        <substrate name="cell debris"><secretion_rate>2</secretion_rate><secretion_target>1</secretion_target>
        <net_export_rate>3</net_export_rate></substrate></secretion></phenotype>
      <custom_data><charm>3</charm></custom_data></cell_definition>
    <cell_definition name="T cell" ID="1" parent_type="tumour cell"><phenotype>
      <cycle code="5"><phase_transition_rates><rate start_index="0" end_index="0">0.0</rate>
      </phase_transition_rates></cycle>
      <motility><speed>1.5</speed><persistence_time>10</persistence_time><migration_bias>0.2</migration_bias>
        <options><enabled>true</enabled><advanced_chemotaxis><enabled>true</enabled>
        <normalize_each_gradient>false</normalize_each_gradient><chemotactic_sensitivities>
        <chemotactic_sensitivity substrate="cell debris">2</chemotactic_sensitivity></chemotactic_sensitivities>
        </advanced_chemotaxis></options></motility>
      <cell_interactions><attack_rates><attack_rate name="tumour cell">0.1</attack_rate></attack_rates>
      </cell_interactions>
      <cell_transformations><transformation_rates><transformation_rate name="tumour cell">0.01</transformation_rate>
        </transformation_rates></cell_transformations></phenotype></cell_definition>
  </cell_definitions>
  <initial_conditions><cell_positions type="csv" enabled="true"><folder>./config</folder><filename>cells.csv</filename>
    </cell_positions></initial_conditions>
  <cell_rules><rulesets><ruleset enabled="true"><folder>./config</folder><filename>rules.csv</filename></ruleset>
    </rulesets></cell_rules>
  <user_parameters><number_of_cells>2</number_of_cells></user_parameters>
</PhysiCell_settings>
"""
RULES = """// a comment
tumour cell,oxygen,decreases,necrosis,0,3.75,8,0
tumour cell,pressure,decreases,cycle entry,0,1,4,0
tumour cell,dead,increases,cell debris secretion,5,0.5,10,1
T cell,contact with tumour cell,decreases,migration speed,0.1,0.5,10,0
T cell,cell debris,increases,attack tumour cell,1,0.5,10,0
T cell,oxygen,increases
"""
CELLS = "x,y,z,type\n1,2,0,tumour cell\n-20,30,0,T cell\n"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "settings.xml").write_text(SETTINGS)
    (tmp_path / "rules.csv").write_text(RULES)
    (tmp_path / "cells.csv").write_text(CELLS)
    return tmp_path / "settings.xml"


def test_what_is_understood(settings: Path) -> None:
    found = read_settings(str(settings))
    spec = validate(TissueSpec, found.data)
    compiled = compile_tissue(spec)
    assert (spec.duration, spec.save_every) == (66.0, 30.0)
    assert spec.substances["oxygen"].faces()[0] == {"x_low": 20.0, "x_high": 38.0, "y_low": 38.0}
    assert spec.substances["cell_debris"].held == {}
    tumour, other = spec.cell_types["tumour_cell"], spec.cell_types["T_cell"]
    assert [p.law for p in tumour.cycle.phases] == ["exponential", "fixed", "fixed", "fixed"]
    assert [p.grows for p in tumour.cycle.phases] == [False, True, False, False]
    assert tumour.cycle.phases[3].divides
    assert tumour.motility is None
    assert tumour.adhesion_to == {"T_cell": 0.5}
    assert other.volume == 2000.0  # of its parent
    assert other.transforms_to == {"tumour_cell": 0.01}
    assert other.motility is not None
    assert other.motility.chemotaxis == {"cell_debris": 2.0}
    assert not other.motility.each_alike
    base = compiled.scene.base
    assert base[:, EXIT].tolist() == [1 / 300, 0.0]
    assert base[:, APOPTOSIS].tolist() == [0.001, 0.001]
    assert base[:, NECROSIS].tolist() == [0.002, 0.002]
    assert base[:, SPEED].tolist() == [0.0, 1.5]
    assert compiled.scene.kinds["apoptosis_length"].tolist() == [500.0, 500.0]
    assert len(spec.rules) == 4
    assert spec.rules[2].when_dead
    assert np.bincount(compiled.cells.kind[: compiled.cells.count]).tolist() == [3, 3]
    s = Simulation(compiled.scene, compiled.cells, 1)
    s.run(2)
    assert np.isfinite(s.u).all()


def test_what_is_not_understood_is_named(settings: Path) -> None:
    remarks = [f"{what}: {why}" for what, why in read_settings(str(settings)).remarks]
    for words in (
        "wishes", "max_time: 61 min is no multiple", "reaches to 1.25 radii, not to 1.5", "calcification_rate = 0.3",
        "custom_data: charm", "attack_rate[tumour cell] = 0.1", "behaviour 'attack tumour cell'",
        "line 7 of rules.csv",
    ):  # fmt: skip
        assert any(words in remark for remark in remarks), words
    assert len(remarks) == 13  # the reach of adhesion is that of both types


def test_the_command(settings: Path, tmp_path: Path) -> None:
    out = tmp_path / "made.yaml"
    done = CliRunner().invoke(app, ["convert", str(settings), "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert "2 cell types, 2 substances, 4 rules" in done.output
    assert "calcification" in out.read_text().split("schema_version")[0]
    assert load_spec(out).to_yaml() == validate(TissueSpec, read_settings(str(settings)).data).to_yaml()


def test_rules_of_a_tissue_are_listed(settings: Path, tmp_path: Path) -> None:
    out = tmp_path / "made.yaml"
    CliRunner().invoke(app, ["convert", str(settings), "-o", str(out)])
    for arguments, words in ((["rules"], "X gradient"), (["rules", str(out)], "contact with T_cell")):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert words in done.output


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<dx>20</dx>", "<dx>wide</dx>", "'wide' is no number"),
        ("<dy>20</dy>", "<dy>10</dy>", "must be cubes"),
        ("<PhysiCell_settings>", "<settings>", "is no XML"),
        (SETTINGS, "<settings/>", "begins with <settings>"),
        ("<total>2000</total>", "<total>-5</total>", "volume"),
    ],
)
def test_wrong_files_are_refused(settings: Path, old: str, new: str, words: str) -> None:
    settings.write_text(SETTINGS.replace(old, new))
    with pytest.raises(InputError, match=words):
        validate(TissueSpec, read_settings(str(settings)).data)


def child(tmp_path: Path, phenotype: str) -> TissueSpec:
    """The sample with a third cell definition that inherits from the first."""
    definition = f'<cell_definition name="child" ID="7" parent_type="tumour cell"><phenotype>{phenotype}</phenotype>'
    file = tmp_path / "child.xml"
    file.write_text(SETTINGS.replace("</cell_definitions>", f"{definition}</cell_definition></cell_definitions>"))
    spec: TissueSpec = validate(TissueSpec, read_settings(str(file)).data)
    return spec


def test_children_inherit_what_they_do_not_say(tmp_path: Path) -> None:
    phenotype = (
        "<volume><total>3000</total></volume><death><model code='100'><death_rate>0.5</death_rate></model></death>"
    )
    spec = child(
        tmp_path, phenotype + "<mechanics><cell_cell_repulsion_strength>8</cell_cell_repulsion_strength></mechanics>"
    )
    cell, parent = spec.cell_types["child"], spec.cell_types["tumour_cell"]
    assert (cell.volume, cell.nucleus_volume) == (3000.0, 500.0)
    assert cell.apoptosis is not None
    assert (cell.apoptosis.rate, cell.apoptosis.length) == (0.5, 500.0)
    assert (cell.repulsion, cell.adhesion) == (8.0, 0.3)
    assert cell.cycle == parent.cycle


def test_cells_by_id(settings: Path) -> None:
    (settings.parent / "cells.csv").write_text("0,0,0,1\n10,0,0,0\n20,0,0,1\n")
    data = read_settings(str(settings)).data
    assert [(c["type"], len(c["at"])) for c in data["cells"] if "at" in c] == [("T_cell", 2), ("tumour_cell", 1)]


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + SETTINGS,
        "<a>" * 100 + "</a>" * 100,
        '<?xml version="1.0" encoding="foo"?><a/>',
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.xml").write_text(text)
    with pytest.raises(InputError, match=r"x\.xml"):
        read_settings(str(tmp_path / "x.xml"))


def test_odd_texts_do_not_stop_it(settings: Path) -> None:
    odd = (
        SETTINGS.replace("cell debris", "O'2")
        .replace("<charm>3", "<charm>1-2")
        .replace('index="0" fixed', 'index="x" fixed')
    )
    settings.write_text(odd)
    assert "O_2" in read_settings(str(settings)).data["substances"]


@pytest.mark.skipif(not (SHARED / "data" / "physicell").is_dir(), reason="sample projects are not here")
@pytest.mark.parametrize(
    ("project", "types", "rules"),
    [("cancer_immune", 2, 0), ("heterogeneity", 1, 0), ("interactions", 7, 0), ("rules_sample", 6, 19),
     ("template", 1, 0)],
)  # fmt: skip
def test_sample_projects(project: str, types: int, rules: int) -> None:
    data = read_settings(str(SHARED / "data" / "physicell" / project / "PhysiCell_settings.xml")).data
    spec = validate(TissueSpec, data)
    assert (len(spec.cell_types), len(spec.rules)) == (types, rules)
    compile_tissue(spec)
