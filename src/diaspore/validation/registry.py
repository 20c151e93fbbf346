"""Loading validation cases and running them against their stated expectations.

A case without a verdict is never a pass: a crash, a missing number and a skipped check all count as not passed and
say why.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from diaspore.validation.tolerance import Tolerance

CASES_DIR = Path(__file__).parent / "cases"
KINDS = ("analytic", "implementation", "published", "fitted", "shape only", "held out", "predicted")
MUST_PASS = ("analytic", "implementation")
EVIDENCE = ("read", "computed", "abstract", "secondary", "recalled", "derived")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Check:
    """One number of a case: what is expected of it and how close it must come."""

    name: str
    endpoint: str
    expected: float | None
    tolerance: Tolerance
    kind: str
    evidence: str
    note: str = ""


@dataclass(frozen=True)
class Case:
    """A case as stated in its YAML file. ``source`` are keys of the reference list."""

    name: str
    title: str
    source: tuple[str, ...]
    endpoint: str
    setting: str
    kind: str
    evidence: str
    quick: bool
    checks: tuple[Check, ...]
    null_model: str = ""
    notes: str = ""
    known_differences: Mapping[str, str] = field(default_factory=dict)

    def known_difference(self, check: str) -> str:
        """Why a check is known to differ, or "". Names may hold wildcards (``m1_*``); the first that fits is taken."""
        return next((why for name, why in self.known_differences.items() if fnmatchcase(check, name)), "")


@dataclass(frozen=True)
class Obtained:
    """What a case delivers for one check."""

    value: float
    expected: float | None = None
    counts: tuple[int, int] | None = None
    null: Mapping[str, float] | None = None
    reason: str = ""
    skipped: bool = False


@dataclass
class Result:
    """Numbers obtained by a case, by check name."""

    rows: dict[str, Obtained] = field(default_factory=dict)

    def add(
        self,
        check: str,
        value: float,
        *,
        expected: float | None = None,
        null: Mapping[str, float] | None = None,
        reason: str = "",
    ) -> None:
        """Record the number for a check. ``expected`` only where the file leaves it to the case; ``null``: by name."""
        self.rows[check] = Obtained(float(value), expected=expected, null=null, reason=reason)

    def add_counts(
        self,
        check: str,
        successes: int,
        trials: int,
        *,
        expected: float | None = None,
        null: Mapping[str, float] | None = None,
        reason: str = "",
    ) -> None:
        """Record a simulated or observed share for a check with a binomial interval."""
        share = successes / trials
        self.rows[check] = Obtained(
            share, expected=expected, counts=(int(successes), int(trials)), null=null, reason=reason
        )

    def skip(self, check: str, reason: str) -> None:
        """Say why a check could not be made; it counts as not passed."""
        self.rows[check] = Obtained(math.nan, reason=reason, skipped=True)


def _case_from(data: Mapping[str, Any], path: Path) -> Case:
    def need(key: str) -> Any:
        if key not in data:
            raise ValueError(f"{path.name}: the case has no {key!r}")
        return data[key]

    kind, evidence = str(need("kind")), str(need("evidence"))
    checks: list[Check] = []
    for item in need("checks"):
        name = str(item["name"])
        expected = item.get("expected")
        checks.append(
            Check(
                name=name,
                endpoint=str(item.get("endpoint", name.replace("_", " "))),
                expected=None if expected is None else float(expected),
                tolerance=Tolerance.parse(item["tolerance"], f"{path.name}: {name}"),
                kind=str(item.get("kind", kind)),
                evidence=str(item.get("evidence", evidence)),
                note=str(item.get("note", "")),
            )
        )
    for check in checks:
        if check.kind not in KINDS or check.evidence not in EVIDENCE:
            raise ValueError(f"{path.name}: {check.name}: unknown kind or evidence ({check.kind}, {check.evidence})")
    names = [c.name for c in checks]
    if len(set(names)) != len(names) or str(need("case")) != path.stem:
        raise ValueError(f"{path.name}: check names must differ and 'case' must be the file's name")
    known = {str(name): str(why) for name, why in (data.get("known_differences") or {}).items()}
    for name in known:
        if not any(fnmatchcase(check, name) for check in names):
            raise ValueError(f"{path.name}: known_differences names no check: {name}")
    source = need("source")
    return Case(
        name=path.stem,
        title=str(need("title")),
        source=tuple(map(str, source if isinstance(source, list) else [source])),
        endpoint=str(need("endpoint")),
        setting=str(need("setting")),
        kind=kind,
        evidence=evidence,
        quick=bool(need("quick")),
        checks=tuple(checks),
        null_model=str(data.get("null_model", "")),
        notes=str(data.get("notes", "")),
        known_differences=known,
    )


def load_cases(directory: Path = CASES_DIR) -> dict[str, Case]:
    """All stated cases by name, sorted by name."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    return {p.stem: _case_from(yaml.load(p.read_text("utf-8")), p) for p in sorted(directory.glob("*.yaml"))}


def not_covered(path: Path = CASES_DIR.parent / "not_covered.yaml") -> list[dict[str, str]]:
    """Published results that are no case: topic, source, reason."""
    from ruamel.yaml import YAML

    loaded = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    return [{k: str(v) for k, v in item.items()} for item in loaded]


def _import_run(name: str) -> Callable[[], Result]:
    run = importlib.import_module(f"diaspore.validation.cases.{name}").run
    if not callable(run):
        raise TypeError("the case's module has no run()")
    return run


def run_cases(
    which: str = "quick",
    names: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
    cases: Mapping[str, Case] | None = None,
    loader: Callable[[str], Callable[[], Result]] = _import_run,
) -> Iterator[dict[str, Any]]:
    """Run cases and yield one JSON-ready dict for each check.

    which: "quick" or "all"; names: only these (then ``which`` is ignored). progress(case name, done, total) is called
    before each case and once at the end with an empty name. Keys: case, check, title, source, endpoint, setting,
    kind, evidence, expected, tolerance, obtained (a number, or {"model", "null"} beside a null model), pass, skipped,
    reason, known (a difference that the case explains), seconds.
    """
    chosen = chosen_cases(which, names, cases=cases)
    for done, case in enumerate(chosen):
        if progress is not None:
            progress(case.name, done, len(chosen))
        yield from _run_one(case, loader)
    if progress is not None:
        progress("", len(chosen), len(chosen))


def chosen_cases(
    which: str = "quick", names: Sequence[str] | None = None, *, cases: Mapping[str, Case] | None = None
) -> list[Case]:
    """The cases that :func:`run_cases` runs with the same arguments.

    Raises:
        InputError: an unknown set, or a case that does not exist.
    """
    known = load_cases() if cases is None else cases
    if which not in ("quick", "all"):
        raise _input_error("which set of cases to run is not known", which, ("quick", "all"))
    for name in names or ():
        if name not in known:
            raise _input_error(f"there is no validation case {name!r}", name, tuple(known))
    return [known[n] for n in names] if names else [c for c in known.values() if c.quick or which == "all"]


def _input_error(problem: str, given: str, allowed: tuple[str, ...]) -> Exception:
    from diaspore.core.errors import InputError, nearest_name

    return InputError(problem, allowed=list(allowed), nearest=nearest_name(given, allowed))


def _run_one(case: Case, loader: Callable[[str], Callable[[], Result]]) -> Iterator[dict[str, Any]]:
    start = time.perf_counter()
    crash = ""
    result = Result()
    try:
        result = loader(case.name)()
    except Exception as error:  # a broken case must not hide the others
        crash = f"the case stopped: {type(error).__name__}: {error}"
    seconds = round(time.perf_counter() - start, 3)
    for check in case.checks:
        row = result.rows.get(check.name)
        if row is None:
            row = Obtained(math.nan, reason=crash or "the case delivered no number for this check")
        yield _verdict(case, check, row, seconds)
    for name in sorted(set(result.rows) - {c.name for c in case.checks}):
        stray = Check(name, name, None, Tolerance("absolute", 0.0), case.kind, case.evidence)
        row = Obtained(result.rows[name].value, reason="no expectation was stated for this number")
        yield _verdict(case, stray, row, seconds)


def _verdict(case: Case, check: Check, row: Obtained, seconds: float) -> dict[str, Any]:
    expected = check.expected if check.expected is not None else row.expected
    passed, why = False, row.reason
    if not row.skipped and math.isfinite(row.value):
        if expected is None:
            why = why or "no expected number"
        else:
            passed = check.tolerance.met(row.value, expected, row.counts)
            if not passed and not why:
                why = check.tolerance.explain(row.value, expected, row.counts)
    elif not why:
        why = "the number obtained is not finite"
    value = row.value if math.isfinite(row.value) else None
    known = "" if passed else case.known_difference(check.name)
    return {
        "case": case.name,
        "check": check.name,
        "title": case.title,
        "source": ", ".join(case.source),
        "endpoint": check.endpoint,
        "setting": case.setting,
        "kind": check.kind,
        "evidence": check.evidence,
        "expected": expected,
        "tolerance": str(check.tolerance),
        "obtained": value if row.null is None else {"model": value, "null": dict(row.null)},
        "pass": passed,
        "skipped": row.skipped,
        "reason": "; ".join(filter(None, (why, f"known: {known}" if known else "", check.note))),
        "known": bool(known),
        "seconds": seconds,
    }


def must_pass_failures(results: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Results that must pass (analytic, implementation) and did not; skipped ones among them.

    Empty means exit status 0.
    """
    return [r for r in results if r["kind"] in MUST_PASS and not r["pass"]]
