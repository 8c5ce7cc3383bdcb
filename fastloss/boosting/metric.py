"""A loss as a metric."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from fastloss.boosting._library import ForLibrary, renamed

__all__ = ["Metric"]


class Metric(ForLibrary):
    """A loss as a metric of a gradient boosting library: the mean over the weights of the examples, to be minimised.

    Pass it as ``eval_metric=`` to LightGBM's ``fit``, to ``XGBRegressor`` and ``XGBClassifier``, and to CatBoost's
    models; as ``feval=`` to ``lightgbm.train`` and as ``custom_metric=`` to ``xgboost.train``. It is of raw scores, as
    the libraries hand them where the objective is an `Objective`; XGBoost and LightGBM hand predictions to it with an
    objective of their own.

    Parameters
    ----------
    loss : a loss of fastloss
        As for `Objective`.
    library : {"lightgbm", "xgboost", "catboost"}
        Who calls it.
    name : str, optional
        What the library prints; by default the loss's own.
    **options
        Options of the loss, such as `gamma`; and `num_threads`.

    Raises
    ------
    ValueError, TypeError
        As of `Objective`.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> from fastloss.boosting import Metric
    >>> metric = Metric(fl.quantile_loss, "lightgbm", name="pinball", quantile=0.9)
    >>> metric(np.array([1.0, 2.0]), np.array([0.0, 2.5]))
    ('pinball', 0.475, False)
    """

    __name__: str

    def __init__(
        self, loss: Any, library: Literal["lightgbm", "xgboost", "catboost"], *, name: str | None = None, **options: Any
    ) -> None:
        super().__init__(loss, library, options)
        self.__name__ = loss.__name__ if name is None else name

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"Metric({self.loss.__name__}, {self.library!r}, name={self.__name__!r}{options})"

    def __call__(self, labels: Any, scores: Any, sample_weight: Any = None) -> Any:
        """As LightGBM has it ``(name, value, False)``, as XGBoost's ``train`` has it ``(name, value)``, and as its
        interface for scikit-learn has it the value alone. Arguments as of `Objective`."""
        if self.library == "catboost":
            raise TypeError("library is 'catboost', which calls otherwise: pass library='lightgbm' or 'xgboost'")
        total, weight = self._sums(*self._read(labels, scores, sample_weight))
        value = total / weight if weight else float("nan")
        if self.library == "lightgbm":
            return self.__name__, value, False
        return (self.__name__, value) if hasattr(scores, "get_label") else value

    def _sums(self, scores: Any, labels: Any, weight: Any) -> tuple[float, float]:
        options = self.options if weight is None else {**self.options, "sample_weight": weight}
        try:
            total = self.loss(scores, labels, reduction="sum", **options)
        except (TypeError, ValueError) as error:
            raise renamed(error) from None
        return total, float(
            labels.size if weight is None else weight.sum(dtype=np.float64) * (labels.size / weight.size)
        )

    def evaluate(self, approxes: Any, target: Any, weight: Any) -> tuple[float, float]:
        """For CatBoost: the sum of the losses, and of the weights."""
        self._forbid_other("catboost")
        return self._sums(*self._arranged(np.stack(approxes, 1) if self.is_of_classes else approxes[0], target, weight))

    def get_final_error(self, error: float, weight: float) -> float:
        """For CatBoost, from these sums."""
        return error / weight if weight else float("nan")

    def is_max_optimal(self) -> bool:
        """For CatBoost."""
        return False
