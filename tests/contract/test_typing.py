"""What the stub says is so: tests/typing/right.py, which type checkers read, is run, and its types are compared with
those of the results. That the stub says so is a type checker's to find out: .ci/typing."""

import re
import runpy
import sys
import types
import typing
from pathlib import Path

import numpy as np
import pytest
from losses import LOSSES

import fastloss as fl

RIGHT = Path(__file__).resolve().parents[1] / "typing" / "right.py"


def is_of(value, kind):
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is typing.Any:
        return True
    if origin is None:
        return isinstance(value, kind or type(None))
    if origin is np.ndarray:
        [scalar] = typing.get_args(arguments[1])
        return type(value) is np.ndarray and issubclass(value.dtype.type, typing.get_origin(scalar) or scalar)
    if origin is tuple and arguments[-1] is not ...:
        return len(value) == len(arguments) and all(map(is_of, value, arguments))
    if origin in (tuple, list):
        return isinstance(value, origin) and all(is_of(item, arguments[0]) for item in value)
    return any(is_of(value, one) for one in arguments)  # of a union


def test_types_of_the_results_are_those_of_the_stub(monkeypatch):
    checked = []

    def assert_type(value, kind):
        assert is_of(value, kind), (value, kind)
        checked.append(kind)
        return value

    monkeypatch.setattr(typing, "assert_type", assert_type, raising=False)
    monkeypatch.setitem(sys.modules, "typing_extensions", types.SimpleNamespace(assert_type=assert_type))
    runpy.run_path(str(RIGHT), run_name="__main__")
    assert len(checked) == RIGHT.read_text().count(" assert_type(")


def test_the_comparison_can_fail():
    for value, kind in [
        (np.float64(1), np.ndarray[typing.Any, np.dtype[np.float64]]),
        (np.zeros(1), np.ndarray[typing.Any, np.dtype[np.float32]]),
        ((1.0, 1), tuple[float, float]),
        ([1.0, 1], list[float]),
        ("a", int | None),
    ]:
        assert not is_of(value, kind)


@pytest.mark.parametrize("name", fl.__all__)
def test_everything_public_is_used_there(name):
    assert re.search(rf"\bfl\.{name}\b", RIGHT.read_text())


@pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)
def test_every_verb_is_used_there(row):
    verbs = ["", ".grad", ".value_and_grad", *([".grad_and_hess"] if row.loss.has_curvature else [])]
    for verb in verbs:
        assert f"fl.{row.name}{verb}(" in RIGHT.read_text()
