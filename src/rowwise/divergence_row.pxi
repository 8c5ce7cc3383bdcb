"""Divergence of two rows of many classes, one after the other. Included by divergence.pxi.

The terms of both rows are kept, LANES classes at a time, as lanes_pair() says.
"""

ctypedef struct PairRows:       # two rows of scores, and what to prefetch meanwhile
    const real* y
    const real* x
    const real* y_ahead
    const real* x_ahead


cdef void read_pair(const PairJob* job, Py_ssize_t place, real* scratch, PairRows* rows, row_pair* row) noexcept nogil:
    cdef Py_ssize_t n = job.scores.classes
    cdef real y_peak, x_peak
    rows.x = read_row(&job.scores.x, place, n, scratch, &x_peak, &rows.x_ahead)
    rows.y = read_row(&job.target, place, n, scratch + n, &y_peak, &rows.y_ahead)
    set_peaks(row, reference_of(y_peak), reference_of(x_peak))


cdef void sum_pair(row_pair* row, const PairRows* rows, real* terms, Py_ssize_t n) noexcept nogil:
    """Sums and distance of two rows; and the terms of every class, three for each."""
    cdef const real* y = rows.y
    cdef const real* x = rows.x
    cdef const real* y_ahead = rows.y_ahead
    cdef const real* x_ahead = rows.x_ahead
    cdef real y_edge[LANES]
    cdef real x_edge[LANES]
    cdef real y_sums[LANES]
    cdef real x_sums[LANES]
    cdef real excess[LANES]
    cdef double y_sum = 0, x_sum = 0, excess_sum = 0
    cdef Py_ssize_t start = 0, stop, i, j
    while start < n:
        stop = min(start + ROW_BLOCK, n)
        for i in range(LANES):
            y_sums[i] = 0
            x_sums[i] = 0
            excess[i] = 0
        if row.tau == 1 and r_abs(row.apart) <= FL_LARGEST:
            for j from start <= j < stop - LANES + 1 by LANES:
                prefetch_lanes(y_ahead + j)
                prefetch_lanes(x_ahead + j)
                lanes_pair(y + j, x + j, terms + 3 * j, y_sums, x_sums, excess, row, False)
        else:
            for j from start <= j < stop - LANES + 1 by LANES:
                prefetch_lanes(y_ahead + j)
                prefetch_lanes(x_ahead + j)
                lanes_pair(y + j, x + j, terms + 3 * j, y_sums, x_sums, excess, row, True)
        if stop % LANES:    # ROW_BLOCK is a multiple of LANES: this is the end of the row
            edge_of(y, n, y_edge)
            edge_of(x, n, x_edge)
            j = n - n % LANES
            lanes_pair(y_edge, x_edge, terms + 3 * j, y_sums, x_sums, excess, row, True)
        y_sum += lanes_total(y_sums)
        x_sum += lanes_total(x_sums)
        excess_sum += lanes_total(excess)
        start = stop
    set_sums(row, <real> y_sum, <real> x_sum, <real> excess_sum)


cdef double forward_row(row_pair* row, const real* terms, real* grad, Py_ssize_t n, real scale) noexcept nogil:
    """D(p || q) and its gradient from the terms of all classes."""
    cdef real lane[LANES]
    cdef real slope[LANES]
    cdef double total = 0
    cdef Py_ssize_t start = 0, stop, i, j
    while start < n:
        stop = min(start + ROW_BLOCK, n)
        for i in range(LANES):
            lane[i] = 0
        if grad != NULL:
            for j from start <= j < stop - LANES + 1 by LANES:
                lanes_divergence(terms + 3 * j, grad + j, lane, row, scale, True)
        else:
            for j from start <= j < stop - LANES + 1 by LANES:
                lanes_divergence(terms + 3 * j, slope, lane, row, scale, False)
        if stop % LANES:
            j = n - n % LANES
            lanes_divergence(terms + 3 * j, slope, lane, row, scale, True)
            if grad != NULL:
                for i in range(n - j):
                    grad[j + i] = slope[i]
        total += lanes_total(lane)
        start = stop
    return total


cdef inline double sum_prediction(row_pair* row, const mixture* shares, real* terms, Py_ssize_t n, double* mean,
                                  const int kind, const bint keep) noexcept nogil:
    """The divergence of another kind from the terms of all classes. Where `keep`, also the mean, and the terms become
    q and log(q / r)."""
    cdef real lane[LANES]
    cdef real mean_lane[LANES]
    cdef double total = 0
    cdef Py_ssize_t start = 0, stop, i, j
    mean[0] = 0
    while start < n:
        stop = min(start + ROW_BLOCK, n)
        for i in range(LANES):
            lane[i] = 0
            mean_lane[i] = 0
        for j from start <= j < stop by LANES:      # the edge too, whose terms are filled up
            lanes_prediction(terms + 3 * j, lane, mean_lane, row, shares, kind, keep)
        total += lanes_total(lane)
        mean[0] += lanes_total(mean_lane)
        start = stop
    return total


cdef double sum_reverse_kept(row_pair* row, const mixture* shares, real* terms, Py_ssize_t n,
                             double* mean) noexcept nogil:
    return sum_prediction(row, shares, terms, n, mean, FL_REVERSE, True)


cdef double sum_reverse(row_pair* row, const mixture* shares, real* terms, Py_ssize_t n, double* mean) noexcept nogil:
    return sum_prediction(row, shares, terms, n, mean, FL_REVERSE, False)


cdef double sum_mixture_kept(row_pair* row, const mixture* shares, real* terms, Py_ssize_t n,
                             double* mean) noexcept nogil:
    return sum_prediction(row, shares, terms, n, mean, FL_JENSEN_SHANNON, True)


cdef double sum_mixture(row_pair* row, const mixture* shares, real* terms, Py_ssize_t n, double* mean) noexcept nogil:
    return sum_prediction(row, shares, terms, n, mean, FL_JENSEN_SHANNON, False)


cdef void prediction_grad(const real* terms, real* grad, Py_ssize_t n, real mean, real scale) noexcept nogil:
    """From q and log(q / r) of all classes."""
    cdef real slope[LANES]
    cdef Py_ssize_t i, j, whole = n - n % LANES
    for j from 0 <= j < whole by LANES:
        lanes_prediction_slope(terms + 3 * j, grad + j, mean, scale)
    if whole < n:
        lanes_prediction_slope(terms + 3 * whole, slope, mean, scale)
        for i in range(n - whole):
            grad[whole + i] = slope[i]


cdef double forward_grad(const PairJob* job, Py_ssize_t place, row_pair* row, const real* terms, real* grad,
                         real scale) noexcept nogil:
    """forward_row() with the gradient, stored from `place` on."""
    cdef Py_ssize_t n = job.scores.classes, start, size
    cdef double total = 0
    cdef real* slope
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        slope = slopes_of_block(job, grad, start)
        total += forward_row(row, terms + 3 * start, slope, size, scale)
        store_block(&job.out.grad, place + start, size, slope)
    return total


cdef void store_prediction_grad(const PairJob* job, Py_ssize_t place, const real* terms, real* grad, real mean,
                                real scale) noexcept nogil:
    cdef Py_ssize_t n = job.scores.classes, start, size
    cdef real* slope
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        slope = slopes_of_block(job, grad, start)
        prediction_grad(terms + 3 * start, slope, size, mean, scale)
        store_block(&job.out.grad, place + start, size, slope)


cdef double divergence_row(const PairJob* job, Py_ssize_t place, real* grad, real* scratch) noexcept nogil:
    """The divergence of the two rows, and its gradient by x unless `grad` is NULL."""
    cdef row_pair row
    cdef PairRows rows
    cdef double total, mean
    cdef Py_ssize_t n = job.scores.classes, peak
    cdef real scale = scale_of(job, place)
    cdef mixture shares = shares_of(job)
    cdef real* terms = scratch + 3 * n
    row.tau = tau_of(&job.scores)
    read_pair(job, place * n, scratch, &rows, &row)
    sum_pair(&row, &rows, terms, n)
    if job.kind == FL_FORWARD:
        if grad == NULL:
            return forward_row(&row, terms, NULL, n, scale)
        return forward_grad(job, place * n, &row, terms, grad, scale)
    if grad == NULL:
        if job.kind == FL_REVERSE:
            return sum_reverse(&row, &shares, terms, n, &mean)
        return sum_mixture(&row, &shares, terms, n, &mean)
    peak = first_place_of(rows.x, n, row.x_peak)
    peak += peak // LANES * 2 * LANES       # in the terms
    set_centre(&row, terms[peak], terms[peak + LANES], terms[peak + 2 * LANES], shares, job.kind)
    if job.kind == FL_REVERSE:
        total = sum_reverse_kept(&row, &shares, terms, n, &mean)
    else:
        total = sum_mixture_kept(&row, &shares, terms, n, &mean)
    store_prediction_grad(job, place * n, terms, grad, <real> mean, shares.of_q * scale)
    return total
