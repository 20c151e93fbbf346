"""What a file of ``kind: journey`` says: a primary tissue, the body between, and a niche where cells arrive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from diaspore.core.errors import InputError, InputErrors, nearest_name, shown
from diaspore.core.extends import extended, merged
from diaspore.core.spec import Spec
from diaspore.core.units import Quantity
from diaspore.core.yamlio import Document
from diaspore.coupling.transit import Body
from diaspore.tissue.spec import TissueSpec


def _whole(document: Document) -> dict[str, Any]:
    return extended(document.data, None if document.file is None else Path(document.file).parent)


class StageSpec(BaseModel):
    """A tissue of the journey."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = Field(None, description="name of a shipped tissue, or a file")
    change: dict[str, Any] | None = Field(None, description="what differs from the model, laid upon it as by `extends`")
    tissue: TissueSpec = Field(description="the tissue itself; taken from `model` and `change` when left out")
    tumour: tuple[str, ...] = Field(("tumour",), min_length=1, description="types of tumour cells")
    clustered: str | None = Field(
        None, description="of them, that of cells which come in clusters; left out: the first, as single ones (niche)"
    )

    @model_validator(mode="before")
    @classmethod
    def _inline(cls, data: Any) -> Any:
        """Put the tissue itself into the description, so that a run keeps it and another tissue is another run."""
        if isinstance(data, str):
            data = {"model": data}
        if not isinstance(data, Mapping) or "tissue" in data or not isinstance(data.get("model"), str):
            return data
        from diaspore.core.simulate import find_spec_file
        from diaspore.core.spec import read_document, spec_from_dict

        document = read_document(find_spec_file(data["model"]))
        try:
            spec = spec_from_dict(merged(_whole(document), data.get("change") or {}, "change"), document)
        except InputErrors as error:
            raise error.errors[0] from None
        if not isinstance(spec, TissueSpec):
            raise InputError(f"{shown(data['model'])} is a {spec.kind}", field="model", allowed="tissue")
        return {**data, "tissue": spec.model_dump(mode="json", by_alias=True, exclude_none=True)}

    @model_validator(mode="after")
    def _known(self) -> StageSpec:
        for name in self.tumour:
            if name not in self.tissue.cell_types:
                known = list(self.tissue.cell_types)
                raise InputError(
                    f"{shown(name)} is no cell type of the tissue", field="tumour", allowed=known,
                    nearest=nearest_name(name, known),
                )  # fmt: skip
        if self.clustered is not None and self.clustered not in self.tumour:
            raise InputError(
                f"{shown(self.clustered)} is no type of tumour cells here", field="clustered", allowed=self.tumour,
                nearest=nearest_name(self.clustered, self.tumour),
            )  # fmt: skip
        return self


class BodySpec(BaseModel):
    """The body between the two tissues."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: str = Field("breast-2026.1", description="name of a parameter set")
    sex: Literal["female", "male"] = "female"
    origin: str = Field("breast", description="site of the primary tissue")
    target: str = Field("lung", description="site of the niche")
    wait: Annotated[float, Quantity("day", gt=0, le=3650)] = Field(
        1.0, description="after the primary's run, until which cells may still arrive"
    )

    def body(self) -> Body:
        """The same as the walk takes it."""
        return Body(self.parameters, self.sex, self.origin, self.target)

    @model_validator(mode="after")
    def _known(self) -> BodySpec:
        self.body().point()
        return self


class JourneySpec(Spec):
    """From a primary tissue through the body to a niche, cell by cell."""

    kind: Literal["journey"] = "journey"
    primary: StageSpec
    body: BodySpec = BodySpec()
    niche: StageSpec
    organ: Annotated[float, Quantity("mm**3", gt=0, le=1e7)] = Field(
        1000.0, description="tumour of which the primary tissue is a patch, for its rates of shedding"
    )

    @model_validator(mode="after")
    def _niche_takes_them(self) -> JourneySpec:
        tissue = self.niche.tissue
        if tissue.vessels is None:
            raise InputError("has no vessels in which cells could arrive", field="niche.tissue")
        for number, one in enumerate(tissue.recruitment):
            if one.lodged and one.type not in self.niche.tumour:
                raise InputError(
                    f"cells of the type {one.type!r} come into vessels of the niche by themselves "
                    f"(recruitment[{number}]), beside those that the body brings", field="niche.tumour",
                    allowed=f"[{', '.join([*self.niche.tumour, one.type])}], so that they are left out",
                )  # fmt: skip
        for first in (self.niche.tumour[0], self.niche.clustered):
            if first is not None and tissue.cell_types[first].crossing is None:
                raise InputError(f"cells of type {first} could not leave the vessel: no crossing", field="niche.tumour")
        if not any(self.primary.tissue.cell_types[name].crossing for name in self.primary.tumour):
            raise InputError("cells of these types never leave: no crossing", field="primary.tumour")
        return self

    def notes(self) -> list[str]:
        """Parts of the niche that go by its clock, which begins with that of the primary."""
        tissue = self.niche.tissue
        clocked = [f"rules[{k}]" for k, rule in enumerate(tissue.rules) if rule.signal == "time"]
        clocked += [
            f"recruitment[{k}]"
            for k, one in enumerate(tissue.recruitment)
            if one.type not in self.niche.tumour and (one.start > 0.0 or one.stop is not None)
        ]
        if not clocked:
            return []
        return [f"{', '.join(clocked)} of the niche count time from the start of the primary, not from arrival"]
