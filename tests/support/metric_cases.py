"""The one table of metrics: what each is of, and calls of it that scikit-learn and fastloss must answer alike."""

from typing import NamedTuple

import numpy as np

SIZES = [(1, 1), (7, 1), (40, 3), (200, 12), (3000, 20), (2, 70)]


POWERS = (0, -1.5, 1, 1.2, 1.5, 2, 2.5, 3)


class Metric(NamedTuple):
    """A metric of regression: how its numbers are drawn, whether it has several outputs, and options to try."""

    name: str
    draw: str = "any"
    several: bool = True
    options: tuple = ({},)
    fewest: int = 1

    def numbers(self, rng, shape):
        if self.draw == "any":
            return rng.normal(size=shape) * 3
        drawn = rng.gamma(1.5, size=shape)
        return drawn - 0.9 if self.draw == "above -1" else drawn

    def truth(self, rng, shape):
        return rng.poisson(2.0, shape).astype(float) if self.draw == "counts" else self.numbers(rng, shape)


REGRESSION = (
    Metric("mean_absolute_error"),
    Metric("mean_squared_error"),
    Metric("root_mean_squared_error"),
    Metric("mean_squared_log_error", "above -1"),
    Metric("root_mean_squared_log_error", "above -1"),
    Metric("mean_pinball_loss", options=({}, {"alpha": 0.9}, {"alpha": 0.0}, {"alpha": 1})),
    Metric("mean_absolute_percentage_error"),
    Metric("r2_score", options=({}, {"force_finite": False}), fewest=2),
    Metric("explained_variance_score", options=({}, {"force_finite": False}), fewest=2),
    Metric("d2_absolute_error_score", fewest=2),
    Metric("d2_pinball_score", options=({}, *({"alpha": alpha} for alpha in (0, 0.29, 0.9, 1))), fewest=2),
    Metric("mean_tweedie_deviance", "positive", False, tuple({"power": power} for power in POWERS)),
    Metric("d2_tweedie_score", "positive", False, tuple({"power": power} for power in POWERS), fewest=2),
    Metric("mean_poisson_deviance", "counts", several=False),
    Metric("mean_gamma_deviance", "positive", several=False),
)

CLASSIFICATION = ("log_loss", "brier_score_loss", "hinge_loss")

# Labels of all kinds, of which classes are drawn; scikit-learn sorts them.
LABELS = {
    "int64": np.array([0, 1, 2, 3]),
    "negative": np.array([4, -7, 0, 2]),
    "far apart": np.array([5, -(10**12), 2**40, 2]),
    "uint8": np.array([0, 255, 3, 9], np.uint8),
    "float": np.array([1.0, -2.0, 7.0, 3.0]),
    "strings": np.array(["pear", "fig", "apple", "nut"]),
    "objects": np.array(["pear", "fig", "apple", "nut"], object),
    "bool": np.array([False, True]),
}


def labels_of(rng, kind, count, classes=4):
    """At least one label of each class."""
    names = LABELS[kind][:classes]
    drawn = np.concatenate([np.arange(len(names)), rng.integers(0, len(names), count - len(names))])
    return names[rng.permutation(drawn)]
