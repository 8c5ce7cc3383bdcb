"""scikit-learn's metrics: its names, order of arguments and results, by the kernels of fastloss.

>>> from fastloss.metrics import mean_squared_error
>>> mean_squared_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
0.375

The truth comes first here, then the prediction; in `fastloss` itself it is the other way round. scikit-learn is not
needed, except by `get_scorer`.
"""

from fastloss.metrics.classification import (
    brier_score_loss,
    d2_brier_score,
    d2_log_loss_score,
    hinge_loss,
    log_loss,
)
from fastloss.metrics.deviance import mean_gamma_deviance, mean_poisson_deviance, mean_tweedie_deviance
from fastloss.metrics.explained import (
    d2_absolute_error_score,
    d2_pinball_score,
    d2_tweedie_score,
    explained_variance_score,
    r2_score,
)
from fastloss.metrics.regression import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_pinball_loss,
    mean_squared_error,
    mean_squared_log_error,
    root_mean_squared_error,
    root_mean_squared_log_error,
)
from fastloss.metrics.scorers import get_scorer

__all__ = [
    "brier_score_loss",
    "d2_absolute_error_score",
    "d2_brier_score",
    "d2_log_loss_score",
    "d2_pinball_score",
    "d2_tweedie_score",
    "explained_variance_score",
    "get_scorer",
    "hinge_loss",
    "log_loss",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_gamma_deviance",
    "mean_pinball_loss",
    "mean_poisson_deviance",
    "mean_squared_error",
    "mean_squared_log_error",
    "mean_tweedie_deviance",
    "r2_score",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
]
