"""A call of XLA: its text, and arrays over its memory. The loss writes into the results.

`jax.vmap` adds leading axes to all operands, of length 1 where one has no such axis, and to all results.
"""

from __future__ import annotations

import functools
import inspect
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import fastloss as fl

FOLDED = ("none", "sum", "mean")  # reductions that one call can compute for all entries of a batch
NOT_FOLDED = ("rmse_loss",)  # whose mean is not that of its losses
_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


class Prepared:
    """A loss, its options, and where the operands go."""

    def __init__(self, text: bytes) -> None:
        call = json.loads(text)
        self.loss = getattr(fl, call["loss"])
        self.options = call["options"]
        self.rank = call["rank"]
        parameters = inspect.signature(self.loss).parameters
        self.defaults = {name: parameter.default for name, parameter in parameters.items()}
        positional = [name for name, parameter in parameters.items() if parameter.kind is _POSITIONAL]
        by_position = [name == given for name, given in zip(positional, call["names"], strict=False)]
        self.by_position = by_position.index(False) if False in by_position else len(by_position)
        self.keywords = call["names"][self.by_position :]
        self.reduction, self.axis, self.ignored = map(self.option, ("reduction", "axis", "ignore_index"))
        is_plain = self.loss.family != "ctc" and not self.keywords and call["loss"] not in NOT_FOLDED
        self.is_folded = is_plain and self.reduction in FOLDED

    def option(self, name: str) -> Any:
        """None where the loss has none."""
        return self.options.get(name, self.defaults.get(name))

    def run(self, operands: Sequence[Any], results: Sequence[Any]) -> None:
        added = operands[0].ndim - self.rank
        if not added:
            self.single(operands, results)
        elif self.is_folded:
            self.folded(operands, results, added)
        else:
            for place in np.ndindex(results[0].shape[:added]):
                entries = [array[_entry(place, array.shape)] for array in operands]
                self.single(entries, [result[_entry(place, result.shape)] for result in results])

    def single(self, operands: Sequence[Any], results: Sequence[Any]) -> None:
        kwargs = self.options
        if self.keywords:
            kwargs = {**kwargs, **dict(zip(self.keywords, operands[self.by_position :], strict=True))}
        self.call(operands[: self.by_position], kwargs, results)

    def call(self, args: Sequence[Any], kwargs: dict[str, Any], results: Sequence[Any]) -> None:
        if len(results) == 1:
            results[0][...] = self.loss(*args, **kwargs)
        else:
            results[0][...] = self.loss.value_and_grad(*args, out=results[1], **kwargs)[0]

    def folded(self, operands: Sequence[Any], results: Sequence[Any], added: int) -> None:
        """A batch in one call: the losses of each entry, over what its mean divides by, and their sum."""
        batch = results[0].shape[:added]
        args = [self.fold(array, batch) for array in operands]
        kwargs = {**self.options, "reduction": "none"}
        if self.axis is not None and self.axis >= 0:
            kwargs["axis"] = self.axis + added
        if self.reduction == "none":
            return self.call(args, kwargs, results)
        counts = self.counts(args, batch) if self.reduction == "mean" else np.ones(batch)
        if (counts != 1).any():
            weights = 1 / np.maximum(counts, 1)
            kwargs["sample_weight"] = weights.reshape(*batch, *[1] * (self.rank - (self.axis is not None)))
        if len(results) == 1:
            losses = self.loss(*args, **kwargs)
        else:
            losses, _ = self.loss.value_and_grad(*args, out=results[1], **kwargs)
        total = losses.reshape(*batch, math.prod(losses.shape[added:])).sum(axis=-1, dtype=np.float64)
        results[0][...] = np.where(counts > 0, total, np.nan)
        return None

    def fold(self, array: Any, batch: tuple[int, ...]) -> Any:
        """With the axes of the batch; those that only the prediction has come after them."""
        added = len(batch)
        own = array.shape[added:]
        if self.axis is None:
            own = (1,) * (self.rank - len(own)) + own
        return np.broadcast_to(array.reshape(*array.shape[:added], *own), (*batch, *own))

    def counts(self, args: Sequence[Any], batch: tuple[int, ...]) -> Any:
        """How many losses each entry's mean is over."""
        own = args[0].shape[len(batch) :]
        if self.axis is not None:
            own = own[: self.axis % len(own)] + own[self.axis % len(own) + 1 :]
        count = math.prod(own)
        if self.ignored is None or args[1].ndim == args[0].ndim:  # no labels, but distributions
            return np.full(batch, float(count))
        return (args[1] != self.ignored).reshape(*batch, count).sum(axis=-1, dtype=np.float64)


def _entry(place: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Of a batch: the index of a view."""
    return (*(min(index, size - 1) for index, size in zip(place, shape, strict=False)), ...)


prepared = functools.lru_cache(maxsize=1024)(Prepared)


def run(text: bytes, operands: Sequence[Any], results: Sequence[Any]) -> None:
    prepared(text).run(operands, results)
