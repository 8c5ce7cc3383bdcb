"""Where a block lies in the whole array, and the texts of errors that name a place there."""

import re
from typing import NamedTuple

_PLACE = re.compile(r"(\w+)\[(\d+(?:, \d+)*)\]")


class Span(NamedTuple):
    """A block along an axis."""

    number: int
    start: int  # nan where lengths are not known
    length: int


ONLY = Span(0, 0, -1)  # along an axis of one block


def with_place(error, spans, axes):
    """The error of a block, which names a place in it, as one that names it in the whole array. `spans` are those of
    the block along each axis, `axes` those of each argument."""
    text, numbers = str(error), tuple(span.number for span in spans)
    starts = [span.start for span in spans]
    block = f"in block {numbers}, which begins at {starts}"
    found = _PLACE.match(text)
    if found and found[1] in axes:
        inside = [int(place) for place in found[2].split(", ")]
        offsets = [[*starts, 0][axis] for axis in axes[found[1]]]  # 0: an axis that is not one of theirs
        if len(offsets) == len(inside) and all(offset == offset for offset in offsets):
            whole = ", ".join(str(place + offset) for place, offset in zip(inside, offsets, strict=True))
            text = f"{found[1]}[{whole}]{text[found.end() :]}"
    return type(error)(f"{text} ({block})")
