"""Calls from their arguments to the kernel: compiled once, for all instruction sets and both float types.

A call fills in a job, which is the same for both float types, and runs a kernel of the table of its own
(kernel_table.h). A small call is mostly its arguments, so reading them makes no Python objects where the arguments are
plain: arrays of NumPy, and for CTC lists of ints. All other kinds are made plain arrays first (fastloss/_validation.py,
fastloss/_foreign.py).

What a kernel of CTC uses as an index or a size is copied, once, and checked in the copy: a number's __index__ or
another thread may change what the caller can reach. Of ctc/:

    integers.pxi     labels and lengths in any of their forms, as int64
    inputs.pxi       scores, targets and lengths as a batch, checked
    arrays.pxi       arrays of a call, looked at once more where they are used
    bind.pxi         the kernels' jobs
    losses.pxi       losses, gradient and posteriors of a batch: which float type, what the verbs give
    best_paths.pxi   what an alignment gives
    decodings.pxi    what decoding gives
    candidates.pxi   many label sequences for one recording, as a tree
    prefixes.pxi     what extends the hypotheses of a beam search
"""

import sys

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_AsTuple
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.pyport cimport PY_SSIZE_T_MAX
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.math cimport INFINITY as INF
from libc.math cimport NAN
from libc.stdint cimport INT64_MAX, int8_t, int16_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memmove, memset

from arguments cimport *
from core cimport *
from parallel cimport *
from views cimport *

cnp.import_array()


cdef class Kernels:
    """The kernels of a family for one instruction set and float type, by the table of its module."""

    def __cinit__(self, table):
        self.table = <const kernel_table*> PyCapsule_GetPointer(table, "fastloss.kernels")
        if self.table.size != sizeof(kernel_table):
            raise ImportError("the compiled modules are of different versions: build them again")


include "core/fast_path.pxi"
include "validation.pxi"
include "elementwise/element_calls.pxi"
include "rowwise/row_calls.pxi"
include "ctc/integers.pxi"
include "ctc/inputs.pxi"
include "ctc/arrays.pxi"
include "ctc/bind.pxi"
include "ctc/losses.pxi"
include "ctc/best_paths.pxi"
include "ctc/decodings.pxi"
include "ctc/candidates.pxi"
include "ctc/prefixes.pxi"

# The families of a float width, by the name that Python knows each by.
OF_BOTH = {
    "validation": Validation, "elementwise": Elementwise, "softmax": Softmax, "cross_entropy": CrossEntropy,
    "divergence": Divergence, "ctc": CTC,
}
FAMILIES = {32: OF_BOTH, 64: {**OF_BOTH, "viterbi": Viterbi, "prefix": Prefix, "decode": Decode}}
