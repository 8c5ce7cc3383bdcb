"""tests/typing/right_dask.py, which type checkers read, is run; every loss is there, documented and picklable."""

import inspect
import pickle
import runpy
import sys
import types
import typing
from pathlib import Path

import pytest
from losses import BY_NAME

import fastloss as fl

da = pytest.importorskip("dask.array")
fd = pytest.importorskip("fastloss.dask")
RIGHT = Path(__file__).resolve().parents[1] / "typing" / "right_dask.py"


def test_the_types_are_right(monkeypatch):
    checked = []

    def assert_type(value, kind):
        values = value if typing.get_origin(kind) is tuple else (value,)
        assert all(isinstance(one, da.Array) for one in values)
        checked.append(kind)

    monkeypatch.setattr(typing, "assert_type", assert_type, raising=False)
    monkeypatch.setitem(sys.modules, "typing_extensions", types.SimpleNamespace(assert_type=assert_type))
    runpy.run_path(str(RIGHT))
    assert len(checked) == 8


def test_every_loss_is_there():
    """But for those whose first argument is no prediction."""
    assert {*fd.__all__} == {*BY_NAME} | {"softmax", "log_softmax", "logsumexp"}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_loss_as_an_object(name):
    loss, original = getattr(fd, name), getattr(fl, name)
    assert pickle.loads(pickle.dumps(loss)) is loss
    assert repr(loss) == f"<fastloss.dask loss {name}>"
    assert (loss.family, loss.has_curvature) == (original.family, original.has_curvature)
    parameters = [p for p in inspect.signature(original).parameters if p != "progress"]
    assert list(inspect.signature(loss).parameters) == parameters
    assert inspect.signature(loss).parameters["num_threads"].default == 1
    for verb in (loss, loss.grad, loss.value_and_grad):
        text = inspect.getdoc(verb)
        assert all(f"\n{parameter}" in text or f", {parameter} : " in text for parameter in parameters)
        assert "Nothing is computed yet" in text
