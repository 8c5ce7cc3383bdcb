"""scikit-learn's metrics: its names, order of arguments and results, by the kernels of fastloss.

>>> from fastloss.metrics import mean_squared_error
>>> mean_squared_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
0.375

The truth comes first here, then the prediction; in `fastloss` itself it is the other way round. scikit-learn is not
needed, except by `get_scorer`.
"""

from fastloss.metrics import classification, regression
from fastloss.metrics.classification import *
from fastloss.metrics.regression import *
from fastloss.metrics.scorers import get_scorer

__all__ = [*classification.__all__, *regression.__all__, "get_scorer"]
__all__.sort()
