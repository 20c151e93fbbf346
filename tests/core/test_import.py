from __future__ import annotations

import subprocess
import sys

import pytest

import diaspore
from tests.child import child_env

HEAVY = ("numba", "pandas", "pint", "matplotlib", "xarray", "zarr", "scipy", "pyarrow", "pydantic", "rich", "numpy")


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], env=child_env(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, diaspore; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert _python(code) == "[]"


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    heavy = tuple(name for name in HEAVY if name != "rich")
    code = f"import sys, diaspore.cli.application; print([name for name in {heavy!r} if name in sys.modules])"
    assert _python(code) == "[]"


def test_idle_threads_sleep_unless_the_user_says_otherwise() -> None:
    code = "import os\n{}import diaspore; print(os.environ['OMP_WAIT_POLICY'], os.environ['KMP_BLOCKTIME'])"
    assert (
        _python(code.format("os.environ.pop('OMP_WAIT_POLICY', 0); os.environ.pop('KMP_BLOCKTIME', 0)\n"))
        == "PASSIVE 0"
    )
    assert _python(code.format("os.environ.update(OMP_WAIT_POLICY='ACTIVE', KMP_BLOCKTIME='9')\n")) == "ACTIVE 9"


def test_every_public_name_is_there() -> None:
    for name in diaspore.__all__:
        assert getattr(diaspore, name) is not None
    assert set(diaspore.__all__) <= set(dir(diaspore))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        diaspore.nonsense  # noqa: B018
