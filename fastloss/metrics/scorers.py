"""Scorers for scikit-learn's cross-validation and searches, of the metrics of this package."""

from __future__ import annotations

from typing import Any

from fastloss.metrics import classification, deviance, explained, regression

__all__ = ["get_scorer"]

# scikit-learn's name of a scorer: the metric, what of an estimator it judges, and whether more is better.
_OF_PREDICTIONS = {
    "neg_mean_absolute_error": regression.mean_absolute_error,
    "neg_mean_absolute_percentage_error": regression.mean_absolute_percentage_error,
    "neg_mean_gamma_deviance": deviance.mean_gamma_deviance,
    "neg_mean_poisson_deviance": deviance.mean_poisson_deviance,
    "neg_mean_squared_error": regression.mean_squared_error,
    "neg_mean_squared_log_error": regression.mean_squared_log_error,
    "neg_root_mean_squared_error": regression.root_mean_squared_error,
    "neg_root_mean_squared_log_error": regression.root_mean_squared_log_error,
}
_SCORERS = {name: (metric, "predict", False) for name, metric in _OF_PREDICTIONS.items()} | {
    "neg_brier_score": (classification.brier_score_loss, "predict_proba", False),
    "neg_log_loss": (classification.log_loss, "predict_proba", False),
    "d2_absolute_error_score": (explained.d2_absolute_error_score, "predict", True),
    "d2_brier_score": (classification.d2_brier_score, "predict_proba", True),
    "d2_log_loss_score": (classification.d2_log_loss_score, "predict_proba", True),
    "explained_variance": (explained.explained_variance_score, "predict", True),
    "r2": (explained.r2_score, "predict", True),
}


def get_scorer(scoring: str) -> Any:
    """A scorer by its name, as ``sklearn.metrics.get_scorer``, that computes with fastloss.

    A scorer of another metric, or with options, is made by scikit-learn:
    ``make_scorer(fastloss.metrics.mean_pinball_loss, alpha=0.9, greater_is_better=False)``. Losses of `fastloss` itself
    can't be made one: a scorer calls them with the truth first, and most would give a number.

    Parameters
    ----------
    scoring : str
        ``"neg_log_loss"``, ``"neg_mean_squared_error"``, ``"r2"`` and so on: scikit-learn's names of the metrics that
        are here.

    Returns
    -------
    scorer
        For ``scoring=`` of ``cross_val_score``, ``GridSearchCV`` and so on.

    Raises
    ------
    ValueError
        For another name.
    ImportError
        If scikit-learn is not installed.

    Examples
    --------
    >>> import fastloss.metrics
    >>> fastloss.metrics.get_scorer("neg_entropy")
    Traceback (most recent call last):
    ...
    ValueError: scoring is 'neg_entropy'; expected one of d2_absolute_error_score, d2_brier_score, ...
    """
    if not isinstance(scoring, str) or scoring not in _SCORERS:
        raise ValueError(f"scoring is {scoring!r}; expected one of {', '.join(sorted(_SCORERS))}")
    try:
        from sklearn.metrics import make_scorer
    except ImportError as error:
        raise ImportError("a scorer is an object of scikit-learn: pip install scikit-learn") from error
    metric, response, greater_is_better = _SCORERS[scoring]
    return make_scorer(metric, response_method=response, greater_is_better=greater_is_better)
