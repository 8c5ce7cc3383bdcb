"""A call of CTC from its arguments to the kernel: compiled once, for all instruction sets and both float types.

    integers.pxi     labels and lengths in any of their forms, as int64
    inputs.pxi       scores, targets and lengths as a batch, checked
    losses.pxi       losses, gradient and posteriors of a batch: which float type, what the verbs give
    best_paths.pxi   what an alignment gives
    decodings.pxi    what decoding gives
    candidates.pxi   many label sequences for one recording, as a tree
    prefixes.pxi     what extends the hypotheses of a beam search

A small call is mostly its arguments, so reading them makes no Python objects where the arguments are plain: arrays of
NumPy, lists of ints. All other kinds are made plain arrays first (fastloss/_validation.py, fastloss/_foreign.py). What
a kernel uses as an index or a size is copied, once, and checked in the copy: a number's __index__ or another thread may
change what the caller can reach.
"""

import sys

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_AsTuple
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from cpython.pyport cimport PY_SSIZE_T_MAX
from cpython.ref cimport Py_INCREF
from libc.math cimport INFINITY as INF
from libc.math cimport NAN
from libc.stdint cimport INT64_MAX, int8_t, int16_t, uint16_t, uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memmove

from arguments cimport *
from core cimport *

cnp.import_array()

include "integers.pxi"
include "inputs.pxi"
include "losses.pxi"
include "best_paths.pxi"
include "decodings.pxi"
include "candidates.pxi"
include "prefixes.pxi"
