"""Rows of class scores: softmax, log_softmax and logsumexp, over arrays with the class axis last. Included after
tile.pxi."""


cdef real log_sum_of(const real* x, Py_ssize_t n, real peak, real log_sum) noexcept nogil:
    """peak + log_sum; +inf where a score is +inf and none is NaN."""
    cdef Py_ssize_t c
    if peak == INFINITY:
        for c in range(n):
            if x[c] != x[c]:
                return x[c]
        return peak
    return peak + log_sum


cdef void store_log_sum(NormalJob* job, Py_ssize_t row, const number_run* scores, real peak, real log_sum,
                        real* buffer) noexcept nogil:
    cdef Py_ssize_t n = job.scores.classes
    cdef real largest
    if peak == INFINITY:
        log_sum = log_sum_of(read_piece(scores, 0, n, buffer, &largest), n, peak, log_sum)
    else:
        log_sum = peak + log_sum
    store_element(&job.out, row, log_sum)


cdef void store_log_softmax(NormalJob* job, Py_ssize_t row, const number_run* scores, real peak, real log_sum,
                            real* buffer, real* out) noexcept nogil:
    """Of a row whose scores are read once more."""
    cdef Py_ssize_t n = job.scores.classes, start, size
    cdef uint16_t* halves = NULL if job.out.direct else <uint16_t*> halves_of(&job.out, row * n, n)
    cdef real largest
    if scores.x != NULL:
        subtract_twice(scores.x, out, n, peak, log_sum)
        store_block(&job.out, row * n, n, out)
        return
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        widen_block(scores.halves + start, size, buffer, scores.dtype)
        if halves != NULL:
            subtract_twice(buffer, buffer, size, peak, log_sum)
            narrow_block(buffer, size, R(1.0), halves + start, job.out.dtype)
        else:
            subtract_twice(buffer, out + start, size, peak, log_sum)
            store_block(&job.out, row * n + start, size, out + start)


cdef void normal_rows(NormalJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    """Many classes: row after row."""
    cdef Py_ssize_t n = job.scores.classes
    cdef real* peaks = scratch + 2 * n
    cdef real* out
    cdef real peak_term, log_sum
    cdef number_run scores
    cdef row_tile tile
    tile.classes = n
    tile.label[0] = 0
    while row < stop:
        scores = find_block(&job.scores.x, row * n, n, scratch)
        out = scratch + n
        if job.what != LOGSUMEXP:
            out = block_destination(&job.out, row * n, out)
        set_ahead(&tile, &scores, &job.out if job.what != LOGSUMEXP else NULL, row * n, row)
        sum_row(&tile, 0, &scores, scratch, out, peaks, EXCLUDE_ANY_PEAK, job.what == SOFTMAX)
        peak_term = peak_term_of(tile.peak[0])
        if job.what == SOFTMAX:
            store_scaled_row(&job.out, row * n, out, n, peaks, tile.peak[0], R(1.0) / (tile.rest[0] + peak_term))
        else:
            log_sum = r_log1p(tile.rest[0] + (peak_term - R(1.0)))
            if job.what == LOG_SOFTMAX:
                store_log_softmax(job, row, &scores, tile.peak[0], log_sum, scratch, out)
            else:
                store_log_sum(job, row, &scores, tile.peak[0], log_sum, scratch)
        row += 1


cdef void lanes_subtract(real_p scores, Py_ssize_t classes, real_cp peak, real_cp log_sum) noexcept nogil:
    cdef Py_ssize_t c, k
    for c in range(classes):
        for k in range(TILE):
            scores[c * TILE + k] = (scores[c * TILE + k] - peak[k]) - log_sum[k]


cdef void lanes_log_sum(row_tile* tile, real_p inverse, real_p log_sum) noexcept nogil:
    cdef Py_ssize_t k
    cdef real peak_term
    for k in range(TILE):
        peak_term = peak_term_of(tile.peak[k])
        inverse[k] = R(1.0) / (tile.rest[k] + peak_term)
        log_sum[k] = r_log1p(tile.rest[k] + (peak_term - R(1.0)))


cdef void normal_tiles(NormalJob* job, Py_ssize_t row, Py_ssize_t stop, real* scratch) noexcept nogil:
    """Few classes: rows across the vector lanes."""
    cdef Py_ssize_t n = job.scores.classes, k, size = TILE * n
    cdef real* table = scratch + size
    cdef real* scores = scratch + 2 * size
    cdef block_writer writer = writer_to(&job.out, scratch + 3 * size, job.streamed)
    cdef const real* x
    cdef real* out
    cdef real inverse[TILE]
    cdef real log_sum[TILE]
    cdef row_tile tile
    tile.classes = n
    for k in range(TILE):
        tile.label[k] = 0
    while row < stop:
        tile.count = min(<Py_ssize_t> TILE, stop - row)
        x = read_block(&job.scores.x, row * n, tile.count * n, scratch)
        lanes_load(x, tile.count, n, table)
        if job.what == LOG_SOFTMAX:
            memcpy(scores, table, size * sizeof(real))
        tile.ahead = ahead_of_tile(&job.scores.x, &job.out if job.what != LOGSUMEXP else NULL, row, n, x)
        lanes_sum(&tile, table, True)
        lanes_log_sum(&tile, inverse, log_sum)
        if job.what == LOGSUMEXP:
            for k in range(tile.count):
                log_sum[k] = log_sum_of(x + k * n, n, tile.peak[k], log_sum[k])
            if job.out.direct:
                memcpy(block_destination(&job.out, row, log_sum), log_sum, tile.count * sizeof(real))
            store_block(&job.out, row, tile.count, log_sum)
        else:
            out = writer_block(&writer, row * n)
            if job.what == SOFTMAX:
                lanes_multiply(table, n, inverse)
                lanes_store(table, tile.count, n, out)
            else:
                lanes_subtract(scores, n, tile.peak, log_sum)
                lanes_store(scores, tile.count, n, out)
            writer_store(&writer, row * n, tile.count * n, row + tile.count == stop)
        row += tile.count
    if job.streamed:
        stream_end()


cdef public exact_sum chunk_of_normal_rows(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef NormalJob* job = <NormalJob*> data
    cdef Py_ssize_t row = chunk * job.chunk_rows, stop = min(row + job.chunk_rows, job.scores.rows)
    if job.scores.classes <= FEW_CLASSES:
        normal_tiles(job, row, stop, scratch)
    else:
        normal_rows(job, row, stop, scratch)
    return NO_SUM


cdef public void plan_normal_rows(void* data, kernel_plan* plan) noexcept nogil:
    cdef NormalJob* job = <NormalJob*> data
    cdef Py_ssize_t classes = job.scores.classes, scratch = 2 * classes + classes // ROW_BLOCK + 1
    job.chunk_rows = max(1, ROWS_CHUNK // classes)
    if classes <= FEW_CLASSES:
        job.chunk_rows = (job.chunk_rows + TILE - 1) // TILE * TILE
        scratch = 4 * TILE * classes + FL_HELD
    job.streamed = (classes <= FEW_CLASSES and job.what != LOGSUMEXP
                    and bypasses_caches(&job.out, job.scores.rows * classes, &job.scores.x))
    plan.chunks = (job.scores.rows - 1) // job.chunk_rows + 1
    plan.scratch = scratch * sizeof(real)
