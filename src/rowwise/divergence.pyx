"""Rows of logits: the entropy of their softmax, and the divergence of two softmaxes.

Nothing of the size of the logits is stored: a row is read for its sums and, while it is in the cache, once more for its
classes' parts.
"""

from libc.string cimport memcpy

from core cimport *
from parallel cimport *

include "row.pxi"

cnp.import_array()

cdef extern from "rowwise/divergence.h" nogil:
    ctypedef struct row_pair:
        real tau
        real x_peak
        real y_peak
        real apart
        real apart_low
        real x_inverse
        real y_inverse
        real log_ratio
    void entropy_sums(real, real, real*, real*, real*)
    real entropy_slope(real, real, real, real)
    void set_peaks(row_pair*, real, real)
    void pair_terms(real, real, row_pair, real*, real*, real*, int)
    real excess_of(real, real, real)
    void set_sums(row_pair*, real, real, real)
    real divergence_part(real, real, real, row_pair, real*)
    void lanes_entropy(real_cp, real_p, real_p, real_p, real)
    void entropy_slopes(const real*, real*, Py_ssize_t, real, real, real, real)
    void lanes_pair(real_cp, real_cp, real_p, real_p, real_p, real_p, real_p, real_p, const row_pair*, int)
    void lanes_divergence(real_cp, real_cp, real_cp, real_p, real_p, const row_pair*, real, int)

cdef enum:
    AHEAD = 8192            # classes of rows of which two, with their terms, stay in the second-level cache

ctypedef struct PairJob:
    operand x               # of the entropy; of the divergence's second distribution q, the prediction
    operand target          # of its first distribution p; or none, and it is the entropy that is wanted
    operand grad
    const double* weights   # one a row, or NULL
    real* values            # one a row, or NULL
    Py_ssize_t rows
    Py_ssize_t classes
    Py_ssize_t chunk_rows
    bint streamed           # whether the gradient goes by the caches
    double scale            # of the gradient
    real tau                # one over the temperature


cdef inline real without_masks(real peak) noexcept nogil:
    """A number to subtract where every score is -inf."""
    return 0 if peak == -INFINITY else peak


cdef real weighted(real loss, double weight) noexcept nogil:
    """0 times infinity is 0."""
    return <real> weight * (r_atmost(loss, FL_LARGEST) if weight == 0 else loss)


# ---- many classes: row after row ----

cdef void edge_of(const real* x, Py_ssize_t n, real* edge) noexcept nogil:
    """The last n % LANES scores of a row, filled up with classes that do not count."""
    cdef Py_ssize_t i, whole = n - n % LANES
    for i in range(LANES):
        edge[i] = x[whole + i] if whole + i < n else -INFINITY


cdef inline const real* row_after(const real* x, Py_ssize_t n) noexcept nogil:
    """What to ask for while a row is computed: the next one, unless that would drive this one out of the cache."""
    return x + n if n <= AHEAD else x


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
            lanes_ask(row_after(x, n) + j)
            lanes_entropy(x + j, rest, count, cost, reference)
        if stop % LANES:    # ROW_BLOCK is a multiple of LANES: this is the end of the row
            edge_of(x, n, edge)
            lanes_entropy(edge, rest, count, cost, reference)
        rest_sum += lanes_total(rest)
        top += lanes_count(count)
        cost_sum += lanes_total(cost)
        start = stop
    if top > 1:
        rest_sum += top - 1
    cdef double mean = cost_sum / (rest_sum + spared)
    if want_grad:
        entropy_slopes(x, grad, n, reference, <real> (1 / (rest_sum + spared)), <real> mean, scale)
    return <double> r_log1p(<real> (rest_sum + (spared - 1))) + mean


cdef void sum_pair(row_pair* row, const real* x, const real* y, real* terms, Py_ssize_t n,
                   Py_ssize_t padded) noexcept nogil:
    """Peaks, sums and distance of two rows; the terms of every class, in three rows of `padded` numbers."""
    cdef real x_edge[LANES]
    cdef real y_edge[LANES]
    cdef real x_sums[LANES]
    cdef real y_sums[LANES]
    cdef real excess[LANES]
    cdef real* e_x = terms
    cdef real* e_y = terms + padded
    cdef real* gap = terms + 2 * padded
    cdef double x_sum = 0, y_sum = 0, excess_sum = 0
    cdef Py_ssize_t start = 0, stop, i, j
    set_peaks(row, without_masks(block_peak(x, n)), without_masks(block_peak(y, n)))
    while start < n:
        stop = min(start + ROW_BLOCK, n)
        for i in range(LANES):
            x_sums[i] = 0
            y_sums[i] = 0
            excess[i] = 0
        if row.tau == 1 and r_abs(row.apart) <= FL_LARGEST:
            for j from start <= j < stop - LANES + 1 by LANES:
                lanes_ask(row_after(x, n) + j)
                lanes_ask(row_after(y, n) + j)
                lanes_pair(x + j, y + j, e_x + j, e_y + j, gap + j, x_sums, y_sums, excess, row, False)
        else:
            for j from start <= j < stop - LANES + 1 by LANES:
                lanes_ask(row_after(x, n) + j)
                lanes_ask(row_after(y, n) + j)
                lanes_pair(x + j, y + j, e_x + j, e_y + j, gap + j, x_sums, y_sums, excess, row, True)
        if stop % LANES:    # ROW_BLOCK is a multiple of LANES: this is the end of the row
            edge_of(x, n, x_edge)
            edge_of(y, n, y_edge)
            j = n - n % LANES
            lanes_pair(x_edge, y_edge, e_x + j, e_y + j, gap + j, x_sums, y_sums, excess, row, True)
        x_sum += lanes_total(x_sums)
        y_sum += lanes_total(y_sums)
        excess_sum += lanes_total(excess)
        start = stop
    set_sums(row, <real> x_sum, <real> y_sum, <real> excess_sum)


cdef double divergence_row(const real* x, const real* y, real* grad, real* terms, Py_ssize_t n, real tau, real scale,
                           bint want_grad) noexcept nogil:
    """D(p || q) with p of the scores x and q of the scores y; the gradient is by y."""
    cdef real lane[LANES]
    cdef real slope[LANES]
    cdef row_pair row
    cdef double total = 0
    cdef Py_ssize_t start = 0, stop, i, j, padded = (n + LANES - 1) // LANES * LANES
    cdef real* e_x = terms
    cdef real* e_y = terms + padded
    cdef real* gap = terms + 2 * padded
    row.tau = tau
    sum_pair(&row, x, y, terms, n, padded)
    while start < n:
        stop = min(start + ROW_BLOCK, n)
        for i in range(LANES):
            lane[i] = 0
        if want_grad:
            for j from start <= j < stop - LANES + 1 by LANES:
                lanes_divergence(e_x + j, e_y + j, gap + j, grad + j, lane, &row, scale, True)
        else:
            for j from start <= j < stop - LANES + 1 by LANES:
                lanes_divergence(e_x + j, e_y + j, gap + j, slope, lane, &row, scale, False)
        if stop % LANES:
            j = n - n % LANES
            lanes_divergence(e_x + j, e_y + j, gap + j, slope, lane, &row, scale, True)
            if want_grad:
                for i in range(n - j):
                    grad[j + i] = slope[i]
        total += lanes_total(lane)
        start = stop
    return total


cdef double pair_rows(PairJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    cdef Py_ssize_t n = job.classes
    cdef bint want_grad = job.grad.data != NULL
    cdef real* grad = NULL
    cdef const real* x
    cdef const real* target
    cdef real scale, loss
    cdef double total = 0, weight
    while row < stop:
        weight = 1 if job.weights == NULL else job.weights[row]
        scale = <real> (job.scale * weight * job.tau)
        if want_grad:
            grad = operand_block(&job.grad, row * n, scratch + 2 * n)
        x = operand_read(&job.x, row * n, n, scratch)
        if job.target.data == NULL:
            loss = <real> entropy_row(x, grad, n, scale, want_grad)
        else:
            target = operand_read(&job.target, row * n, n, scratch + n)
            loss = <real> divergence_row(target, x, grad, scratch + 3 * n, n, job.tau, scale, want_grad)
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
    cdef Py_ssize_t c, k, start
    cdef real rest[TILE]
    cdef real count[TILE]
    cdef real rest_part[TILE]
    cdef real cost_part[TILE]
    cdef real e, top, gap, spared
    for k in range(TILE):
        rest[k] = 0
        count[k] = 0
        cost[k] = 0
        total[k] = R(0.0) if peak[k] == -INFINITY else R(1.0)
        peak[k] = R(0.0) if peak[k] == -INFINITY else peak[k]
    for start from 0 <= start < classes by STRIP:
        for k in range(TILE):
            rest_part[k] = 0
            cost_part[k] = 0
        for c in range(start, min(start + STRIP, classes)):
            for k in range(TILE):
                entropy_sums(table[c * TILE + k], peak[k], &e, &top, &gap)
                rest_part[k] += e
                count[k] += top
                cost_part[k] += gap
        for k in range(TILE):
            rest[k] += rest_part[k]
            cost[k] += cost_part[k]
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


ctypedef struct PairTile:   # a row_pair for each lane
    real x_peak[TILE]
    real y_peak[TILE]
    real apart[TILE]
    real apart_low[TILE]
    real x_inverse[TILE]
    real y_inverse[TILE]
    real log_ratio[TILE]


cdef void lanes_terms(real_p x, real_p y, real_p gap, Py_ssize_t classes, PairTile* rows, real tau) noexcept nogil:
    """Scores become exponentials and their gap; then the rows' sums are known."""
    cdef Py_ssize_t c, k, start
    cdef real x_part[TILE]
    cdef real y_part[TILE]
    cdef real excess_part[TILE]
    cdef real x_sum[TILE]
    cdef real y_sum[TILE]
    cdef real excess[TILE]
    cdef real e_x, e_y, difference
    cdef row_pair row
    row.tau = tau
    for k in range(TILE):
        set_peaks(&row, without_masks(rows.x_peak[k]), without_masks(rows.y_peak[k]))
        rows.x_peak[k] = row.x_peak
        rows.y_peak[k] = row.y_peak
        rows.apart[k] = row.apart
        rows.apart_low[k] = row.apart_low
        x_sum[k] = 0
        y_sum[k] = 0
        excess[k] = 0
    for start from 0 <= start < classes by STRIP:
        for k in range(TILE):
            x_part[k] = 0
            y_part[k] = 0
            excess_part[k] = 0
        for c in range(start, min(start + STRIP, classes)):
            for k in range(TILE):
                row.x_peak = rows.x_peak[k]
                row.y_peak = rows.y_peak[k]
                row.apart = rows.apart[k]
                row.apart_low = rows.apart_low[k]
                pair_terms(x[c * TILE + k], y[c * TILE + k], row, &e_x, &e_y, &difference, True)
                x[c * TILE + k] = e_x
                y[c * TILE + k] = e_y
                gap[c * TILE + k] = difference
                x_part[k] += e_x
                y_part[k] += e_y
                excess_part[k] += excess_of(e_x, e_y, difference)
        for k in range(TILE):
            x_sum[k] += x_part[k]
            y_sum[k] += y_part[k]
            excess[k] += excess_part[k]
    for k in range(TILE):
        set_sums(&row, x_sum[k], y_sum[k], excess[k])
        rows.x_inverse[k] = row.x_inverse
        rows.y_inverse[k] = row.y_inverse
        rows.log_ratio[k] = row.log_ratio


cdef void lanes_parts(real_cp x, real_p y, real_cp gap, Py_ssize_t classes, const PairTile* rows, real_p loss,
                      real_cp scale) noexcept nogil:
    """The losses; q's exponentials become the gradient."""
    cdef Py_ssize_t c, k, start
    cdef real part[TILE]
    cdef real slope
    cdef row_pair row
    for k in range(TILE):
        loss[k] = 0
    for start from 0 <= start < classes by STRIP:
        for k in range(TILE):
            part[k] = 0
        for c in range(start, min(start + STRIP, classes)):
            for k in range(TILE):
                row.x_inverse = rows.x_inverse[k]
                row.y_inverse = rows.y_inverse[k]
                row.log_ratio = rows.log_ratio[k]
                part[k] += divergence_part(x[c * TILE + k], y[c * TILE + k], gap[c * TILE + k], row, &slope)
                y[c * TILE + k] = scale[k] * slope
        for k in range(TILE):
            loss[k] += part[k]


cdef void divergence_tile(real* x, real* y, real* gap, Py_ssize_t classes, real* loss, const real* scale,
                          real tau) noexcept nogil:
    """The loss of every row; the scores y become the gradient."""
    cdef PairTile rows
    lanes_peak(x, classes, rows.x_peak)
    lanes_peak(y, classes, rows.y_peak)
    lanes_terms(x, y, gap, classes, &rows, tau)
    lanes_parts(x, y, gap, classes, &rows, loss, scale)


cdef double pair_tiles(PairJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    cdef Py_ssize_t n = job.classes, size = TILE * n, held = 0, count, k
    cdef real* x = scratch + 2 * size
    cdef real* y = scratch + 3 * size
    cdef real* gap = scratch + 4 * size
    cdef real* buffer = scratch + 5 * size
    cdef real* grad
    cdef real scale[TILE]
    cdef real loss[TILE]
    cdef double weight[TILE]
    cdef double total = 0
    while row < stop:
        count = min(<Py_ssize_t> TILE, stop - row)
        for k in range(TILE):
            weight[k] = 1 if job.weights == NULL else job.weights[row + min(k, count - 1)]
            scale[k] = <real> (job.scale * weight[k] * job.tau)
        lanes_load(operand_read(&job.x, row * n, count * n, scratch), count, n, y)
        if job.target.data == NULL:
            lanes_entropy_tile(y, n, loss, scale)
        else:
            lanes_load(operand_read(&job.target, row * n, count * n, scratch + size), count, n, x)
            divergence_tile(x, y, gap, n, loss, scale, job.tau)
        for k in range(count):
            loss[k] = weighted(loss[k], weight[k])
            total += loss[k]
        if job.values != NULL:
            memcpy(job.values + row, loss, count * sizeof(real))
        if job.streamed:
            lanes_store(y, count, n, buffer + held)
            stream_block(&job.grad, buffer, &held, row * n, count * n, row + count == stop)
        elif job.grad.data != NULL:
            grad = operand_block(&job.grad, row * n, buffer)
            lanes_store(y, count, n, grad)
            operand_written(&job.grad, row * n, count * n, grad)
        row += count
    if job.streamed:
        stream_end()
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
    job.tau = <real> (1 / temperature)
    job.streamed = False
    job.chunk_rows = max(1, 32768 // job.classes)
    cdef Py_ssize_t scratch = 6 * job.classes + 3 * LANES
    cdef double total
    if job.classes <= NARROW:
        job.chunk_rows = (job.chunk_rows + TILE - 1) // TILE * TILE
        scratch = 6 * TILE * job.classes + FL_HELD
        # A tile is written piece by piece, which memory likes less than the caches.
        job.streamed = is_streamed(&job.grad, x.size, &job.x) and is_streamed(&job.grad, x.size, &job.target)
    run_chunks(pair_chunk, &job, (job.rows + job.chunk_rows - 1) // job.chunk_rows, scratch, threads, &total)
    return total
