"""What happens to one frame once it has its emissions: alpha forward; gamma, posteriors and the gradient backward.
Included by ctc.pyx, which explains the names.
"""

# ---- forward and backward ----

cdef inline Step step_of(const Sequence* q, Py_ssize_t t, const Frame* old, const Frame* new, Band band) noexcept nogil:
    cdef Step step
    cdef Py_ssize_t index = table_index(q, t)
    step.old = old[0]
    step.new = new[0]
    step.skip = q.skip
    step.emission = q.emission + segment_index(q, t) * q.width
    step.emission_exponent = q.emission_exponent + segment_index(q, t) * q.width
    step.has_exponents = q.has_exponents[index]
    step.blank_emission = q.table[index * q.table_width]
    step.blank_emission_exponent = q.table_exponent[index * q.table_width]
    step.low = band.low
    step.high = band.high
    return step


cdef inline void clear_after_last_blank(const Sequence* q, const Frame* f, Py_ssize_t high) noexcept nogil:
    """There is no label there."""
    cdef Py_ssize_t i
    for i in range(q.S, high):
        f.label_exponent[i] = X_ZERO


cdef void forward_frame(const Sequence* q, Py_ssize_t t, const Frame* old, const Frame* new) noexcept nogil:
    """From the alphas of frame t - 1 to those of frame t."""
    cdef Band band = band_at(q.T, q.S, t)
    cdef Step step = step_of(q, t, old, new, band)
    forward_step(&step)
    clear_after_last_blank(q, new, band.high)
    new.label_exponent[band.low - 1] = X_ZERO   # the next frame reads one label below the band,
    new.label[band.low - 1] = 1
    if band.high <= q.S:                        # and new slots above it while the band still grows
        set_zero(new, band.high, band.high + V)


cdef void backward_frame(const Sequence* q, Py_ssize_t t, const Frame* old, const Frame* new, const Frame* alpha,
                         xint total_exponent) noexcept nogil:
    """From the gammas of frame t + 1 to the posteriors and gammas of frame t."""
    cdef Band band = band_at(q.T, q.S, t)
    cdef Step step = step_of(q, t, old, new, band)
    backward_step(&step, alpha, &q.posterior, total_exponent)
    clear_after_last_blank(q, new, band.high)


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

cdef inline real sum_band(real_cp x, Band band) noexcept nogil:
    cdef real lane[LANES]
    cdef Py_ssize_t i, start = band.low
    for i in range(LANES):
        lane[i] = 0
    while start + LANES <= band.high:
        lanes_add(x + start, lane)
        start += LANES
    if start < band.high:
        for i in range(V):
            lane[i] += x[start + i]
    return <real> lanes_total(lane)


cdef inline void scatter_add(real_p occupancy, real_cp posterior, const int32_t* index, Py_ssize_t low,
                             Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        occupancy[index[i]] += posterior[i]


cdef inline real accumulate_posteriors(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """Posteriors of the used classes; returns the sum over all states."""
    cdef Band band = band_at(q.T, q.S, t)
    cdef Py_ssize_t u
    cdef real* occupancy = q.occupancy + t % F * q.table_width
    cdef real blank
    for u in range(q.table_width):
        occupancy[u] = 0
    scatter_add(occupancy, q.posterior.label, q.class_index, band.low, min(band.high, q.S))
    blank = sum_band(q.posterior.blank, band)
    occupancy[0] = blank
    return blank + sum_band(q.posterior.label, band)


cdef inline void write_posterior(const Job* job, const Sequence* q, Py_ssize_t t, real total) noexcept nogil:
    """Of the states of the band; of all others they are 0."""
    cdef Band band = band_at(q.T, q.S, t)
    cdef Py_ssize_t i, step = job.posterior_stride[2]
    cdef real* out = job.posterior + t * job.posterior_stride[0] + q.n * job.posterior_stride[1]
    for i in range(band.low, min(band.high, q.S + 1)):
        out[2 * i * step] = q.posterior.blank[i] / total
    for i in range(band.low, min(band.high, q.S)):
        out[(2 * i + 1) * step] = q.posterior.label[i] / total


cdef inline void grad_of_used(real_p g, real_cp occupancy, real_cp emission, Py_ssize_t n, real share,
                              real normal) noexcept nogil:
    """share * emission - posterior"""
    cdef Py_ssize_t u
    for u in range(n):
        g[u] = share * emission[u] - normal * occupancy[u]


cdef inline void write_grad(const Job* job, const Sequence* q, Py_ssize_t t, real total) noexcept nogil:
    """The gradient of the used classes: scale (softmax - posterior), or -scale * posterior."""
    cdef Py_ssize_t u
    cdef real scale = q.scale, share = 0
    cdef real* g = q.used_grad
    cdef real* emission = q.table + t * q.table_width
    cdef char* destination = row_at(&job.grad, t, q.n)
    if job.from_logits:
        share = scale * q.share[t]
        if q.has_exponents[t]:
            for u in range(q.table_width):
                emission[u] *= x_power(q.table_exponent[t * q.table_width + u])
    else:
        fill(grad_row(job, q, t), job.grad.classes, 0)
        store_grad_row(job, q, t)
    grad_of_used(g, q.occupancy + t % F * q.table_width, emission, q.table_width, share, scale / total)
    if is_direct(&job.grad):
        for u in range(q.used):
            (<real*> destination)[q.used_class[u]] = g[u]
    else:   # one number at a time
        for u in range(q.used):
            store_run(destination + q.used_class[u] * job.grad.stride[2], &g[u], 1, 0, job.grad.dtype)


cdef void fill_grad(const Job* job, const Sequence* q, Py_ssize_t start, Py_ssize_t stop, real value) noexcept nogil:
    """The gradient of whole frames."""
    cdef Py_ssize_t t
    for t in range(start, stop):
        fill(grad_row(job, q, t), job.grad.classes, value)
        store_grad_row(job, q, t)
