"""The emissions of a frame: the scores of the classes that the target uses, as probabilities relative to the likeliest
of them; and the softmax of the whole row, where the gradient of logits needs it. Included by ctc.pyx, which explains
the names.
"""

# What the emissions leave out of the loss: sum + log(product).
ctypedef struct Offset:
    double sum
    double product           # NaN where a score was NaN or +inf
    bint is_impossible       # whether some frame has probability 0 for every class of the target
    bint is_saturated        # whether a score was too far below its frame's best for this type's exponents


# ---- rows of scores and of the gradient ----

cdef inline const real* score_row(const Job* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    cdef const Rows* x = &job.batch.x
    if is_direct(x):
        return <const real*> row_at(x, t, q.n)
    load_run(q.score_buffer, row_at(x, t, q.n), x.classes, x.stride[2], x.dtype)
    return q.score_buffer


cdef inline real* grad_row(const Job* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    """Where a row of the gradient is computed; store_grad_row() copies a buffer to the array."""
    return <real*> row_at(&job.grad, t, q.n) if is_direct(&job.grad) else q.grad_buffer


cdef inline void store_grad_row(const Job* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    if not is_direct(&job.grad):
        store_run(row_at(&job.grad, t, q.n), q.grad_buffer, job.grad.classes, job.grad.stride[2], job.grad.dtype)


cdef inline const real* row_after(const Job* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    """The sequence's row of the next frame, if it has one, to be prefetched: where it lies, whatever its type."""
    return <const real*> row_at(&job.batch.x, min(t + 1, q.T - 1), q.n)


# ---- one row ----

cdef inline void gather_used(real* table, const real* x, const Sequence* q) noexcept nogil:
    """Scores of the used classes. The entries beyond them repeat the blank's, which changes no maximum or minimum."""
    cdef Py_ssize_t u
    gather(table, x, q.used_class, 0, q.used)
    for u in range(q.used, q.table_width):
        table[u] = table[0]


cdef inline bint extremes(real_cp x, Py_ssize_t n, real* best, real* worst) noexcept nogil:
    """The largest and the smallest of whole LANES of scores; returns whether any is NaN."""
    cdef real high[LANES]
    cdef real low[LANES]
    cdef real nan[LANES]
    cdef Py_ssize_t i, u
    for i in range(LANES):
        high[i] = -INFINITY
        low[i] = -INFINITY
        nan[i] = 0
    for u from 0 <= u < n by LANES:
        lanes_extremes(x + u, high, low, nan)
    best[0] = lanes_top(high)
    worst[0] = -lanes_top(low)
    return lanes_count(nan) != 0


cdef inline void exp_row(real* x, Py_ssize_t n, real best) noexcept nogil:
    cdef Py_ssize_t u
    for u in range(n):
        x[u] = r_exp(x[u] - best)


cdef void exp_row_with_exponents(const Sequence* q, real* x, xint* exponent, real best, Offset* offset) noexcept nogil:
    """Of scores so far apart that their exponentials would underflow. So that no product of T emissions leaves the
    exponent's range, a score counts as the lowest that such a product allows, if it is below that."""
    cdef Py_ssize_t u
    cdef real relative, lowest = <real> (X_LIMIT // (q.T + 1)) * R(X_NATS)
    for u in range(q.table_width):
        relative = x[u] - best
        x_exp(relative, lowest, &x[u], &exponent[u])
        if relative < lowest and relative >= -FL_LARGEST:
            offset.is_saturated = True


cdef inline void softmax_short(const real* x, real* out, Py_ssize_t n, real scale, real* peak_out, real* rest_out,
                               const bint keep) noexcept nogil:
    """A row of less than LANES scores: its softmax times `scale`, its peak, and the sum of e without one peak."""
    cdef real row[LANES]
    cdef real e[LANES]
    cdef real lane[LANES]
    cdef real total[LANES]
    cdef xint at_peak[LANES]
    cdef real peak, reference, term, rest, factor
    cdef xint count = 0
    cdef Py_ssize_t i
    for i in range(n):
        row[i] = x[i]
    for i in range(n, LANES):
        row[i] = -INFINITY
    for i in range(LANES):
        lane[i] = -INFINITY
    lanes_max(row, lane)
    peak = lanes_top(lane)
    reference = reference_of(peak)
    for i in range(LANES):
        term = r_exp(row[i] - reference)
        e[i] = term
        total[i] = R(0.0) if row[i] == reference else term
        at_peak[i] = row[i] == reference
    for i in range(LANES):
        count += at_peak[i]
    rest = <real> lanes_total(total) + (count - 1 if count > 0 else 0)
    peak_out[0] = peak
    rest_out[0] = rest
    if keep:
        factor = scale / (rest + R(1.0) if count > 0 else rest)
        for i in range(n):
            out[i] = e[i] * factor


cdef void softmax_short_kept(const real* x, real* out, Py_ssize_t n, real scale, real* peak, real* rest) noexcept nogil:
    softmax_short(x, out, n, scale, peak, rest, True)


cdef void softmax_short_summed(const real* x, Py_ssize_t n, real* peak, real* rest) noexcept nogil:
    softmax_short(x, NULL, n, 1, peak, rest, False)


cdef inline void softmax_row(const real* x, real* out, real* block_peaks, Py_ssize_t n, real scale, real* peak,
                             real* rest, const real* next_row) noexcept nogil:
    """The row's peak, and the sum of e without it; and softmax times `scale`, unless `out` is NULL."""
    cdef row_tile tile
    if n < LANES:
        if out != NULL:
            softmax_short_kept(x, out, n, scale, peak, rest)
        else:
            softmax_short_summed(x, n, peak, rest)
        return
    tile.classes = n
    tile.label[0] = 0
    tile.ahead = next_row
    sum_row(&tile, 0, x, out, block_peaks, EXCLUDE_ANY_PEAK, out != NULL)
    if out != NULL:
        scale_row(out, n, block_peaks, tile.peak[0], scale / (R(1.0) + tile.rest[0]))
    peak[0] = tile.peak[0]
    rest[0] = tile.rest[0]


# ---- one frame ----

cdef inline Py_ssize_t table_index(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """Where the tables have frame t."""
    return t if q.keeps_tables else t % F


cdef inline Py_ssize_t segment_index(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """Where the emissions of a segment have frame t."""
    return t if q.segment >= q.T else t % q.segment


cdef inline void read_frame(const Job* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    """The scores of the used classes; and the row's softmax, into the gradient where that is wanted."""
    cdef const real* x = score_row(job, q, t)
    cdef real* out = NULL
    cdef real* table = q.table + table_index(q, t) * q.table_width
    if not job.from_logits:
        gather_used(table, x, q)
        return
    if job.grad.data != NULL:
        out = grad_row(job, q, t)
    if out == x:   # in place: softmax overwrites the scores; otherwise it loads them into the cache
        gather_used(table, x, q)
    softmax_row(x, out, q.block_peaks, job.batch.x.classes, q.scale, q.peak + t % F, q.rest + t % F,
                row_after(job, q, t))
    if out != x:
        gather_used(table, x, q)
    if job.grad.data != NULL:
        store_grad_row(job, q, t)


cdef inline void emit(const Job* job, const Sequence* q, Py_ssize_t t, Offset* offset) noexcept nogil:
    """Frame t's emissions of the used classes from their scores."""
    cdef Py_ssize_t index = table_index(q, t)
    cdef real* x = q.table + index * q.table_width
    cdef real best, worst
    cdef bint has_nan = extremes(x, q.table_width, &best, &worst)
    if job.from_logits:
        offset.sum += <double> q.peak[t % F] - best
        offset.product *= 1.0 + q.rest[t % F]
        q.share[index] = r_exp(best - q.peak[t % F]) / (R(1.0) + q.rest[t % F])
    else:
        offset.sum -= best
    if offset.product > 1e200:   # far from overflow: one factor is at most the number of classes
        offset.sum += log(offset.product)
        offset.product = 1
    if has_nan or best == INFINITY:
        offset.product = NAN
    if best == -INFINITY:
        offset.is_impossible = True
        return
    q.has_exponents[index] = worst - best < FL_EXP_LOW
    if q.has_exponents[index]:
        exp_row_with_exponents(q, x, q.table_exponent + index * q.table_width, best, offset)
    else:
        exp_row(x, q.table_width, best)


cdef inline void gather_exponents(xint_p destination, xint_cp table, const int32_t* index, Py_ssize_t low,
                                  Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        destination[i] = table[index[i]]


cdef inline void gather_emissions(const Sequence* q, Py_ssize_t t, Band band) noexcept nogil:
    """From the used classes to the labels, for both directions."""
    cdef Py_ssize_t table = table_index(q, t) * q.table_width, labels = segment_index(q, t) * q.width
    gather(q.emission + labels, q.table + table, q.class_index, band.low, band.high)
    if q.has_exponents[table_index(q, t)]:
        gather_exponents(q.emission_exponent + labels, q.table_exponent + table, q.class_index, band.low, band.high)
