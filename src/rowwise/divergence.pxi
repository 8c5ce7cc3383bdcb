"""Rows of logits: the entropy of their softmax, and divergences of two softmaxes. Included after tile.pxi.

Nothing of the size of the logits is stored: a row is read for its sums and, while it is in the cache, once more for its
classes' parts.
"""

cdef extern from "rowwise/divergence.h" nogil:
    ctypedef struct mixture:
        real of_p
        real of_q
    ctypedef struct row_pair:
        real tau
        real y_peak
        real x_peak
        real apart
        real apart_low
        real y_inverse
        real x_inverse
        real log_ratio
        real centre
        real is_centred
    void entropy_sums(real, real, real*, real*, real*)
    real entropy_slope(real, real, real, real)
    void set_peaks(row_pair*, real, real)
    void pair_terms(real, real, row_pair, real*, real*, real*, int)
    real excess_of(real, real, real)
    void set_sums(row_pair*, real, real, real)
    real divergence_part(real, real, real, row_pair, real*)
    void lanes_entropy(real_cp, real_p, real_p, real_p, real)
    void lanes_entropy_slope(const real*, real*, real, real, real, real)
    void lanes_pair(real_cp, real_cp, real_p, real_p, real_p, real_p, const row_pair*, int)
    void lanes_far(const real*, const real*, real, real, real_p, real_p, real_p)
    void lanes_close(const real*, const real*, real, real, real_p, real_p, real_p, real_p, int)
    int FL_SMALL, FL_MIDDLE, FL_CAREFUL, FL_FAR, FL_EXACT
    real log_beyond_linear(real, real)
    real FL_NEAR
    real FL_CLOSE
    void lanes_divergence(real_cp, real_p, real_p, const row_pair*, real, int)
    real prediction_part(real, real, real, row_pair, mixture, real*, real*, int)
    void set_centre(row_pair*, real, real, real, mixture, int)
    real choose_top(real, real, real)
    real prediction_slope(real, real, real)
    void lanes_prediction(real_p, real_p, real_p, const row_pair*, const mixture*, int, int)
    void lanes_prediction_slope(real_cp, real_p, real, real)

cdef enum:
    PREFETCHED = 8192       # classes of rows of which two, with their terms, stay in the second-level cache


cdef inline double weight_of(const PairJob* job, Py_ssize_t row) noexcept nogil:
    return 1 if job.weights == NULL else job.weights[row]


cdef inline mixture shares_of(const PairJob* job) noexcept nogil:
    """Of p and q in what is wanted."""
    cdef mixture shares
    shares.of_p = <real> job.beta
    shares.of_q = <real> (1 - job.beta)
    return shares


cdef inline real scale_of(const PairJob* job, Py_ssize_t row) noexcept nogil:
    """Of a row's derivatives. 0 without a sign for a weight of 0, which removes a row whatever it holds."""
    cdef double weight = weight_of(job, row)
    return R(0.0) if weight == 0 else <real> (job.out.scale * weight * tau_of(&job.scores))


# ---- many classes: row after row ----

cdef void edge_of(const real* x, Py_ssize_t n, real* edge) noexcept nogil:
    """The last n % LANES scores of a row, filled up with classes that do not count."""
    cdef Py_ssize_t i, whole = n - n % LANES
    for i in range(LANES):
        edge[i] = x[whole + i] if whole + i < n else -INFINITY


cdef inline const real* read_row(const array_view* a, Py_ssize_t start, Py_ssize_t n, real* buffer, real* peak,
                                 const real** ahead) noexcept nogil:
    """A row and its peak; and what to prefetch while it is computed: the next one, unless that would drive this one out
    of the cache. Halves take less room there."""
    cdef number_run run = find_block(a, start, n, buffer)
    cdef const real* x = read_piece(&run, 0, n, buffer, peak)
    ahead[0] = place_of(&run, n) if n <= PREFETCHED or run.x == NULL else x
    return x


cdef inline real* slopes_of_block(const PairJob* job, real* grad, Py_ssize_t start) noexcept nogil:
    """Where a block of a row's gradient is computed: in its array, or in a buffer in the first-level cache."""
    return grad + start if job.out.grad.direct else grad


cdef void entropy_grad(const PairJob* job, Py_ssize_t place, const real* x, real* grad, real reference, real inverse,
                       real mean, real scale) noexcept nogil:
    cdef Py_ssize_t n = job.scores.classes, start, stop, i, j
    cdef real edge[LANES]
    cdef real* slope
    for start from 0 <= start < n by ROW_BLOCK:
        stop = min(start + ROW_BLOCK, n)
        slope = slopes_of_block(job, grad, start)
        for j from start <= j < stop - LANES + 1 by LANES:
            lanes_entropy_slope(x + j, slope + (j - start), reference, inverse, mean, scale)
        if stop % LANES:
            edge_of(x, n, edge)
            j = n - n % LANES
            lanes_entropy_slope(edge, edge, reference, inverse, mean, scale)
            for i in range(n - j):
                slope[j - start + i] = edge[i]
        store_block(&job.out.grad, place + start, stop - start, slope)


cdef const real* ahead_of_results(const PairJob* job, Py_ssize_t row, const real* ahead) noexcept nogil:
    """What to prefetch in the second half of a row of halves, or in every other short one: where results will be
    written, as set_ahead() does. `ahead` of other rows."""
    cdef Py_ssize_t n = job.scores.classes, start = (n // 2 + ROW_BLOCK - 1) // ROW_BLOCK * ROW_BLOCK
    cdef const uint16_t* result = NULL
    if job.out.grad.data != NULL and not job.out.grad.direct and not job.scores.x.direct:
        result = halves_of(&job.out.grad, row * n, n)
    if result == NULL or (n <= ROW_BLOCK and row % 2 == 0):
        return ahead
    return <const real*> result - (start if n > ROW_BLOCK else 0)


cdef double entropy_row(const PairJob* job, Py_ssize_t row, real* grad, real* scratch) noexcept nogil:
    """log(sum) + cost / sum of e = exp(x - peak). The sum is held as 1 + rest; both terms are positive."""
    cdef real rest[LANES]
    cdef real count[LANES]
    cdef real cost[LANES]
    cdef real edge[LANES]
    cdef Py_ssize_t n = job.scores.classes, start = 0, stop, i, j
    cdef const real* ahead
    cdef real peak
    cdef const real* x = read_row(&job.scores.x, row * n, n, scratch, &peak, &ahead)
    cdef const real* later = ahead_of_results(job, row, ahead)
    cdef real reference = reference_of(peak)
    cdef double rest_sum = 0, cost_sum = 0, peak_term = peak_term_of(peak), top = 0
    while start < n:
        stop = min(start + ROW_BLOCK, n)
        for i in range(LANES):
            rest[i] = 0
            count[i] = 0
            cost[i] = 0
        if start >= n // 2 or n <= ROW_BLOCK:
            ahead = later
        for j from start <= j < stop - LANES + 1 by LANES:
            prefetch_lanes(ahead + j)
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
    cdef double mean = cost_sum / (rest_sum + peak_term)
    if grad != NULL:
        entropy_grad(job, row * n, x, grad, reference, <real> (1 / (rest_sum + peak_term)), <real> mean,
                     scale_of(job, row))
    return <double> r_log1p(<real> (rest_sum + (peak_term - 1))) + mean


include "divergence_row.pxi"
include "divergence_blocks.pxi"


cdef exact_sum rows_one_by_one(const PairJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    cdef Py_ssize_t n = job.scores.classes
    cdef bint want_grad = job.out.grad.data != NULL
    cdef real* values = <real*> job.out.values.data
    cdef real* grad = NULL
    cdef real loss
    cdef exact_sum total = NO_SUM
    cdef number_run y, x
    while row < stop:
        if want_grad:
            grad = block_destination(&job.out.grad, row * n, scratch + 2 * n)
        if weight_of(job, row) == 0:
            loss = 0
            if want_grad:
                fill(grad, n, 0)
                store_block(&job.out.grad, row * n, n, grad)
        elif job.target.data == NULL:
            loss = <real> entropy_row(job, row, grad, scratch)
        elif want_grad or job.kind != FL_FORWARD or job.scores.inverse_temperature != 1:
            loss = <real> divergence_row(job, row, grad, scratch)
        else:
            y = find_block(&job.target, row * n, n, scratch)
            x = find_block(&job.scores.x, row * n, n, scratch + n)
            loss = <real> divergence_by_blocks(&y, &x, n, scratch)
        loss = loss * r_weight(weight_of(job, row))
        total = exact_plus(total, loss)
        if values != NULL:
            values[row] = loss
        row += 1
    return total


include "divergence_tile.pxi"


cdef void clear_rows(const PairJob* job, Py_ssize_t row, Py_ssize_t count, real_p table) noexcept nogil:
    """0 for all classes of the rows of a tile whose weight is 0. Of the scores, so that their losses are finite."""
    cdef Py_ssize_t c, k
    cdef real kept[TILE]
    cdef bint clears = False
    for k in range(TILE):
        kept[k] = 1
    for k in range(count):
        kept[k] = R(0.0) if job.weights[row + k] == 0 else R(1.0)
        clears |= job.weights[row + k] == 0
    if not clears:
        return
    for c in range(job.scores.classes):
        for k in range(TILE):
            table[c * TILE + k] = r_term(kept[k], table[c * TILE + k])


cdef void load_tile(const PairJob* job, const real* rows, Py_ssize_t row, Py_ssize_t count,
                    real* table) noexcept nogil:
    """Scores of a tile."""
    lanes_load(rows, count, job.scores.classes, table)
    if job.weights != NULL:
        clear_rows(job, row, count, table)


# ---- the call ----

cdef exact_sum rows_across_lanes(const PairJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    """Few classes."""
    cdef Py_ssize_t n = job.scores.classes, size = TILE * n, count, k
    cdef real* y = scratch + 2 * size
    cdef real* x = scratch + 3 * size
    cdef real* gap = scratch + 4 * size
    cdef real* values = <real*> job.out.values.data
    cdef block_writer writer = writer_to(&job.out.grad, scratch + 5 * size, job.streamed)
    cdef real scale[TILE]
    cdef real loss[TILE]
    cdef exact_sum total = NO_SUM
    while row < stop:
        count = min(<Py_ssize_t> TILE, stop - row)
        for k in range(TILE):
            scale[k] = scale_of(job, row + min(k, count - 1))
        load_tile(job, read_block(&job.scores.x, row * n, count * n, scratch), row, count, x)
        if job.target.data == NULL:
            lanes_entropy_tile(x, n, loss, scale)
        else:
            load_tile(job, read_block(&job.target, row * n, count * n, scratch + size), row, count, y)
            divergence_tile(job, y, x, gap, loss, scale)
        for k in range(count):
            loss[k] = loss[k] * r_weight(weight_of(job, row + k))
        total = exact_join(total, sum_of_numbers(loss, count))
        if values != NULL:
            memcpy(values + row, loss, count * sizeof(real))
        if job.out.grad.data != NULL:
            if job.weights != NULL:
                clear_rows(job, row, count, x)
            lanes_store(x, count, n, writer_block(&writer, row * n))
            writer_store(&writer, row * n, count * n, row + count == stop)
        row += count
    if job.streamed:
        stream_end()
    return total


cdef public exact_sum chunk_of_pair_rows(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef PairJob* job = <PairJob*> data
    cdef Py_ssize_t row = chunk * job.chunk_rows, stop = min(row + job.chunk_rows, job.scores.rows)
    if job.scores.classes <= FEW_CLASSES:
        return rows_across_lanes(job, row, stop, scratch)
    return rows_one_by_one(job, row, stop, scratch)


cdef public void plan_pair_rows(void* data, kernel_plan* plan) noexcept nogil:
    cdef PairJob* job = <PairJob*> data
    cdef Py_ssize_t classes = job.scores.classes, scratch = 6 * classes + 3 * LANES, size = job.scores.rows * classes
    job.chunk_rows = max(1, ROWS_CHUNK // classes)
    # As in label_loss.pxi.
    job.streamed = (classes <= FEW_CLASSES and outputs_bypass_caches(&job.out, size, &job.scores.x)
                    and outputs_bypass_caches(&job.out, size, &job.target))
    if classes <= FEW_CLASSES:
        job.chunk_rows = (job.chunk_rows + TILE - 1) // TILE * TILE
        scratch = 6 * TILE * classes + FL_HELD
    plan.chunks = (job.scores.rows - 1) // job.chunk_rows + 1
    plan.scratch = scratch * sizeof(real)
