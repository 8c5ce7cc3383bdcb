"""Rules about arguments that the fast path and the general path share, so that each is written once.

The general path is Python (fastloss/_validation.py, fastloss/_loss.py), which calls them through validation.pxi and has
the texts of the errors; the fast path (fast_path.pxi) calls them directly and leaves every error to the general path.
"""

from libc.math cimport NAN
from libc.stdint cimport int64_t

cimport numpy as cnp

cdef extern from "core/labels.h" nogil:
    ctypedef struct label_rule:
        int64_t classes
        int64_t ignore_index
        bint has_ignored
    # How many labels are not ignored, or -1 - the place of the first that is out of range.
    Py_ssize_t count_labels(const int64_t* label, const double* weight, Py_ssize_t n, label_rule rule)

cdef extern from "numpy/arrayobject.h":
    bint PyArray_EquivTypes(cnp.PyArray_Descr*, cnp.PyArray_Descr*)

cdef enum:              # what a reduction does; fastloss/_validation.py gives the names
    REDUCES_TO_SUM = 0
    DIVIDES = 1         # by what the loss's own rule of a mean says
    KEEPS_EACH = 2      # no sum: one loss an element, row or sequence

cdef enum:              # what becomes of an array given as `out`
    OUT_FITS
    OUT_IS_NO_ARRAY
    OUT_HAS_ANOTHER_SHAPE
    OUT_HAS_ANOTHER_DTYPE
    OUT_IS_READ_ONLY


cdef inline double derivative_scale(int reduction, double denominator) noexcept:
    """What the derivatives are multiplied with. The gradient of a mean over nothing is 0."""
    if not reduction & DIVIDES:
        return 1
    return 1 / denominator if denominator else 0


cdef inline double reduced_value(int reduction, double total, double denominator) noexcept:
    """A mean over nothing is NaN."""
    if not reduction & DIVIDES:
        return total
    return total / denominator if denominator else NAN


cdef inline bint are_equivalent(cnp.PyArray_Descr* a, cnp.PyArray_Descr* b) noexcept:
    return a == b or PyArray_EquivTypes(a, b)


cdef inline int out_state(object out, int dimensions, const cnp.npy_intp* shape, cnp.PyArray_Descr* dtype) noexcept:
    """One of the above, where `out` has to be an array of this shape and dtype."""
    cdef cnp.ndarray array
    if not cnp.PyArray_Check(out):
        return OUT_IS_NO_ARRAY
    array = out
    if not has_shape(array, dimensions, shape):
        return OUT_HAS_ANOTHER_SHAPE
    if not are_equivalent(cnp.PyArray_DESCR(array), dtype):
        return OUT_HAS_ANOTHER_DTYPE
    return OUT_FITS if cnp.PyArray_ISWRITEABLE(array) else OUT_IS_READ_ONLY


cdef inline bint has_shape(cnp.ndarray array, int dimensions, const cnp.npy_intp* shape) noexcept:
    cdef int d
    if cnp.PyArray_NDIM(array) != dimensions:
        return False
    for d in range(dimensions):
        if cnp.PyArray_DIM(array, d) != shape[d]:
            return False
    return True


cdef inline bint must_be_copied(cnp.ndarray out, cnp.ndarray prediction) noexcept:
    """Whether a kernel can't write to `out` itself while it reads the prediction: another part of the same memory, or
    not aligned. The very same elements at the very same places are fine."""
    if not cnp.PyArray_ISALIGNED(out):
        return True
    return may_overlap(out, prediction) and not are_same_elements(out, prediction)


cdef inline bint are_same_elements(cnp.ndarray a, cnp.ndarray b) noexcept:
    cdef int d
    if cnp.PyArray_DATA(a) != cnp.PyArray_DATA(b) or not has_shape(a, cnp.PyArray_NDIM(b), cnp.PyArray_DIMS(b)):
        return False
    for d in range(cnp.PyArray_NDIM(a)):
        if cnp.PyArray_STRIDE(a, d) != cnp.PyArray_STRIDE(b, d):
            return False
    return are_equivalent(cnp.PyArray_DESCR(a), cnp.PyArray_DESCR(b))


cdef inline bint may_overlap(cnp.ndarray a, cnp.ndarray b) noexcept:
    """By the first and the last byte of each, as numpy.may_share_memory."""
    cdef const char* a_start
    cdef const char* a_stop
    cdef const char* b_start
    cdef const char* b_stop
    if cnp.PyArray_SIZE(a) == 0 or cnp.PyArray_SIZE(b) == 0:
        return False
    memory_bounds(a, &a_start, &a_stop)
    memory_bounds(b, &b_start, &b_stop)
    return a_start < b_stop and b_start < a_stop


cdef inline void memory_bounds(cnp.ndarray array, const char** start, const char** stop) noexcept:
    cdef Py_ssize_t extent
    cdef int d
    start[0] = cnp.PyArray_BYTES(array)
    stop[0] = start[0] + cnp.PyArray_ITEMSIZE(array)
    for d in range(cnp.PyArray_NDIM(array)):
        extent = (cnp.PyArray_DIM(array, d) - 1) * cnp.PyArray_STRIDE(array, d)
        if extent < 0:
            start[0] += extent
        else:
            stop[0] += extent
