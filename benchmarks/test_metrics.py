"""fastloss.metrics beside scikit-learn, the same call of each: a metric, its data, and options."""

import time
from typing import NamedTuple

import numpy as np
import pytest

import fastloss.metrics as fm
from benchmarks.measure import median_ratio, size_name

peer = pytest.importorskip("sklearn.metrics", reason="scikit-learn, which is compared with")

pytestmark = pytest.mark.benchmark(group="metrics", timer=time.process_time)

LARGE, WIDE = (10**6,), (10**5, 10)
NAMES = np.array(["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"])


class Case(NamedTuple):
    """A metric, and how its arguments are drawn."""

    name: str
    drawn: str
    shape: tuple = LARGE
    options: tuple = ()

    def __str__(self):
        options = (f"{key}={value}" for key, value in self.options)
        return " ".join([self.name, self.drawn, size_name(self.shape), *options])

    def arguments(self, rng):
        """Truth, prediction, and the options."""
        options = dict(self.options)
        if options.get("sample_weight"):
            options["sample_weight"] = rng.uniform(size=self.shape[0])
        if self.drawn == "numbers":
            truth, prediction = rng.gamma(2.0, size=(2, *self.shape))
            return truth, prediction, options
        classes = self.shape[1] if len(self.shape) == 2 else 2
        codes = rng.integers(0, classes, self.shape[0])
        truth = {"labels": codes, "strings": NAMES[codes % 10], "objects": NAMES[codes % 10].astype(object)}[self.drawn]
        probs = rng.uniform(size=self.shape) if len(self.shape) == 1 else rng.dirichlet(np.ones(classes), self.shape[0])
        return truth, probs, options


CASES = [
    *(
        Case(name, "numbers")
        for name in (
            "mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "mean_squared_log_error",
            "mean_pinball_loss", "mean_absolute_percentage_error", "r2_score", "explained_variance_score",
            "d2_absolute_error_score", "mean_poisson_deviance", "mean_gamma_deviance",
        )
    ),
    Case("mean_tweedie_deviance", "numbers", options=(("power", 1.5),)),
    Case("mean_squared_error", "numbers", (100,)),
    Case("mean_squared_error", "numbers", options=(("sample_weight", True),)),
    Case("mean_squared_error", "numbers", WIDE),
    Case("mean_squared_error", "numbers", WIDE, (("multioutput", "raw_values"),)),
    Case("log_loss", "labels"),
    Case("log_loss", "labels", (200, 10)),
    Case("log_loss", "labels", WIDE),
    Case("log_loss", "strings", WIDE),
    Case("log_loss", "objects", WIDE),
    Case("log_loss", "labels", (10**4, 1000)),
    Case("brier_score_loss", "labels"),
    Case("brier_score_loss", "labels", WIDE),
    Case("hinge_loss", "labels"),
    Case("hinge_loss", "labels", WIDE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_metric(comparison, rng, case):
    truth, prediction, options = case.arguments(rng)
    ours, theirs = (getattr(module, case.name) for module in (fm, peer))
    times = comparison.time(
        lambda: ours(truth, prediction, **options),
        prediction,
        others={"sklearn": lambda: theirs(truth, prediction, **options)},
    )
    comparison.info["sklearn_seconds"] = float(np.median(times["sklearn"]))
    comparison.info["times_faster_than_sklearn"] = median_ratio(times["sklearn"], times["ours"])
    comparison.note("{times_faster_than_sklearn:.1f} x scikit-learn")
    np.testing.assert_allclose(ours(truth, prediction, **options), theirs(truth, prediction, **options), rtol=1e-12)
