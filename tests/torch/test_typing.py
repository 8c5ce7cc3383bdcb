"""tests/typing/right_torch.py, which type checkers read, is run; it uses every function."""

import re
import runpy
import sys
import types
import typing
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
cases = pytest.importorskip("torch_cases")
RIGHT = Path(__file__).resolve().parents[1] / "typing" / "right_torch.py"


def test_the_types_are_right(monkeypatch):
    checked = []

    def assert_type(value, kind):
        assert isinstance(value, kind)
        checked.append(value)

    monkeypatch.setattr(typing, "assert_type", assert_type, raising=False)
    monkeypatch.setitem(sys.modules, "typing_extensions", types.SimpleNamespace(assert_type=assert_type))
    runpy.run_path(str(RIGHT))
    assert len(checked) == RIGHT.read_text().count("\nassert_type(")


@pytest.mark.parametrize("name", cases.ours.__all__)
def test_every_function_is_used_and_documented(name):
    assert re.search(rf"\bF\.{name}\(", RIGHT.read_text())
    assert f"`{name}`" in (RIGHT.parents[2] / "docs" / "torch.md").read_text()
    assert name in {"linear_cross_entropy", *(case.name for case in cases.CASES)}  # which has tests of its own
