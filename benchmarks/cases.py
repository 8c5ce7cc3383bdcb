"""What is compared: a loss, a verb and a size each, with inputs, our call and the expected results."""

import math
import zlib
from typing import NamedTuple

import numpy as np

import fastloss as fl
from benchmarks import draws
from benchmarks.measure import derivative_error, relative_error, size_name
from benchmarks.reference import definitions, definitions_ctc, sequences, some_rows, table

BOTH, CURVED = "value_and_grad", "grad_and_hess"
MATRICES = [(65536, 10), (65536, 100), (8192, 1000), (1024, 32000)]
SINGLE_CALLS = [(1, 1, 5, 1), (10, 1, 32, 3), (50, 1, 32, 10), (150, 1, 32, 20)]  # one recording, or a part of it
RECORDINGS = [(500, 16, 64, 100), (1000, 8, 128, 200), (1500, 4, 32, 400), (100, 64, 6000, 20)]


class Case(NamedTuple):
    family: str
    loss: str
    verb: str
    shape: tuple
    when: str = "full"  # or "quick": always; or "large": if asked for
    dtype: str = "float32"

    @property
    def size(self):
        *sizes, last = self.shape
        name = f"{size_name(tuple(sizes))}/{last}" if self.loss.startswith("ctc") else size_name(self.shape)
        name = {"1000000": "10^6", "10000000": "10^7"}.get(name, name)
        return name if self.dtype == "float32" else f"{name} {self.dtype}"

    @property
    def name(self):
        return f"{self.loss} {self.verb} {self.size}"


def group(family, loss, verbs, quick=(), full=(), large=()):
    sizes = [(shape, when) for when, shapes in (("quick", quick), ("full", full), ("large", large)) for shape in shapes]
    return [Case(family, loss, verb, shape, when) for verb in verbs for shape, when in sizes]


CASES = [
    *group("Classes", "cross_entropy", ["value", BOTH], [(1024, 10), *MATRICES[:1]], MATRICES[1:], [(512, 128256)]),
    Case("Classes", "cross_entropy", BOTH, (8192, 1000), dtype="float64"),
    *group("Classes", "log_softmax", ["value"], full=MATRICES[1:]),
    *group("Binary decisions", "sigmoid_focal_loss", [BOTH, CURVED], [(10**6,)], [(10**7,)]),
    *group("Binary decisions", "binary_cross_entropy_with_logits", [BOTH], [(10**6,)], [(10**7,)]),
    *group("Binary decisions", "binary_cross_entropy", [BOTH], [(10**6,)]),
    *group("Distributions", "kl_divergence", ["value"], [(10**4, 100)], [(10**5, 100)]),
    *group("Distributions", "entropy", ["value"], [(10**4, 100)], [(10**5, 100)]),
    *group("Regression", "mse_loss", ["value", BOTH], [(10**4,)], [(10**7,)]),
    *group("Regression", "l1_loss", ["value", BOTH], [(10**4,)], [(10**7,)]),
    *group("Sequences", "ctc_loss_with_logits", [BOTH], [(150, 16, 32, 20)], RECORDINGS),
    *group("Small calls", "cross_entropy", [BOTH], [(10, 10)]),
    *group("Small calls", "mse_loss", ["value", BOTH], [(8,)]),
    *group("Small calls", "ctc_loss", ["value"], SINGLE_CALLS[1:2], SINGLE_CALLS[:1] + SINGLE_CALLS[2:]),
]
FAMILIES = list(dict.fromkeys(case.family for case in CASES))

BY_NAME = {case.name: case for case in CASES}

# What the README shows.
HEADLINES = [
    BY_NAME[name]
    for name in (
        "cross_entropy value_and_grad 65536x10",
        "cross_entropy value_and_grad 8192x1000",
        "cross_entropy value_and_grad 1024x32000",
        "log_softmax value 1024x32000",
        "sigmoid_focal_loss value_and_grad 10^7",
        "binary_cross_entropy_with_logits value_and_grad 10^7",
        "kl_divergence value 100000x100",
        "mse_loss value_and_grad 10^7",
        "ctc_loss_with_logits value_and_grad 500x16x64/100",
        "ctc_loss_with_logits value_and_grad 100x64x6000/20",
    )
]


class Problem:
    """A case with its inputs, our call, and the errors of what any call returned."""

    def __init__(self, case):
        self.case = case
        rng = np.random.default_rng(zlib.crc32(case.name.encode()))
        self.arrays = self.draw(rng)
        self.scores = self.arrays[0]
        self.expected = self.expected_sequences() if case.loss.startswith("ctc") else self.expected_rows()

    def draw(self, rng):
        if self.case.loss == "log_softmax":
            return (draws.standard_normal(rng, self.case.shape),)
        return draws.of_loss(self.case.loss, rng, self.case.shape, np.dtype(self.case.dtype))

    def ours(self, tuned):
        """Tuned, the gradient's place is used again."""
        function, arrays = getattr(fl, self.case.loss), self.arrays[:2]  # CTC's lengths are all there is
        if self.case.verb == CURVED:
            out = (np.empty_like(self.scores), np.empty_like(self.scores)) if tuned else None
        else:
            out = np.empty_like(self.scores) if tuned else None
        if self.case.loss == "log_softmax":
            return lambda: function(*arrays, out=out)
        if self.case.verb == "value":
            return lambda: function(*arrays, reduction="sum")
        verb = getattr(function, self.case.verb)
        return lambda: verb(*arrays, reduction="sum", out=out)

    def exact(self, rows):
        """The inputs of some rows, as the definitions take them."""
        x, *targets = (array[rows] for array in self.arrays)
        if self.case.loss in table.BY_NAME and table.BY_NAME[self.case.loss].has_labels:
            targets = [definitions.one_hot(targets[0], x.shape[1])]
        return [array.astype(float) for array in (x, *targets)]

    def expected_rows(self):
        """The sum over all rows, and the derivatives in the first, by name; a log_softmax in the first."""
        step, definition = some_rows(self.scores).stop, getattr(definitions, self.case.loss)
        self.place = slice(0, step)
        first = self.exact(self.place)
        if self.case.loss == "log_softmax":
            return {"value": definition(*first)}
        wanted = [what for what in ("grad", "hess") if what in self.case.verb]
        derivatives = {what: getattr(definitions, f"{self.case.loss}_{what}")(*first) for what in wanted}
        if "value" not in self.case.verb:
            return derivatives
        parts = (definition(*self.exact(slice(at, at + step))).sum() for at in range(0, len(self.scores), step))
        return {"value": math.fsum(parts), **derivatives}

    def expected_sequences(self):
        scores, targets, *_ = self.arrays
        values, grads = sequences(getattr(definitions_ctc, self.case.loss), scores, targets, most=len(targets))
        self.place = ...
        expected = {"value": math.fsum(values), "grad": grads}
        return expected if self.case.verb == BOTH else {"value": expected["value"]}

    def errors(self, results):
        """Relative for a value; for derivatives, absolute up to 1 and relative from there on."""
        found = {}
        for (what, expected), got in zip(self.expected.items(), results, strict=True):
            got = got.astype(float) if got.ndim == 0 else got[self.place].astype(float)
            found[what] = (relative_error if what == "value" else derivative_error)(got, expected)
        return found
