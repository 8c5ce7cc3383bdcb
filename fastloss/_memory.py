"""Results in the memory of earlier results: a new array costs more in page faults than its numbers take to compute."""

import sys
from typing import Any

# Whether a count of references says that nobody has an array any more: not where threads of Python run at once.
CAN_COUNT = hasattr(sys, "getrefcount") and getattr(sys, "_is_gil_enabled", lambda: True)()


class Memory:
    """The arrays of the last call, for the next one of the same shape and type, if nobody else has them, or a view of
    them, any more. They are not copied and not pickled."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: list[tuple[Any, ...]] = []  # of one call at most; a call takes them away, so that no two have them

    def take(self, shape: tuple[int, ...], dtype: Any, by_columns: bool) -> tuple[Any, ...] | None:
        """The arrays, or None; `by_columns` as their flags.f_contiguous."""
        try:
            arrays = self._kept.pop()
        except IndexError:
            return None
        if arrays[0].shape != shape or arrays[0].dtype != dtype or arrays[0].flags.f_contiguous != by_columns:
            return None
        # The tuple has a reference, and the call of getrefcount another.
        return arrays if all(sys.getrefcount(arrays[place]) <= 2 for place in range(len(arrays))) else None

    def keep(self, *arrays: Any) -> None:
        if CAN_COUNT:
            self._kept[:] = [arrays]

    def clear(self) -> None:
        self._kept.clear()

    def __reduce__(self) -> Any:
        return Memory, ()
