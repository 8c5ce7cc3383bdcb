"""What happens to a block of frames once it has its emissions: alphas forward; gammas, posteriors and the gradient
backward. Included by ctc.pyx, which explains the names.
"""

# ---- forward and backward ----

cdef inline real* alphas_before(const Sequence* q, Py_ssize_t t, Py_ssize_t tile) noexcept nogil:
    """Those of frame t - 1."""
    if not q.keeps_tables:      # before the first block, set_ends() has set its last frame
        return alphas_at(q, F - 1, tile)
    if t == 0:
        return frame_before_first(q)
    if q.segment < q.T and t % q.segment == 0:
        return states_at(q, q.checkpoints, t // q.segment)
    return alphas_at(q, t - 1, tile)


cdef inline Py_ssize_t last_label_index(const Sequence* q, Py_ssize_t t, Py_ssize_t tile) noexcept nogil:
    return (t + 1) % (blocks_at_hand(q) * F) * q.tiles + tile


cdef inline void take_last_label(const Sequence* q, Py_ssize_t t, Py_ssize_t tile, real* states) noexcept nogil:
    """To frame t of a tile: the alpha below its first slot."""
    cdef Py_ssize_t index = last_label_index(q, t, tile - 1), slot = tile * q.tile_width - 1
    cdef Frame f = frame_of(states, q.pitch)
    f.label[slot] = q.last_label[index]
    f.label_exponent[slot] = q.last_label_exponent[index]


cdef void take_last_labels(const Sequence* q, Py_ssize_t t, Py_ssize_t count, Py_ssize_t tile) noexcept nogil:
    """To the frames that `count` frames from t on read."""
    cdef Py_ssize_t k
    if tile > 0 and has_own_frames(q):
        take_last_label(q, t - 1, tile, alphas_before(q, t, tile))
        for k in range(count - 1):
            take_last_label(q, t + k, tile, alphas_at(q, t + k, tile))


cdef void keep_last_labels(const Sequence* q, Py_ssize_t t, Py_ssize_t count, Py_ssize_t tile) noexcept nogil:
    """For the tile above. Out of a frame's band they are not reached, or do not matter any more."""
    cdef Py_ssize_t k, index, high = tile_at(q, tile).high
    cdef Band band
    cdef Frame f
    if not has_own_frames(q):
        return
    for k in range(count):
        index = last_label_index(q, t + k, tile)
        band = band_at(q.T, q.S, t + k)
        f = frame_of(alphas_at(q, t + k, tile), q.pitch)
        q.last_label[index] = 1
        q.last_label_exponent[index] = X_ZERO
        if band.low < high <= band.high:
            q.last_label[index] = f.label[high - 1]
            q.last_label_exponent[index] = f.label_exponent[high - 1]


cdef void forward_tile(const Sequence* q, Py_ssize_t t, Py_ssize_t tile) noexcept nogil:
    """The alphas of a tile in the block from t on, once those of the tile below are there, and those of the block
    before. After the last block of a segment, which will be computed again, they are kept."""
    cdef Py_ssize_t count = min(q.T - t, <Py_ssize_t> F)
    cdef Band slots = tile_at(q, tile), used = band_within(band_of_block(q.T, q.S, t, count), slots)
    cdef Lattice lattice = lattice_at(q, t, tile)
    cdef real* states = alphas_at(q, t, tile)
    if used.low < used.high:
        gather_emissions(q, t, count, tile, used)
    take_last_labels(q, t, count, tile)
    forward_block(&lattice, t, count, alphas_before(q, t, tile), states, slots, q.tiles > 1)
    keep_last_labels(q, t, count, tile)
    if q.keeps_tables and q.segment < q.T and t + F < q.T and (t + F) % q.segment == 0:
        keep_tile(q, states_at(q, q.checkpoints, (t + F) // q.segment), states + (F - 1) * frame_size(q), slots)


cdef inline void keep_tile(const Sequence* q, real* to, const real* states, Band slots) noexcept nogil:
    """Copies a tile, with the slot below it, which a band that begins with the tile has set, and what lies beyond the
    first tile and the last."""
    cdef Py_ssize_t i, low = slots.low - 1 if slots.low else -V
    cdef Py_ssize_t high = slots.high if slots.high <= q.S else q.width - V
    for i in range(4):
        memcpy(to + i * q.width + low, states + i * q.width + low, (high - low) * sizeof(real))


cdef inline real* posteriors_of_tile(const Sequence* q, Py_ssize_t t, Py_ssize_t tile) noexcept nogil:
    if q.tiles == 1:
        return q.row_posterior
    return q.row_posterior + (t // F % blocks_at_hand(q) * q.tiles + tile) * F * q.rows


cdef void backward_tile(const LossJob* job, const Sequence* q, Py_ssize_t t, Py_ssize_t tile,
                        xint total_exponent) noexcept nogil:
    """The posteriors of a tile's rows in the block from t on, times 2 to the power of what all paths together have
    beyond `total_exponent`; once the gammas of the tile above are there, and those of the block after."""
    cdef Py_ssize_t i, count = min(q.T - t, <Py_ssize_t> F)
    cdef Band slots = tile_at(q, tile), used = band_within(band_of_block(q.T, q.S, t, count), slots)
    cdef Lattice lattice = lattice_at(q, t, tile)
    cdef real* posterior = posteriors_of_tile(q, t, tile)
    cdef real* after
    cdef WayBack back
    back.total_exponent = total_exponent
    back.label = q.label_posterior
    back.blank = q.blank_posterior
    back.blank_sum = q.blank_sum + tile * F * V
    if t + F >= q.T or (q.segment < q.T and (t + F) % q.segment == 0):
        after = frame_after_last(q)
    else:
        after = alphas_at(q, t + F, tile)
    backward_block(&lattice, t, count, after, alphas_at(q, t, tile), slots, &back, q.tiles > 1)
    for i in range(F * q.rows):
        posterior[i] = 0
    if used.low < used.high:
        block_add_labels(back.blank_sum, V, count, q.label_place + q.S, 0, V, posterior)
        block_add_labels(q.label_posterior, q.width, count, q.label_place, used.low, used.high, posterior)
    if job.posterior != NULL:
        write_posteriors(job, q, t, count, slots)


# ---- the loss ----

cdef double negative_log_likelihood(const Offset* offset, const Frame* last, Py_ssize_t blank, Py_ssize_t label,
                                    xint* total_exponent) noexcept nogil:
    """Of all paths that end in the blank of one slot of the last frame, or in the label of another (negative: there is
    no label). inf where there is no such path, NaN where a score was. Also the exponent of their probability."""
    cdef xint label_exponent = last.label_exponent[label] if label >= 0 else X_ZERO
    cdef xint top = x_max(last.blank_exponent[blank], label_exponent)
    cdef double mantissa
    total_exponent[0] = top
    if offset.product != offset.product or offset.sum != offset.sum and not offset.is_impossible:
        return NAN
    if offset.is_impossible or top < X_UNREACHABLE:
        return HUGE_VAL
    # Beyond -2000 a double is 0 as well, and `int` would overflow.
    mantissa = ldexp(last.blank[blank], <int> x_max(last.blank_exponent[blank] - top, -2000))
    if label >= 0:
        mantissa += ldexp(last.label[label], <int> x_max(label_exponent - top, -2000))
    return offset.sum + log(offset.product) - x_log(mantissa, top)


# ---- posteriors and the gradient ----

cdef void add_tiles(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """The posteriors of the table's rows, from those of all tiles: to where the first tile has its own."""
    cdef real* total = posteriors_of_tile(q, t, 0)
    cdef Py_ssize_t tile
    for tile in range(1, q.tiles):
        add_numbers(total, posteriors_of_tile(q, t, tile), F * q.rows)


cdef void add_numbers(real_p total, real_cp x, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        total[i] += x[i]


cdef inline real sum_of_states(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """The posteriors of frame t, added up."""
    cdef const real* posterior = posteriors_of_tile(q, t, 0) + t % F
    cdef real total = 0
    cdef Py_ssize_t r
    for r in range(q.rows):
        total += posterior[r * F]
    return total


cdef inline real* posterior_row(const LossJob* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    return job.posterior + t * job.posterior_stride[0] + q.n * job.posterior_stride[1]


cdef void write_posteriors(const LossJob* job, const Sequence* q, Py_ssize_t t, Py_ssize_t count,
                           Band tile) noexcept nogil:
    """A tile's states of the band of each frame of a block, which are still to be divided by their sum; all others are
    0."""
    cdef Py_ssize_t i, k, step = job.posterior_stride[2]
    cdef Band band
    cdef const real* label
    cdef const real* blank
    cdef real* out
    for k in range(count):
        band = band_within(band_at(q.T, q.S, t + k), tile)
        label = q.label_posterior + k * q.width
        blank = q.blank_posterior + k * q.width
        out = posterior_row(job, q, t + k)
        for i in range(band.low, min(band.high, q.S + 1)):
            out[2 * i * step] = blank[i]
        for i in range(band.low, min(band.high, q.S)):
            out[(2 * i + 1) * step] = label[i]


cdef void divide_posteriors(const LossJob* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    """Those of frame t by their sum."""
    cdef Band band = band_at(q.T, q.S, t)
    cdef Py_ssize_t i
    cdef real total = sum_of_states(q, t)
    cdef real* out = posterior_row(job, q, t)
    for i in range(2 * band.low, min(2 * band.high, 2 * q.S + 1)):
        out[i * job.posterior_stride[2]] /= total


cdef void write_grad(const LossJob* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """The gradient of a block: scale (softmax - posterior), or -scale * posterior."""
    cdef Py_ssize_t u, index = table_index(q, start)
    cdef Py_ssize_t rows = q.rows if q.has_all_classes else q.used
    cdef real* table = q.table + index * F * q.rows
    cdef real* posterior = posteriors_of_tile(q, start, 0)
    if job.from_logits:
        if q.has_exponents[index]:
            for u in range(q.used):
                block_unscale(table + q.used_row[u] * F, q.table_exponent + (index * q.rows + q.used_row[u]) * F,
                              q.below_peak + index * F)
        block_grad_of_logits(posterior, table, rows, q.rest + index * F, q.scale)
    else:
        block_grad_of_log_probs(posterior, rows, q.scale)
    if q.has_all_classes:
        store_all_classes(job, q, start, stop, posterior)
    else:
        store_used_classes(job, q, start, stop, posterior)


cdef void store_all_classes(const LossJob* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop,
                            const real* g) noexcept nogil:
    cdef const Rows* grad = &job.grad
    cdef Py_ssize_t k
    if has_whole_block(grad, stop - start):
        block_store(g, F, grad.classes, <real*> row_at(grad, start, q.n),
                    grad.stride[0] // <Py_ssize_t> sizeof(real))
        return
    block_store(g, stop - start, grad.classes, q.block_rows, grad.classes)
    for k in range(stop - start):
        store_run(row_at(grad, start + k, q.n), q.block_rows + k * grad.classes, grad.classes, grad.stride[2],
                  grad.dtype)


cdef void store_used_classes(const LossJob* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop,
                             const real* block) noexcept nogil:
    """The others are 0, or softmax, which is there already."""
    cdef Py_ssize_t t, u
    cdef const real* g
    cdef char* row
    if not job.from_logits:
        fill_grad(job, q, start, stop, 0)
    for t in range(start, stop):
        row = row_at(&job.grad, t, q.n)
        g = block + t - start
        if is_direct(&job.grad):
            for u in range(q.used):
                (<real*> row)[q.used_class[u]] = g[u * F]
        else:   # one number at a time
            for u in range(q.used):
                store_run(row + q.used_class[u] * job.grad.stride[2], &g[u * F], 1, 0, job.grad.dtype)


cdef void fill_grad(const LossJob* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop,
                    real value) noexcept nogil:
    """The gradient of whole frames."""
    cdef Py_ssize_t t
    cdef real* row
    for t in range(start, stop):
        row = grad_row(job, q, t, q.block_rows)
        fill(row, job.grad.classes, value)
        store_grad_row(job, q, t, row)
