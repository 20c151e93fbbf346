"""Populations of simulated patients that are built once and found again: what `diaspore predict` compares with.

A population is some runs of one cohort, one for each element of ``changes`` (for example draws of a posterior), in
groups that may differ in treatment. Its folder carries a checksum of all that decides its content: the model file,
changes, groups, number of patients, seed, and the engine's source code and tables. Each finished run leaves one small
file there (`reference.Extract`), written whole or not at all. A run that was interrupted stays under a temporary name
and is gone on with the next time; what is not needed for predictions is deleted when a run has been read.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError
from diaspore.core.jsonio import TEMPORARY, to_json, write_atomic, write_text
from diaspore.inference.checksum import engine_checksum
from diaspore.inference.reference import LAYOUT, YEARS, Extract, Reference
from diaspore.inference.treatment import groups

MODEL = "breast"
PATIENTS = 160_000  # of all runs and groups together
SEED = 1
ABOUT = "population.json"
FIT = "breast-2026.2"
"""Fit whose variants and draws stand behind predictions."""
DRAWS = 3  # of the posterior of each variant, besides its optimum
LESIONS = 5  # founders at a site that are followed
AS_IT_IS: tuple[Mapping[str, Any], ...] = ({},)
"""Changes of a population that takes the parameter set as it is."""
_VERSIONED = ("numpy", "numba", "pyarrow")  # an unfinished run cannot be gone on with under other versions


def default_folder() -> Path:
    """Folder in which populations are kept: beside compiled kernels, where ``DIASPORE_CACHE_DIR`` moves it."""
    base = os.environ.get("DIASPORE_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "diaspore" / "populations"


def reference_runs(
    cohort: str | Path = MODEL,
    *,
    changes: Sequence[Mapping[str, Any]] | None = None,
    treatments: Sequence[Mapping[str, Any]] | None = None,
    patients: int = PATIENTS,
    seed: int = SEED,
    folder: Path | None = None,
    threads: int | None = None,
    progress: bool = True,
) -> Reference:
    """The reference population of a model, built if it is not there yet.

    Args:
        cohort: name of a model that ships or a file of kind patient or cohort. A cohort keeps its own groups.
        changes: one run for each element; what it adds to the file's ``change`` block (parameter key to value). None:
            `fitted_changes` for the model `MODEL`, `AS_IT_IS` for others.
        treatments: groups (as in a cohort file, with shares) that a patient file is given; None: `treatment.groups`.
        patients: members of all runs together; each run holds an equal part.
        seed: of every run, so that runs differ in their changes only.
        folder: where populations are kept; None: `default_folder`.
        threads: None for every core.
        progress: show how far a missing population has come.

    Raises:
        InputError: an unknown model, a mistake in it, or too few patients.
        RunStoreError: another process is building the same population, or the folder cannot be written.
    """
    if changes is None:
        changes = fitted_changes() if str(cohort) == MODEL else AS_IT_IS
    if not changes or patients < len(changes):
        raise InputError("needs a patient for every change at least", field="patients")
    file = _file(cohort)
    parts = [dict(part) for part in (groups() if treatments is None else treatments)]
    place = (
        default_folder() if folder is None else folder
    ) / f"{file.stem}-{key(file, changes, parts, patients, seed)}"
    names = [f"{number:03d}.npz" for number in range(len(changes))]
    if not all((place / name).is_file() for name in names):
        _build(place, names, _described(file, parts), changes, patients, seed, threads, progress)
    return Reference(tuple(Extract.read(place / name) for name in names))


def key(
    file: Path, changes: Sequence[Mapping[str, Any]], treatments: Sequence[Mapping[str, Any]], patients: int, seed: int
) -> str:
    """Checksum of what decides a population's content, as 16 hexadecimal digits."""
    import diaspore

    text = file.read_text("utf-8")
    if "\ntable:" in text:  # the file names another one, whose content decides as well
        text = _spec_yaml(file)
    versions = [diaspore.__version__, platform.python_version(), *(metadata.version(name) for name in _VERSIONED)]
    content = [text, list(changes), list(treatments), patients, seed, versions, engine_checksum(), LAYOUT, YEARS]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode("utf-8")).hexdigest()[:16]


@cache
def optimum_changes() -> tuple[dict[str, Any], ...]:
    """Changes of the model `MODEL` at the optimum of each variant of the fit `FIT`."""
    from diaspore.inference.artefact import shipped

    return tuple(dict(unit["change"]) for unit in shipped(FIT).header["units"].values())


@cache
def fitted_changes(draws: int = DRAWS) -> tuple[dict[str, Any], ...]:
    """The same, and ``draws`` of the posterior of each variant: slow and dormant explain the same curves."""
    from diaspore.inference.artefact import shipped
    from diaspore.inference.breast.variants import VARIANTS

    table, found = shipped(FIT).draws, list(optimum_changes())
    for name, variant in VARIANTS.items():
        theta = table.loc[table["unit"] == name, list(variant.free)].to_numpy()
        rows = [(2 * i + 1) * len(theta) // (2 * draws) for i in range(draws)]
        found += [variant.changes(variant.named(theta[row])) for row in rows]
    return tuple(found)


def posterior_changes(
    draws: Mapping[str, Any], number: int, keys: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], ...]:
    """Changes for `reference_runs` from posterior draws: rows equally far apart.

    Draws are in the units in which the engine defines its parameters; factors have none.

    Args:
        draws: columns by name (a pandas table will do), one row for each draw.
        number: of changes wanted, at most as many as there are draws.
        keys: column to parameter key; None: every column whose name is a parameter key (it has a dot).

    Raises:
        InputError: a column that is missing, a parameter that does not exist, or more changes than draws.
    """
    from diaspore.body.changes import parameter_keys, unit_of

    wanted = {str(c): str(c) for c in draws if "." in str(c)} if keys is None else dict(keys)
    missing = [column for column in wanted if column not in draws]
    if missing or not wanted:
        raise InputError(f"the draws have no column {missing[0] if missing else 'that is a parameter'}", field="draws")
    unknown = [parameter for parameter in wanted.values() if parameter not in parameter_keys()]
    if unknown:
        raise InputError(f"no parameter is called {unknown[0]}", field="draws")
    units = {parameter: unit_of(parameter_keys()[parameter]) for parameter in wanted.values()}
    columns = {parameter: list(draws[column]) for column, parameter in wanted.items()}
    size = len(next(iter(columns.values())))
    if not 0 < number <= size:
        raise InputError(f"cannot choose {number} of {size} draws", field="draws")
    rows = [(2 * i + 1) * size // (2 * number) for i in range(number)]

    def written(parameter: str, value: float) -> float | str:
        return value if units[parameter] == "dimensionless" else f"{value!r} {units[parameter]}"

    return tuple({name: written(name, float(values[row])) for name, values in columns.items()} for row in rows)


def _file(cohort: str | Path) -> Path:
    """The file meant; without loading what specifications need when it is a shipped model."""
    import diaspore

    path = Path(cohort)
    if path.is_file():
        return path
    shipped = sorted((Path(diaspore.__file__).parent / "models").rglob(f"{path.name}.yaml"))
    if shipped and path.name == str(cohort):
        return shipped[0]
    from diaspore.core.simulate import find_spec_file

    return find_spec_file(cohort)


def _spec_yaml(file: Path) -> str:
    from diaspore.core.spec import load_spec

    return load_spec(file).to_yaml()


def _described(file: Path, treatments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The cohort to run, as plain data."""
    from diaspore.core.yamlio import load_yaml

    data: Any = load_yaml(file).data
    if not isinstance(data, dict) or data.get("kind") not in ("patient", "cohort"):
        raise InputError("is neither a patient nor a cohort", file=file)
    if data["kind"] == "patient":
        numerics = {"lesion_limit": LESIONS, **data.get("numerics", {})}
        data = {**data, "kind": "cohort", "groups": list(treatments), "numerics": numerics}
    return data


def _build(
    place: Path,
    names: Sequence[str],
    data: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    patients: int,
    seed: int,
    threads: int | None,
    progress: bool,
) -> None:
    from diaspore.core.simulate import simulate, versions

    place.mkdir(parents=True, exist_ok=True)
    share = -(-patients // len(changes))
    about = {"cohort": data, "changes": list(changes), "patients": patients, "seed": seed, "versions": versions()}
    write_text(place / ABOUT, to_json(about))
    for number, (name, change) in enumerate(zip(names, changes, strict=True)):
        if (place / name).is_file():
            continue
        label = f"{data['name']}, reference population"
        label += f" {number + 1} of {len(names)}" if len(names) > 1 else ""
        spec = {**data, "name": label, "patients": share, "change": {**(data.get("change") or {}), **change}}
        unfinished = place / f"{TEMPORARY}{name.removesuffix('.npz')}"
        run = simulate(spec, seed=seed, out=unfinished, threads=threads, resume=True, quiet=not progress)
        write_atomic(place / name, Extract.of(run).to_bytes(), durable=True)
        shutil.rmtree(unfinished, ignore_errors=True)
