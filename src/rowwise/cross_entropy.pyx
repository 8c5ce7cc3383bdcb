"""Cross-entropy and its relatives: rows of class scores with a label each, or with a distribution.

Each def takes arrays with the class axis last, already validated, with a dtype code beside each; it returns the sum
of the losses in double precision. Chunks of rows are fixed by the shape alone, and their sums are added in order:
the bits do not depend on the threads.
"""

from core cimport *
from parallel cimport *

include "row.pxi"
include "label_loss.pxi"
include "core/fast_path.pxi"

cnp.import_array()

# ---- cross-entropy with one label a row ----

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
    """The short way: fast_path.pxi."""
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


# ---- softmax focal loss: cross-entropy's rows with another slope ----

cdef double softmax_focal_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef LabelJob* job = <LabelJob*> data
    return label_chunk(job, chunk, scratch, True, job.grad.data != NULL, job.hess.data != NULL)


def softmax_focal(cnp.ndarray x, int x_dtype, cnp.ndarray labels, weights, double gamma, long long ignore_index,
                  double scale, values, grad, int grad_dtype, hess, int hess_dtype, int threads):
    """labels: int64, one a row. weights: float64, one a row (alpha is in it), or None."""
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
    job.gamma = <real> gamma
    job.gamma_kind = <int> gamma if gamma in (0, 1, 2) else 3
    label_layout(&job)
    cdef double total
    run_chunks(softmax_focal_chunk, &job, (job.rows + job.chunk_rows - 1) // job.chunk_rows, label_scratch(&job),
               threads, &total)
    return total


# ---- cross-entropy with a distribution a row: y = keep * target + spread, weighted by class ----

ctypedef struct TargetJob:
    operand x
    operand target          # probabilities; or none, and the target is 1 at the label
    operand grad
    operand hess
    const int64_t* labels
    const real* class_weight  # or NULL
    const double* weights
    real* values
    Py_ssize_t rows
    Py_ssize_t classes
    Py_ssize_t chunk_rows
    int64_t ignore_index
    real keep
    real spread
    double scale


cdef void target_block(real_cp x, real_cp y, real_p wy, Py_ssize_t n, real peak, real keep, real spread,
                       const real* class_weight, Py_ssize_t start, double* mass,
                       double* cost) noexcept nogil:
    """wy = weight * y; their sum, and the sum of wy (peak - x), in which 0 times infinity is 0."""
    cdef real masses[LANES]
    cdef real costs[LANES]
    cdef real t
    cdef Py_ssize_t i, j, whole = n - n % LANES
    for i in range(LANES):
        masses[i] = 0
        costs[i] = 0
    if class_weight == NULL:
        for j in range(n):
            wy[j] = r_fma(keep, y[j], spread)
    else:
        for j in range(n):
            wy[j] = class_weight[start + j] * r_fma(keep, y[j], spread)
    for j from 0 <= j < whole by LANES:
        lanes_cost(wy + j, x + j, masses, costs, peak)
    for j in range(whole, n):
        t = wy[j] * (peak - x[j])
        costs[j - whole] += 0 if wy[j] == 0 else t
        masses[j - whole] += wy[j]
    mass[0] = lanes_total(masses)
    cost[0] = lanes_total(costs)


cdef void target_grad(real_p grad, real_cp wy, Py_ssize_t n, real factor, real scale) noexcept nogil:
    cdef Py_ssize_t c
    for c in range(n):
        grad[c] = grad[c] * factor - scale * wy[c]


cdef real target_row(TargetJob* job, Tile* tile, const real* x, const real* y, real* wy, real* grad, real* hess,
                     real* peaks, real weight, bint want_grad, bint want_hess) noexcept nogil:
    """The loss of one row: mass * log S + sum of wy (peak - x)."""
    cdef Py_ssize_t n = job.classes, start, size, b = 0
    cdef double mass = 0, cost = 0, block_mass, block_cost
    cdef real peak = -INFINITY, top, spared, log_sum, q, inverse, scale = <real> job.scale * weight
    # The target's own sums first: e may take the place of the scores.
    for start from 0 <= start < n by ROW_BLOCK:
        top = block_peak(x + start, min(n - start, <Py_ssize_t> ROW_BLOCK))
        peak = top if top > peak else peak
    for start from 0 <= start < n by ROW_BLOCK:
        target_block(x + start, y + start, wy + start, min(n - start, <Py_ssize_t> ROW_BLOCK), peak, job.keep,
                     job.spread, job.class_weight, start, &block_mass, &block_cost)
        mass += block_mass
        cost += block_cost
    tile.ahead = x + n
    sum_row(tile, 0, x, grad, peaks, SPARE_PEAK, want_grad)
    spared = 0 if peak == -INFINITY else R(1.0)
    log_sum = r_log1p(tile.rest[0] + (spared - R(1.0)))
    if want_grad:
        inverse = R(1.0) / (tile.rest[0] + spared)
        q = tile.rest[0] * inverse
        b = tile.spared[0]
        if want_hess:
            scale_row(grad, n, peaks, peak, inverse)
            curve(grad, hess, n, scale * <real> mass, 0)
            hess[b] = scale * <real> mass * grad[b] * q
            target_grad(grad, wy, n, scale * <real> mass, scale)
        elif n <= ROW_BLOCK:
            target_grad(grad, wy, n, inverse * scale * <real> mass, scale)
        else:
            size = 0
            for start from 0 <= start < n by ROW_BLOCK:
                target_grad(grad + start, wy + start, min(n - start, <Py_ssize_t> ROW_BLOCK),
                            inverse * scale * <real> mass * block_factor(peaks[size], peak), scale)
                size += 1
        grad[b] = scale * (<real> (mass - wy[b]) - <real> mass * q)
    spared = <real> (cost + mass * log_sum if mass != 0 else cost)
    return weight * (r_atmost(spared, FL_LARGEST) if weight == 0 else spared)


cdef double target_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef TargetJob* job = <TargetJob*> data
    cdef Py_ssize_t n = job.classes, row, stop = min((chunk + 1) * job.chunk_rows, job.rows)
    cdef bint want_grad = job.grad.data != NULL, want_hess = job.hess.data != NULL
    cdef real* one_hot = scratch + 4 * n
    cdef real* peaks = scratch + 5 * n
    cdef const real* x
    cdef const real* y = one_hot
    cdef real* grad = scratch
    cdef real* hess = scratch
    cdef real weight, loss
    cdef double total = 0
    cdef Tile tile
    tile.classes = n
    tile.label[0] = 0
    fill(one_hot, n, 0)
    for row in range(chunk * job.chunk_rows, stop):
        if want_grad:
            grad = operand_block(&job.grad, row * n, scratch + n)
        if want_hess:
            hess = operand_block(&job.hess, row * n, scratch + 2 * n)
        if job.labels != NULL and job.labels[row] == job.ignore_index:
            loss = 0
            if want_grad:
                fill(grad, n, 0)
            if want_hess:
                fill(hess, n, 0)
        else:
            x = operand_read(&job.x, row * n, n, scratch)
            if job.labels != NULL:
                one_hot[job.labels[row]] = 1
            else:
                y = operand_read(&job.target, row * n, n, one_hot)
            weight = R(1.0) if job.weights == NULL else <real> job.weights[row]
            loss = target_row(job, &tile, x, y, scratch + 3 * n, grad, hess, peaks, weight, want_grad, want_hess)
            if job.labels != NULL:
                one_hot[job.labels[row]] = 0
        total += loss
        if job.values != NULL:
            job.values[row] = loss
        if want_grad:
            operand_written(&job.grad, row * n, n, grad)
        if want_hess:
            operand_written(&job.hess, row * n, n, hess)
    return total


def cross_entropy_targets(cnp.ndarray x, int x_dtype, target, int target_dtype, labels, class_weight, weights,
                          long long ignore_index, double keep, double spread, double scale, values, grad,
                          int grad_dtype, hess, int hess_dtype, int threads):
    """Against y = keep * target + spread, weighted by class; without a target, y is made from the labels."""
    cdef TargetJob job
    bind(&job.x, x, x_dtype)
    bind(&job.target, target, target_dtype)
    bind(&job.grad, grad, grad_dtype)
    bind(&job.hess, hess, hess_dtype)
    job.labels = <const int64_t*> data_of(labels)
    job.class_weight = <const real*> data_of(class_weight)
    job.weights = <const double*> data_of(weights)
    job.values = <real*> data_of(values)
    job.classes = x.shape[x.ndim - 1]
    job.rows = x.size // job.classes
    job.ignore_index = ignore_index
    job.keep = <real> keep
    job.spread = <real> spread
    job.scale = scale
    job.chunk_rows = max(1, 32768 // job.classes)
    cdef double total
    run_chunks(target_chunk, &job, (job.rows + job.chunk_rows - 1) // job.chunk_rows,
               5 * job.classes + job.classes // ROW_BLOCK + 1, threads, &total)
    return total


# ---- negative log-likelihood: one entry a row ----

def nll(cnp.ndarray x, int x_dtype, cnp.ndarray labels, weights, long long ignore_index, values):
    """The sum of -weight * x[row, label]."""
    cdef operand source
    cdef const int64_t* label = <const int64_t*> data_of(labels)
    cdef const double* weight = <const double*> data_of(weights)
    cdef real* value = <real*> data_of(values)
    cdef Py_ssize_t classes = x.shape[x.ndim - 1], row
    cdef Py_ssize_t rows = x.size // classes
    cdef double total = 0
    cdef real score, loss
    bind(&source, x, x_dtype)
    with nogil:
        for row in range(rows):
            loss = 0
            if label[row] != ignore_index:
                loss = -operand_read(&source, row * classes + label[row], 1, &score)[0]
                if weight != NULL:
                    loss = (r_atmost(loss, FL_LARGEST) if weight[row] == 0 else loss) * <real> weight[row]
            total += loss
            if value != NULL:
                value[row] = loss
    return total


def nll_grad(cnp.ndarray labels, weights, long long ignore_index, double scale, cnp.ndarray grad, int grad_dtype):
    """Sets -weight * scale at each row's label in `grad`, which comes zeroed."""
    cdef operand target
    cdef const int64_t* label = <const int64_t*> data_of(labels)
    cdef const double* weight = <const double*> data_of(weights)
    cdef Py_ssize_t classes = grad.shape[grad.ndim - 1], row, place
    cdef Py_ssize_t rows = grad.size // classes
    cdef real factor
    bind(&target, grad, grad_dtype)
    with nogil:
        for row in range(rows):
            if label[row] != ignore_index:
                place = row * classes + label[row]
                factor = <real> (-scale if weight == NULL else -scale * weight[row])
                operand_block(&target, place, &factor)[0] = factor
                operand_written(&target, place, 1, &factor)
