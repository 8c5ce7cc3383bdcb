"""Rows of class scores: softmax and its relatives, negative log-likelihood, cross-entropy.

Each def takes arrays with the class axis last, already validated, with a dtype code beside each; it returns the sum
of the losses in double precision. Chunks of rows are fixed by the shape alone, and their sums are added in order:
the bits do not depend on the threads.
"""

from libc.string cimport memcpy

from chunks cimport *
from kernel cimport *

include "rows.pxi"
include "labels.pxi"
include "quick.pxi"

cnp.import_array()
know_other_calls()

cdef enum:
    SOFTMAX
    LOG_SOFTMAX
    LOGSUMEXP


# ---- softmax, log_softmax, logsumexp ----

ctypedef struct NormalJob:
    operand x
    operand out
    int what
    bint streamed
    Py_ssize_t rows
    Py_ssize_t classes
    Py_ssize_t chunk_rows


cdef real log_sum_of(const real* x, Py_ssize_t n, real peak, real log_sum) noexcept nogil:
    """peak + log_sum; +inf where a score is +inf and none is NaN."""
    cdef Py_ssize_t c
    if peak == INFINITY:
        for c in range(n):
            if x[c] != x[c]:
                return x[c]
        return peak
    return peak + log_sum


cdef void normal_rows(NormalJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    """Many classes: row after row."""
    cdef Py_ssize_t n = job.classes
    cdef real* peaks = scratch + 2 * n
    cdef const real* x
    cdef real* out
    cdef real spared, log_sum
    cdef Tile tile
    tile.classes = n
    tile.label[0] = 0
    while row < stop:
        x = operand_read(&job.x, row * n, n, scratch)
        out = scratch + n
        if job.what != LOGSUMEXP:
            out = operand_block(&job.out, row * n, out)
        tile.ahead = x + n
        sum_row(&tile, 0, x, out, peaks, SPARE_A_PEAK, job.what == SOFTMAX)
        spared = 0 if tile.peak[0] == -INFINITY else R(1.0)
        log_sum = r_log1p(tile.rest[0] + (spared - R(1.0)))
        if job.what == SOFTMAX:
            scale_row(out, n, peaks, tile.peak[0], R(1.0) / (tile.rest[0] + spared))
        elif job.what == LOG_SOFTMAX:
            subtract_twice(x, out, n, tile.peak[0], log_sum)
        if job.what == LOGSUMEXP:
            log_sum = log_sum_of(x, n, tile.peak[0], log_sum)
            operand_block(&job.out, row, &log_sum)[0] = log_sum
            operand_written(&job.out, row, 1, &log_sum)
        else:
            operand_written(&job.out, row * n, n, out)
        row += 1


cdef void lanes_subtract(real_p scores, Py_ssize_t classes, real_cp peak, real_cp log_sum) noexcept nogil:
    cdef Py_ssize_t c, k
    for c in range(classes):
        for k in range(TILE):
            scores[c * TILE + k] = (scores[c * TILE + k] - peak[k]) - log_sum[k]


cdef void lanes_log_sum(Tile* tile, real_p inverse, real_p log_sum) noexcept nogil:
    cdef Py_ssize_t k
    cdef real spared
    for k in range(TILE):
        spared = R(0.0) if tile.peak[k] == -INFINITY else R(1.0)
        inverse[k] = R(1.0) / (tile.rest[k] + spared)
        log_sum[k] = r_log1p(tile.rest[k] + (spared - R(1.0)))


cdef void normal_tiles(NormalJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    """Few classes: rows across the vector lanes."""
    cdef Py_ssize_t n = job.classes, k, size = TILE * n, held = 0
    cdef real* table = scratch + size
    cdef real* scores = scratch + 2 * size
    cdef real* buffer = scratch + 3 * size
    cdef const real* x
    cdef real* out
    cdef real inverse[TILE]
    cdef real log_sum[TILE]
    cdef Tile tile
    tile.classes = n
    for k in range(TILE):
        tile.label[k] = 0
    while row < stop:
        tile.count = min(<Py_ssize_t> TILE, stop - row)
        x = operand_read(&job.x, row * n, tile.count * n, scratch)
        lanes_load(x, tile.count, n, table)
        if job.what == LOG_SOFTMAX:
            memcpy(scores, table, size * sizeof(real))
        tile.ahead = x + TILE * n
        lanes_sum(&tile, table, True)
        lanes_log_sum(&tile, inverse, log_sum)
        if job.what == LOGSUMEXP:
            for k in range(tile.count):
                log_sum[k] = log_sum_of(x + k * n, n, tile.peak[k], log_sum[k])
            if job.out.direct:
                memcpy(operand_block(&job.out, row, log_sum), log_sum, tile.count * sizeof(real))
            operand_written(&job.out, row, tile.count, log_sum)
        else:
            out = buffer + held if job.streamed else operand_block(&job.out, row * n, buffer)
            if job.what == SOFTMAX:
                lanes_multiply(table, n, inverse)
                lanes_store(table, tile.count, n, out)
            else:
                lanes_subtract(scores, n, tile.peak, log_sum)
                lanes_store(scores, tile.count, n, out)
            if job.streamed:
                stream_block(&job.out, buffer, &held, row * n, tile.count * n, row + tile.count == stop)
            else:
                operand_written(&job.out, row * n, tile.count * n, out)
        row += tile.count
    if job.streamed:
        stream_end()


cdef double normal_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef NormalJob* job = <NormalJob*> data
    cdef Py_ssize_t row = chunk * job.chunk_rows, stop = min(row + job.chunk_rows, job.rows)
    if job.classes <= NARROW:
        normal_tiles(job, row, stop, scratch)
    else:
        normal_rows(job, row, stop, scratch)
    return 0


def normalise(cnp.ndarray x, int x_dtype, cnp.ndarray out, int out_dtype, int what, int threads):
    """what: 0 softmax, 1 log_softmax, 2 logsumexp. `out` has the shape of x, or its rows for logsumexp."""
    cdef NormalJob job
    bind(&job.x, x, x_dtype)
    bind(&job.out, out, out_dtype)
    job.what = what
    job.classes = x.shape[x.ndim - 1]
    job.rows = x.size // job.classes
    job.chunk_rows = max(1, 32768 // job.classes)
    cdef Py_ssize_t scratch = 2 * job.classes + job.classes // ROW_BLOCK + 1
    cdef double total
    if job.classes <= NARROW:
        job.chunk_rows = (job.chunk_rows + TILE - 1) // TILE * TILE
        scratch = 4 * TILE * job.classes + FL_HELD
    job.streamed = job.classes <= NARROW and what != LOGSUMEXP and is_streamed(&job.out, x.size, &job.x)
    run_chunks(normal_chunk, &job, (job.rows + job.chunk_rows - 1) // job.chunk_rows, scratch, threads, &total)


include "cross_entropy.pxi"


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
