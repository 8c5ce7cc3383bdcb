"""dtypes by name, and how close a result of each must be to its reference."""

import numpy as np
import pytest

DTYPES = ("float32", "float64", "float16", "bfloat16", "int32")

# Of the result. float32: a few roundings of numbers in the order of |x - max|. float64: the references' own rounding.
RELATIVE = {"float32": 4e-6, "float64": 2e-13}

# bits of the significand, the leading one included; exponent of the smallest normal number
HALF_FORMATS = {"float16": (11, -14), "bfloat16": (8, -126)}


def dtype_of(name):
    if name == "bfloat16":
        return pytest.importorskip("ml_dtypes").bfloat16
    return np.dtype(name)


def compute_dtype(name):
    """Half types compute in float32, integers and bool in float64."""
    return {"float32": np.float32, "float16": np.float32, "bfloat16": np.float32}.get(name, np.float64)


def gradient_dtype(name):
    return dtype_of(name) if name in ("float32", "float16", "bfloat16") else np.float64


def draw(rng, shape, name, spread=3.0):
    """Scores in the dtype, and the same numbers in float64 for the reference."""
    scores = (rng.normal(size=shape) * spread).astype(dtype_of(name))
    return scores, scores.astype(np.float64)


def half_ulp(wanted, name):
    """Half the distance of neighbouring numbers of the half type: what its last rounding may cost."""
    bits, smallest = HALF_FORMATS[name]
    exponent = np.frexp(np.abs(wanted))[1] - 1
    return np.ldexp(0.5, np.maximum(exponent, smallest) - bits + 1)


def assert_close(found, wanted, name, *, terms=0.0, factor=1.0, rounded=False):
    """|found - wanted| within the relative tolerance of `wanted`, and of `terms` where the result is a difference.

    terms: magnitude of what cancels (the target's weight in a gradient p M - w y).
    rounded: the result was rounded to the half type in the end.
    """
    wanted = np.asarray(wanted, dtype=np.float64)
    found = np.asarray(found).astype(np.float64)
    assert found.shape == wanted.shape, f"shape {found.shape}, expected {wanted.shape}"
    relative = factor * RELATIVE[np.dtype(compute_dtype(name)).name]
    allowed = relative * (np.abs(wanted) + terms)
    if rounded and name in HALF_FORMATS:
        allowed = allowed * (1 + 2.0 ** -HALF_FORMATS[name][0]) + half_ulp(wanted, name)
    with np.errstate(invalid="ignore"):
        excess = np.abs(found - wanted) - allowed
    same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    wrong = ~same & ~(excess <= 0)
    if wrong.any():
        place = np.unravel_index(np.argmax(np.where(wrong, np.nan_to_num(excess, nan=np.inf), -np.inf)), wrong.shape)
        raise AssertionError(
            f"{wrong.sum()} of {wrong.size} wrong; worst at {tuple(map(int, place))}: {found[place]!r}, "
            f"expected {wanted[place]!r}, allowed {allowed[place]:.3g}, off by {abs(found[place] - wanted[place]):.3g}"
        )
