"""Entropy and divergence of rows of few classes, which lie across the vector lanes. Included by divergence.pxi."""

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
    cdef real e, top, cost_term, peak_term
    for k in range(TILE):
        rest[k] = 0
        count[k] = 0
        cost[k] = 0
        total[k] = peak_term_of(peak[k])
        peak[k] = reference_of(peak[k])
    for start from 0 <= start < classes by STRIP:
        for k in range(TILE):
            rest_part[k] = 0
            cost_part[k] = 0
        for c in range(start, min(start + STRIP, classes)):
            for k in range(TILE):
                entropy_sums(table[c * TILE + k], peak[k], &e, &top, &cost_term)
                rest_part[k] += e
                count[k] += top
                cost_part[k] += cost_term
        for k in range(TILE):
            rest[k] += rest_part[k]
            cost[k] += cost_part[k]
    for k in range(TILE):
        peak_term = total[k]
        rest[k] += r_atleast(count[k] - R(1.0), 0)
        total[k] = rest[k] + peak_term
        log_total[k] = r_log1p(rest[k] + (peak_term - R(1.0)))


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
    real y_peak[TILE]
    real x_peak[TILE]
    real apart[TILE]
    real apart_low[TILE]
    real y_inverse[TILE]
    real x_inverse[TILE]
    real log_ratio[TILE]
    real centre[TILE]
    real is_centred[TILE]
    real mean[TILE]         # of log(q / r): see prediction_part()


cdef void lanes_terms(real_p y, real_p x, real_p gap, Py_ssize_t classes, PairTile* rows, real tau) noexcept nogil:
    """Scores become exponentials and their gap; then the rows' sums are known."""
    cdef Py_ssize_t c, k, start
    cdef real y_part[TILE]
    cdef real x_part[TILE]
    cdef real excess_part[TILE]
    cdef real y_sum[TILE]
    cdef real x_sum[TILE]
    cdef real excess[TILE]
    cdef real e_y, e_x, difference
    cdef row_pair row
    row.tau = tau
    for k in range(TILE):
        set_peaks(&row, reference_of(rows.y_peak[k]), reference_of(rows.x_peak[k]))
        rows.y_peak[k] = row.y_peak
        rows.x_peak[k] = row.x_peak
        rows.apart[k] = row.apart
        rows.apart_low[k] = row.apart_low
        y_sum[k] = 0
        x_sum[k] = 0
        excess[k] = 0
    for start from 0 <= start < classes by STRIP:
        for k in range(TILE):
            y_part[k] = 0
            x_part[k] = 0
            excess_part[k] = 0
        for c in range(start, min(start + STRIP, classes)):
            for k in range(TILE):
                row.y_peak = rows.y_peak[k]
                row.x_peak = rows.x_peak[k]
                row.apart = rows.apart[k]
                row.apart_low = rows.apart_low[k]
                pair_terms(y[c * TILE + k], x[c * TILE + k], row, &e_y, &e_x, &difference, True)
                y[c * TILE + k] = e_y
                x[c * TILE + k] = e_x
                gap[c * TILE + k] = difference
                y_part[k] += e_y
                x_part[k] += e_x
                excess_part[k] += excess_of(e_y, e_x, difference)
        for k in range(TILE):
            y_sum[k] += y_part[k]
            x_sum[k] += x_part[k]
            excess[k] += excess_part[k]
    for k in range(TILE):
        set_sums(&row, y_sum[k], x_sum[k], excess[k])
        rows.y_inverse[k] = row.y_inverse
        rows.x_inverse[k] = row.x_inverse
        rows.log_ratio[k] = row.log_ratio


cdef void lanes_parts(real_cp y, real_p x, real_cp gap, Py_ssize_t classes, const PairTile* rows, real_p loss,
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
                row.y_inverse = rows.y_inverse[k]
                row.x_inverse = rows.x_inverse[k]
                row.log_ratio = rows.log_ratio[k]
                part[k] += divergence_part(y[c * TILE + k], x[c * TILE + k], gap[c * TILE + k], row, &slope)
                x[c * TILE + k] = scale[k] * slope
        for k in range(TILE):
            loss[k] += part[k]


cdef void lanes_choose_top(real_cp e, real_cp table, Py_ssize_t classes, real_p chosen) noexcept nogil:
    """Of every row the number of the class that has the largest exponential. One table at a time: two selects by one
    condition would become a branch."""
    cdef Py_ssize_t c, k
    for k in range(TILE):
        chosen[k] = 0
    for c in range(classes):
        for k in range(TILE):
            chosen[k] = choose_top(e[c * TILE + k], table[c * TILE + k], chosen[k])


cdef inline void lanes_centre(real_cp y, real_cp x, real_cp gap, Py_ssize_t classes, PairTile* rows,
                              const mixture* mix, const int kind) noexcept nogil:
    """set_centre() for every row."""
    cdef Py_ssize_t k
    cdef real of_y[TILE]
    cdef real of_gap[TILE]
    cdef row_pair row
    lanes_choose_top(x, y, classes, of_y)
    lanes_choose_top(x, gap, classes, of_gap)
    for k in range(TILE):
        row.y_inverse = rows.y_inverse[k]
        row.x_inverse = rows.x_inverse[k]
        row.log_ratio = rows.log_ratio[k]
        row.centre = 0
        row.is_centred = 0
        set_centre(&row, of_y[k], R(1.0), of_gap[k], mix[0], kind)
        rows.centre[k] = row.centre
        rows.is_centred[k] = row.is_centred


cdef inline void lanes_predictions(real_cp y, real_p x, real_p gap, Py_ssize_t classes, PairTile* rows,
                                   const mixture* mix, real_p loss, const int kind) noexcept nogil:
    """The losses of another kind; q's exponentials become q, and the gaps log(q / r)."""
    cdef Py_ssize_t c, k, start
    cdef real part[TILE]
    cdef real mean_part[TILE]
    cdef real of_mean, log_ratio
    cdef mixture shares = mix[0]
    cdef row_pair row
    for k in range(TILE):
        loss[k] = 0
        rows.mean[k] = 0
    for start from 0 <= start < classes by STRIP:
        for k in range(TILE):
            part[k] = 0
            mean_part[k] = 0
        for c in range(start, min(start + STRIP, classes)):
            for k in range(TILE):
                row.y_inverse = rows.y_inverse[k]
                row.x_inverse = rows.x_inverse[k]
                row.log_ratio = rows.log_ratio[k]
                row.centre = rows.centre[k]
                row.is_centred = rows.is_centred[k]
                part[k] += prediction_part(y[c * TILE + k], x[c * TILE + k], gap[c * TILE + k], row, shares,
                                           &log_ratio, &of_mean, kind)
                mean_part[k] += of_mean
                x[c * TILE + k] = x[c * TILE + k] * row.x_inverse
                gap[c * TILE + k] = log_ratio
        for k in range(TILE):
            loss[k] += part[k]
            rows.mean[k] += mean_part[k]


cdef void reverse_tile(real* y, real* x, real* gap, Py_ssize_t classes, PairTile* rows, const mixture* mix,
                       real* loss) noexcept nogil:
    lanes_centre(y, x, gap, classes, rows, mix, FL_REVERSE)
    lanes_predictions(y, x, gap, classes, rows, mix, loss, FL_REVERSE)


cdef void mixture_tile(real* y, real* x, real* gap, Py_ssize_t classes, PairTile* rows, const mixture* mix,
                       real* loss) noexcept nogil:
    lanes_centre(y, x, gap, classes, rows, mix, FL_JENSEN_SHANNON)
    lanes_predictions(y, x, gap, classes, rows, mix, loss, FL_JENSEN_SHANNON)


cdef void lanes_prediction_slopes(real_p q, real_cp log_ratio, Py_ssize_t classes, const PairTile* rows, real_cp scale,
                                  real of_q) noexcept nogil:
    """q becomes the gradient."""
    cdef Py_ssize_t c, k
    for c in range(classes):
        for k in range(TILE):
            q[c * TILE + k] = of_q * scale[k] * prediction_slope(q[c * TILE + k], log_ratio[c * TILE + k], rows.mean[k])


cdef void divergence_tile(const PairJob* job, real* y, real* x, real* gap, real* loss,
                          const real* scale) noexcept nogil:
    """The loss of every row; the scores x become the gradient, where one is wanted."""
    cdef PairTile rows
    cdef Py_ssize_t classes = job.scores.classes
    cdef mixture shares = shares_of(job)
    lanes_peak(y, classes, rows.y_peak)
    lanes_peak(x, classes, rows.x_peak)
    lanes_terms(y, x, gap, classes, &rows, tau_of(&job.scores))
    if job.kind == FL_FORWARD:
        lanes_parts(y, x, gap, classes, &rows, loss, scale)
        return
    if job.kind == FL_REVERSE:
        reverse_tile(y, x, gap, classes, &rows, &shares, loss)
    else:
        mixture_tile(y, x, gap, classes, &rows, &shares, loss)
    if job.out.grad.data != NULL:
        lanes_prediction_slopes(x, gap, classes, &rows, scale, shares.of_q)
