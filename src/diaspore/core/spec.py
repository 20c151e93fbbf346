"""Specs: what a user writes, checked field by field, with mistakes reported by file, line and name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.extends import FIELD, extended
from diaspore.core.units import format_quantity
from diaspore.core.yamlio import Document, dump_yaml, load_yaml

SCHEMA_VERSION = 1


class Spec(BaseModel):
    """Base of everything a user can write in a file.

    A subclass names its kind by ``kind: Literal["patient"] = "patient"`` and is registered with `register_kind`.
    Dimensional fields are ``Annotated[float, Quantity("day", gt=0)]`` (`diaspore.core.units`). Specs cannot be changed
    after they are made; unknown fields are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)

    schema_version: Literal[1] = Field(1, description="version of the file format; 1 is the only one so far")
    kind: str = Field(description="what the file describes")
    name: str = Field(min_length=1, max_length=200, description="a name for people; also names the run directory")

    def notes(self) -> list[str]:
        """What is allowed, but may not be meant; said when a run begins."""
        return []

    def to_yaml(self) -> str:
        """The resolved spec as YAML, without the fields that were left out; `load_spec` reads it back to an equal spec.

        A field of which None is a value must therefore have None as its default.
        """
        return dump_yaml(self.model_dump(mode="json", by_alias=True, exclude_none=True))


@dataclass(frozen=True)
class Kind:
    """Where the spec class and the engine of a kind are found: ``"module:name"``, imported on first use."""

    spec: str
    engine: str

    def spec_class(self) -> type[Spec]:
        """The spec class."""
        return cast(type[Spec], _import(self.spec))

    def engine_function(self) -> Any:
        """The engine: ``engine(spec, store, *, seed, mapper, controllers, progress) -> dict``."""
        return _import(self.engine)


KINDS: dict[str, Kind] = {
    "boolean_network": Kind(
        "diaspore.networks.boolean.spec:BooleanNetworkSpec", "diaspore.networks.boolean.engine:run_boolean_network"
    ),
    "kinetic_network": Kind(
        "diaspore.networks.kinetic.spec:KineticNetworkSpec", "diaspore.networks.kinetic.engine:run_kinetic_network"
    ),
    "invasion": Kind("diaspore.fields.invasion.spec:InvasionSpec", "diaspore.fields.invasion.engine:run_invasion"),
    "tissue": Kind("diaspore.tissue.spec:TissueSpec", "diaspore.tissue.engine:run_tissue"),
    "lattice": Kind("diaspore.tissue.lattice.spec:LatticeSpec", "diaspore.tissue.lattice.engine:run_lattice"),
    "patient": Kind("diaspore.body.spec:PatientSpec", "diaspore.body.engine:run_patient"),
    "journey": Kind("diaspore.coupling.spec:JourneySpec", "diaspore.coupling.engine:run_journey"),
    "cohort": Kind("diaspore.cohort.spec:CohortSpec", "diaspore.cohort.engine:run_cohort"),
    "trial": Kind("diaspore.cohort.trial_spec:TrialSpec", "diaspore.cohort.trial:run_trial"),
}
"""Known kinds of spec, by the word a file has after ``kind:``."""


FOREIGN: dict[str, str] = dict.fromkeys(
    (".sbml", ".xml", ".ant", ".bnd", ".cfg", ".bnet"), "diaspore.networks.formats:read_network"
)
"""Endings of files of other programs that can be run as they are: what reads them, ``"module:function"``."""


def read_document(path: str | Path) -> Document:
    """A file as plain data: YAML, or a model of another program as the YAML it stands for.

    Raises:
        InputError: the file cannot be read.
    """
    reader = FOREIGN.get(Path(path).suffix.lower())
    if reader is None:
        return load_yaml(path)
    found = _import(reader)(path)
    remarks = tuple(f"{what}: {why}" for what, why in found.remarks)
    head = "".join(f"# {' '.join(remark.split())}\n" for remark in (f"made from {Path(path).name}", *remarks))
    # Lines would be those of a text that the user never saw.
    return Document(found.data, str(path), head + dump_yaml(found.data), remarks)


def register_kind(kind: str, spec: str, engine: str) -> None:
    """Make ``kind: <kind>`` known to `load_spec`, `simulate` and the command line.

    Args:
        kind: the word used in files.
        spec: ``"module:Class"``, a subclass of `Spec`.
        engine: ``"module:function"`` with the signature of `Kind.engine_function`.
    """
    KINDS[kind] = Kind(spec, engine)


def kind_of(spec: Spec) -> Kind:
    """The registered kind of a spec.

    Raises:
        InputError: its kind is not registered.
    """
    return _kind(spec.kind, None)


def load_spec(path: str | Path) -> Spec:
    """Read a spec from a YAML file.

    Raises:
        InputError: the file cannot be read, or holds mistakes (all of them are listed).
    """
    document = read_document(path)
    return spec_from_dict(document.data, document)


def spec_from_dict(data: Any, document: Document | None = None) -> Spec:
    """Make a spec from plain data; `document` supplies file and lines for messages.

    Raises:
        InputError: mistakes (all of them are listed).
    """
    if not isinstance(data, Mapping):
        foreign = isinstance(data, str) and data.lstrip().startswith("<")
        hint = "; a PhysiCell model is read with `diaspore convert`" if foreign else ""
        raise _error(document, f"expected fields such as 'kind: patient'{hint}", ())
    if FIELD in data:
        try:
            data = extended(data, None if document is None or document.file is None else Path(document.file).parent)
        except InputError as error:
            raise error if document is None else document.locate(error) from None
    for field in ("schema_version", "kind"):
        if field not in data:
            hint = f"{field}: {SCHEMA_VERSION}" if field == "schema_version" else "kind: patient"
            near = nearest_name(field, [str(key) for key in data])
            written = f" (found {near!r})" if near is not None else ""
            problem = f"the field {field} is missing{written}; write for example '{hint}'"
            raise _error(document, problem, (field,))
    if data["schema_version"] != SCHEMA_VERSION or isinstance(data["schema_version"], bool):
        problem = f"{shown(data['schema_version'])} is not a version this program reads"
        raise _error(document, problem, ("schema_version",), allowed=str(SCHEMA_VERSION))
    return validate(_kind(data["kind"], document).spec_class(), data, document)


def validate(model: type[BaseModel], data: Any, document: Document | None = None) -> Any:
    """`model` made from plain data, with mistakes turned into `InputError`.

    Works for any frozen pydantic model, not only for `Spec`.

    Raises:
        InputError: mistakes (all of them are listed).
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        from diaspore.core.specerrors import explain

        raise explain(error, model, data, document) from None


def json_schema(kind: str | None = None) -> dict[str, Any]:
    """JSON schema of one kind of file, or of all, for completion and checking in editors.

    Raises:
        InputError: an unknown kind.
    """
    names = sorted(KINDS) if kind is None else [kind]
    definitions: dict[str, Any] = {}
    choices = []
    for name in names:
        schema = _kind(name, None).spec_class().model_json_schema(ref_template="#/$defs/{model}")
        _as_written(schema)
        definitions |= schema.pop("$defs", {})
        schema["required"] = sorted({"schema_version", "kind", *schema.get("required", [])})
        schema["properties"]["kind"] |= {"const": name}
        schema["properties"]["kind"].pop("default", None)
        choices.append(schema)
    head: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    if len(choices) == 1:
        return head | choices[0] | {"$defs": definitions}
    return head | {"title": "Diaspore spec", "oneOf": choices, "$defs": definitions}


def _as_written(node: Any) -> None:
    """Make defaults read as they are written in a file, and say in each description what a quantity is.

    pydantic knows only the float inside, and lets a field's own description displace the one of its type.
    """
    if isinstance(node, list):
        for item in node:
            _as_written(item)
    if not isinstance(node, dict):
        return
    for item in node.values():
        _as_written(item)
    if "default" in node:
        node["default"] = _without_null(node["default"])
        if node["default"] is None:
            del node["default"]
    about = node.pop("x-about", None)
    forms = [form for form in (node, *node.get("anyOf", ())) if isinstance(form, dict) and "x-unit" in form]
    if forms and isinstance(node.get("default"), int | float):
        node["default"] = format_quantity(node["default"], forms[0]["x-unit"])
    if about is not None and node.get("description", about) != about:
        node["description"] += f" ({about})"


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    return [_without_null(item) for item in value] if isinstance(value, list) else value


def _kind(name: object, document: Document | None) -> Kind:
    if isinstance(name, str) and name in KINDS:
        return KINDS[name]
    problem = f"{shown(name)} is not a kind of file"
    raise _error(document, problem, ("kind",), allowed=sorted(KINDS), nearest=nearest_name(name, KINDS))


def _error(document: Document | None, problem: str, path: tuple[str | int, ...], **details: Any) -> InputError:
    if document is not None:
        return document.error(problem, path, **details)
    return InputError(problem, field=str(path[0]) if path else None, **details)


def _import(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
