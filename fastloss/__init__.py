"""The loss functions of machine learning, compiled: value, gradient and curvature in one pass over NumPy arrays."""

from fastloss import (
    binary,
    classification,
    comparison,
    ctc,
    divergence,
    focal,
    linear,
    normalization,
    regression,
    robust,
    scores,
)
from fastloss._config import __version__, show_config
from fastloss._threadpoolctl import register_when_loaded
from fastloss._threads import get_num_threads, set_num_threads
from fastloss.binary import *
from fastloss.classification import *
from fastloss.comparison import *
from fastloss.ctc import *
from fastloss.divergence import *
from fastloss.focal import *
from fastloss.linear import *
from fastloss.normalization import *
from fastloss.regression import *
from fastloss.robust import *
from fastloss.scores import *

# Each topic says what of it is public, so that a new loss is named in its own file only.
_topics = (
    binary,
    classification,
    comparison,
    ctc,
    divergence,
    focal,
    linear,
    normalization,
    regression,
    robust,
    scores,
)
__all__ = ["__version__", "get_num_threads", "set_num_threads", "show_config"]
__all__ += [name for topic in _topics for name in topic.__all__]
__all__.sort()

register_when_loaded(__version__)


def __dir__():
    """What is public: the modules that it comes from are not shown."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
