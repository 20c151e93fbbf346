"""Where the numbers of a tissue come from."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from diaspore.core.errors import InputError
from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec, spec_from_dict, validate
from diaspore.core.yamlio import load_yaml, parse_yaml
from diaspore.knowledge.load import fact
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.sources import Number, numbers, sources_of, unsourced
from diaspore.tissue.spec import TissueSpec
from diaspore.tissue.spec_common import SETTING, Length, Level, Part, Rate, UsualLevel
from tests.tissue.common import OXYGEN, TUMOUR, scene

TISSUES = [name for name, file in shipped_models().items() if load_yaml(file).data.get("kind") == "tissue"]
RULE = {
    "type": "tumour", "signal": "oxygen", "direction": "decreases", "behaviour": "migration speed",
    "saturation": "0.1 um/min", "half_max": "10 mmHg",
}  # fmt: skip
MOVING = TUMOUR | {"motility": {"speed": "0.5 um/min"}}


def spec(**changes: Any) -> TissueSpec:
    made = validate(TissueSpec, scene(**changes))
    assert isinstance(made, TissueSpec)
    return made


def found(made: TissueSpec) -> dict[str, Number]:
    return {number.path: number for number in numbers(made)}


@pytest.mark.parametrize("name", TISSUES)
def test_every_parameter_of_a_shipped_scene_says_where_it_is_from(name: str) -> None:
    made = load_spec(shipped_models()[name])
    assert isinstance(made, TissueSpec)
    assert unsourced(made) == []


def test_what_is_left_out_is_traced_to_its_row() -> None:
    got = found(spec())
    volume = got["cell_types.tumour.volume"]
    assert (volume.value, volume.unit, volume.kind) == (2494.0, "um**3", "parameter")
    assert (volume.fact, volume.source, volume.grade) == ("tissue.tumour.volume", "ghaffarizadeh2018", "assumed")
    level = got["cell_types.tumour.necrosis.level"]
    assert (level.value, level.unit, level.fact) == (5.0, "mmHg", "tissue.necrosis.level")
    assert got["cell_types.tumour.cycle.birth_rate"].fact == "tissue.cycle.live.birth_rate"
    assert got["duration"].kind == got["steps.phenotype"].kind == got["cells[0].sphere.radius"].kind == "setting"
    assert got["cell_types.tumour.friction"].kind == "neutral"
    assert got["cell_types.tumour.friction"].settled


def test_a_named_cycle_has_the_lengths_of_the_tables() -> None:
    got = found(spec(cell_types={"tumour": TUMOUR | {"cycle": {"model": "ki67"}}}))
    assert got["cell_types.tumour.cycle.negative"].value == fact("tissue.cycle.ki67.negative").value
    assert "cell_types.tumour.cycle.birth_rate" not in got


def test_a_value_of_ones_own_says_nothing_by_itself() -> None:
    made = spec(cell_types={"tumour": TUMOUR | {"volume": "2500 um**3"}})
    assert "cell_types.tumour.volume" in unsourced(made)
    assert "substances.oxygen.diffusion" in unsourced(made)
    same = spec(cell_types={"tumour": TUMOUR | {"volume": "2494 um**3"}})
    assert found(same)["cell_types.tumour.volume"].fact == "tissue.tumour.volume"


def test_the_nearest_path_counts() -> None:
    sources = {
        "substances": "assumed",
        "substances.oxygen.held": {"source": "ghaffarizadeh2018", "grade": "in vitro"},
        "substances.oxygen.diffusion": "tissue.oxygen.diffusion",
        "cell_types.tumour": {"grade": "derived", "note": "from the others"},
        "cell_types.tumour.motility.speed": {
            "source": "ghaffarizadeh2018", "grade": "animals",
            "interval": ["6 um/h", "1 um/min"], "note": "seen",
        },
    }  # fmt: skip
    made = spec(cell_types={"tumour": MOVING}, sources=sources)
    got = found(made)
    assert got["substances.oxygen.decay"].grade == "assumed"
    assert got["substances.oxygen.held.all"].grade == "in vitro"
    assert got["substances.oxygen.diffusion"].fact == "tissue.oxygen.diffusion"
    speed = got["cell_types.tumour.motility.speed"]
    assert (speed.grade, speed.note) == ("animals", "seen")
    assert (speed.low, speed.high) == (pytest.approx(0.1), 1.0)
    assert got["cell_types.tumour.exchange.oxygen.uptake"].grade == "derived"
    # What is left out stays that of its row.
    assert got["cell_types.tumour.volume"].fact == "tissue.tumour.volume"
    assert unsourced(made) == []


def test_the_file_reads_back() -> None:
    made = spec(sources={"substances.oxygen": "assumed", "substances.oxygen.initial": "tissue.oxygen.level"})
    again = spec_from_dict(parse_yaml(made.to_yaml()).data)
    assert again == made
    assert isinstance(again, TissueSpec)
    assert numbers(again) == numbers(made)


def test_rules_have_sources_of_their_own() -> None:
    rules = [
        RULE | {"source": "johnson2025"},
        RULE | {"behaviour": "apoptosis", "saturation": "1e-3 1/min", "source": "assumed"},
    ]
    made = spec(cell_types={"tumour": MOVING}, rules=rules, sources={"rules": "assumed"})
    got = found(made)
    assert got["rules[0]"].text == "oxygen decreases migration speed of tumour"
    assert (got["rules[0]"].source, got["rules[0].power"].source) == ("johnson2025", "johnson2025")
    assert not got["rules[0].power"].settled  # a source without a grade
    assert got["rules[1].half_max"].grade == "assumed"
    graded = spec(
        cell_types={"tumour": MOVING}, rules=rules,
        sources={"rules[0]": {"grade": "in vitro"}, "rules[0].power": "assumed"},
    )  # fmt: skip
    got = found(graded)
    assert (got["rules[0].half_max"].source, got["rules[0].half_max"].grade) == ("johnson2025", "in vitro")
    assert (got["rules[0].power"].source, got["rules[0].power"].grade) == ("", "assumed")
    assert not [path for path in unsourced(graded) if path.startswith("rules")]


def test_points_are_not_told_one_by_one() -> None:
    points = [[f"{x} um", "0 um", "0 um"] for x in range(-200, 200, 20)]
    got = found(spec(cells=[{"type": "tumour", "at": points}]))
    assert got["cells[0].at"].text == "20 of them"
    assert not [path for path in got if path.startswith("cells[0].at[")]


def test_sources_are_cited() -> None:
    sources = {
        "substances.oxygen": {"source": "halle2016", "grade": "patients"},
        "cell_types.tumour.exchange": "assumed",
    }
    made = spec(sources=sources)
    assert ("halle2016", "values of substances.oxygen") in sources_of(made)
    cited = compile_tissue(made).citations
    assert cited.reasons("halle2016") == ["values of substances.oxygen"]


@pytest.mark.parametrize(
    ("path", "source", "words"),
    [
        ("cell_types.tumor.motility.speed", "assumed", "did you mean 'cell_types.tumour.motility.speed'"),
        ("rules[0]", "assumed", "no number of this file"),
        ("cell_types.tumour.motility.speed", "tissue.tumour.volum", "did you mean 'tissue.tumour.volume'"),
        ("cell_types.tumour.motility.speed", "asumed", "did you mean 'assumed'"),
        ("cell_types.tumour.motility.speed", "halle2016", "needs a grade beside a source"),
        ("cell_types.tumour.motility.speed", {"source": "hale2016", "grade": "animals"}, "did you mean 'halle2016'"),
        ("cell_types.tumour.motility.speed", {"source": "halle2016", "grade": "animal"}, "did you mean 'animals'"),
        ("cell_types.tumour.motility.speed", {"source": "halle2016"}, "grade: is missing"),
        ("cell_types.tumour.motility.speed", {"grade": "animals"}, "source: is missing"),
        ("cell_types.tumour.motility.speed", {"grade": "derived"}, "note: is missing"),
        ("cell_types.tumour.motility.speed", "tissue.tumour.volume", "is 2494 um"),
        ("substances.oxygen.diffusion", "tissue.mechanics.repulsion", "tissue.mechanics.repulsion is 10 um/min"),
        ("substances.oxygen.initial", "tissue.oxygen.threshold", "is 38 mmHg here, but tissue.oxygen.threshold is 5"),
        ("substances.oxygen", "tissue.oxygen.diffusion", "is not a single number"),
        (
            "substances.oxygen.initial",
            {"source": "halle2016", "grade": "animals", "interval": ["40 mmHg", "50 mmHg"]},
            "not in the interval",
        ),
        (
            "substances.oxygen.initial", {"source": "halle2016", "grade": "animals", "interval": [1, 50]},
            "has no unit",
        ),
        ("substances.oxygen.initial", {"fact": "tissue.oxygen.level", "grade": "assumed"}, "that of the row"),
    ],
)  # fmt: skip
def test_mistakes(path: str, source: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        spec(cell_types={"tumour": MOVING}, sources={path: source})
    assert str(caught.value).startswith("sources.")


def test_a_mistake_names_its_line(tmp_path: Any) -> None:
    text = spec().to_yaml() + "sources:\n  substances.oxygen: assumed\n  substances.oxigen.decay: assumed\n"
    file = tmp_path / "t.yaml"
    file.write_text(text.replace("sources: {}\n", ""))
    with pytest.raises(InputError, match=r"did you mean 'substances\.oxygen\.decay'") as caught:
        load_spec(file)
    assert caught.value.line == file.read_text().splitlines().index("  substances.oxigen.decay: assumed") + 1


def test_rows_of_other_units_are_compared() -> None:
    oxygen = OXYGEN | {"decay": "6 1/h"}
    assert found(spec(substances={"oxygen": oxygen}, sources={"substances.oxygen.decay": "tissue.oxygen.decay"}))


class VesselSpec(Part):
    """A part that does not exist, as one to come may look."""

    radius: Length = Field(description="of the lumen")
    leak: Rate | None = None
    oxygen: Level = UsualLevel("tissue.oxygen.level")
    friction: float = 1.0
    points: tuple[tuple[float, float], ...] = ()
    pace: Length = Field(20.0, json_schema_extra={SETTING: True})
    source: str | None = None


class LargerSpec(TissueSpec):
    ducts: dict[str, VesselSpec] = {}  # noqa: RUF012
    host: VesselSpec | None = None


def test_fields_to_come_are_covered() -> None:
    ducts = {
        "artery": {"radius": "0.01 mm", "leak": "0 1/min", "source": "halle2016", "points": [[0.0, 1.0]]},
        "vein": {"radius": "10 um", "leak": "1 1/h"},
    }
    more = {"ducts": ducts, "host": {"radius": "1 um"}}
    made = validate(LargerSpec, scene(**more, sources={"ducts.vein": "assumed", "ducts.artery": {"grade": "animals"}}))
    got = found(made)
    assert (got["ducts.artery.radius"].value, got["ducts.artery.radius"].unit) == (10.0, "um")
    assert (got["ducts.artery.radius"].source, got["ducts.artery.radius"].grade) == ("halle2016", "animals")
    assert got["ducts.artery.leak"].kind == "parameter"  # the file says that there is none
    assert got["ducts.vein.leak"].value == pytest.approx(1 / 60)
    assert got["ducts.vein.oxygen"].fact == "tissue.oxygen.level"
    assert got["ducts.vein.friction"].kind == "neutral"
    assert got["ducts.vein.pace"].kind == "setting"
    assert got["ducts.artery.points"].value is None
    assert [path for path in unsourced(made) if path.startswith(("ducts", "host"))] == ["host.radius"]


def test_assumptions_of_the_package_are_not_cited() -> None:
    made = spec(
        cell_types={"tumour": TUMOUR | {"volume": "4000 um**3"}},
        sources={"cell_types.tumour.volume": "micro.osteoblast.volume"},
    )
    assert found(made)["cell_types.tumour.volume"].source == "diaspore"
    assert "diaspore" not in [key for key, _ in sources_of(made)]
