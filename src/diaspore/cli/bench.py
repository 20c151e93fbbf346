"""``diaspore bench``: how fast it is on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from diaspore.cli import options

Cases = Callable[[int, str], Iterator[dict[str, Any]]]


def bench(
    name: Annotated[str | None, typer.Argument(help="Benchmark; default: list them.", show_default=False)] = None,
    threads: options.Threads = None,
    size: Annotated[str, typer.Option(help="How big: small, medium or large.")] = "small",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, as results come.")] = False,
) -> None:
    """Run a benchmark and print its measurements."""
    from diaspore.cli.output import print_json_line, print_table
    from diaspore.core.parallel import resolve_threads

    if name is None:
        for known in benchmark_files():
            print(known)
        return
    count = resolve_threads(threads)
    results: list[dict[str, Any]] = []
    for result in load_cases(name)(count, size):
        results.append(result)
        if json:
            print_json_line(result)
    if not json:
        columns = list(dict.fromkeys(key for result in results for key in result))
        print_table(columns, [[result.get(column) for column in columns] for result in results], title=name)


def benchmark_files() -> dict[str, Path]:
    """Benchmarks of a source checkout: name -> file.

    Raises:
        DiasporeError: the package was installed without them.
    """
    import diaspore
    from diaspore.core.errors import DiasporeError

    folder = Path(diaspore.__file__).resolve().parents[2] / "benchmarks"
    if not folder.is_dir():
        raise DiasporeError(
            "benchmarks come with the source code, not with the installed package.\n"
            "  Get the source and install it with: pip install -e ."
        )
    return {file.stem: file for file in sorted(folder.glob("*.py")) if not file.stem.startswith("_")}


def load_cases(name: str) -> Cases:
    """The ``cases`` function of a benchmark.

    Raises:
        InputError: no such benchmark.
    """
    import importlib.util

    from diaspore.core.errors import InputError, nearest_name

    files = benchmark_files()
    if name not in files:
        raise InputError(
            f"there is no benchmark {name!r}", allowed=sorted(files) or "(none)", nearest=nearest_name(name, files)
        )
    found = importlib.util.spec_from_file_location(f"diaspore_benchmark_{name}", files[name])
    if found is None or found.loader is None:
        raise InputError(f"cannot load {files[name]}")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return cast(Cases, module.cases)
