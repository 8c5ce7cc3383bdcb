"""Calls from their arguments to the kernel: compiled once, for all instruction sets and both float types.

    Kernels              what fastloss/_kernels makes for an instruction set and a float type, a class for each family
    validation.pxi       labels and ranges of numbers
    elementwise/element_calls.pxi, rowwise/row_calls.pxi
                         losses over elements, and functions of rows
    ctc/ctc_calls.pxi        CTC, whose arguments are read here too

A call fills in a job, which is the same for both float types, and runs a kernel of the table (kernel_table.h) that was made
for its own. Nothing here is hot, and much is made of Python's objects: it is compiled for size.
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

    def __init__(self, table):
        self.table = <const kernel_table*> PyCapsule_GetPointer(table, "fastloss.kernels")


include "core/fast_path.pxi"
include "validation.pxi"
include "elementwise/element_calls.pxi"
include "rowwise/row_calls.pxi"
include "ctc/ctc_calls.pxi"

# The families of a float width, by the name that Python knows each by.
OF_BOTH = {
    "validation": Validation, "elementwise": Elementwise, "softmax": Softmax, "cross_entropy": CrossEntropy,
    "divergence": Divergence, "ctc": CTC,
}
FAMILIES = {32: OF_BOTH, 64: {**OF_BOTH, "viterbi": Viterbi, "prefix": Prefix, "decode": Decode}}
