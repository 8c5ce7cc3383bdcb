"""What the tests of refusals share: small arguments, and a check of one refusal by every verb."""

import re

import numpy as np
import pytest
from losses import BY_NAME

X = np.linspace(-1, 1, 12).reshape(4, 3)
LABELS = np.array([0, 1, 2, 0])
SOFT = np.full((4, 3), 1 / 3)
FRAMES = np.linspace(-1, 1, 60).reshape(6, 2, 5)
TARGETS = np.array([[1, 2], [3, 4]])


def put(array, place, value):
    changed = np.array(array)
    changed[place] = value
    return changed


def refused(error, tokens, call):
    """`call(out)` raises, the text holds every token (a number as a whole number), and `out` is untouched."""
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    for token in map(str, tokens):
        pattern = rf"(?<!\w)(?<!\d\.){re.escape(token)}(?![\d])" if token.lstrip("-")[0].isdigit() else re.escape(token)
        assert re.search(pattern, text), f"{token!r} is not in the text: {text}"
    return text


def every_verb(loss, arguments, options, error, tokens):
    """The same refusal from each verb, with no byte of `out` written."""
    shape = np.shape(arguments[0])
    scores = np.asarray(arguments[0])
    dtype = np.dtype(scores.dtype if scores.dtype in (np.float32, np.float16) else np.float64)
    out, other = (np.frombuffer(np.random.default_rng(n).bytes(dtype.itemsize * scores.size), dtype) for n in (1, 2))
    out, other = (array.reshape(shape).copy() for array in (out, other))
    before = out.tobytes(), other.tobytes()
    texts = [
        refused(error, tokens, lambda: loss(*arguments, **options)),
        refused(error, tokens, lambda: loss.grad(*arguments, out=out, **options)),
        refused(error, tokens, lambda: loss.value_and_grad(*arguments, out=out, **options)),
    ]
    curved = BY_NAME[loss.__name__].curved_options
    if curved is not None:
        options = {**curved, **options}
        texts.append(refused(error, tokens, lambda: loss.grad_and_hess(*arguments, out=(out, other), **options)))
    assert (out.tobytes(), other.tobytes()) == before
    assert len(set(texts)) == 1


BOTH = (TypeError, ValueError)

# For every function of CTC that takes a batch of targets.
WRONG_TARGETS = [
    (put(TARGETS, (1, 0), 5), {}, ["targets", "1, 0", 5]),
    (put(TARGETS, (1, 1), -1), {}, ["targets", "1, 1", -1]),
    (put(TARGETS, (0, 1), 0), {}, ["targets", "0, 1", 0, "blank"]),
    (TARGETS, {"blank": -1}, ["targets", "1, 1", 4, "blank"]),
    (put(TARGETS.astype(np.uint64), (0, 0), 2**64 - 1), {}, ["targets", "0, 0", 2**64 - 1]),
    ([[1, 2], [3, 9]], {}, ["targets", 1, 9]),
    ([[1], [2], [3]], {}, ["targets", 3, 2]),
    ([[1], [[2]]], {}, ["targets", 1]),
    (np.array([1, 2, 9]), {"target_lengths": [2, 1]}, ["targets", 9]),
    (np.array([1, 2, 3]), {}, ["target_lengths"]),
    (np.array([1, 2, 3]), {"target_lengths": [2, 2]}, ["target_lengths", 4, 3]),
    (np.array([1, 2, 3, 4]), {"target_lengths": [2, 1]}, ["target_lengths", 3, 4]),
    (np.ones((3, 2), int), {}, ["targets", "(3, 2)", 2]),
    (np.ones((2, 2, 1), int), {}, ["targets", "(2, 2, 1)"]),
]
WRONG_LENGTHS = [
    ({"input_lengths": [6, 7]}, ValueError, ["input_lengths", 1, 7, 6]),
    ({"input_lengths": [-1, 6]}, ValueError, ["input_lengths", 0, -1]),
    ({"input_lengths": np.array([6, 2**64 - 1], np.uint64)}, ValueError, ["input_lengths", 1]),
    ({"input_lengths": [6]}, ValueError, ["input_lengths", "(1,)", 2]),
    ({"input_lengths": 6}, ValueError, ["input_lengths"]),
    ({"input_lengths": [6.0, 6.0]}, TypeError, ["input_lengths", "float64"]),
    ({"input_lengths": ["6", "6"]}, TypeError, ["input_lengths"]),
    ({"target_lengths": [3, 1]}, ValueError, ["target_lengths", 0, 3, 2]),
    ({"target_lengths": [1, -4]}, ValueError, ["target_lengths", 1, -4]),
    ({"target_lengths": [[1, 1]]}, ValueError, ["target_lengths", "(1, 2)"]),
    ({"target_lengths": [1.5, 1]}, TypeError, ["target_lengths", "float64"]),
]
