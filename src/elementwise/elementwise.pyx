"""Losses over elements, and over rows whose loss is a sum over their elements: all of losses.h, and the sigmoid focal
loss, by name."""

from cpython.unicode cimport PyUnicode_AsUTF8
from libc.string cimport memset

from arguments cimport *
from core cimport *
from parallel cimport *

include "driver.pxi"
include "sigmoid_focal.pxi"
include "core/fast_path.pxi"

cnp.import_array()


cdef const elementwise_loss* loss_called(str name) except NULL:
    cdef const elementwise_loss* found = find_elementwise_loss(PyUnicode_AsUTF8(name))
    if name == "sigmoid_focal":
        found = &SIGMOID_FOCAL
    if found == NULL:
        raise LookupError(f"the compiled kernels have no loss {name!r}: they must be built again, or it is not in "
                          "ELEMENTWISE_LOSSES in src/elementwise/losses.h")
    return found


def domains(str name):
    """(legal predictions, legal targets) of a loss, as validation.DOMAINS has them."""
    cdef const elementwise_loss* loss = loss_called(name)
    return loss.x, loss.y


def is_of_target(str name):
    """Whether a row without any target has no loss, whatever was predicted."""
    return bool(loss_called(name).shape & OF_TARGET)


def evaluate(str name, tuple arrays, tuple options, bint is_checked, Py_ssize_t group, outputs):
    """See evaluate_arrays(); `options` are the loss's own two, and numbers are looked at where `is_checked`."""
    cdef ElementJob job
    cdef double numbers[2]
    numbers[0], numbers[1] = options
    set_loss(&job, loss_called(name), numbers, is_checked)
    return evaluate_arrays(&job, arrays, group, outputs)


cdef class FastPath:
    """The fast path of one loss: fast_path.pxi. `reductions` are what each name does, `reduction` is the default's."""
    cdef const elementwise_loss* loss
    cdef double options[2]
    cdef dict reductions
    cdef int reduction
    cdef Py_ssize_t large

    def __init__(self, str name, tuple options, dict reductions, str reduction, Py_ssize_t large):
        self.loss = loss_called(name)
        self.options[0], self.options[1] = options
        self.reductions = reductions
        self.reduction = reductions[reduction]
        self.large = large

    def call(self, tuple arguments, dict given, bint want_value, int derivatives):
        cdef ElementJob job
        cdef FastOptions options
        cdef double total
        cdef Py_ssize_t size
        cdef object values = None, out
        cdef int dimensions
        options.want_value, options.derivatives, options.reduction = want_value, derivatives, self.reduction
        out = read_options(given, self.reductions, &options)
        if out is False or len(arguments) != 2 or (derivatives == 2 and not self.loss.shape & CURVED):
            return None
        x, y = arguments
        if not is_plain(x, REAL_TYPE) or not is_plain(y, REAL_TYPE):
            return None
        size, dimensions = cnp.PyArray_SIZE(<cnp.ndarray> x), cnp.PyArray_NDIM(<cnp.ndarray> x)
        if not (0 < size < self.large and has_shape(y, dimensions, cnp.PyArray_DIMS(<cnp.ndarray> x))):
            return None
        results = derivative_arrays(x, y, out, derivatives)
        if results is None:
            return None
        if want_value and options.reduction & KEEPS_EACH:
            values = cnp.PyArray_EMPTY(dimensions, cnp.PyArray_DIMS(<cnp.ndarray> x), REAL_TYPE, 0)
        set_loss(&job, self.loss, self.options, True)
        plain_view(&job.x, x, size)
        plain_view(&job.y, y, size)
        plain_view(&job.z, None, 0)
        plain_view(&job.weight, None, 0)
        plain_view(&job.where, None, 0)
        plain_view(&job.out.values, values, size)
        plain_view(&job.out.grad, results[0], size)
        plain_view(&job.out.hess, results[1], size)
        job.size = size
        job.out.want_value = want_value
        job.out.scale = derivative_scale(options.reduction, size)
        job.out.threads = 0
        if out is not None and is_illegal_before(&job):
            return None
        run_elements(&job, 1, &total)
        return None if is_illegal(&job) else fast_result(&options, total, size, values, results)


cdef bint is_illegal_before(ElementJob* job) noexcept:
    """Whether a number is not legal, before anything is written to the caller's array."""
    look_at(<const real*> job.x.data, NULL, job.size, job.x_legal, &job.x_found)
    look_at(<const real*> job.y.data, NULL, job.size, job.y_legal, &job.y_found)
    return is_illegal(job)
