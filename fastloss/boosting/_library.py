"""What objectives and metrics share: which losses can be boosted, and the calls of the libraries."""

from __future__ import annotations

import inspect
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from fastloss import _validation as check
from fastloss._hints import place_of
from fastloss._loss import Loss

LIBRARIES = {  # what `fit` calls the scores that training starts from, and what `predict` needs to return raw scores
    "lightgbm": ("init_score", {"raw_score": True}),
    "xgboost": ("base_margin", {"output_margin": True}),
    "catboost": ("baseline", {"prediction_type": "RawFormulaVal"}),
}
GIVEN = "reduction", "sample_weight", "where", "axis", "out"  # options of losses that are not the caller's here


class Boosted(NamedTuple):
    """What is known of a loss that can be boosted."""

    link: str  # from a raw score to a prediction
    hessian: str = "bounded"  # unless another is asked for
    max_step: float | str = 2.0  # unless another is given; or the option that it is
    factor: float = 1.0  # of its derivatives: all three libraries have half the squared error


BOOSTED = {
    "l1_loss": Boosted("identity", max_step=1.0),
    "mse_loss": Boosted("identity", hessian="exact", factor=0.5),
    "huber_loss": Boosted("identity", max_step="delta"),
    "smooth_l1_loss": Boosted("identity", max_step="beta"),
    "log_cosh_loss": Boosted("identity", max_step=1.0),
    "quantile_loss": Boosted("identity", max_step=1.0),
    "poisson_nll_loss": Boosted("exp"),
    "binary_cross_entropy_with_logits": Boosted("sigmoid"),
    "sigmoid_focal_loss": Boosted("sigmoid"),
    "hinge_loss": Boosted("sign"),
    "cross_entropy": Boosted("softmax", hessian="exact"),
    "softmax_focal_loss": Boosted("softmax"),
    "poly1_cross_entropy": Boosted("softmax"),
    "generalized_cross_entropy": Boosted("softmax"),
}


class ForLibrary:
    """A loss with its options, checked, and the library that will call it. It never changes, so that a copy, as
    `sklearn.clone` makes it, is the object itself."""

    no_jit = True  # CatBoost would hand its methods to numba
    loss: Any  # a Loss, which type checkers know by its name only
    library: str
    options: dict[str, Any]

    def __init__(self, loss: Any, library: str, options: dict[str, Any]) -> None:
        if not isinstance(loss, Loss):
            raise TypeError(f"loss must be a loss of fastloss, such as fl.sigmoid_focal_loss, got {loss!r}")
        if loss.__name__ not in BOOSTED:
            raise ValueError(f"loss is {loss.__name__}, which can't be boosted; expected one of {', '.join(BOOSTED)}")
        if library not in LIBRARIES:
            raise ValueError(f"library must be one of {', '.join(map(repr, LIBRARIES))}, got {library!r}")
        for name in options:
            if name in GIVEN:
                raise TypeError(
                    f"{name} is not an option here: the library's data has the weights, and the sum is taken"
                )
        self.loss, self.library, self.options = loss, library, deepcopy(options)
        loss(*self._example(), **options)  # it says what is wrong with them

    def _example(self) -> tuple[Any, Any]:
        """Scores and a label that the loss accepts, if it accepts its options."""
        sizes = [np.size(value) for value in self.options.values() if np.ndim(value)]
        scores = np.zeros((1, max(sizes, default=2)))
        return scores, [0] if self.is_of_classes else scores

    def _changed_options(self) -> dict[str, Any]:
        """Those that are not the loss's defaults: small calls are faster without the others."""
        parameters = inspect.signature(self.loss).parameters
        return {
            name: value for name, value in self.options.items() if np.ndim(value) or value != parameters[name].default
        }

    @property
    def is_of_classes(self) -> bool:
        """Whether its scores are rows with a score for each class."""
        return bool(self.loss.family == "rowwise")

    @property
    def _boosted(self) -> Boosted:
        return BOOSTED[self.loss.__name__]

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def _read(self, first: Any, second: Any, weight: Any) -> tuple[Any, Any, Any]:
        """Scores, labels and weights of a call: scikit-learn's interfaces hand (labels, scores), the libraries' own
        (scores, data)."""
        if not hasattr(second, "get_label"):
            return self._arranged(second, first, weight)
        package = type(second).__module__.partition(".")[0]
        if package in LIBRARIES:
            self._forbid_other(package)
        return self._arranged(first, second.get_label(), second.get_weight())

    def _forbid_other(self, library: str) -> None:
        if self.library != library:
            raise TypeError(f"library is {self.library!r}, and {library} calls: pass library={library!r}")

    def _arranged(self, scores: Any, labels: Any, weight: Any) -> tuple[Any, Any, Any]:
        """Labels as the loss takes them, and weights that broadcast to its values; None where there are none."""
        scores = check.as_array(scores, "scores")
        labels = check.as_array(labels, "labels")
        if weight is not None:
            weight = check.as_array(weight, "sample_weight")
            weight = weight if weight.size or not labels.size else None  # as XGBoost has none
        name = self.loss.__name__
        if self.is_of_classes:
            if scores.ndim != 2:
                raise ValueError(
                    f"scores has shape {scores.shape}; {name} needs (rows, classes): tell {self.library} how "
                    "many classes there are, or boost two with binary_cross_entropy_with_logits or sigmoid_focal_loss"
                )
            return scores, as_classes(labels), weight
        if labels.shape != scores.shape:
            if labels.size != scores.size:
                raise ValueError(
                    f"labels has shape {labels.shape} and scores has shape {scores.shape}; {name} has a score for each "
                    "label: boost classes with cross_entropy or softmax_focal_loss"
                )
            labels = labels.reshape(scores.shape)
        if weight is not None and scores.ndim == 2:
            weight = weight.reshape(-1, 1)
        return scores, labels, weight


def renamed(error: Exception) -> Exception:
    """An error of the loss, by the name that the libraries have for its target."""
    text = str(error)
    return type(error)("labels" + text.removeprefix("target")) if text.startswith("target") else error


def as_classes(labels: Any) -> Any:
    """Labels of a float type as integers."""
    if labels.dtype.kind in "iub":
        return labels
    with np.errstate(invalid="ignore"):
        classes = labels.astype(np.int64)
    wrong = classes != labels
    if wrong.any():
        place = int(wrong.argmax())
        raise ValueError(
            f"labels{place_of(place, labels.shape)} is {labels.flat[place]}; expected a class, 0, 1, 2, ..."
        )
    return classes
