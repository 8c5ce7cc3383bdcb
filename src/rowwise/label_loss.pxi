"""Rows with one label each: any of label_losses.h in value, gradient and curvature. Included after tile.pxi.

A loss is a function of a tile's rows, called through a pointer once a tile: that costs next to nothing, and the code
below is compiled once for all losses.
"""

cdef extern from "rowwise/label_losses.h" nogil:
    label_loss find_label_loss(const char*)

cdef enum:
    TILE_NUMBERS = 16384    # of long rows: with gradient and curvature they stay in the second-level cache
    SUMMED_ROWS = 256       # whose losses are summed at once, as an exact sum is cheapest for many

ctypedef struct RowSum:     # of a chunk's losses
    real waiting[SUMMED_ROWS + TILE]
    Py_ssize_t count        # of those that are waiting
    exact_sum total


cdef void label_layout(LabelJob* job) noexcept nogil:
    """Tiles that stay in the second-level cache, chunks worth handing to a thread: the same for any thread count."""
    cdef Py_ssize_t classes = job.scores.classes
    job.tile_rows = TILE
    if classes > FEW_CLASSES:
        job.tile_rows = max(1, min(<Py_ssize_t> TILE, TILE_NUMBERS // classes))
    job.chunk_rows = job.tile_rows * max(1, ROWS_CHUNK // (job.tile_rows * classes))
    # A tile is written in scattered pieces. These are cheaper into a buffer in the cache, from which whole lines bypass
    # the caches. Long rows are written in order and gain nothing.
    job.streamed = classes <= FEW_CLASSES and outputs_bypass_caches(&job.out, job.scores.rows * classes, &job.scores.x)


cdef Py_ssize_t label_scratch(const LabelJob* job) noexcept nogil:
    """Numbers of type real that one thread needs: x, gradient and curvature of a tile, two tables, the peaks."""
    cdef Py_ssize_t classes = job.scores.classes, tile = job.tile_rows * classes
    cdef Py_ssize_t table = TILE * min(classes, <Py_ssize_t> FEW_CLASSES)
    return 3 * tile + 2 * FL_HELD + 2 * table + TILE * (classes // ROW_BLOCK + 1)


cdef public void plan_labelled_rows(void* data, kernel_plan* plan) noexcept nogil:
    cdef LabelJob* job = <LabelJob*> data
    label_layout(job)
    plan.chunks = (job.scores.rows - 1) // job.chunk_rows + 1
    plan.scratch = label_scratch(job) * sizeof(real)


cdef public label_loss label_loss_called(const char* name) noexcept nogil:
    """NULL where there is none."""
    return find_label_loss(name)


cdef inline real gradient_scale(const LabelJob* job) noexcept nogil:
    """Temperature included."""
    return <real> (job.out.scale * job.scores.inverse_temperature)


cdef void read_labels(const LabelJob* job, row_tile* tile, Py_ssize_t row) noexcept nogil:
    """Each label is read once. All were legal before the call, but another thread may have written to the caller's
    array: what is no class by now is taken for class 0, so that nothing is read or written outside of the row. Where
    the scores are a part of the classes, the label may be in another: then it is -1."""
    cdef Py_ssize_t k
    cdef const int64_t* labels = job.labels + row
    cdef int64_t label, ignore_index = job.ignore_index, classes = job.scores.classes, first = job.first_class
    cdef uint64_t place
    cdef Py_ssize_t otherwise = 0 if job.states == NULL else -1
    for k in range(tile.count):
        label = labels[k]
        tile.ignored[k] = label == ignore_index
        place = <uint64_t> label - <uint64_t> first
        tile.label[k] = <Py_ssize_t> place if place < <uint64_t> classes else otherwise
    if job.weights == NULL:
        for k in range(tile.count):
            tile.weight[k] = R(0.0) if tile.ignored[k] else R(1.0)
    else:
        for k in range(tile.count):
            tile.weight[k] = R(0.0) if tile.ignored[k] else r_weight(job.weights[row + k])
            tile.ignored[k] = tile.weight[k] == 0    # a weight of 0 removes a row
    for k in range(tile.count, TILE):
        tile.ignored[k] = True
        tile.label[k] = 0
        tile.weight[k] = 0


cdef void exclude_label(row_tile* tile) noexcept nogil:
    """Turns sums that exclude the peak into sums that exclude the label. No digits go: another class has p >= 1/2."""
    cdef Py_ssize_t k
    for k in range(tile.count):
        if tile.excluded[k] != tile.label[k]:
            tile.rest[k] += R(1.0) - r_exp(tile.score[k] - tile.peak[k])


cdef void curve(real_cp p, real_p hess, Py_ssize_t n, real factor, real second) noexcept nogil:
    """factor is minus the first derivative."""
    cdef Py_ssize_t c
    for c in range(n):
        hess[c] = factor * p[c] * (R(1.0) - p[c]) + second * p[c] * p[c]


cdef void temper_curvature(real* hess, Py_ssize_t n, real tau) noexcept nogil:
    """The second 1/T of a second derivative. It comes last: 1/T^2 may overflow, and infinity times 0 be NaN."""
    if tau != 1:
        multiply(hess, n, tau)


cdef void finish_row(const LabelJob* job, const row_tile* tile, Py_ssize_t r, real* grad, real* hess,
                     const real* peaks, real without_peak) noexcept nogil:
    """From e, where the gradient will be, to gradient and curvature of a row; `without_peak` is the sum of e less the
    peak's."""
    cdef Py_ssize_t n = tile.classes, label = tile.label[r], excluded = tile.excluded[r]
    cdef real scale = gradient_scale(job)
    cdef real factor = -tile.first[r] * scale, q = tile.one_minus_p[r], p, second = tile.second[r] * scale
    scale_row(grad, n, peaks, tile.peak[r], tile.inverse[r])
    curve(grad, hess, n, factor, second)
    p = grad[excluded]   # of the peak: 1 - p without cancellation
    hess[excluded] = factor * p * (without_peak * tile.inverse[r]) + second * p * p
    hess[label] = factor * grad[label] * q + second * q * q
    if tile.own[r] != 0:
        hess[label] = tile.own[r] * scale * grad[label] * q
    temper_curvature(hess, n, tau_of(&job.scores))
    multiply(grad, n, factor)
    grad[label] = -factor * q


cdef void store_row(const LabelJob* job, const row_tile* tile, Py_ssize_t r, Py_ssize_t place, real* grad, real* hess,
                    const real* peaks, real without_peak) noexcept nogil:
    """Gradient of a row, and curvature unless `hess` is NULL, from e, where the gradient will be; stored from `place`
    on."""
    cdef Py_ssize_t n = tile.classes, label = tile.label[r]
    cdef real factor = -tile.first[r] * gradient_scale(job)
    if hess == NULL and not tile.ignored[r]:
        store_scaled_row(&job.out.grad, place, grad, n, peaks, tile.peak[r], tile.inverse[r] * factor)
        store_element(&job.out.grad, place + label, -factor * tile.one_minus_p[r])
        return
    if tile.ignored[r]:
        fill(grad, n, 0)
        if hess != NULL:
            fill(hess, n, 0)
    else:
        finish_row(job, tile, r, grad, hess, peaks, without_peak)
    store_block(&job.out.grad, place, n, grad)
    if hess != NULL:
        store_block(&job.out.hess, place, n, hess)


cdef void tile_row_by_row(const LabelJob* job, row_tile* tile, Py_ssize_t row, real* buffer, real* grad, real* hess,
                          real* peaks) noexcept nogil:
    """Many classes. `grad` and `hess` are NULL where they are not wanted."""
    cdef Py_ssize_t r, n = tile.classes, stride = n // ROW_BLOCK + 1
    cdef int exclude = EXCLUDE_LABEL if hess == NULL else EXCLUDE_PEAK
    cdef number_run scores
    cdef real without_peak[TILE]
    for r in range(TILE):
        tile.peak[r] = 0
        tile.rest[r] = 0
        tile.score[r] = 0
    for r in range(tile.count):
        if not tile.ignored[r]:
            scores = find_block(&job.scores.x, (row + r) * n, n, buffer)
            set_ahead(tile, &scores, &job.out.grad, (row + r) * n, r)
            if job.states != NULL:
                add_part_of_row(tile, r, &scores, buffer, job.states + row + r)
                continue
            if job.scores.inverse_temperature != 1:
                scores = numbers_at(temper_row(&scores, buffer, n, job.scores.inverse_temperature))
            sum_row(tile, r, &scores, buffer, grad + r * n if grad != NULL else NULL, peaks + r * stride,
                    exclude, grad != NULL)
            without_peak[r] = tile.rest[r]
    if hess != NULL:
        exclude_label(tile)
    job.loss(tile, job.options)
    if grad != NULL:
        for r in range(tile.count):
            store_row(job, tile, r, (row + r) * n, grad + r * n, hess + r * n if hess != NULL else NULL,
                      peaks + r * stride, without_peak[r])


cdef inline void lanes_to_derivatives(const LabelJob* job, const row_tile* tile, real* table, real* grad, real* hess,
                                      const real* without_peak, bint want_hess) noexcept nogil:
    """From the table's e to gradient and curvature of the rows, but for ignored ones. Each label's own entry, and the
    peak's curvature, by themselves: there 1 - p has all its digits."""
    cdef Py_ssize_t c, k, n = tile.classes
    cdef real scale = gradient_scale(job)
    cdef real factor[TILE]
    cdef real second[TILE]
    cdef real of_label[TILE]
    cdef real of_e[TILE]
    cdef real p, q
    cdef real* curves = table + n * TILE
    for k in range(TILE):
        factor[k] = -tile.first[k] * scale
    if want_hess:
        for k in range(TILE):
            second[k] = tile.second[k] * scale
        for k in range(TILE):
            p = tile.p[k]
            q = tile.one_minus_p[k]
            of_label[k] = (factor[k] * p + second[k] * q) * q
            of_label[k] = tile.own[k] * scale * p * q if tile.own[k] != 0 else of_label[k]
        lanes_multiply(table, n, tile.inverse)
        for c in range(n):
            for k in range(TILE):
                p = table[c * TILE + k]
                curves[c * TILE + k] = factor[k] * p * (R(1.0) - p) + second[k] * p * p
        lanes_store(curves, tile.count, n, hess)
        for k in range(tile.count):
            p = table[tile.excluded[k] * TILE + k]
            hess[k * n + tile.excluded[k]] = factor[k] * p * (without_peak[k] * tile.inverse[k]) + second[k] * p * p
            hess[k * n + tile.label[k]] = of_label[k]
        temper_curvature(hess, tile.count * n, tau_of(&job.scores))
        lanes_multiply(table, n, factor)
    else:
        for k in range(TILE):
            of_e[k] = factor[k] * tile.inverse[k]
        lanes_multiply(table, n, of_e)
    lanes_store(table, tile.count, n, grad)
    for k in range(tile.count):
        grad[k * n + tile.label[k]] = -factor[k] * tile.one_minus_p[k]


cdef inline void tile_across_lanes(const LabelJob* job, row_tile* tile, Py_ssize_t row, real* buffer, real* grad,
                                   real* hess, real* table, bint want_grad, bint want_hess) noexcept nogil:
    """Few classes."""
    cdef Py_ssize_t k, n = tile.classes
    cdef real without_peak[TILE]
    lanes_load(read_scores(&job.scores, row, tile.count, buffer), tile.count, n, table)
    tile.ahead = ahead_of_tile(&job.scores.x, &job.out.grad, row, n, buffer)
    lanes_sum(tile, table, want_hess)
    for k in range(TILE):
        without_peak[k] = tile.rest[k]
    if want_hess:
        exclude_label(tile)
    job.loss(tile, job.options)
    if want_grad:
        lanes_to_derivatives(job, tile, table, grad, hess, without_peak, want_hess)
        for k in range(tile.count):
            if tile.ignored[k]:
                fill(grad + k * n, n, 0)
                if want_hess:
                    fill(hess + k * n, n, 0)


cdef void add_waiting(RowSum* sum) noexcept nogil:
    sum.total = exact_join(sum.total, sum_of_numbers(sum.waiting, sum.count))
    sum.count = 0


cdef void tile_loss(row_tile* tile, RowSum* sum) noexcept nogil:
    """Adds the tile's losses; those of ignored rows become 0."""
    cdef Py_ssize_t k
    for k in range(TILE):
        tile.loss[k] = R(0.0) if tile.ignored[k] else tile.loss[k]
    memcpy(sum.waiting + sum.count, tile.loss, sizeof(tile.loss))
    sum.count += tile.count
    if sum.count >= SUMMED_ROWS:
        add_waiting(sum)


cdef void label_tile(const LabelJob* job, row_tile* tile, Py_ssize_t row, bint is_last, real* scratch,
                     block_writer* grad_writer, block_writer* hess_writer) noexcept nogil:
    """A tile of a chunk, from scores to results."""
    cdef Py_ssize_t n = tile.classes, size = job.tile_rows * n
    cdef bint want_grad = job.out.grad.data != NULL, want_hess = job.out.hess.data != NULL
    cdef real* table = scratch + 3 * size + 2 * FL_HELD
    cdef real* grad = writer_block(grad_writer, row * n) if want_grad else NULL
    cdef real* hess = writer_block(hess_writer, row * n) if want_hess else NULL
    read_labels(job, tile, row)
    if n > FEW_CLASSES or job.states != NULL:
        tile_row_by_row(job, tile, row, scratch, grad, hess, table + 2 * TILE * <Py_ssize_t> FEW_CLASSES)
        return
    tile_across_lanes(job, tile, row, scratch, grad, hess, table, want_grad, want_hess)
    if want_grad:
        writer_store(grad_writer, row * n, tile.count * n, is_last)
    if want_hess:
        writer_store(hess_writer, row * n, tile.count * n, is_last)


cdef public exact_sum chunk_of_labelled_rows(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """All rows of a chunk; the sum of their losses."""
    cdef LabelJob* job = <LabelJob*> data
    cdef Py_ssize_t n = job.scores.classes, size = job.tile_rows * n, k
    cdef Py_ssize_t row = chunk * job.chunk_rows, stop = min(row + job.chunk_rows, job.scores.rows)
    cdef block_writer grad_writer = writer_to(&job.out.grad, scratch + size, job.streamed)
    cdef block_writer hess_writer = writer_to(&job.out.hess, scratch + 2 * size + FL_HELD, job.streamed)
    cdef real* values = <real*> job.out.values.data
    cdef row_tile tile
    cdef RowSum sum
    sum.total = NO_SUM
    sum.count = 0
    tile.classes = n
    while row < stop:
        tile.count = min(job.tile_rows, stop - row)
        label_tile(job, &tile, row, row + tile.count == stop, scratch, &grad_writer, &hess_writer)
        tile_loss(&tile, &sum)
        if values != NULL:
            for k in range(tile.count):
                values[row + k] = tile.loss[k]
        row += tile.count
    if job.streamed:
        stream_end()
    add_waiting(&sum)
    return sum.total
