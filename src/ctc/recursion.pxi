"""What happens to a block of frames once it has its emissions: alphas forward; gammas, posteriors and the gradient
backward. Included by ctc.pyx, which explains the names.
"""

# ---- forward and backward ----

cdef void forward_block(const Sequence* q, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t row) noexcept nogil:
    """Alphas of a block, from those of the frame before it. `row` is where the segment has its first frame."""
    cdef Lattice lattice = lattice_of(q)
    cdef real* before = states_at(q, q.alpha, row)
    gather_emissions(q, start, row, band_of_block(q, start, stop))
    if q.has_exponents[table_index(q, start)]:
        forward_frames_scaled(&lattice, start, row, stop - start, before)
    else:
        forward_frames_plain(&lattice, start, row, stop - start, before)


cdef void backward_block(const Sequence* q, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t row,
                         WayBack* back) noexcept nogil:
    """Posteriors of a block, from the gammas of the frame after it."""
    cdef Lattice lattice = lattice_of(q)
    back.alpha = states_at(q, q.alpha, row)
    if q.has_exponents[table_index(q, start)]:
        backward_frames_scaled(&lattice, start, row, stop - start, back)
    else:
        backward_frames_plain(&lattice, start, row, stop - start, back)


cdef inline Band band_of_block(const Sequence* q, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """The slots that the bands of these frames cover together."""
    cdef Band band = band_at(q.T, q.S, start), last = band_at(q.T, q.S, stop - 1)
    band.high = last.high
    return band


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

cdef void add_posteriors(const Sequence* q, Band block) noexcept nogil:
    """The posteriors of the table's rows, from those of the states."""
    cdef Py_ssize_t i
    for i in range(F * q.rows):
        q.row_posterior[i] = 0
    block_add_labels(q.blank_sum, V, q.label_place + q.S, 0, V, q.row_posterior)
    block_add_labels(q.label_posterior, q.width, q.label_place, block.low, block.high, q.row_posterior)


cdef inline real sum_of_states(const Sequence* q, Py_ssize_t k) noexcept nogil:
    """The posteriors of frame k of a block, added up."""
    cdef real total = 0
    cdef Py_ssize_t r
    for r in range(q.rows):
        total += q.row_posterior[r * F + k]
    return total


cdef void write_posteriors(const Job* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Of the states of each frame's band; of all others they are 0."""
    cdef Py_ssize_t i, k, step = job.posterior_stride[2]
    cdef Band band
    cdef const real* label
    cdef const real* blank
    cdef real total
    cdef real* out
    for k in range(stop - start):
        band = band_at(q.T, q.S, start + k)
        label = q.label_posterior + k * q.width
        blank = q.blank_posterior + k * q.width
        total = sum_of_states(q, k)
        out = job.posterior + (start + k) * job.posterior_stride[0] + q.n * job.posterior_stride[1]
        for i in range(band.low, min(band.high, q.S + 1)):
            out[2 * i * step] = blank[i] / total
        for i in range(band.low, min(band.high, q.S)):
            out[(2 * i + 1) * step] = label[i] / total


cdef void write_grad(const Job* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """The gradient of a block: scale (softmax - posterior), or -scale * posterior."""
    cdef Py_ssize_t u, index = table_index(q, start)
    cdef Py_ssize_t rows = q.rows if q.has_all_classes else q.used
    cdef real* table = q.table + index * F * q.rows
    if job.from_logits:
        if q.has_exponents[index]:
            for u in range(q.used):
                block_unscale(table + q.used_row[u] * F, q.table_exponent + (index * q.rows + q.used_row[u]) * F,
                              q.below_peak + index * F)
        block_grad_of_logits(q.row_posterior, table, rows, q.rest + index * F, q.scale)
    else:
        block_grad_of_log_probs(q.row_posterior, table, rows, q.scale)
    if q.has_all_classes:
        store_all_classes(job, q, start, stop)
    else:
        store_used_classes(job, q, start, stop)


cdef void store_all_classes(const Job* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    cdef const Rows* grad = &job.grad
    cdef Py_ssize_t k
    if has_whole_block(grad, stop - start):
        block_store(q.row_posterior, grad.classes, <real*> row_at(grad, start, q.n),
                    grad.stride[0] // <Py_ssize_t> sizeof(real))
        return
    block_store(q.row_posterior, grad.classes, q.block_rows, grad.classes)
    for k in range(stop - start):
        store_run(row_at(grad, start + k, q.n), q.block_rows + k * grad.classes, grad.classes, grad.stride[2],
                  grad.dtype)


cdef void store_used_classes(const Job* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """The others are 0, or softmax, which is there already."""
    cdef Py_ssize_t t, u
    cdef const real* g
    cdef char* row
    if not job.from_logits:
        fill_grad(job, q, start, stop, 0)
    for t in range(start, stop):
        row = row_at(&job.grad, t, q.n)
        g = q.row_posterior + t - start
        if is_direct(&job.grad):
            for u in range(q.used):
                (<real*> row)[q.used_class[u]] = g[u * F]
        else:   # one number at a time
            for u in range(q.used):
                store_run(row + q.used_class[u] * job.grad.stride[2], &g[u * F], 1, 0, job.grad.dtype)


cdef void fill_grad(const Job* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop, real value) noexcept nogil:
    """The gradient of whole frames."""
    cdef Py_ssize_t t
    cdef real* row
    for t in range(start, stop):
        row = grad_row(job, q, t, q.block_rows)
        fill(row, job.grad.classes, value)
        store_grad_row(job, q, t, row)
