"""Gradient boosting: losses as objectives and metrics of LightGBM, XGBoost and CatBoost.

None of these libraries is imported: a caller who trains with one has it.
"""

from fastloss.boosting.metric import Metric
from fastloss.boosting.objective import Objective

__all__ = ["Metric", "Objective"]
