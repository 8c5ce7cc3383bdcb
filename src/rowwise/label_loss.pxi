"""Rows with one label each: cross-entropy and softmax focal loss in value, gradient and curvature.

Both are functions of p = p(label) alone, so their derivatives by the scores x need two numbers a row, the slope
-dL/dlog p and the bend d2L/d(log p)2:

    dL/dx_c    = slope (p_c - [c = label])
    d2L/dx_c^2 = slope p_c (1 - p_c) + bend (p_c - [c = label])^2
"""

ctypedef struct LabelJob:
    operand x
    operand grad
    operand hess
    const int64_t* labels
    const double* weights   # one a row, or NULL
    real* values            # one a row, or NULL
    Py_ssize_t rows
    Py_ssize_t classes
    Py_ssize_t tile_rows
    Py_ssize_t chunk_rows
    int64_t ignore_index
    double scale            # of the gradient: what the reduction divides by
    real gamma
    int gamma_kind
    bint streamed


cdef void label_layout(LabelJob* job) noexcept nogil:
    """Tiles that stay in the second-level cache, chunks worth handing to a thread: the same for any thread count."""
    job.tile_rows = TILE
    if job.classes > NARROW:
        job.tile_rows = max(1, min(<Py_ssize_t> TILE, 16384 // job.classes))
    job.chunk_rows = job.tile_rows * max(1, 32768 // (job.tile_rows * job.classes))
    # Tiles of few classes are written piece by piece, which memory likes less than the caches. Long rows are not.
    job.streamed = job.classes <= NARROW and is_streamed(&job.grad, job.rows * job.classes, &job.x)
    if job.hess.data != NULL:
        job.streamed = job.streamed and is_streamed(&job.hess, job.rows * job.classes, &job.x)


cdef Py_ssize_t label_scratch(LabelJob* job) noexcept nogil:
    """Numbers of type real that one thread needs: x, gradient and curvature of a tile, the lanes, the peaks."""
    cdef Py_ssize_t tile = job.tile_rows * job.classes, lanes = TILE * min(job.classes, <Py_ssize_t> NARROW)
    return 3 * tile + 2 * FL_HELD + 2 * lanes + 2 * TILE * (job.classes // ROW_BLOCK + 1)


cdef void tile_labels(LabelJob* job, Tile* tile, Py_ssize_t row) noexcept nogil:
    cdef Py_ssize_t k
    cdef const int64_t* labels = job.labels + row
    cdef int64_t ignore_index = job.ignore_index
    for k in range(tile.count):
        tile.ignored[k] = labels[k] == ignore_index
        tile.label[k] = 0 if labels[k] == ignore_index else labels[k]
    if job.weights == NULL:
        for k in range(tile.count):
            tile.weight[k] = R(0.0) if tile.ignored[k] else R(1.0)
    else:
        for k in range(tile.count):
            tile.weight[k] = R(0.0) if tile.ignored[k] else <real> job.weights[row + k]
    for k in range(tile.count, TILE):
        tile.ignored[k] = True
        tile.label[k] = 0
        tile.weight[k] = 0


cdef void spare_label(Tile* tile) noexcept nogil:
    """Turns sums that spare the peak into sums that spare the label. No digits go: another class has p >= 1/2."""
    cdef Py_ssize_t k
    for k in range(tile.count):
        if tile.spared[k] != tile.label[k]:
            tile.rest[k] += R(1.0) - r_exp(tile.score[k] - tile.peak[k])


cdef void head_of_cross_entropy(Tile* tile) noexcept nogil:
    label_head(tile, False, 0, 0, False)


cdef void head_of_focal(Tile* tile, real gamma, int gamma_kind) noexcept nogil:
    if gamma_kind == 0:
        label_head(tile, True, 0, 0, True)
    elif gamma_kind == 1:
        label_head(tile, True, 1, 1, True)
    elif gamma_kind == 2:
        label_head(tile, True, 2, 2, True)
    else:
        label_head(tile, True, gamma, 3, True)


cdef void curve(real_cp p, real_p hess, Py_ssize_t n, real slope, real bend) noexcept nogil:
    cdef Py_ssize_t c
    for c in range(n):
        hess[c] = slope * p[c] * (R(1.0) - p[c]) + bend * p[c] * p[c]


cdef inline void finish_row(Tile* tile, Py_ssize_t r, real* grad, real* hess, const real* peaks, real spared_rest,
                            real scale, const bint focal, bint want_hess) noexcept nogil:
    """From e, where the gradient will be, to gradient and curvature of a row."""
    cdef Py_ssize_t n = tile.classes, label = tile.label[r], spared = tile.spared[r]
    cdef real slope = tile.slope[r] * scale, q = tile.miss[r], p
    cdef real bend = tile.bend[r] * scale if focal else 0
    if want_hess:
        scale_row(grad, n, peaks, tile.peak[r], tile.inverse[r])
        curve(grad, hess, n, slope, bend)
        p = grad[spared]   # of the peak: 1 - p without cancellation
        hess[spared] = slope * p * (spared_rest * tile.inverse[r]) + bend * p * p
        hess[label] = slope * grad[label] * q + bend * q * q
        multiply(grad, n, slope)
    else:
        scale_row(grad, n, peaks, tile.peak[r], tile.inverse[r] * slope)
    grad[label] = -slope * q


cdef inline void wide_tile(LabelJob* job, Tile* tile, const real* x, real* grad, real* hess, real* peaks,
                           const bint focal, bint want_grad, bint want_hess) noexcept nogil:
    """Many classes: row after row."""
    cdef Py_ssize_t r, n = tile.classes, stride = n // ROW_BLOCK + 1
    cdef real spared_rest[TILE]
    for r in range(TILE):
        tile.peak[r] = 0
        tile.rest[r] = 0
        tile.score[r] = 0
    for r in range(tile.count):
        if not tile.ignored[r]:
            tile.ahead = x + (r + 1) * n
            sum_row(tile, r, x + r * n, grad + r * n, peaks + r * stride, SPARE_PEAK if want_hess else SPARE_LABEL,
                    want_grad)
            spared_rest[r] = tile.rest[r]
    if want_hess:
        spare_label(tile)
    if focal:
        head_of_focal(tile, job.gamma, job.gamma_kind)
    else:
        head_of_cross_entropy(tile)
    if want_grad:
        for r in range(tile.count):
            if tile.ignored[r]:
                fill(grad + r * n, n, 0)
                if want_hess:
                    fill(hess + r * n, n, 0)
            else:
                finish_row(tile, r, grad + r * n, hess + r * n, peaks + r * stride, spared_rest[r],
                           <real> job.scale, focal, want_hess)


cdef inline void narrow_tile(LabelJob* job, Tile* tile, const real* x, real* grad, real* hess, real* lanes,
                             const bint focal, bint want_grad, bint want_hess) noexcept nogil:
    """Few classes: rows across the vector lanes, then each label's own entry by itself."""
    cdef Py_ssize_t c, k, n = tile.classes
    cdef real factor[TILE]
    cdef real bend[TILE]
    cdef real spared_rest[TILE]
    cdef real p
    cdef real* curves = lanes + n * TILE
    lanes_load(x, tile.count, n, lanes)
    tile.ahead = x + TILE * n
    lanes_sum(tile, lanes, want_hess)
    for k in range(TILE):
        spared_rest[k] = tile.rest[k]
    if want_hess:
        spare_label(tile)
    if focal:
        head_of_focal(tile, job.gamma, job.gamma_kind)
    else:
        head_of_cross_entropy(tile)
    if not want_grad:
        return
    for k in range(TILE):
        factor[k] = tile.slope[k] * <real> job.scale
        bend[k] = tile.bend[k] * <real> job.scale if focal else R(0.0)
    if want_hess:
        lanes_multiply(lanes, n, tile.inverse)
        for c in range(n):
            for k in range(TILE):
                p = lanes[c * TILE + k]
                curves[c * TILE + k] = factor[k] * p * (R(1.0) - p) + bend[k] * p * p
        lanes_store(curves, tile.count, n, hess)
        for k in range(tile.count):
            p = lanes[tile.spared[k] * TILE + k]
            hess[k * n + tile.spared[k]] = factor[k] * p * (spared_rest[k] * tile.inverse[k]) + bend[k] * p * p
            p = lanes[tile.label[k] * TILE + k]
            hess[k * n + tile.label[k]] = (factor[k] * p + bend[k] * tile.miss[k]) * tile.miss[k]
        lanes_multiply(lanes, n, factor)
    else:
        for k in range(TILE):
            bend[k] = factor[k] * tile.inverse[k]
        lanes_multiply(lanes, n, bend)
    lanes_store(lanes, tile.count, n, grad)
    for k in range(tile.count):
        grad[k * n + tile.label[k]] = -factor[k] * tile.miss[k]
        if tile.ignored[k]:
            fill(grad + k * n, n, 0)
            if want_hess:
                fill(hess + k * n, n, 0)


cdef double tile_loss(Tile* tile) noexcept nogil:
    """The sum of the tile's losses; those of ignored rows become 0."""
    cdef Py_ssize_t k
    cdef double total = 0
    for k in range(TILE):
        tile.loss[k] = R(0.0) if tile.ignored[k] else tile.loss[k]
    for k from 0 <= k < TILE by LANES:
        total += lanes_total(tile.loss + k)
    return total


cdef inline double label_chunk(LabelJob* job, Py_ssize_t chunk, real* scratch, const bint focal,
                               bint want_grad, bint want_hess) noexcept nogil:
    """All rows of a chunk; the sum of their losses."""
    cdef Py_ssize_t n = job.classes, tile_size = job.tile_rows * n
    cdef Py_ssize_t row = chunk * job.chunk_rows, stop = min(row + job.chunk_rows, job.rows), k
    cdef real* g_buffer = scratch + tile_size
    cdef real* h_buffer = g_buffer + tile_size + FL_HELD
    cdef real* lanes = h_buffer + tile_size + FL_HELD
    cdef Py_ssize_t g_held = 0, h_held = 0
    cdef real* peaks = lanes + 2 * TILE * min(n, <Py_ssize_t> NARROW)
    cdef const real* x
    cdef real* grad
    cdef real* hess
    cdef Tile tile
    cdef double total = 0
    tile.classes = n
    while row < stop:
        tile.count = min(job.tile_rows, stop - row)
        tile_labels(job, &tile, row)
        x = operand_read(&job.x, row * n, tile.count * n, scratch)
        grad = g_buffer + g_held
        hess = h_buffer + h_held
        if not job.streamed:
            grad = operand_block(&job.grad, row * n, g_buffer) if want_grad else scratch
            hess = operand_block(&job.hess, row * n, h_buffer) if want_hess else scratch
        if n <= NARROW:
            narrow_tile(job, &tile, x, grad, hess, lanes, focal, want_grad, want_hess)
        else:
            wide_tile(job, &tile, x, grad, hess, peaks, focal, want_grad, want_hess)
        total += tile_loss(&tile)
        if job.values != NULL:
            for k in range(tile.count):
                job.values[row + k] = tile.loss[k]
        if job.streamed:
            stream_block(&job.grad, g_buffer, &g_held, row * n, tile.count * n, row + tile.count == stop)
            if want_hess:
                stream_block(&job.hess, h_buffer, &h_held, row * n, tile.count * n, row + tile.count == stop)
        else:
            if want_grad:
                operand_written(&job.grad, row * n, tile.count * n, grad)
            if want_hess:
                operand_written(&job.hess, row * n, tile.count * n, hess)
        row += tile.count
    if job.streamed:
        stream_end()
    return total
