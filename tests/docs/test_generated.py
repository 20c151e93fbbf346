"""Generated parts of the documentation agree with the code."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from tests.docs.pages import DOCS, name_of


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_up_to_date(generate: ModuleType) -> None:
    wrong = [name_of(path) for path in generate.outdated()]
    assert wrong == [], "run: python docs/generate.py"


def test_parts_are_found_once(generate: ModuleType) -> None:
    with pytest.raises(ValueError, match="exactly once"):
        generate.replaced("no part here", "fields", "text")
