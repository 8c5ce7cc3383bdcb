"""Every check on what a caller passes, once, before anything is computed or written; and the dtype policy.

The text of an error names the argument, the first offending place, the value found there and what was expected.
"""

import operator

import numpy as np

from fastloss._foreign import READABLE, array_of, as_float, dtype_name, is_bits, number_at
from fastloss._hints import SWAPPED, fitting_axis, no_number, not_integers, place_of, swap_seen
from fastloss._kernels import kernels
from fastloss._pieces import PIECE, converted, first_place, is_no_flag

rules = kernels(64).validation

FLOAT32, BFLOAT16 = rules.FLOAT32, rules.BFLOAT16
HALVES = (rules.FLOAT16, rules.BFLOAT16)
COMPUTE_DTYPES = {32: np.float32, 64: np.float64}  # of the kernels of so many bits

# What a reduction of each name does with the losses. A family's batchmean divides by something else than its mean.
# What they divide by: fastloss/_reduction.py.
REDUCTIONS = {"mean": rules.MEANS, "weighted_mean": rules.MEANS, "sum": rules.SUMS, "none": rules.KEEPS}
MEANS_ONLY = {"mean": rules.MEANS, "weighted_mean": rules.MEANS}
WITH_BATCHMEAN = {"mean": rules.MEANS, "batchmean": rules.MEANS, **REDUCTIONS}  # of losses that have a batch

DOMAINS = rules.DOMAINS
_DOMAIN_TEXTS = {
    DOMAINS["not negative"]: "a number of at least 0",
    DOMAINS["positive"]: "a number above 0",
    DOMAINS["above -1"]: "a number above -1",
    DOMAINS["unit"]: "a probability within [0, 1]",
    DOMAINS["signs"]: "-1 or 1 throughout, or 0 or 1 throughout",
}


def as_array(value, name, expected="an array"):
    """A view of what was passed: NumPy arrays, __array__, DLPack and the buffer protocol without a copy; lists with."""
    array = value if type(value) is np.ndarray else array_of(value, name, expected)
    if not array.flags.aligned or not array.dtype.isnative:
        array = converted(array, array.dtype.newbyteorder("="))
    return array


def as_numbers(value, name, expected="an array"):
    """An array of one of the dtypes that the kernels read, and its code."""
    array = as_array(value, name, expected)
    return array, number_code(array, name)


def number_code(array, name):
    """The code of an array's dtype, one of those that the kernels read."""
    code = rules.code_of(array)
    if code < 0:
        raise TypeError(f"{name} has dtype {array.dtype}; expected {READABLE}{no_number(array, name)}")
    return code


def kernel_bits(code):
    """Half types compute in float32, integers in float64."""
    return 32 if code == FLOAT32 or code in HALVES else 64


def compute_dtype(code):
    return COMPUTE_DTYPES[kernel_bits(code)]


def gradient_dtype(array, code):
    """The prediction's own float type; float64 for integers, and float32 for a bfloat16 that NumPy has no dtype for."""
    if code == BFLOAT16 and is_bits(array):
        return np.dtype(np.float32)
    return array.dtype if code <= BFLOAT16 else np.dtype(np.float64)


def as_axis(axis, ndim):
    try:
        number = operator.index(axis)
    except TypeError:
        raise TypeError(f"axis must be an integer, got {type(axis).__name__}") from None
    if not -ndim <= number < ndim:
        raise ValueError(f"axis is {number}, outside of an array of {ndim} dimensions")
    return number % ndim


def with_classes_last(array, axis, name):
    """The view that has the class axis at the end."""
    if array.ndim == 0:
        raise ValueError(f"{name} has no axis of classes: its shape is ()")
    axis = as_axis(axis, array.ndim)
    if array.shape[axis] >= 2**31:
        raise ValueError(f"{name} has {array.shape[axis]} classes along axis {axis}; at most 2**31 - 1 are possible")
    return seen_with_axis_last(array, axis), axis


def seen_with_axis_last(array, axis):
    return array if axis == array.ndim - 1 else np.moveaxis(array, axis, -1)


def as_flag(value, name):
    """True or False, also as NumPy's or as 1 or 0. What else is true to Python, such as "no", is refused."""
    if value is True or value is False:
        return value
    if isinstance(value, (int, np.integer, np.bool_)) and value in (0, 1):
        return bool(value)
    raise TypeError(f"{name} must be True or False, got {value!r}")


def as_integer(value, name):
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{name} is {number}, which does not fit 64 bits")
    return number


def as_number(value, name, low=-np.inf, high=np.inf):
    try:
        number = float("" if isinstance(value, (str, bytes)) else value)
    except OverflowError:
        number = np.inf
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}") from None
    if not low <= number <= high or number in (np.inf, -np.inf):
        span = f"within [{low:g}, {high:g}]" if high < np.inf else "finite"
        span += f" and at least {low:g}" if high == np.inf and low > -np.inf else ""
        raise ValueError(f"{name} must be {span}, got {number:g}")
    return number


def as_positive(value, name):
    number = as_number(value, name, -np.inf)
    if number <= 0:
        raise ValueError(f"{name} must be above 0, got {number:g}")
    return number


def as_temperature(value):
    """A number whose inverse float32 holds."""
    return as_number(value, "temperature", 1e-30, 1e30)


def as_reduction(reduction, allowed=REDUCTIONS):
    """What it does: one of the codes of REDUCTIONS."""
    if not isinstance(reduction, str) or reduction not in allowed:
        expected = f"one of {', '.join(map(repr, allowed))}" if len(allowed) > 1 else repr(next(iter(allowed)))
        raise ValueError(f"reduction must be {expected}, got {reduction!r}")
    return allowed[reduction]


def check_int64(array, name, expected):
    """uint64 beyond int64 would wrap."""
    if array.dtype.kind == "u" and array.dtype.itemsize == 8 and array.size and array.max() >= 2**63:
        place = int(array.argmax())
        raise ValueError(f"{name}{place_of(place, array.shape)} is {array.flat[place]}; expected {expected}")


def within_int64(array):
    """Integers as contiguous int64. One beyond becomes the largest, which is no label either, and does not wrap."""
    if array.dtype.kind == "u" and array.dtype.itemsize == 8:
        array = np.minimum(array, np.uint64(2**63 - 1))
    if array.size > PIECE and array.dtype != np.int64:
        array = converted(array, np.int64)
    return np.asarray(array, dtype=np.int64, order="C")  # keeps 0 dimensions


def as_ignore_index(ignore_index):
    """None: no label is ignored."""
    return None if ignore_index is None else as_integer(ignore_index, "ignore_index")


def as_labels(target, name, shape, classes, ignore_index, weights, prediction):
    """Labels as contiguous int64, and how many of them are not ignored. Where a row's weight is 0, it may have any.
    `prediction` is its name and the array."""
    if not target.size:  # an empty list is an empty array of labels, though NumPy takes it for floats
        target = as_shaped(np.zeros(target.shape, np.int64), shape)
    check_labels(target, name, shape, prediction)
    labels = within_int64(target)
    counted = rules.labels(labels, weights, classes, ignore_index)
    if counted < 0:
        place = -1 - counted
        found = target[np.unravel_index(place, shape)]  # beyond int64 the label is another number
        expected = f"0..{classes - 1}" if classes else "no label at all, as there are 0 classes,"
        expected += "" if ignore_index is None else f" or ignore_index={ignore_index}"
        raise ValueError(f"{name}{place_of(place, shape)} is {int(found)}; expected {expected}")
    return labels, counted


def check_labels(target, name, shape, prediction):
    """Labels by their dtype and shape. `prediction` is its name and the array."""
    if target.dtype.kind not in "iub":
        forbid_swapped(target, name, prediction[1])
        raise TypeError(not_integers(target, name, "labels", "mark it with ignore_index"))
    if target.shape != shape:
        raise ValueError(
            f"{name} has shape {target.shape}; "
            f"labels for {prediction[0]} of shape {prediction[1].shape} must have shape {shape}"
            f"{fitting_axis(target.shape, prediction[1].shape) or swap_seen(target, prediction[1].ndim)}"
        )


def forbid_swapped(target, name, prediction):
    """Raises for what can't be labels, where it looks like the prediction itself."""
    swapped = swap_seen(target, prediction.ndim, prediction.dtype)
    if swapped:
        raise TypeError(f"{name} has dtype {dtype_name(target)}; labels must be integers{swapped}")


def as_shaped(array, shape):
    """The array; in this shape if it is [], which is the list of an array of any shape that begins with 0."""
    return array.reshape(shape) if array.shape == (0,) and shape[:1] == (0,) else array


def check_range(array, name, low, high, reduction=None):
    """Numbers within [low, high], as far as losses of a reduction use them. NaN passes, and comes out as NaN."""
    place = rules.outside(array, low, high, 1) if array.size else -1
    if place >= 0 and reduction is not None and not reduction.uses_all:
        numbers = as_float(array)
        place = first_used((numbers < low) | (numbers > high), reduction)
    if place >= 0:
        span = f"at least {low:g} and at most {high:.3g}" if high < np.inf else f"at least {low:g}"
        raise_refused(array, name, place, f"a number of {span}")


def first_used(wrong, reduction):
    """The place of the first wrong one of the numbers that broadcast to the losses, if it is used; else -1."""
    places = np.arange(wrong.size).reshape(wrong.shape)
    wrong, places = (np.broadcast_to(array, reduction.shape) for array in (wrong, places))
    found = places[wrong & reduction.used()]
    return int(found[0]) if found.size else -1


def check_domain(array, name, domain, bits, threads=1, weighted=(None, None), prediction=None):
    """Numbers of one of DOMAINS, in the precision that is computed in. NaN passes, and comes out as NaN; so does what
    has a weight of 0, of a `Reduction.weighted` of the array's shape. `prediction` is what the array is the target of.
    """
    if domain == DOMAINS["any"] or not array.size:
        return
    place = kernels(bits).validation.outside_domain(array, weighted, domain, threads)
    if place >= 0:
        of_target = prediction is not None and prediction is not array
        swapped = swap_seen(array, prediction.ndim, prediction.dtype) if of_target else ""
        raise_refused(array, name, place, _DOMAIN_TEXTS[domain] + swapped)


def raise_refused(array, name, place, expected):
    value = number_at(array, np.unravel_index(place, array.shape))
    raise ValueError(f"{name}{place_of(place, array.shape)} is {value}; expected {expected}")


def _is_between(numbers):
    numbers = as_float(numbers)
    return (numbers > 0) & (numbers < 1)


def forbid_certain(probs, target, name):
    """For probabilities of an integer dtype: all 0 or 1 with a target between, they are labels in the place of the
    prediction, and the loss would be inf without a word."""
    if probs.dtype.kind not in "iub":
        return
    if first_place(is_no_flag, probs) >= 0:
        return
    place = first_place(_is_between, target)
    if place >= 0:
        number = float(as_float(target[np.unravel_index(place, target.shape)]))
        raise ValueError(
            f"target{place_of(place, target.shape)} is {number:.15g}, and all {name} are 0 or 1, of dtype "
            f"{probs.dtype}, as labels are{SWAPPED} Otherwise make {name} floats"
        )


def as_same_shape(value, name, array, prediction):
    """Numbers of the shape of the array that `prediction` names."""
    found, shape = as_numbers(value, name)[0], array.shape
    if found.shape == shape:
        return found
    found = as_shaped(found, shape)
    if found.shape != shape:
        swapped = swap_seen(found, len(shape))
        raise ValueError(f"{name} has shape {found.shape}; expected that of {prediction}, {shape}{swapped}")
    return found


def as_operand(value, name, shape, prediction):
    """Numbers that broadcast to the shape of the prediction, without being copied."""
    array, _ = as_numbers(value, name)
    if array.shape == shape:
        return array
    try:
        return np.broadcast_to(array if array.size else as_shaped(array, shape), shape)
    except ValueError:
        swapped = swap_seen(array, len(shape)) if name == "target" else ""
        raise ValueError(
            f"{name} has shape {array.shape}, which does not broadcast to the shape {shape} of {prediction}{swapped}"
        ) from None


def as_weights(value, name, shape):
    """A sample weight as an array of the shape `shape`; None stays None."""
    if value is None:
        return None
    array, _ = as_numbers(value, name)
    if array.ndim == 1 and len(shape) > 1 and array.size == shape[0] == shape[-1] > 1:
        # NumPy would take them for columns, and who thinks of samples would not notice.
        raise ValueError(
            f"{name} has shape {array.shape}, which may be meant for the first or for the last axis of {shape}: write "
            f"{by_sample(name, shape)} for weights of samples, {name}[None, :] for weights of columns"
        )
    try:
        return np.broadcast_to(array if array.size else as_shaped(array, shape), shape)
    except ValueError:
        is_of_samples = len(shape) > 1 and array.shape == shape[:1]
        hint = f"; weights of samples are {by_sample(name, shape)}" if is_of_samples else ""
        raise ValueError(f"{name} has shape {array.shape}, which does not broadcast to {shape}{hint}") from None


def by_sample(name, shape):
    """How one weight for each place of the first axis is written."""
    return f"{name}[:, {', '.join(['None'] * (len(shape) - 1))}]"


def as_where(value, shape):
    """A bool array, which is not yet known to broadcast to the shape."""
    array = as_array(value, "where")
    if not array.size:  # NumPy takes an empty list for floats
        return as_shaped(np.zeros(array.shape, np.bool_), shape)
    if array.dtype.kind in "iu":
        wrong = first_place(is_no_flag, array)
        if wrong >= 0:
            found = array[np.unravel_index(wrong, array.shape)]
            raise ValueError(f"where{place_of(wrong, array.shape)} is {found}; expected bools, or 0 and 1")
        array = converted(array, np.bool_)
    if array.dtype != np.bool_:
        raise TypeError(f"where has dtype {dtype_name(array)}; expected bool (numbers that weigh are sample_weight)")
    return array


def as_broadcast(array, name, shape):
    """None stays None."""
    if array is None or array.shape == shape:
        return array
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"{name} has shape {array.shape}, which does not broadcast to {shape}") from None


def as_class_weights(value, name, classes):
    """One weight per class, as float64; None stays None."""
    if value is None:
        return None
    array, _ = as_numbers(value, name, "an array with one weight for each class")
    if array.shape != (classes,):
        raise ValueError(f"{name} has shape {array.shape}; expected one weight for each of the {classes} classes")
    array = as_float(array)
    bad = np.flatnonzero(~(array >= 0) | np.isinf(array))
    if bad.size:
        raise ValueError(f"{name}[{bad[0]}] is {array[bad[0]]}; expected a finite weight of at least 0")
    return array


def check_out(out, shape, dtype, name="out"):
    _, no_array, other_shape, other_dtype, read_only = rules.OUT_STATES
    state = rules.state_of_out(out, shape, np.dtype(dtype))
    if state == no_array:
        raise TypeError(f"{name} must be a NumPy array or a tensor, got {type(out).__name__}")
    if state == other_shape:
        raise ValueError(f"{name} has shape {out.shape}; expected {shape}")
    if state == other_dtype:
        raise TypeError(f"{name} has dtype {dtype_name(out)}; expected {dtype}")
    if state == read_only:
        raise ValueError(f"{name} is read-only")


def needs_another(out, prediction, others):
    """Whether the kernel can't write `out` itself: it is not aligned, or an input that is still to be read."""
    if rules.copies_out(out, prediction):
        return True
    return any(rules.overlap(out, other) for other in others if isinstance(other, np.ndarray))
