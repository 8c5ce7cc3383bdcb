"""One call of each loss, as the tests of what may be passed need it: predictions, targets, options."""

from typing import NamedTuple

import numpy as np
import pytest
from domains import with_arrays
from losses import BY_NAME, LOSSES, Row

C, N = 7, 23


class Sample(NamedTuple):
    row: Row
    kind: object  # of the target
    options: dict
    is_weighted: bool = False

    @property
    def name(self):
        return "+".join([self.row.name, *([self.kind] if self.kind in self.row.targets[1:] else []), *self.options])

    def draw(self, rng, dtype=np.float64):
        """(loss, predictions, [targets], options); targets in double where they are numbers of a kind of their own."""
        row = self.row
        shape = (N, 3, C) if row.family == "ctc" else (N, C)
        x, *targets = row.draw(rng, shape, dtype, np.float64, self.kind)
        options = with_arrays(self.options, rng, C)
        if self.is_weighted:
            options["sample_weight"] = rng.uniform(size=N if row.family == "rowwise" else (N, 1))
        return row.loss, x, targets, options


SAMPLES = [
    *(Sample(row, kind, row.options[0]) for row in LOSSES if row.family != "ctc" for kind in row.targets or (None,)),
    # Other ways through a kernel, or through validation.
    *(Sample(row, row.targets[0], {"input_lengths": [N, 15, 12]}) for row in LOSSES if row.family == "ctc"),
    Sample(BY_NAME["cross_entropy"], "labels", {"label_smoothing": 0.1}),
    Sample(BY_NAME["nll_loss"], "labels", {}, True),
    Sample(BY_NAME["poisson_nll_loss"], "counts", {"full": True}, True),
    Sample(
        BY_NAME["binary_cross_entropy_with_logits"], "0..1", BY_NAME["binary_cross_entropy_with_logits"].options[-1]
    ),
    Sample(BY_NAME["sigmoid_focal_loss"], "0..1", {}, True),
    Sample(BY_NAME["categorical_cross_entropy"], "distributions", {"include_negatives": True}),
    Sample(BY_NAME["entropy"], None, {}, True),
    Sample(BY_NAME["kl_divergence"], "distributions", {}, True),
]
every_loss = pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda sample: sample.name + " weighted" * sample.is_weighted
)


def same(value):
    """Elements are summed in the order in which they lie, so another layout may round the sum otherwise."""
    return pytest.approx(value, rel=1e-14, nan_ok=True)
