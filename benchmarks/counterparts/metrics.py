"""fastloss.metrics beside sklearn.metrics: the same call of each."""

import sklearn.metrics

import fastloss.metrics
from benchmarks.counterparts import Case

NAMES = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"]


def both(name, truth, prediction):
    functions = [getattr(module, name) for module in (fastloss.metrics, sklearn.metrics)]
    return [lambda function=function: (function(truth, prediction),) for function in functions]


def of_numbers(name):
    return lambda rng, shape: both(name, *rng.gamma(2.0, size=(2, *shape)))


def of_labels(name, names=None):
    """Labels, or names in their place, and probabilities: of each class, or of the second of two."""

    def draw(rng, shape):
        classes = shape[1] if len(shape) == 2 else 2
        labels = rng.integers(0, classes, shape[0])
        probs = rng.random(shape)
        probs = probs / probs.sum(axis=1, keepdims=True) if len(shape) == 2 else probs
        return both(name, labels if names is None else [names[label] for label in labels], probs)

    return draw


MILLION = (10**6,)
CASES = [
    Case("metrics", "log_loss", (1000, 10), "1000x10", of_labels("log_loss"), "quick", tolerance=1e-12),
    Case("metrics", "log_loss", (10**5, 10), "100000x10", of_labels("log_loss"), "full", True, 1e-12),
    Case("metrics", "log_loss, strings", (10**5, 10), "100000x10", of_labels("log_loss", NAMES), tolerance=1e-12),
    *(
        Case("metrics", name, MILLION, "10^6", draw, "full", name == "mean_squared_error", 1e-12)
        for name, draw in (
            *((name, of_labels(name)) for name in ("brier_score_loss", "hinge_loss")),
            *(
                (name, of_numbers(name))
                for name in ("mean_squared_error", "mean_absolute_error", "mean_pinball_loss", "mean_poisson_deviance")
            ),
        )
    ),
]
