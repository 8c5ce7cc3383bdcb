"""Labels of any kind, numbers or strings, as the numbers of their classes: scikit-learn's order, that of sorting."""

import numpy as np

from fastloss import _validation as check
from fastloss._hints import is_missing, place_of
from fastloss._pieces import first_place, is_no_flag
from fastloss.metrics import _inputs as inputs

WIDE = 1 << 16  # numbers of classes further apart than this, and than there are samples, are looked up by bisection
FEW_STRINGS = 1 << 12  # are sorted sooner than hashed
HASH_BITS = 16


def label_array(value, name):
    """An array of integers, strings or objects; floats are made integers, which they must be."""
    array = check.as_array(value, name)
    if not array.size:
        raise ValueError(f"{name} has shape {array.shape}; a mean over nothing is not defined")
    if array.dtype.kind in "iuUSO":
        return array
    if array.dtype.kind == "b":
        return array.view(np.uint8)
    if array.dtype.kind == "T":  # NumPy's strings of any length, whose missing one may be any object
        return array.astype(object)
    if check.rules.code_of(array) < 0:
        raise TypeError(f"{name} has dtype {array.dtype}; labels are integers, bools or strings")
    return _whole(inputs.floats(array), name)


def _is_no_integer(some):
    return ~(np.isfinite(some) & (np.trunc(some) == some) & (np.abs(some) < 2.0**63))


def _whole(array, name):
    place = first_place(_is_no_integer, array)
    if place >= 0:
        found = array.flat[place]
        text = "is NaN: a label is missing" if found != found else f"is {found}; labels are whole numbers or strings"
        raise ValueError(f"{name}{place_of(place, array.shape)} {text}")
    return array.astype(np.int64)


def one_column(array, name):
    """Labels (N,); (N, 1) is the same."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; expected one label for each sample")
    return array


def encode(y_true, labels=None):
    """The sorted classes, and the number of each label's class: `y_true` is a `label_array`. The classes are `labels`,
    or those that occur."""
    y_true = one_column(y_true, "y_true")
    if y_true.dtype.kind == "O":
        return _encode_objects(y_true, labels)
    declared = None if labels is None else _declared(labels, y_true.dtype.kind)
    if y_true.dtype.kind in "US":
        classes, codes = _encode_strings(y_true)
        if declared is not None:
            codes = _codes(classes, declared)[codes]
    else:
        classes = _distinct(y_true) if labels is None else declared
        codes = _codes(y_true, classes)
    if labels is None:
        return classes, codes
    classes = declared
    _check_declared(codes, y_true, classes)
    return classes, codes


def _declared(labels, kind):
    """The classes that `labels` lists, sorted."""
    listed = one_column(label_array(labels, "labels"), "labels")
    if listed.dtype.kind == "O" and kind in "US":
        listed = np.array(listed.tolist())
    if listed.dtype.kind.replace("u", "i") != kind.replace("u", "i"):
        raise TypeError(f"labels has dtype {listed.dtype}, and y_true labels of another kind, which never equal them")
    return _without_repeated(listed)


def _without_repeated(listed):
    classes, first = np.unique(listed, return_index=True)
    if len(classes) < len(listed):
        place = int(np.setdiff1d(np.arange(len(listed)), first)[0])
        raise ValueError(f"labels[{place}] is {listed[place]} again")
    return classes


def _distinct(array):
    """Sorted. Of integers close together without sorting all."""
    if not _are_close(array):
        return np.unique(array)
    low = int(array.min())
    return np.flatnonzero(np.bincount(_from(array, low))) + low


def _encode_strings(array):
    """The sorted classes and their numbers. A table of hashes is faster than sorting; where two strings have one hash,
    another is tried."""
    if array.size >= FEW_STRINGS:
        characters = np.ascontiguousarray(array).view(np.uint32 if array.dtype.kind == "U" else np.uint8)
        for multiplier in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D):
            codes = _codes_by_hash(characters.reshape(array.size, -1), multiplier)
            if codes is not None:
                examples, codes = codes
                classes, order = np.unique(array[examples], return_inverse=True)
                return classes, order.reshape(-1)[codes]
    classes, codes = np.unique(array, return_inverse=True)
    return classes, codes.reshape(-1)


def _codes_by_hash(characters, multiplier):
    """Of rows of characters: an example of each that occurs, and which of these each row is; None where two that
    differ have one hash."""
    hashed = np.zeros(len(characters), np.uint32)
    for column in characters.T:
        hashed += column
        hashed *= np.uint32(multiplier)
    hashed >>= np.uint32(32 - HASH_BITS)
    table = np.full(1 << HASH_BITS, -1, np.intp)
    table[hashed] = np.arange(len(hashed))
    found = np.flatnonzero(table >= 0)
    examples = table[found]
    table[found] = np.arange(len(found))
    codes = table[hashed]
    is_same = all(np.array_equal(column, column[examples][codes]) for column in characters.T)
    return (examples, codes) if is_same else None


def _are_close(array):
    """Whether they are integers, with not many between the lowest and the highest."""
    if array.dtype.kind not in "iu":
        return False
    low, high = int(array.min()), int(array.max())
    return high < 2**63 and high - low < max(WIDE, array.size)


def _from(array, low):
    """Integers less the lowest, as indices."""
    array = array.astype(np.int64, copy=False)
    return array - low if low else array


def _codes(array, classes):
    """The place of each label among the classes; -1 for one that is none."""
    if not _are_close(classes):
        found = np.minimum(np.searchsorted(classes, array), len(classes) - 1)
        return np.where(classes[found] == array, found, -1)
    low, span = int(classes[0]), int(classes[-1]) - int(classes[0]) + 1
    is_inside = int(array.min()) >= low and int(array.max()) < low + span
    if is_inside and span == len(classes):
        return _from(array, low)
    table = np.full(span, -1, np.int64)
    table[_from(classes, low)] = np.arange(len(classes))
    if is_inside:
        return table.take(_from(array, low))
    array = check.within_int64(array)
    inside = (array >= low) & (array < low + span)
    return np.where(inside, table[np.where(inside, array - low, 0)], -1)


def _check_declared(codes, y_true, classes):
    place = first_place(lambda some: some < 0, codes)
    if place >= 0:
        [found] = y_true[place : place + 1].tolist()
        raise ValueError(f"y_true[{place}] is {found!r}; expected one of {some_of(classes)}")


def some_of(classes):
    """The first classes, for the text of an error."""
    some = ", ".join(map(repr, np.asarray(classes, dtype=object)[:10].tolist()))
    return some + (", ..." if len(classes) > 10 else "")


def check_two(classes, name):
    if len(classes) > 2:
        raise ValueError(f"{name} has {len(classes)} classes ({some_of(classes)}); expected two")


def _encode_objects(y_true, labels):
    """By a dictionary, as sorting objects takes long."""
    values = y_true.tolist()
    classes = _sorted(values, "y_true") if labels is None else _listed_objects(labels)
    place_of_class = {value: place for place, value in enumerate(classes)}
    codes = np.fromiter((place_of_class.get(value, -1) for value in values), np.int64, len(values))
    if labels is not None:
        _check_declared(codes, y_true, classes)
    return np.array(classes, dtype=object), codes


def _listed_objects(labels):
    listed = one_column(label_array(labels, "labels"), "labels").tolist()
    classes = _sorted(listed, "labels")
    if len(classes) < len(listed):
        place = next(place for place, value in enumerate(listed) if value in listed[:place])
        raise ValueError(f"labels[{place}] is {listed[place]!r} again")
    return classes


def _sorted(values, name):
    """What is in a list, once each."""
    try:
        distinct = set(values)
        if any(map(is_missing, distinct)):
            place = next(place for place, value in enumerate(values) if is_missing(value))
            raise ValueError(f"{name}[{place}] is {values[place]}: a label is missing")
        return sorted(distinct)
    except TypeError as error:
        kinds = ", ".join(sorted({type(value).__name__ for value in values}))
        raise TypeError(f"{name} has labels that are not numbers or strings throughout: {kinds}") from error


def positive_class(classes, pos_label):
    """Which of at most two classes is the positive one, as scikit-learn takes it: `pos_label`; of -1, 0 and 1, the 1;
    of other numbers the larger. Of strings it must be said. None where it is neither."""
    listed = classes.tolist()
    if pos_label is not None:
        if pos_label not in listed and len(listed) == 2:
            raise ValueError(f"pos_label is {pos_label!r}; expected one of {listed[0]!r}, {listed[1]!r}")
        return listed.index(pos_label) if pos_label in listed else None
    if any(isinstance(label, (str, bytes)) for label in listed):
        names = " or ".join(map(repr, listed))
        raise ValueError(f"y_true has labels that are strings: say by pos_label= which is the positive one, {names}")
    if listed in ([0], [-1]):
        return None
    return len(listed) - 1


def indicator(y_true, shape):
    """Labels of two dimensions, of the shape of the probabilities: 0 or 1 for each class."""
    if y_true.shape != shape:
        raise ValueError(f"y_true has shape {y_true.shape}, with a column for each class; y_proba has shape {shape}")
    array, _ = check.as_numbers(y_true, "y_true")
    place = first_place(is_no_flag, array)
    if place >= 0:
        check.raise_refused(array, "y_true", place, "0 or 1, as it has a column for each class")
    return array
