"""The value of linear_cross_entropy where a row's logits come a part of the classes at a time."""

import numpy as np
import pytest
from tolerance import assert_close, dtype_of

import fastloss as fl

PART = 2048  # of which parts are multiples, but the last
SMALL = 1 << 18  # memory for a part of some rows


def losses_of(logits, labels):
    """By their definition in float64, exact also where a label is all but certain."""
    others = logits - np.take_along_axis(logits, labels[:, None], axis=1)
    np.put_along_axis(others, labels[:, None], -np.inf, axis=1)
    return np.log1p(np.exp(others).sum(axis=1))


def draw(rng, rows, classes, name):
    """Products and sums without rounding; labels at the edges of parts too."""
    x, w, b = (
        (rng.integers(-12, 13, shape) / 8).astype(dtype_of(name)) for shape in ((rows, 3), (classes, 3), classes)
    )
    edges = [0, PART - 1, PART, 2 * PART - 1, 2 * PART, classes - 1]
    labels = np.resize([*(edge for edge in edges if edge < classes), *rng.integers(0, classes, 10)], rows)
    logits = x.astype(float) @ w.astype(float).T + b.astype(float)
    return x, w, b, labels, logits


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("classes", [PART, PART + 1, 2 * PART, 3 * PART + 77, 5 * PART])
def test_definition(rng, classes, name):
    x, w, b, labels, logits = draw(rng, 40, classes, name)
    right = losses_of(logits, labels)
    weight, class_weight = rng.uniform(0.5, 2, 40) * (rng.random(40) < 0.8), rng.uniform(0, 2, classes)
    seen = logits.astype(np.float64 if name == "float64" else np.float32)
    for max_bytes in (2**28, SMALL):
        keywords = {"bias": b, "reduction": "none", "max_bytes": max_bytes}
        found = fl.linear_cross_entropy(x, w, labels, **keywords)
        assert_close(found, right, "float64" if name == "float64" else "float32")
        np.testing.assert_array_equal(found, fl.cross_entropy(seen, labels, reduction="none"))  # in their bits
        found = fl.linear_cross_entropy(x, w, labels, sample_weight=weight, class_weight=class_weight, **keywords)
        np.testing.assert_allclose(found, right * weight * class_weight[labels], rtol=1e-6)
        for reduction, divisor in (("mean", np.count_nonzero(labels)), ("sum", 1)):
            keywords["reduction"] = reduction
            value = fl.linear_cross_entropy(x, w, labels, ignore_index=0, num_threads=2, **keywords)
            assert value == pytest.approx(right[labels != 0].sum() / divisor, rel=1e-6)


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("label", [0, PART + 5, 3 * PART])
def test_a_certain_label(isa, label, name):
    """In the first, a middle and the last part: 1 - p is not lost."""
    classes = 3 * PART + 1
    w = np.full((classes, 1), -1.0, name)
    w[label] = 1
    x = np.array([[15.0], [2.0], [-1.0]], name)
    found = fl.linear_cross_entropy(x, w, [label] * 3, reduction="none", max_bytes=SMALL)
    right = np.log1p((classes - 1) * np.exp(-2 * x[:, 0].astype(float)))
    np.testing.assert_allclose(found, right, rtol=1e-6 if name == "float32" else 1e-13)


@pytest.mark.parametrize("number", [-np.inf, np.inf, np.nan])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_special_numbers_in_all_of_a_part(isa, rng, part, number):
    """As in all classes of a row at once; classes at -inf are as none."""
    x, w, b, _, logits = draw(rng, 6, 3 * PART, "float32")
    special = slice(part * PART, (part + 1) * PART)
    b[special] = logits[:, special] = number
    labels = np.array([0, 1, 2, 0, 1, 2]) * PART + 7
    found = fl.linear_cross_entropy(x, w, labels, bias=b, reduction="none", max_bytes=SMALL)
    np.testing.assert_array_equal(found, fl.cross_entropy(logits.astype(np.float32), labels, reduction="none"))
    masked = labels // PART == part
    if number == -np.inf:
        rest = np.delete(logits, special, axis=1)
        left = labels[~masked] - PART * (labels[~masked] // PART > part)
        np.testing.assert_allclose(found[~masked], losses_of(rest[~masked], left), rtol=1e-6)
        assert (found[masked] == np.inf).all()
    else:
        assert np.isnan(found).all()


@pytest.mark.parametrize("options", [{"label_smoothing": 0.1}, {"temperature": 2.0}], ids=str)
def test_options_that_take_whole_rows(rng, options):
    x, w, b, labels, logits = draw(rng, 30, 2 * PART + 3, "float64")
    found = fl.linear_cross_entropy(x, w, labels, bias=b, reduction="none", max_bytes=SMALL, **options)
    scores = logits / options.get("temperature", 1.0)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    smoothing = options.get("label_smoothing", 0.0)
    right = -(1 - smoothing) * log_p[np.arange(30), labels] - smoothing * log_p.mean(axis=1)
    np.testing.assert_allclose(found, right, rtol=1e-12)
