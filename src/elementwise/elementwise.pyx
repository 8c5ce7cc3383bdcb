"""Losses over elements, and over rows whose loss is a sum over their elements: all of losses.h by name."""

from cpython.unicode cimport PyUnicode_AsUTF8
from libc.float cimport DBL_MAX

from core cimport *
from parallel cimport *

include "driver.pxi"
include "core/fast_path.pxi"

cnp.import_array()


def evaluate(str name, arrays, bint want_value, Py_ssize_t group, limits, options, double scale, int threads):
    """(weighted sum of the losses, whether a number was outside of its limits).

    arrays: x, y, z, weight, values, grad, hess with a dtype code each, all of x's shape but the values, which are one
    a group of elements. `options` are the loss's own.
    """
    cdef PointJob job
    cdef double total
    job.compute = find_point_block(PyUnicode_AsUTF8(name))
    if job.compute == NULL:
        raise LookupError(name)
    job.options.number[0], job.options.number[1] = options
    job.options.scale = <real> scale
    run_points(&job, arrays, want_value, group, limits, threads, &total)
    return total, bool(job.outside)


cdef class Quick:
    """The short way of one loss: fast_path.pxi."""
    cdef point_block compute
    cdef double first_option, second_option
    cdef double x_low, x_high, y_low, y_high

    def __init__(self, str name, options, limits):
        self.compute = find_point_block(PyUnicode_AsUTF8(name))
        if self.compute == NULL:
            raise LookupError(name)
        self.first_option, self.second_option = options
        self.x_low, self.x_high, self.y_low, self.y_high = limits

    def call(self, tuple arguments, dict options, int verb):
        cdef PointJob job
        cdef int reduction
        cdef double total
        cdef Py_ssize_t size
        cdef object values = None, out = read_options(options, verb, &reduction)
        if out is False or len(arguments) != 2:
            return None
        x, y = arguments
        if not is_plain(x, REAL_TYPE) or not is_plain(y, REAL_TYPE):
            return None
        if not same_shape(x, y, cnp.PyArray_NDIM(<cnp.ndarray> x)):
            return None
        size = cnp.PyArray_SIZE(<cnp.ndarray> x)
        if not 0 < size < QUICK_SIZE:
            return None
        homes = derivative_homes(x, y, out, verb)
        if homes is None:
            return None
        grad, hess = homes
        if (verb == QUICK_VALUE or verb == QUICK_VALUE_AND_GRAD) and reduction == NONE:
            values = gradient_home(x, y, None)
        bind_plain(&job.x, x, size)
        bind_plain(&job.y, y, size)
        bind_plain(&job.z, None, 0)
        bind_plain(&job.weight, None, 0)
        bind_plain(&job.values, values, size)
        bind_plain(&job.grad, grad, size)
        bind_plain(&job.hess, hess, size)
        job.size = size
        job.compute = self.compute
        job.options.number[0] = self.first_option
        job.options.number[1] = self.second_option
        job.options.scale = <real> (1.0 / size if reduction == MEAN else 1.0)
        job.x_low, job.x_high, job.y_low, job.y_high = self.x_low, self.x_high, self.y_low, self.y_high
        if out is not None and self.is_illegal(&job):
            return None
        run_bound_points(&job, verb == QUICK_VALUE or verb == QUICK_VALUE_AND_GRAD, 1, 1, &total)
        return None if job.outside else quick_result(verb, reduction, total, size, values, grad, hess)

    cdef bint is_illegal(self, PointJob* job) noexcept:
        """Whether a number is outside of its limits, before anything is written to the caller's array."""
        cdef const real* x = <const real*> job.x.data
        cdef const real* y = <const real*> job.y.data
        return (is_outside(x, job.size, <real> job.x_low, <real> job.x_high)
                or is_outside(y, job.size, <real> job.y_low, <real> job.y_high))
