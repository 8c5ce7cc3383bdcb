"""Losses over elements, and over rows whose loss is a sum over their elements: all of points.h by name."""

from cpython.unicode cimport PyUnicode_AsUTF8
from libc.float cimport DBL_MAX
from libc.string cimport memmove

from chunks cimport *
from kernel cimport *

include "points.pxi"

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
