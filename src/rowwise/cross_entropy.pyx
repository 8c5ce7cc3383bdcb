"""Cross-entropy and its relatives: rows of class scores with a label each (label_losses.h), or with a distribution.

Each def takes arrays with the class axis last, already validated and not empty, and the Outputs of
fastloss/_loss.py; it returns the sum of the losses in double precision. Chunks of rows are fixed by the shape alone,
and their sums are added in order: the bits do not depend on the threads.
"""

from cpython.unicode cimport PyUnicode_AsUTF8

from arguments cimport *
from core cimport *
from parallel cimport *

include "row.pxi"
include "tile.pxi"
include "label_loss.pxi"
include "soft_target.pxi"
include "nll.pxi"
include "core/fast_path.pxi"

cnp.import_array()


cdef label_loss loss_called(str name) except NULL:
    cdef label_loss found = find_label_loss(PyUnicode_AsUTF8(name))
    if found == NULL:
        raise LookupError(f"the compiled kernels have no loss {name!r}: they must be built again, or it is not in "
                          "LABEL_LOSSES in src/rowwise/label_losses.h")
    return found


def of_labels(str name, cnp.ndarray x, cnp.ndarray labels, long long ignore_index, tuple options, double temperature,
              weights, outputs):
    """A loss of label_losses.h. labels: int64, one a row. weights: float64, one a row, or None; rows with a weight of 0
    do not count, and may have any label."""
    cdef LabelJob job
    cdef double total
    job.loss = loss_called(name)
    job.options.number[0], job.options.number[1] = options
    set_scores(&job.scores, x, temperature)
    expect_size(labels, job.scores.rows, "target")
    expect_size(weights, job.scores.rows, "sample_weight")
    read_outputs(&job.out, outputs, job.scores.rows, x.size)
    job.labels = <const int64_t*> data_of(labels)
    job.weights = <const double*> data_of(weights)
    job.ignore_index = ignore_index
    run_label_loss(&job, &total)
    return total


def of_targets(cnp.ndarray x, target, labels, class_weight, long long ignore_index, double smoothing,
               double temperature, weights, outputs):
    """Cross-entropy with `target`, distributions; or, where that is None, with int64 labels that smoothing turns into
    such. class_weight: of this module's type, or None; weights: float64, one a row, or None."""
    cdef TargetJob job
    cdef double total
    set_scores(&job.scores, x, temperature)
    expect_size(target, x.size, "target")
    expect_size(labels, job.scores.rows, "target")
    expect_size(class_weight, job.scores.classes, "class_weight")
    expect_size(weights, job.scores.rows, "sample_weight")
    view_of(&job.target, target)
    read_outputs(&job.out, outputs, job.scores.rows, x.size)
    job.labels = <const int64_t*> data_of(labels)
    job.class_weight = <const real*> data_of(class_weight)
    job.weights = <const double*> data_of(weights)
    job.ignore_index = ignore_index
    job.factor = <real> (1 - smoothing)
    job.spread = <real> (smoothing / job.scores.classes)
    run_soft_targets(&job, &total)
    return total


def nll(cnp.ndarray log_probs, cnp.ndarray labels, long long ignore_index, weights, outputs):
    """The sum of -weight * log_probs[row, label]. labels: int64, one a row. weights: float64, one a row, or None."""
    cdef NllJob job
    cdef double total
    job.classes = log_probs.shape[log_probs.ndim - 1]
    job.rows = log_probs.size // job.classes
    expect_size(labels, job.rows, "target")
    expect_size(weights, job.rows, "sample_weight")
    view_of(&job.log_probs, log_probs)
    read_outputs(&job.out, outputs, job.rows, log_probs.size)
    job.labels = <const int64_t*> data_of(labels)
    job.weights = <const double*> data_of(weights)
    job.ignore_index = ignore_index
    run_chunks(chunk_of_nll_rows, &job, (job.rows - 1) // NLL_ROWS + 1, job.classes, job.out.threads, &total)
    return total


cdef enum:
    FEW_LABELS = 256    # of another type than int64: copied to the stack, as a new array would take a tenth of the call


cdef inline bint are_plain_integers(object array) noexcept:
    return (cnp.PyArray_CheckExact(array) and cnp.PyTypeNum_ISINTEGER(cnp.PyArray_TYPE(<cnp.ndarray> array))
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray> array))


cdef object int64_labels(cnp.ndarray array, int64_t* few, const int64_t** labels):
    """Finds plain integers as int64: where they are, or copied to `few`, or to an array that is returned to be kept."""
    cdef object copy = None
    cdef int type_number = cnp.PyArray_TYPE(array)
    cdef cnp.npy_intp size = cnp.PyArray_SIZE(array)
    labels[0] = <const int64_t*> data_of(array)
    if type_number != cnp.NPY_INT64:
        if size > FEW_LABELS:
            copy = cnp.PyArray_EMPTY(1, &size, cnp.NPY_INT64, 0)
            few = <int64_t*> data_of(copy)
        widen_labels(few, labels[0], size, <int> cnp.PyArray_ITEMSIZE(array), not cnp.PyTypeNum_ISUNSIGNED(type_number))
        labels[0] = few
    return copy


cdef class FastPath:
    """The fast path of one loss of labels: fast_path.pxi. `reductions` are what each name does, `reduction` and
    `ignore_index` the defaults."""
    cdef label_loss loss
    cdef label_options options
    cdef int64_t ignore_index
    cdef dict reductions
    cdef int reduction
    cdef Py_ssize_t large

    def __init__(self, str name, tuple options, long long ignore_index, dict reductions, str reduction,
                 Py_ssize_t large):
        self.loss = loss_called(name)
        self.options.number[0], self.options.number[1] = options
        self.ignore_index = ignore_index
        self.reductions = reductions
        self.reduction = reductions[reduction]
        self.large = large

    def call(self, tuple arguments, dict given, bint want_value, int derivatives):
        cdef LabelJob job
        cdef FastOptions options
        cdef label_rule rule
        cdef int64_t few[FEW_LABELS]
        cdef int last
        cdef double total
        cdef Py_ssize_t size, counted
        cdef object values = None, out
        options.want_value, options.derivatives, options.reduction = want_value, derivatives, self.reduction
        out = read_options(given, self.reductions, &options)
        if out is False or len(arguments) != 2:
            return None
        x, y = arguments
        if not is_plain(x, REAL_TYPE) or not are_plain_integers(y):
            return None
        last = cnp.PyArray_NDIM(<cnp.ndarray> x) - 1
        size = cnp.PyArray_SIZE(<cnp.ndarray> x)
        if last < 0 or not 0 < size < self.large or not has_shape(y, last, cnp.PyArray_DIMS(<cnp.ndarray> x)):
            return None
        job.scores.classes = cnp.PyArray_DIM(<cnp.ndarray> x, last)
        job.scores.rows = size // job.scores.classes
        _kept = int64_labels(y, few, &job.labels)
        job.ignore_index = rule.ignore_index = self.ignore_index
        rule.classes = job.scores.classes
        rule.has_ignored = True
        counted = count_labels(job.labels, NULL, job.scores.rows, rule)
        if counted < 0:
            return None
        results = derivative_arrays(x, y, out, derivatives)
        if results is None:
            return None
        if want_value and options.reduction & KEEPS_EACH:
            values = cnp.PyArray_EMPTY(last, cnp.PyArray_DIMS(<cnp.ndarray> y), REAL_TYPE, 0)
        plain_view(&job.scores.x, x, size)
        plain_view(&job.out.values, values, size)
        plain_view(&job.out.grad, results[0], size)
        plain_view(&job.out.hess, results[1], size)
        job.scores.inverse_temperature = job.scores.tau = 1
        job.loss = self.loss
        job.options = self.options
        job.weights = NULL
        job.out.want_value = want_value
        job.out.scale = derivative_scale(options.reduction, counted)
        job.out.threads = 0
        run_label_loss(&job, &total)
        return fast_result(&options, total, counted, values, results)
