"""A loss as an objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from fastloss import _validation as check
from fastloss._memory import Memory
from fastloss._numbers import weights
from fastloss.boosting._derivatives import HESSIANS, Derivatives
from fastloss.boosting._library import LIBRARIES, ForLibrary, as_classes
from fastloss.boosting._start import finite_labels, start_of_classes, start_of_numbers
from fastloss.normalization import softmax

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    _Floats: TypeAlias = NDArray[np.floating[Any]]
    _Library: TypeAlias = Literal["lightgbm", "xgboost", "catboost"]

__all__ = ["Objective"]

# Bytes of an array that is written again: smaller ones cost nothing, larger ones are not to be kept.
KEPT_BYTES = 1 << 13, 1 << 26


class Objective(ForLibrary):
    """A loss as the objective of a gradient boosting library.

    Pass it as ``objective=`` to ``LGBMRegressor``, ``LGBMClassifier``, ``XGBRegressor``, ``XGBClassifier`` and to
    CatBoost's models (there together with an ``eval_metric``), in the parameters of ``lightgbm.train`` and
    ``catboost.train``, and as ``obj=`` to ``xgboost.train``. Sample weights count. It can be pickled, and cloned by
    scikit-learn.

    The derivatives are those of the sum of the losses; of `mse_loss` they are halved, as the libraries' own are.

    Parameters
    ----------
    loss : a loss of fastloss
        One of numbers with labels (``fl.sigmoid_focal_loss``, ``fl.log_cosh_loss``, ...) or of classes
        (``fl.cross_entropy``, ``fl.softmax_focal_loss``, ...).
    library : {"lightgbm", "xgboost", "catboost"}
        Who calls it. Its labels may be floats; those of classes become integers.
    hessian : {"exact", "bounded", "ones"}, optional
        What boosting divides by: the second derivative h as it is; the larger of h and abs(g) / `max_step`, where g is
        the gradient; or the weight of each example. Where a second derivative is negative or nearly 0, boosting
        diverges; the bound prevents that. By default ``"bounded"``, but ``"exact"`` for `mse_loss` and `cross_entropy`,
        which the libraries boost so, too. ``"exact"`` needs a loss with a curvature.
    max_step : float above 0, optional
        With ``"bounded"``, how far one example alone can move its score, before the learning rate. By default 2 for
        log-odds and log-rates. In regression it is in the unit of the labels: 1 by default, of `huber_loss` its
        `delta`, of `smooth_l1_loss` its `beta`.
    **options
        Options of the loss, such as `gamma`; and `num_threads`.

    Raises
    ------
    ValueError, TypeError
        For a loss that is none of scores and labels, for options that the loss refuses; in calls for labels that are no
        class, and shapes that do not fit.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> from fastloss.boosting import Objective
    >>> objective = Objective(fl.sigmoid_focal_loss, "lightgbm", gamma=2.0)
    >>> labels, scores = np.array([0, 1, 1, 1]), np.array([-2.0, 0.5, 3.0, -3.0])
    >>> grad, hess = objective(labels, scores)
    >>> [round(float(g), 4) for g in grad]
    [0.0037, -0.0345, -0.0001, -0.2817]
    >>> [round(float(h), 4) for h in hess]  # the last one would be -0.005
    [0.0095, 0.0601, 0.0002, 0.1408]
    """

    hessian: str
    max_step: float

    def __init__(
        self,
        loss: Any,
        library: _Library,
        *,
        hessian: Literal["exact", "bounded", "ones"] | None = None,
        max_step: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(loss, library, options)
        boosted, curved = self._boosted, self._is_curved()
        self.hessian = boosted.hessian if hessian is None else hessian
        if self.hessian not in HESSIANS:
            raise ValueError(f"hessian must be one of {', '.join(map(repr, HESSIANS))}, got {hessian!r}")
        if self.hessian == "exact" and not curved:
            raise TypeError(f"{self.loss.__name__} has no curvature to be exact: hessian must be 'bounded' or 'ones'")
        default = boosted.max_step
        if isinstance(default, str):
            default = self.options.get(default, 1.0)
        self.max_step = check.as_positive(default if max_step is None else max_step, "max_step")
        self._derivatives = Derivatives(
            self.loss, self._changed_options(), curved, self.hessian, self.max_step, boosted.factor
        )
        self._memory = Memory()

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        step = f", max_step={self.max_step:g}" if self.hessian == "bounded" else ""
        return f"Objective({self.loss.__name__}, {self.library!r}, hessian={self.hessian!r}{step}{options})"

    def __call__(self, labels: Any, scores: Any, sample_weight: Any = None) -> tuple[_Floats, _Floats]:
        """Gradient and second derivative, each of the shape of the scores.

        LightGBM's and XGBoost's interfaces for scikit-learn pass labels, scores and weights, as the names say; their
        ``train`` passes scores and a ``Dataset`` or ``DMatrix``, which has the labels and the weights.
        """
        if self.library == "catboost":
            raise TypeError("library is 'catboost', which calls otherwise: pass library='lightgbm' or 'xgboost'")
        found = self._read(labels, scores, sample_weight)
        x = found[0]
        grad, hess = self._derivatives(*found, out=self._memory.take(x.shape, x.dtype, x.flags.f_contiguous))
        if KEPT_BYTES[0] <= grad.nbytes <= KEPT_BYTES[1]:
            self._memory.keep(grad, hess)
        return grad, hess

    def calc_ders_range(self, approxes: Any, targets: Any, weights: Any) -> _Floats:
        """For CatBoost: derivatives of minus the loss, (rows, 2)."""
        self._forbid_other("catboost")
        scores, labels, weight = self._arranged(approxes, targets, weights)
        labels = labels.astype(scores.dtype)  # hundreds of them: calls of one float type have less to do before
        both = np.empty((2, scores.size), scores.dtype)
        self._derivatives(scores, labels, weight, (both[0], both[1]))
        return np.negative(both, out=both).T

    def calc_ders_multi(self, approx: Any, target: float, weight: float) -> tuple[list[float], list[list[float]]]:
        """For CatBoost, of one row with a score for each class: derivatives of minus the loss, and their matrix, of
        which the diagonal is given."""
        self._forbid_other("catboost")
        if not self.is_of_classes:
            raise ValueError(f"{self.loss.__name__} has one score for each label: boost classes with cross_entropy")
        label = int(target) if target == target // 1 else as_classes(np.array([target]))
        grad, hess = self._derivatives(approx[None], np.array([label]), None)
        slopes, curvatures = (grad[0] * -weight).tolist(), (hess[0] * -weight).tolist()
        matrix = [[0.0] * len(slopes) for _ in slopes]
        for place, curvature in enumerate(curvatures):
            matrix[place][place] = curvature
        return slopes, matrix

    def init_score(self, labels: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """The best score that is the same for all examples: a float, or an array with one for each class or output.

        The libraries start from it with objectives of their own, and from 0 with any other: see `fit_arguments`.
        """
        found = check.as_array(labels, "labels")
        if not found.size:
            raise ValueError("labels is empty: there is nothing to start from")
        weight = (
            None if sample_weight is None else weights(sample_weight, "sample_weight", len(found), "examples").array
        )
        if self.is_of_classes:
            return start_of_classes(self._derivatives, as_classes(found), weight)
        starts = [
            start_of_numbers(self.loss, self.options, self._boosted.link, column, weight)
            for column in finite_labels(found).reshape(len(found), -1).T
        ]
        return np.array(starts) if len(starts) > 1 else starts[0]

    def fit_arguments(self, labels: ArrayLike, sample_weight: ArrayLike | None = None) -> dict[str, _Floats]:
        """The argument of `fit` that makes training start from `init_score`: for LightGBM `init_score`, for XGBoost
        `base_margin`, for CatBoost `baseline`. The libraries' `Dataset`, `DMatrix` and `Pool` take it, too."""
        start = self.init_score(labels, sample_weight)
        return {LIBRARIES[self.library][0]: _for_rows(start, np.shape(labels)[0])}

    def raw_scores(self, model: Any, features: Any, init_score: Any = None) -> Any:
        """The scores of a trained model, before any link; `init_score` is what training started from.

        LightGBM and CatBoost forget that, so that it is added here; XGBoost gets it as its `base_margin`.
        """
        _, raw = LIBRARIES[self.library]
        if init_score is None or not np.any(init_score):
            return model.predict(features, **raw)
        if self.library != "xgboost":
            return model.predict(features, **raw) + init_score
        if hasattr(features, "set_base_margin"):
            raise ValueError("init_score can't be given with a DMatrix: make that with base_margin=")
        return model.predict(features, **raw, base_margin=_for_rows(init_score, np.shape(features)[0]))

    def predict_proba(self, model: Any, features: Any, init_score: Any = None) -> _Floats:
        """The probability of each class, (rows, classes), also of two: from the raw scores, since the libraries have no
        link for an objective that they don't know."""
        if self._boosted.link not in ("sigmoid", "softmax"):
            raise TypeError(f"the scores of {self.loss.__name__} are no log-odds of classes: use predict")
        raw = np.asarray(self.raw_scores(model, features, init_score)) / self.options.get("temperature", 1.0)
        return softmax(raw if raw.ndim == 2 else np.stack([np.zeros_like(raw), raw], axis=-1))

    def predict(self, model: Any, features: Any, init_score: Any = None) -> Any:
        """What the loss predicts: the most probable class, a rate, or the number itself."""
        raw = np.asarray(self.raw_scores(model, features, init_score))
        link = self._boosted.link
        if link == "softmax":
            return raw.argmax(axis=1)
        if link in ("sigmoid", "sign"):
            return (raw > 0).astype(np.int64)
        return np.exp(raw) if link == "exp" else raw

    def _is_curved(self) -> bool:
        if not self.loss.has_curvature:
            return False
        try:
            self.loss.grad_and_hess(*self._example(), **self.options)
        except TypeError:  # with these options there is none
            return False
        return True


def _for_rows(start: Any, rows: int) -> _Floats:
    return np.tile(start, (rows, 1)) if np.ndim(start) else np.full(rows, float(start))
