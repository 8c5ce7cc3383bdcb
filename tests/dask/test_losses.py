"""Every loss of elements and of rows on Dask arrays: the bits that fastloss gives of the whole, and its definition."""

import numpy as np
import pytest
from docstring_examples import run_examples
from domains import with_arrays
from losses import LOSSES, of_family
from tolerance import compute_dtype, dtype_of
from verbs import IGNORED, Call, check

pytest.importorskip("dask.array")
dask_calls = pytest.importorskip("dask_calls")

ROWS = of_family("elementwise", "rowwise")
CASES = [(row, kind, options) for row in ROWS for kind in row.targets or (None,) for options in row.options]
DTYPES = ("float32", "float64", "float16", "int32")
WEIGHTINGS = ("plain", "weighted", "where", "both")


def name_of(value):
    if isinstance(value, dict):
        return "+".join(f"{key}={number}" for key, number in value.items()) or "defaults"
    return getattr(value, "name", None) or str(value)


def weights(rng, weighting, shape):
    more = {}
    if weighting in ("weighted", "both"):
        more["sample_weight"] = rng.uniform(0, 2, shape) * (rng.random(shape) < 0.8)
    if weighting in ("where", "both"):
        more["where"] = rng.random(shape) < 0.7
    return more


def same_bits(found, wanted):
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    assert found.tobytes() == wanted.tobytes()


def drawn(rng, row, kind, options, shape, name):
    """(arguments, options) in the dtype of that name."""
    x, *targets = row.draw(rng, shape, dtype_of(name), compute_dtype(name), kind)
    if kind == "labels":
        targets[0][rng.random(targets[0].shape) < 0.2] = -100
    return (x, *targets), with_arrays(options, rng, shape[-1])


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: "-".join(map(name_of, CASES[number])))
def test_the_bits_of_the_whole(rng, number):
    """Of blocks that are cut at random, differently for each argument and call: all reductions and results."""
    row, kind, options = CASES[number]
    of_dask = dask_calls.Computed(row.loss, rng)
    shape = (61, 4, 5) if row.family == "rowwise" else (61, 20)
    arguments, more = drawn(rng, row, kind, options, shape, ("float32", "float64")[number % 2])
    more |= weights(rng, WEIGHTINGS[number // 2 % 4], shape[:-1] if row.family == "rowwise" else shape)
    for reduction in row.reductions:
        keywords = {**more, "reduction": reduction}
        value, grad = row.loss.value_and_grad(*arguments, **keywords)
        found, found_grad = of_dask.value_and_grad(*arguments, **keywords)
        same_bits(found, value)
        same_bits(found_grad, grad)
        same_bits(of_dask(*arguments, **keywords), value)
        if row.has_curvature(options):
            both, wanted = (loss.grad_and_hess(*arguments, **keywords) for loss in (of_dask, row.loss))
            same_bits(both[0], wanted[0])
            same_bits(both[1], wanted[1])
        else:
            same_bits(of_dask.grad(*arguments, **keywords), grad)


@pytest.mark.parametrize("number", range(len(ROWS)), ids=lambda number: ROWS[number].name)
def test_by_its_definition(rng, number):
    row = ROWS[number]
    names = [name for name in DTYPES if name in row.domain.dtypes]
    name = names[number % len(names)]
    of_dask = dask_calls.of_dask(row, rng)
    kind = row.targets[0] if row.targets else None
    x, *targets = row.draw(rng, (23, 7), dtype_of(name), compute_dtype(name), kind)
    ignored = None
    if kind == "labels":
        targets[0][::5] = ignored = IGNORED
    shape = (23, 7) if row.family == "elementwise" else (23,)
    options = with_arrays(row.options[-1], rng, 7)
    call = Call((x, *targets), options, rng.uniform(0, 2, shape), ignored, rng.random(shape) < 0.8)
    for reduction in row.reductions:
        check(of_dask, call, name, reduction)


@pytest.mark.parametrize("row", LOSSES, ids=name_of)
def test_documentation(row):
    import fastloss.dask as fd

    loss = getattr(fd, row.name)
    for verb, text in (
        ("", loss.__doc__),
        *((verb, getattr(loss, verb).__doc__) for verb in ("grad", "value_and_grad")),
    ):
        assert "Parameters" in text
        assert "Raises" in text
        run_examples(f"{row.name}.{verb}", text)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_documentation_of_functions(name):
    import fastloss.dask as fd

    run_examples(name, getattr(fd, name).__doc__)
