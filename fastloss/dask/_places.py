"""Where a block lies in the whole array, and the texts of errors that name a place there."""

import re
from typing import NamedTuple

SAMPLE = "sample"  # what texts about sequences call one: "sample 3: its target ..."
_PLACE = re.compile(rf"\b(?P<name>\w+)\[(?P<place>\d+(?:, \d+)*)(?=\])|\b(?P<sample>{SAMPLE}) (?P<number>\d+)")


class Span(NamedTuple):
    """A block along an axis."""

    number: int
    start: int  # nan where lengths are not known
    length: int


ONLY = Span(0, 0, -1)  # along an axis of one block


def with_place(error, spans, axes):
    """The error of a block, which names places in it, as one that names them in the whole array. `spans` are those of
    the block along each axis, `axes` those of each argument."""
    numbers, starts = tuple(span.number for span in spans), [span.start for span in spans]

    def in_whole(found):
        name, place = found["name"] or found["sample"], found["place"] or found["number"]
        inside = [int(index) for index in place.split(", ")]
        offsets = [[*starts, 0][axis] for axis in axes.get(name, ())]  # 0: an axis that is not one of theirs
        if len(offsets) != len(inside) or any(offset != offset for offset in offsets):
            return found[0]
        whole = ", ".join(str(index + offset) for index, offset in zip(inside, offsets, strict=True))
        return found[0].removesuffix(place) + whole

    return type(error)(f"{_PLACE.sub(in_whole, str(error))} (in block {numbers}, which begins at {starts})")
