"""ctc-forced-aligner's compiled core, a scalar aligner with back-pointers, where its package is installed; or None.

It is loaded by itself: the package around it wants a speech model.
"""

import ctypes
import glob
import importlib.util
import os

import numpy as np


def _core():
    spec = importlib.util.find_spec("ctc_forced_aligner")
    found = glob.glob(os.path.join(os.path.dirname(spec.origin), "align_ops*.so")) if spec else []
    return ctypes.CDLL(found[0]) if found else None


_library = _core()


def align(log_probs, targets):
    """A call that aligns (T, C) float32 scores with (S,) labels, or None."""
    if _library is None:
        return None
    frames, classes = log_probs.shape
    targets = np.ascontiguousarray(targets, np.int64)
    path, scores = np.zeros(frames, np.int64), np.zeros(frames, np.float32)

    def pointer(array):
        return array.ctypes.data_as(ctypes.c_void_p)

    def call():
        sizes = (ctypes.c_int(size) for size in (1, frames, classes, targets.size))
        _library.align_sequences(
            pointer(log_probs), pointer(targets), pointer(path), pointer(scores), *sizes, ctypes.c_int64(0)
        )
        return path

    return call
