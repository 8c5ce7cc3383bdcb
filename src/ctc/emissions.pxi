"""The emissions of a block of frames: the scores of the classes that the target uses, as probabilities relative to the
likeliest of their frame; and the softmax of all classes, where the loss is one of logits. Included by ctc.pyx, which
explains the names.

Of few classes, a table has a row for each class, and a block's softmax, emissions and gradient go across the vector
lanes. Of many, each frame's softmax goes along its row, and a table has a row for each used class.
"""

cdef extern from "ctc/block.h" nogil:
    enum:
        F "FL_FRAMES"           # frames of a block
    ctypedef struct Block "ctc_block":
        real* best
        real* worst
        real* nan
        real* peak
        real* rest
    void block_extremes(const real*, const int32_t*, Py_ssize_t, Block*)
    void block_extremes_and_nan(const real*, const int32_t*, Py_ssize_t, Block*)
    void block_peak(const real*, Py_ssize_t, Block*)
    bint block_needs_exponents(const Block*, const real*)
    bint block_is_special(const Block*)
    double frames_total(const real*, Py_ssize_t)
    double frames_product(const real*, Py_ssize_t)
    void block_softmax(real*, Py_ssize_t, Block*)
    void block_exp(real*, const int32_t*, Py_ssize_t, const real*)
    bint block_exp_scaled(const real*, const real*, real, real*, xint*)
    void block_unscale(real*, const xint*, const real*)
    void block_below_peak(const Block*, real*)
    void block_to_labels(const real*, Py_ssize_t, const int32_t*, Py_ssize_t, Py_ssize_t, real*, Py_ssize_t)
    void block_add_labels(const real*, Py_ssize_t, Py_ssize_t, const int32_t*, Py_ssize_t, Py_ssize_t, real*)
    void block_load(const real*, Py_ssize_t, Py_ssize_t, real*)
    void block_store(const real*, Py_ssize_t, Py_ssize_t, real*, Py_ssize_t)
    void block_grad_of_logits(real*, const real*, Py_ssize_t, const real*, real)
    void block_grad_of_log_probs(real*, Py_ssize_t, real)

# What the emissions leave out of the loss: sum + log(product).
ctypedef struct Offset:
    double sum
    double product           # NaN where a score was NaN or +inf
    bint is_impossible       # whether some frame has probability 0 for every class of the target
    bint is_saturated        # whether a score was too far below its frame's best for this type's exponents


# ---- rows of scores and of the gradient ----

cdef inline const real* score_row(const LossJob* job, const Sequence* q, Py_ssize_t t, real* buffer) noexcept nogil:
    cdef const Rows* x = &job.batch.x
    if is_direct(x):
        return <const real*> row_at(x, t, q.n)
    load_run(buffer, row_at(x, t, q.n), x.classes, x.stride[2], x.dtype)
    return buffer


cdef inline real* grad_row(const LossJob* job, const Sequence* q, Py_ssize_t t, real* buffer) noexcept nogil:
    """Where a row of the gradient is computed; store_grad_row() copies a buffer to the array."""
    return <real*> row_at(&job.grad, t, q.n) if is_direct(&job.grad) else buffer


cdef inline void store_grad_row(const LossJob* job, const Sequence* q, Py_ssize_t t, const real* buffer) noexcept nogil:
    if not is_direct(&job.grad):
        store_run(row_at(&job.grad, t, q.n), buffer, job.grad.classes, job.grad.stride[2], job.grad.dtype)


cdef inline const real* row_after(const LossJob* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    """The sequence's row of the next frame, if it has one, to be prefetched: where it lies, whatever its type."""
    return <const real*> row_at(&job.batch.x, min(t + 1, q.T - 1), q.n)


cdef inline bint has_whole_block(const Rows* rows, Py_ssize_t count) noexcept nogil:
    """Whether `count` of its rows are a block that can be used where it lies."""
    return count == F and is_direct(rows) and rows.stride[0] % <Py_ssize_t> sizeof(real) == 0


# ---- from scores to a table ----

cdef void read_all_classes(const LossJob* job, const Sequence* q, Py_ssize_t t, Py_ssize_t count,
                           real* table) noexcept nogil:
    """The scores of all classes."""
    cdef const Rows* x = &job.batch.x
    cdef Py_ssize_t k, classes = x.classes
    if has_whole_block(x, count):
        block_load(<const real*> row_at(x, t, q.n), x.stride[0] // <Py_ssize_t> sizeof(real), classes, table)
        return
    for k in range(count):
        load_run(q.block_rows + k * classes, row_at(x, t + k, q.n), classes, x.stride[2], x.dtype)
    for k in range(count, F):
        memcpy(q.block_rows + k * classes, q.block_rows + (count - 1) * classes, classes * sizeof(real))
    block_load(q.block_rows, classes, classes, table)


cdef inline void softmax_row(const real* x, real* out, real* block_peaks, Py_ssize_t n, real scale, real* peak,
                             real* rest, const real* next_row) noexcept nogil:
    """Of a row of many classes, the peak and the sum of e without it; and softmax times `scale`, unless `out` is
    NULL."""
    cdef row_tile tile
    tile.classes = n
    tile.label[0] = 0
    tile.ahead = next_row
    tile.result = NULL
    cdef number_run scores = numbers_at(x)
    sum_row(&tile, 0, &scores, NULL, out, block_peaks, EXCLUDE_ANY_PEAK, out != NULL)
    if out != NULL:
        scale_row(out, n, block_peaks, tile.peak[0], scale / (R(1.0) + tile.rest[0]))
    peak[0] = tile.peak[0]
    rest[0] = tile.rest[0]


cdef inline void read_used_classes(const LossJob* job, const Sequence* q, Py_ssize_t t, Py_ssize_t count, real* table,
                                   Block* block) noexcept nogil:
    """The scores of the used classes; and each row's softmax, into the gradient where that is wanted."""
    cdef Py_ssize_t k, frame, classes = job.batch.x.classes
    cdef const real* x
    cdef real* out
    cdef real* used
    cdef real* buffer = q.block_rows + F * q.rows
    for k in range(F):
        used = q.block_rows + k * q.rows
        frame = t + k
        if k >= count:
            memcpy(used, used - q.rows, q.rows * sizeof(real))
            block.peak[k] = block.peak[k - 1]
            block.rest[k] = block.rest[k - 1]
            continue
        x = score_row(job, q, frame, buffer)
        out = grad_row(job, q, frame, buffer) if job.from_logits and job.grad.data != NULL else NULL
        if out == x:   # in place: softmax overwrites the scores; otherwise it loads them into the cache
            gather(used, x, q.used_class, 0, q.rows)
        if job.from_logits:
            softmax_row(x, out, q.block_peaks, classes, q.scale, &block.peak[k], &block.rest[k],
                        row_after(job, q, frame))
        if out != x:
            gather(used, x, q.used_class, 0, q.rows)
        if out != NULL:
            store_grad_row(job, q, frame, out)
    block_load(q.block_rows, q.rows, q.rows, table)


cdef void exp_with_exponents(const LossJob* job, const Sequence* q, Py_ssize_t index, Block* block,
                             Offset* offset) noexcept nogil:
    """The exponentials of a block in which those of used classes would underflow: these get exponents, and are relative
    to the likeliest of them, however far that is from the row's peak. So that no product of T emissions leaves the
    exponent's range, a score counts as the lowest that such a product allows, if it is below that."""
    cdef real lowest = <real> (X_LIMIT // (q.T + 1)) * R(X_NATS)
    cdef real* table = q.table + index * F * q.rows
    cdef xint* exponent = q.table_exponent + index * F * q.rows
    cdef real* mantissa = q.block_rows
    cdef Py_ssize_t u, row
    for u in range(q.used):
        row = q.used_row[u] * F
        if block_exp_scaled(table + row, block.best, lowest, mantissa + u * F, exponent + row):
            offset.is_saturated = True
    if job.from_logits:
        block_below_peak(block, q.below_peak + index * F)
        if q.has_all_classes:
            block_softmax(table, q.rows, block)
    for u in range(q.used):
        memcpy(table + q.used_row[u] * F, mantissa + u * F, F * sizeof(real))


cdef void add_offset(const LossJob* job, const Block* block, Py_ssize_t count, bint has_exponents,
                     Offset* offset) noexcept nogil:
    """What the emissions of a block leave out of the loss."""
    cdef Py_ssize_t k
    if job.from_logits:
        offset.product *= frames_product(block.rest, count)
    if has_exponents and job.from_logits:
        offset.sum += frames_total(block.peak, count) - frames_total(block.best, count)
    elif not job.from_logits:
        offset.sum -= frames_total(block.best, count)
    if block_is_special(block):
        for k in range(count):
            if block.nan[k] != 0 or block.best[k] == INFINITY:
                offset.product = NAN
            if block.best[k] == -INFINITY:
                offset.is_impossible = True
    if offset.product > 1e100:   # far from overflow: each of a block's factors is below 2^31
        offset.sum += log(offset.product)
        offset.product = 1


cdef void read_frames(const LossJob* job, const Sequence* q, Py_ssize_t t, Py_ssize_t count,
                      Offset* offset) noexcept nogil:
    """The table of the block of `count` frames from t on."""
    cdef Py_ssize_t index = table_index(q, t)
    cdef real* table = q.table + index * F * q.rows
    cdef Block block
    if q.has_all_classes:
        read_all_classes(job, q, t, count, table)
    else:
        read_used_classes(job, q, t, count, table, &block)
    if job.from_logits and q.has_all_classes:
        block_peak(table, q.rows, &block)
        if block_needs_exponents(&block, block.peak):   # at least one class does
            block_extremes(table, q.used_row, q.used, &block)
    elif job.from_logits:
        block_extremes(table, q.used_row, q.used, &block)
    else:
        block_extremes_and_nan(table, q.used_row, q.used, &block)
        memcpy(block.peak, block.best, F * sizeof(real))
    q.has_exponents[index] = block_needs_exponents(&block, block.peak)
    if q.has_exponents[index]:
        exp_with_exponents(job, q, index, &block, offset)
    elif job.from_logits and q.has_all_classes:
        block_softmax(table, q.rows, &block)
    else:
        block_exp(table, q.used_row, q.used, block.peak)
    if job.from_logits:
        memcpy(q.rest + index * F, block.rest, F * sizeof(real))
    add_offset(job, &block, count, q.has_exponents[index], offset)


# ---- from a table to labels ----

cdef void gather_emissions(const Sequence* q, Py_ssize_t t, Py_ssize_t count, Py_ssize_t tile,
                           Band band) noexcept nogil:
    """The emissions of the labels of a band, in the block of `count` frames from t on."""
    cdef Py_ssize_t index = table_index(q, t), place = emission_place(q, t, tile)
    block_to_labels(q.table + index * F * q.rows, count, q.label_place, band.low, band.high, q.emission + place,
                    q.pitch)
    if q.has_exponents[index]:   # as many bytes, which are only moved
        block_to_labels(<const real*> (q.table_exponent + index * F * q.rows), count, q.label_place, band.low,
                        band.high, <real*> (q.emission_exponent + place), q.pitch)
