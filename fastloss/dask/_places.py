"""Where a block lies in the whole array, and the texts of errors that name a place there."""

import re
from itertools import groupby

_PLACE = re.compile(r"(\w+)\[(\d+(?:, \d+)*)\]")


def runs_of(chunks):
    """The chunks of an axis as (length, how many of it follow each other): a block's place is in every task."""
    return tuple((length, len(list(same))) for length, same in groupby(chunks))


def start_and_length(runs, number):
    """Of the block of that number along an axis; nan where it is not known."""
    start = 0
    for length, count in runs:
        if number < count:
            return start + number * length, length
        start += count * length
        number -= count
    raise IndexError(number)


def with_place(error, number, starts, indices):
    """The error of a block, which names a place in it, as one that names it in the whole array. `starts` are those of
    the block along each axis, `indices` the axes of each argument."""
    text, block = str(error), f"in block {tuple(map(int, number))}, which begins at {list(starts)}"
    starts = [*starts, 0]  # of an axis that is not one of theirs
    found = _PLACE.match(text)
    if found and found[1] in indices:
        inside = [int(place) for place in found[2].split(", ")]
        offsets = [starts[axis] for axis in indices[found[1]]]
        if len(offsets) == len(inside) and all(offset == offset for offset in offsets):
            whole = ", ".join(str(place + offset) for place, offset in zip(inside, offsets, strict=True))
            text = f"{found[1]}[{whole}]{text[found.end() :]}"
    return type(error)(f"{text} ({block})")
