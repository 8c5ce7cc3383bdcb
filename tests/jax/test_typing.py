"""tests/typing/right_jax.py, which type checkers read, is run."""

import runpy
import sys
import types
import typing
from pathlib import Path

import pytest

pytest.importorskip("jax")
pytest.importorskip("fastloss.jax", reason="fastloss.jax needs a newer JAX")


def test_the_types_are_right(monkeypatch):
    def assert_type(value, kind):
        assert isinstance(value, kind)

    monkeypatch.setattr(typing, "assert_type", assert_type, raising=False)
    monkeypatch.setitem(sys.modules, "typing_extensions", types.SimpleNamespace(assert_type=assert_type))
    runpy.run_path(str(Path(__file__).resolve().parents[1] / "typing" / "right_jax.py"))
