"""Cross-entropy of rows with a distribution each: y = factor * target + spread, weighted by class; also
of smoothed labels. Included after label_loss.pxi."""

ctypedef struct TargetRow:      # where the row at hand is: a thread's buffers, or the arrays themselves
    const real* x
    real peak
    const real* y
    real* weighted              # class weight times y
    real* grad
    real* hess
    real* peaks
    real weight


cdef void weigh_target(const TargetJob* job, const TargetRow* row, Py_ssize_t start, Py_ssize_t n, real peak,
                       double* mass, double* cost) noexcept nogil:
    """A block of the weighted target; adds its sum to `mass`, and the sum of its products with peak - x to `cost`."""
    cdef real masses[LANES]
    cdef real costs[LANES]
    cdef real_cp x = row.x + start
    cdef real_cp y = row.y + start
    cdef real_p weighted = row.weighted + start
    cdef real_cp class_weight
    cdef real factor = <real> (1 - job.smoothing), spread = <real> (job.smoothing / job.scores.classes)
    cdef Py_ssize_t i, j, whole = n - n % LANES
    for i in range(LANES):
        masses[i] = 0
        costs[i] = 0
    if job.class_weight == NULL:
        for j in range(n):
            weighted[j] = r_fma(factor, y[j], spread)
    else:
        class_weight = <const real*> job.class_weight + start
        for j in range(n):
            weighted[j] = class_weight[j] * r_fma(factor, y[j], spread)
    for j from 0 <= j < whole by LANES:
        lanes_cost(weighted + j, x + j, masses, costs, peak)
    for j in range(whole, n):
        costs[j - whole] += r_term(weighted[j], peak - x[j])
        masses[j - whole] += weighted[j]
    mass[0] += lanes_total(masses)
    cost[0] += lanes_total(costs)


cdef void target_grad(real_p grad, real_cp weighted, Py_ssize_t n, real factor, real scale) noexcept nogil:
    cdef Py_ssize_t c
    for c in range(n):
        grad[c] = grad[c] * factor - scale * weighted[c]


cdef void target_derivatives(const TargetJob* job, const TargetRow* row, const row_tile* tile, double mass,
                             real inverse, bint want_hess) noexcept nogil:
    """From e, where the gradient will be: p times the target's mass, less the target."""
    cdef Py_ssize_t n = job.scores.classes, start, block = 0, top = tile.excluded[0]
    cdef real scale = <real> (job.out.scale * job.scores.inverse_temperature) * row.weight
    cdef real q = tile.rest[0] * inverse, curvature
    if want_hess:
        curvature = scale * <real> mass
        scale_row(row.grad, n, row.peaks, tile.peak[0], inverse)
        curve(row.grad, row.hess, n, curvature, 0)
        row.hess[top] = curvature * row.grad[top] * q    # 1 - p without cancellation
        temper_curvature(row.hess, n, tau_of(&job.scores))
        target_grad(row.grad, row.weighted, n, scale * <real> mass, scale)
    elif n <= ROW_BLOCK:
        target_grad(row.grad, row.weighted, n, inverse * scale * <real> mass, scale)
    else:
        for start from 0 <= start < n by ROW_BLOCK:
            target_grad(row.grad + start, row.weighted + start, min(n - start, <Py_ssize_t> ROW_BLOCK),
                        inverse * scale * <real> mass * block_factor(row.peaks[block], tile.peak[0]), scale)
            block += 1
    row.grad[top] = scale * (<real> (mass - row.weighted[top]) - <real> mass * q)


cdef real target_loss(const TargetJob* job, const TargetRow* row, row_tile* tile, bint want_grad,
                      bint want_hess) noexcept nogil:
    """mass * log(sum) + cost, and the derivatives that are wanted."""
    cdef Py_ssize_t n = job.scores.classes, start
    cdef double mass = 0, cost = 0
    cdef real peak = row.peak, peak_term, log_sum, loss
    cdef number_run scores = numbers_at(row.x)
    # The target's own sums first: e may take the place of the scores.
    for start from 0 <= start < n by ROW_BLOCK:
        weigh_target(job, row, start, min(n - start, <Py_ssize_t> ROW_BLOCK), peak, &mass, &cost)
    if mass == 0:   # all of the target is 0: there is nothing that the scores could miss, not even NaN
        clear_row(row, n, want_grad, want_hess)
        return 0
    sum_row(tile, 0, &scores, NULL, row.grad, row.peaks, EXCLUDE_PEAK, want_grad)
    peak_term = peak_term_of(peak)
    log_sum = r_log1p(tile.rest[0] + (peak_term - R(1.0)))
    if want_grad:
        target_derivatives(job, row, tile, mass, R(1.0) / (tile.rest[0] + peak_term), want_hess)
    loss = <real> (cost + mass * log_sum)
    return loss * row.weight


cdef void clear_row(const TargetRow* row, Py_ssize_t n, bint want_grad, bint want_hess) noexcept nogil:
    """The derivatives of a row without a loss."""
    if want_grad:
        fill(row.grad, n, 0)
    if want_hess:
        fill(row.hess, n, 0)


cdef public exact_sum chunk_of_target_rows(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef TargetJob* job = <TargetJob*> data
    cdef Py_ssize_t n = job.scores.classes, i, stop = min((chunk + 1) * job.chunk_rows, job.scores.rows)
    cdef bint want_grad = job.out.grad.data != NULL, want_hess = job.out.hess.data != NULL
    cdef real* y_buffer = scratch + 4 * n    # with labels, a row of 0 but for the 1 at the label at hand
    cdef real* values = <real*> job.out.values.data
    cdef TargetRow row
    cdef int64_t label
    cdef real loss
    cdef exact_sum total = NO_SUM
    cdef row_tile tile
    tile.classes = n
    tile.result = NULL
    tile.label[0] = 0
    row.grad = row.hess = scratch
    row.weighted = scratch + 3 * n
    row.peaks = scratch + 5 * n
    fill(y_buffer, n, 0)
    for i in range(chunk * job.chunk_rows, stop):
        if want_grad:
            row.grad = block_destination(&job.out.grad, i * n, scratch + n)
        if want_hess:
            row.hess = block_destination(&job.out.hess, i * n, scratch + 2 * n)
        label = 0
        row.weight = R(1.0) if job.weights == NULL else r_weight(job.weights[i])
        if job.labels != NULL:
            label = label_or_none(job.labels + i, job.ignore_index, n)
        if label < 0 or row.weight == 0:    # a weight of 0 removes a row
            loss = 0
            clear_row(&row, n, want_grad, want_hess)
        else:
            row.x = read_scores_of_row(&job.scores, i, scratch, &row.peak)
            tile.ahead = place_after(&job.scores.x, (i + 1) * n, row.x)
            if job.labels != NULL:
                y_buffer[label] = 1
                row.y = y_buffer
            else:
                row.y = read_block(&job.target, i * n, n, y_buffer)
            loss = target_loss(job, &row, &tile, want_grad, want_hess)
            if job.labels != NULL:
                y_buffer[label] = 0
        total = exact_plus(total, loss)
        if values != NULL:
            values[i] = loss
        if want_grad:
            store_block(&job.out.grad, i * n, n, row.grad)
        if want_hess:
            store_block(&job.out.hess, i * n, n, row.hess)
    return total


cdef public void plan_target_rows(void* data, kernel_plan* plan) noexcept nogil:
    cdef TargetJob* job = <TargetJob*> data
    job.chunk_rows = max(1, ROWS_CHUNK // job.scores.classes)
    plan.chunks = (job.scores.rows - 1) // job.chunk_rows + 1
    plan.scratch = (5 * job.scores.classes + job.scores.classes // ROW_BLOCK + 1) * sizeof(real)
