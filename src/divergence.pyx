"""Rows of logits: the entropy of their softmax, and the divergence of two softmaxes.

Nothing of the size of the logits is stored: a row is read for its sums and, while it is in the cache, once more for its
classes' parts.
"""

from libc.string cimport memcpy

from chunks cimport *
from kernel cimport *

include "rows.pxi"

cnp.import_array()

cdef extern from "divergence.h" nogil:
    ctypedef struct row_pair:
        real x_peak
        real x_inverse
        real y_peak
        real y_inverse
        real apart
    void entropy_sums(real, real, real*, real*, real*)
    real entropy_slope(real, real, real, real)
    real divergence_part(real, real, real, real, real, real, real, real*)
    void lanes_entropy(real_cp, real_p, real_p, real_p, real)
    void entropy_slopes(const real*, real*, Py_ssize_t, real, real, real, real)
    void lanes_divergence(real_cp, const real*, real*, real_p, const row_pair*, real, int)
    void divide(const real*, real*, Py_ssize_t, real)

ctypedef struct PairJob:
    operand x               # of the entropy; of the divergence's second distribution q, the prediction
    operand target          # of its first distribution p; or none, and it is the entropy that is wanted
    operand grad
    const double* weights   # one a row, or NULL
    real* values            # one a row, or NULL
    Py_ssize_t rows
    Py_ssize_t classes
    Py_ssize_t chunk_rows
    double scale            # of the gradient
    real temperature


cdef inline real without_masks(real peak) noexcept nogil:
    """A number to subtract where every score is -inf."""
    return 0 if peak == -INFINITY else peak


cdef real weighted(real loss, double weight) noexcept nogil:
    """0 times infinity is 0."""
    return <real> weight * (r_atmost(loss, FL_LARGEST) if weight == 0 else loss)


# ---- many classes: row after row ----

cdef double entropy_row(const real* x, real* grad, Py_ssize_t n, real scale, bint want_grad) noexcept nogil:
    """log S + cost / S, where S is the sum of e = exp(x - peak), held as 1 + rest, and both terms are positive."""
    cdef real rest[LANES]
    cdef real count[LANES]
    cdef real cost[LANES]
    cdef real edge[LANES]
    cdef real peak = block_peak(x, n), reference = without_masks(peak)
    cdef double rest_sum = 0, cost_sum = 0, spared = 0 if peak == -INFINITY else 1, top = 0
    cdef Py_ssize_t start = 0, stop, i, j
    while start < n:
        stop = min(start + ROW_BLOCK, n)
        for i in range(LANES):
            rest[i] = 0
            count[i] = 0
            cost[i] = 0
        for j from start <= j < stop - LANES + 1 by LANES:
            lanes_entropy(x + j, rest, count, cost, reference)
        if stop % LANES:    # ROW_BLOCK is a multiple of LANES: this is the end of the row
            j = n - n % LANES
            for i in range(LANES):
                edge[i] = x[j + i] if j + i < n else -INFINITY
            lanes_entropy(edge, rest, count, cost, reference)
        rest_sum += lanes_total(rest)
        top += lanes_total(count)
        cost_sum += lanes_total(cost)
        start = stop
    if top > 1:
        rest_sum += top - 1
    cdef double mean = cost_sum / (rest_sum + spared)
    if want_grad:
        entropy_slopes(x, grad, n, reference, <real> (1 / (rest_sum + spared)), <real> mean, scale)
    return <double> r_log1p(<real> (rest_sum + (spared - 1))) + mean


cdef double divergence_row(Tile* tile, const real* x, const real* y, real* grad, real scale,
                           bint want_grad) noexcept nogil:
    """D(p || q) with p of the scores x and q of the scores y; the gradient is by y."""
    cdef Py_ssize_t n = tile.classes, start = 0, stop, i, j
    cdef real lane[LANES]
    cdef real x_edge[LANES]
    cdef real y_edge[LANES]
    cdef real slope[LANES]
    cdef row_pair row
    cdef double total = 0
    sum_row(tile, 0, x, NULL, NULL, SPARE_A_PEAK, False)
    sum_row(tile, 1, y, NULL, NULL, SPARE_A_PEAK, False)
    pair_of(tile, 0, 1, &row)
    while start < n:
        stop = min(start + ROW_BLOCK, n)
        for i in range(LANES):
            lane[i] = 0
        if want_grad:
            for j from start <= j < stop - LANES + 1 by LANES:
                lanes_divergence(x + j, y + j, grad + j, lane, &row, scale, True)
        else:
            for j from start <= j < stop - LANES + 1 by LANES:
                lanes_divergence(x + j, y + j, NULL, lane, &row, scale, False)
        if stop % LANES:
            j = n - n % LANES
            for i in range(LANES):
                x_edge[i] = x[j + i] if j + i < n else -INFINITY
                y_edge[i] = y[j + i] if j + i < n else -INFINITY
            lanes_divergence(x_edge, y_edge, slope, lane, &row, scale, True)
            if want_grad:
                for i in range(n - j):
                    grad[j + i] = slope[i]
        total += lanes_total(lane)
        start = stop
    return total


cdef void pair_of(Tile* tile, Py_ssize_t first, Py_ssize_t second, row_pair* row) noexcept nogil:
    """From peaks and rests of two rows; log p - log q is (x - y) - apart."""
    cdef double x_sum = tile.rest[first] + <double> (tile.peak[first] != -INFINITY)
    cdef double y_sum = tile.rest[second] + <double> (tile.peak[second] != -INFINITY)
    row.x_peak = without_masks(tile.peak[first])
    row.y_peak = without_masks(tile.peak[second])
    row.x_inverse = <real> (1 / x_sum)
    row.y_inverse = <real> (1 / y_sum)
    row.apart = <real> ((<double> row.x_peak - row.y_peak)
                        + (<double> r_log1p(<real> (x_sum - 1)) - r_log1p(<real> (y_sum - 1))))


cdef const real* read_row(const operand* a, Py_ssize_t row, Py_ssize_t n, real* buffer,
                          real temperature) noexcept nogil:
    cdef const real* x = operand_read(a, row * n, n, buffer)
    if temperature != 1:
        divide(x, buffer, n, temperature)
        x = buffer
    return x


cdef double pair_rows(PairJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    cdef Py_ssize_t n = job.classes
    cdef bint want_grad = job.grad.data != NULL
    cdef real* grad = NULL
    cdef const real* x
    cdef real scale, loss
    cdef double total = 0, weight
    cdef Tile tile
    tile.classes = n
    tile.label[0] = tile.label[1] = 0
    while row < stop:
        weight = 1 if job.weights == NULL else job.weights[row]
        scale = <real> (job.scale * weight / job.temperature)
        if want_grad:
            grad = operand_block(&job.grad, row * n, scratch + 2 * n)
        x = read_row(&job.x, row, n, scratch, job.temperature)
        if job.target.data == NULL:
            loss = <real> entropy_row(x, grad, n, scale, want_grad)
        else:
            loss = <real> divergence_row(&tile, read_row(&job.target, row, n, scratch + n, job.temperature), x, grad,
                                         scale, want_grad)
        loss = weighted(loss, weight)
        total += loss
        if job.values != NULL:
            job.values[row] = loss
        if want_grad:
            operand_written(&job.grad, row * n, n, grad)
        row += 1
    return total


# ---- few classes: rows across the lanes; table[c * TILE + k] is class c of row k ----

cdef void lanes_peak(real_cp table, Py_ssize_t classes, real_p peak) noexcept nogil:
    cdef Py_ssize_t c, k
    for k in range(TILE):
        peak[k] = -INFINITY
    for c in range(classes):
        for k in range(TILE):
            peak[k] = table[c * TILE + k] if table[c * TILE + k] > peak[k] else peak[k]


cdef void lanes_rest(real_cp table, Py_ssize_t classes, real_p peak, real_p total, real_p log_total,
                     real_p cost) noexcept nogil:
    """The sum of exp(score - peak) and its logarithm, and the sum of their costs. A peak of -inf becomes 0."""
    cdef Py_ssize_t c, k
    cdef real rest[TILE]
    cdef real count[TILE]
    cdef real e, top, gap, spared
    for k in range(TILE):
        rest[k] = 0
        count[k] = 0
        cost[k] = 0
        total[k] = R(0.0) if peak[k] == -INFINITY else R(1.0)
        peak[k] = R(0.0) if peak[k] == -INFINITY else peak[k]
    for c in range(classes):
        for k in range(TILE):
            entropy_sums(table[c * TILE + k], peak[k], &e, &top, &gap)
            rest[k] += e
            count[k] += top
            cost[k] += gap
    for k in range(TILE):
        spared = total[k]
        rest[k] += r_atleast(count[k] - R(1.0), 0)
        total[k] = rest[k] + spared
        log_total[k] = r_log1p(rest[k] + (spared - R(1.0)))


cdef void lanes_entropy_tile(real_p table, Py_ssize_t classes, real_p loss, real_cp scale) noexcept nogil:
    """The loss of every row; its scores become the gradient."""
    cdef Py_ssize_t c, k
    cdef real peak[TILE]
    cdef real total[TILE]
    cdef real log_total[TILE]
    cdef real cost[TILE]
    cdef real inverse[TILE]
    lanes_peak(table, classes, peak)
    lanes_rest(table, classes, peak, total, log_total, cost)
    for k in range(TILE):
        inverse[k] = R(1.0) / total[k]
        cost[k] = cost[k] / total[k]
        loss[k] = log_total[k] + cost[k]
    for c in range(classes):
        for k in range(TILE):
            table[c * TILE + k] = scale[k] * entropy_slope(table[c * TILE + k], peak[k], inverse[k], cost[k])


cdef void lanes_divergence_tile(real_cp x, real_p y, Py_ssize_t classes, real_p loss, real_cp scale) noexcept nogil:
    """The loss of every row; the scores y become the gradient."""
    cdef Py_ssize_t c, k
    cdef real x_peak[TILE]
    cdef real y_peak[TILE]
    cdef real x_inverse[TILE]
    cdef real y_inverse[TILE]
    cdef real x_log[TILE]
    cdef real y_log[TILE]
    cdef real apart[TILE]
    cdef real unused[TILE]
    cdef real slope
    lanes_peak(x, classes, x_peak)
    lanes_peak(y, classes, y_peak)
    lanes_rest(x, classes, x_peak, x_inverse, x_log, unused)
    lanes_rest(y, classes, y_peak, y_inverse, y_log, unused)
    for k in range(TILE):
        x_inverse[k] = R(1.0) / x_inverse[k]
        y_inverse[k] = R(1.0) / y_inverse[k]
        apart[k] = (x_peak[k] - y_peak[k]) + (x_log[k] - y_log[k])
        loss[k] = 0
    for c in range(classes):
        for k in range(TILE):
            loss[k] += divergence_part(x[c * TILE + k], x_peak[k], x_inverse[k], y[c * TILE + k], y_peak[k],
                                       y_inverse[k], apart[k], &slope)
            y[c * TILE + k] = scale[k] * slope


cdef double pair_tiles(PairJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    cdef Py_ssize_t n = job.classes, size = TILE * n, count, k
    cdef real* x = scratch + 3 * size
    cdef real* y = scratch + 4 * size
    cdef real* grad
    cdef real scale[TILE]
    cdef real loss[TILE]
    cdef double weight[TILE]
    cdef double total = 0
    while row < stop:
        count = min(<Py_ssize_t> TILE, stop - row)
        for k in range(TILE):
            weight[k] = 1 if job.weights == NULL else job.weights[row + min(k, count - 1)]
            scale[k] = <real> (job.scale * weight[k] / job.temperature)
        lanes_load(operand_read(&job.x, row * n, count * n, scratch), count, n, y)
        if job.temperature != 1:
            divide(y, y, size, job.temperature)
        if job.target.data == NULL:
            lanes_entropy_tile(y, n, loss, scale)
        else:
            lanes_load(operand_read(&job.target, row * n, count * n, scratch + size), count, n, x)
            if job.temperature != 1:
                divide(x, x, size, job.temperature)
            lanes_divergence_tile(x, y, n, loss, scale)
        for k in range(count):
            loss[k] = weighted(loss[k], weight[k])
            total += loss[k]
        if job.values != NULL:
            memcpy(job.values + row, loss, count * sizeof(real))
        if job.grad.data != NULL:
            grad = operand_block(&job.grad, row * n, scratch + 2 * size)
            lanes_store(y, count, n, grad)
            operand_written(&job.grad, row * n, count * n, grad)
        row += count
    return total


cdef double pair_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef PairJob* job = <PairJob*> data
    cdef Py_ssize_t row = chunk * job.chunk_rows, stop = min(row + job.chunk_rows, job.rows)
    if job.classes <= NARROW:
        return pair_tiles(job, row, stop, scratch)
    return pair_rows(job, row, stop, scratch)


def of_logits(cnp.ndarray x, int x_dtype, target, int target_dtype, weights, double temperature, double scale, values,
              grad, int grad_dtype, int threads):
    """The sum over rows of the divergence D(target || x) of softmaxes, or of x's entropy where there is no target.

    x, target and grad have the class axis last. weights: float64, one a row, or None.
    """
    cdef PairJob job
    bind(&job.x, x, x_dtype)
    bind(&job.target, target, target_dtype)
    bind(&job.grad, grad, grad_dtype)
    job.weights = <const double*> data_of(weights)
    job.values = <real*> data_of(values)
    job.classes = x.shape[x.ndim - 1]
    job.rows = x.size // job.classes
    job.scale = scale
    job.temperature = <real> temperature
    job.chunk_rows = max(1, 32768 // job.classes)
    cdef Py_ssize_t scratch = 3 * job.classes
    cdef double total
    if job.classes <= NARROW:
        job.chunk_rows = (job.chunk_rows + TILE - 1) // TILE * TILE
        scratch = 5 * TILE * job.classes
    run_chunks(pair_chunk, &job, (job.rows + job.chunk_rows - 1) // job.chunk_rows, scratch, threads, &total)
    return total
