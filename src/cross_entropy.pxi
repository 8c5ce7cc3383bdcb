"""Cross-entropy with one label a row, the long way and the short. Included by log_softmax.pyx."""

cdef double cross_entropy_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef LabelJob* job = <LabelJob*> data
    return label_chunk(job, chunk, scratch, False, job.grad.data != NULL, job.hess.data != NULL)


cdef int run_cross_entropy(LabelJob* job, int threads, double* total) except -1:
    job.gamma = 0
    job.gamma_kind = 0
    label_layout(job)
    return run_chunks(cross_entropy_chunk, job, (job.rows + job.chunk_rows - 1) // job.chunk_rows,
                      label_scratch(job), threads, total)


def cross_entropy(cnp.ndarray x, int x_dtype, cnp.ndarray labels, weights, long long ignore_index, double scale,
                  values, grad, int grad_dtype, hess, int hess_dtype, int threads):
    """labels: int64, one a row. weights: float64, one a row, or None."""
    cdef LabelJob job
    bind(&job.x, x, x_dtype)
    bind(&job.grad, grad, grad_dtype)
    bind(&job.hess, hess, hess_dtype)
    job.labels = <const int64_t*> data_of(labels)
    job.weights = <const double*> data_of(weights)
    job.values = <real*> data_of(values)
    job.classes = x.shape[x.ndim - 1]
    job.rows = x.size // job.classes
    job.ignore_index = ignore_index
    job.scale = scale
    cdef double total
    run_cross_entropy(&job, threads, &total)
    return total


cdef Py_ssize_t count_labels(const int64_t* label, Py_ssize_t rows, int64_t classes, int64_t ignore_index) noexcept:
    """How many labels count; -1 if one is out of range."""
    cdef Py_ssize_t row, counted = 0
    for row in range(rows):
        if label[row] != ignore_index:
            if not 0 <= label[row] < classes:
                return -1
            counted += 1
    return counted


def quick_cross_entropy(tuple arguments, dict options, int verb):
    """The short way: quick.pxi."""
    cdef LabelJob job
    cdef int reduction, last
    cdef double total
    cdef Py_ssize_t size, counted
    cdef object values = None, out = read_options(options, verb, &reduction)
    if out is False or len(arguments) != 2:
        return None
    x, y = arguments
    if not is_plain(x, REAL_TYPE) or not is_plain(y, cnp.NPY_INT64):
        return None
    last = cnp.PyArray_NDIM(<cnp.ndarray> x) - 1
    size = cnp.PyArray_SIZE(<cnp.ndarray> x)
    if last < 0 or not 0 < size < QUICK_SIZE or not same_shape(x, y, last):
        return None
    job.classes = cnp.PyArray_DIM(<cnp.ndarray> x, last)
    job.rows = size // job.classes
    job.labels = <const int64_t*> data_of(y)
    job.ignore_index = -100
    counted = count_labels(job.labels, job.rows, job.classes, job.ignore_index)
    if counted <= 0:
        return None
    homes = derivative_homes(x, y, out, verb)
    if homes is None:
        return None
    grad, hess = homes
    if (verb == QUICK_VALUE or verb == QUICK_VALUE_AND_GRAD) and reduction == NONE:
        values = cnp.PyArray_EMPTY(last, cnp.PyArray_DIMS(<cnp.ndarray> y), REAL_TYPE, 0)
    bind_plain(&job.x, x, size)
    bind_plain(&job.grad, grad, size)
    bind_plain(&job.hess, hess, size)
    job.weights = NULL
    job.values = <real*> data_of(values)
    job.scale = 1.0 / counted if reduction == MEAN else 1.0
    run_cross_entropy(&job, 1, &total)
    return quick_result(verb, reduction, total, counted, values, grad, hess)
