"""Cross-entropy of rows with a distribution each: y = factor * target + spread, weighted by class; also
of smoothed labels. Included after label_loss.pxi."""

ctypedef struct TargetRow:      # where the row at hand is: a thread's buffers, or the arrays themselves
    Py_ssize_t place            # of its first number in the arrays
    number_run x
    real peak
    number_run y
    real* x_buffer              # for a block
    real* y_buffer
    real* weighted              # class weight times y: of the row where the gradient is wanted, of a block otherwise
    real* grad
    real* hess
    real* peaks
    real weight


cdef void weigh_block(const TargetJob* job, real_cp y, real_p weighted, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
    """The weighted target of the classes from `start` on."""
    cdef real_cp class_weight
    cdef real factor = <real> (1 - job.smoothing), spread = <real> (job.smoothing / job.scores.classes)
    cdef Py_ssize_t j
    if job.class_weight == NULL:
        for j in range(n):
            weighted[j] = r_fma(factor, y[j], spread)
    else:
        class_weight = <const real*> job.class_weight + start
        for j in range(n):
            weighted[j] = class_weight[j] * r_fma(factor, y[j], spread)


cdef void add_cost(real_cp x, real_cp weighted, Py_ssize_t n, real peak, double* mass, double* cost) noexcept nogil:
    """Adds a block's sum to `mass`, and the sum of its products with peak - x to `cost`."""
    cdef real masses[LANES]
    cdef real costs[LANES]
    cdef Py_ssize_t i, j, whole = n - n % LANES
    for i in range(LANES):
        masses[i] = 0
        costs[i] = 0
    for j from 0 <= j < whole by LANES:
        lanes_cost(weighted + j, x + j, masses, costs, peak)
    for j in range(whole, n):
        costs[j - whole] += r_term(weighted[j], peak - x[j])
        masses[j - whole] += weighted[j]
    mass[0] += lanes_total(masses)
    cost[0] += lanes_total(costs)


cdef void weigh_target(const TargetJob* job, const TargetRow* row, bint want_grad, double* mass,
                       double* cost) noexcept nogil:
    cdef Py_ssize_t n = job.scores.classes, start, size
    cdef const real* x
    cdef real* weighted = row.weighted
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        if want_grad:
            weighted = row.weighted + start
        weigh_block(job, widened_piece(&row.y, start, size, row.y_buffer), weighted, start, size)
        x = widened_piece(&row.x, start, size, row.x_buffer)
        add_cost(x, weighted, size, row.peak, mass, cost)


cdef void target_grad(real_p grad, real_cp weighted, Py_ssize_t n, real factor, real scale) noexcept nogil:
    cdef Py_ssize_t c
    for c in range(n):
        grad[c] = grad[c] * factor - scale * weighted[c]


cdef void store_target_grad(const TargetJob* job, const TargetRow* row, const row_tile* tile, real factor,
                            real scale) noexcept nogil:
    """From e, where the gradient will be: p times the target's mass, less the target."""
    cdef Py_ssize_t n = job.scores.classes, start, size, block = 0
    cdef real of_block = factor
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        if n > ROW_BLOCK:   # otherwise `peaks` is not set
            of_block = factor * block_factor(row.peaks[block], tile.peak[0])
            block += 1
        target_grad(row.grad + start, row.weighted + start, size, of_block, scale)
        store_block(&job.out.grad, row.place + start, size, row.grad + start)


cdef void target_derivatives(const TargetJob* job, const TargetRow* row, const row_tile* tile, double mass,
                             real inverse, bint want_hess) noexcept nogil:
    cdef Py_ssize_t n = job.scores.classes, top = tile.excluded[0]
    cdef real scale = <real> (job.out.scale * job.scores.inverse_temperature) * row.weight
    cdef real q = tile.rest[0] * inverse, curvature
    if want_hess:
        curvature = scale * <real> mass
        scale_row(row.grad, n, row.peaks, tile.peak[0], inverse)
        curve(row.grad, row.hess, n, curvature, 0)
        row.hess[top] = curvature * row.grad[top] * q    # 1 - p without cancellation
        temper_curvature(row.hess, n, tau_of(&job.scores))
        target_grad(row.grad, row.weighted, n, scale * <real> mass, scale)
        store_block(&job.out.grad, row.place, n, row.grad)
        store_block(&job.out.hess, row.place, n, row.hess)
    else:
        store_target_grad(job, row, tile, inverse * scale * <real> mass, scale)
    store_element(&job.out.grad, row.place + top, scale * (<real> (mass - row.weighted[top]) - <real> mass * q))


cdef real target_loss(const TargetJob* job, const TargetRow* row, row_tile* tile, bint want_grad,
                      bint want_hess) noexcept nogil:
    """mass * log(sum) + cost, and the derivatives that are wanted."""
    cdef double mass = 0, cost = 0
    cdef real peak_term, log_sum, loss
    # The target's own sums first: e may take the place of the scores.
    weigh_target(job, row, want_grad, &mass, &cost)
    if mass == 0:   # all of the target is 0: there is nothing that the scores could miss, not even NaN
        clear_row(job, row, want_grad, want_hess)
        return 0
    sum_row(tile, 0, &row.x, row.x_buffer, row.grad, row.peaks, EXCLUDE_PEAK, want_grad)
    peak_term = peak_term_of(row.peak)
    log_sum = r_log1p(tile.rest[0] + (peak_term - R(1.0)))
    if want_grad:
        target_derivatives(job, row, tile, mass, R(1.0) / (tile.rest[0] + peak_term), want_hess)
    loss = <real> (cost + mass * log_sum)
    return loss * row.weight


cdef void clear_row(const TargetJob* job, const TargetRow* row, bint want_grad, bint want_hess) noexcept nogil:
    """The derivatives of a row without a loss."""
    cdef Py_ssize_t n = job.scores.classes
    if want_grad:
        fill(row.grad, n, 0)
        store_block(&job.out.grad, row.place, n, row.grad)
    if want_hess:
        fill(row.hess, n, 0)
        store_block(&job.out.hess, row.place, n, row.hess)


cdef real row_of_target(const TargetJob* job, TargetRow* row, row_tile* tile, Py_ssize_t i, bint want_grad,
                        bint want_hess) noexcept nogil:
    """The loss of row i, whose place, buffers and weight are set; `y_buffer` is 0 everywhere where there are labels."""
    cdef Py_ssize_t n = job.scores.classes
    cdef int64_t label = 0
    cdef real loss
    if job.labels != NULL:
        label = label_or_none(job.labels + i, job.ignore_index, n)
    if label < 0 or row.weight == 0:    # a weight of 0 removes a row
        clear_row(job, row, want_grad, want_hess)
        return 0
    row.x = find_scores_of_row(&job.scores, i, row.x_buffer)
    if n <= ROW_BLOCK:      # it is read twice, and stays in the first-level cache
        row.x = numbers_at(read_piece(&row.x, 0, n, row.x_buffer, &row.peak))
    else:
        row.peak = peak_of_row(&row.x, n, row.x_buffer)
    tile.ahead = place_after(&job.scores.x, row.place + n, place_of(&row.x, 0))
    if job.labels == NULL:
        row.y = find_block(&job.target, row.place, n, row.y_buffer)
        return target_loss(job, row, tile, want_grad, want_hess)
    row.y = numbers_at(row.y_buffer)
    row.y_buffer[label] = 1
    loss = target_loss(job, row, tile, want_grad, want_hess)
    row.y_buffer[label] = 0
    return loss


cdef public exact_sum chunk_of_target_rows(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef TargetJob* job = <TargetJob*> data
    cdef Py_ssize_t n = job.scores.classes, i, stop = min((chunk + 1) * job.chunk_rows, job.scores.rows)
    cdef bint want_grad = job.out.grad.data != NULL, want_hess = job.out.hess.data != NULL
    cdef real* values = <real*> job.out.values.data
    cdef TargetRow row
    cdef real loss
    cdef exact_sum total = NO_SUM
    cdef row_tile tile
    tile.classes = n
    tile.result = NULL
    tile.label[0] = 0
    row.x_buffer = row.grad = row.hess = scratch
    row.weighted = scratch + 3 * n
    row.y_buffer = scratch + 4 * n
    row.peaks = scratch + 5 * n
    fill(row.y_buffer, n, 0)
    for i in range(chunk * job.chunk_rows, stop):
        row.place = i * n
        if want_grad:
            row.grad = block_destination(&job.out.grad, i * n, scratch + n)
        if want_hess:
            row.hess = block_destination(&job.out.hess, i * n, scratch + 2 * n)
        row.weight = R(1.0) if job.weights == NULL else r_weight(job.weights[i])
        loss = row_of_target(job, &row, &tile, i, want_grad, want_hess)
        total = exact_plus(total, loss)
        if values != NULL:
            values[i] = loss
    return total


cdef public void plan_target_rows(void* data, kernel_plan* plan) noexcept nogil:
    cdef TargetJob* job = <TargetJob*> data
    job.chunk_rows = max(1, ROWS_CHUNK // job.scores.classes)
    plan.chunks = (job.scores.rows - 1) // job.chunk_rows + 1
    plan.scratch = (5 * job.scores.classes + job.scores.classes // ROW_BLOCK + 1) * sizeof(real)
