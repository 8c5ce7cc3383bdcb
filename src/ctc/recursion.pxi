"""What happens to one frame of a sequence: its emissions, alpha forward, gamma and posteriors backward, its gradient.
Included by ctc.pyx, which explains the names."""

# ---- emissions ----

cdef inline const real* score_row(const Job* job, const Sequence* q, Py_ssize_t t, Py_ssize_t n) noexcept nogil:
    cdef const char* row = job.x + t * job.x_stride[0] + n * job.x_stride[1]
    if job.x_dtype == job.native and job.x_stride[2] == sizeof(real):
        return <const real*> row
    load_run(q.scores, row, job.classes, job.x_stride[2], job.x_dtype)
    return q.scores


cdef inline real* grad_row(const Job* job, const Sequence* q, Py_ssize_t t, Py_ssize_t n) noexcept nogil:
    """Where a row of the gradient is computed; row_written() brings it home."""
    if job.grad_dtype == job.native and job.grad_stride[2] == sizeof(real):
        return <real*> (job.grad + t * job.grad_stride[0] + n * job.grad_stride[1])
    return q.row_out


cdef inline void row_written(const Job* job, const Sequence* q, Py_ssize_t t, Py_ssize_t n) noexcept nogil:
    if not (job.grad_dtype == job.native and job.grad_stride[2] == sizeof(real)):
        store_run(job.grad + t * job.grad_stride[0] + n * job.grad_stride[1], q.row_out, job.classes,
                  job.grad_stride[2], job.grad_dtype)


cdef inline void gather(real_p d, const real* x, const int32_t* used_class, Py_ssize_t used,
                        Py_ssize_t row) noexcept nogil:
    """Scores of the used classes; the lanes beyond them repeat the blank's."""
    cdef Py_ssize_t u
    for u in range(used):
        d[u] = x[used_class[u]]
    for u in range(used, row):
        d[u] = d[0]


cdef inline bint extremes(real_cp d, Py_ssize_t n, real* best, real* worst) noexcept nogil:
    """The largest and the smallest of a padded row of scores; whether any is NaN."""
    cdef real high[LANES]
    cdef real low[LANES]
    cdef real nan[LANES]
    cdef Py_ssize_t i, u
    for i in range(LANES):
        high[i] = -INFINITY
        low[i] = -INFINITY
        nan[i] = 0
    for u from 0 <= u < n by LANES:
        lanes_extremes(d + u, high, low, nan)
    best[0] = lanes_top(high)
    worst[0] = -lanes_top(low)
    return lanes_count(nan) != 0


cdef inline void exp_row(real* d, Py_ssize_t n, real best) noexcept nogil:
    cdef Py_ssize_t u
    for u in range(n):
        d[u] = r_exp(d[u] - best)


cdef void wide_row(const Sequence* q, real* d, xint* exponent, real best, uint8_t* saturated) noexcept nogil:
    """Emissions below the type's range. A score beyond the sequence's exponents counts as the last one within."""
    cdef Py_ssize_t u
    cdef real below, lowest = <real> (X_LIMIT // (q.T + 1)) * R(0.69)
    for u in range(q.row):
        below = d[u] - best
        x_exp(below, lowest, &d[u], &exponent[u])
        if below < lowest and below >= -FL_LARGEST:
            saturated[0] = 1


cdef inline const real* row_after(const Job* job, const Sequence* q, Py_ssize_t t, Py_ssize_t n) noexcept nogil:
    """The sequence's row of the next frame, if it has one: where the scores lie, whatever their type."""
    return <const real*> (job.x + min(t + 1, q.T - 1) * job.x_stride[0] + n * job.x_stride[1])


cdef inline void softmax_row(const real* x, real* out, real* peaks, Py_ssize_t n, real scale, real* peak, real* rest,
                             const real* ahead, bint keep) noexcept nogil:
    cdef row_tile tile
    if n < LANES:
        if keep:
            softmax_short_kept(x, out, n, scale, peak, rest)
        else:
            softmax_short_summed(x, n, peak, rest)
        return
    tile.classes = n
    tile.label[0] = 0
    tile.ahead = ahead
    if keep:
        sum_row(&tile, 0, x, out, peaks, EXCLUDE_ANY_PEAK, True)
        scale_row(out, n, peaks, tile.peak[0], scale / (R(1.0) + tile.rest[0]))
    else:
        sum_row(&tile, 0, x, out, peaks, EXCLUDE_ANY_PEAK, False)
    peak[0] = tile.peak[0]
    rest[0] = tile.rest[0]


cdef inline Py_ssize_t slot_of(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """Where the tables have frame t."""
    return t if q.keeps_tables else t % F


cdef inline void read_frame(const Job* job, const Sequence* q, Py_ssize_t t, Py_ssize_t n, real scale) noexcept nogil:
    """The scores of the used classes; the whole row's softmax too, into the gradient, where it is wanted."""
    cdef const real* x = score_row(job, q, t, n)
    cdef real* peak = q.peak + t % F
    cdef real* rest = q.rest + t % F
    cdef real* out = q.row_out
    cdef real* table = q.table + slot_of(q, t) * q.row
    cdef bint in_place
    if not job.from_logits:
        gather(table, x, q.used_class, q.used, q.row)
        return
    if job.grad != NULL:
        out = grad_row(job, q, t, n)
    in_place = out == x
    if in_place:
        gather(table, x, q.used_class, q.used, q.row)
    softmax_row(x, out, q.peaks, job.classes, scale, peak, rest, row_after(job, q, t, n), job.grad != NULL)
    if not in_place:   # by now the row is in the cache
        gather(table, x, q.used_class, q.used, q.row)
    if job.grad != NULL:
        row_written(job, q, t, n)


cdef inline bint emit(const Job* job, const Sequence* q, Py_ssize_t t, double* offset, double* product,
                      uint8_t* saturated) noexcept nogil:
    """Frame t's emissions of the used classes, relative to the best of them. What that leaves out of the probability
    goes to `offset`, as a logarithm, and to `product`. False where the frame has no probability for the target."""
    cdef Py_ssize_t slot = slot_of(q, t)
    cdef real* d = q.table + slot * q.row
    cdef real best, worst
    cdef bint nan = extremes(d, q.row, &best, &worst)
    if job.from_logits:
        offset[0] += <double> q.peak[t % F] - best
        product[0] *= 1.0 + q.rest[t % F]
        q.share[slot] = r_exp(best - q.peak[t % F]) / (R(1.0) + q.rest[t % F])
    else:
        offset[0] -= best
    if product[0] > 1e200:
        offset[0] += log(product[0])
        product[0] = 1
    if nan or best == INFINITY:
        product[0] = NAN
    if best == -INFINITY:
        return False
    q.wide[slot] = worst - best < FL_EXP_LOW
    if q.wide[slot]:
        wide_row(q, d, q.table_exponent + slot * q.row, best, saturated)
    else:
        exp_row(d, q.row, best)
    return True


cdef inline void look_up(real_p target, real_cp table, const int32_t* place, Py_ssize_t low,
                         Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        target[i] = table[place[i]]


cdef inline void look_up_exponents(xint_p target, xint_cp table, const int32_t* place, Py_ssize_t low,
                                   Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        target[i] = table[place[i]]


cdef inline Py_ssize_t in_segment(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """Where the frames of a segment have frame t."""
    return t if q.segment >= q.T else t % q.segment


cdef inline void spread(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """From the used classes to the labels, for the way forward and back."""
    cdef Py_ssize_t low, high, slot = slot_of(q, t), place = in_segment(q, t) * q.width
    band(q, t, &low, &high)
    look_up(q.emission + place, q.table + slot * q.row, q.place, low, high)
    if q.wide[slot]:
        look_up_exponents(q.emission_exponent + place, q.table_exponent + slot * q.row, q.place, low, high)


# ---- one frame forward ----

cdef inline void forward_lanes(real_cp label, real_cp blank, xint_cp label_exponent, xint_cp blank_exponent,
                               real_p new_label, real_p new_blank, xint_p new_label_exponent,
                               xint_p new_blank_exponent, xint_cp skip, real_cp emission, xint_cp emission_exponent,
                               real blank_emission, xint blank_emission_exponent, Py_ssize_t low, Py_ssize_t high,
                               const bint wide) noexcept nogil:
    cdef Py_ssize_t i, j, b
    cdef xint top, top_blank, before, e
    cdef real total, total_blank
    for b in range((high - low) // V):
        j = low + b * V
        for i in range(j, j + V):
            before = label_exponent[i - 1] + skip[i]
            top = x_max(x_max(label_exponent[i], blank_exponent[i]), before)
            total = (label[i] * x_power(label_exponent[i] - top) + blank[i] * x_power(blank_exponent[i] - top)
                     + label[i - 1] * x_power(before - top)) * emission[i]
            e = top + x_exponent(total)
            if wide:
                e += emission_exponent[i]
            new_label[i] = x_mantissa(total)
            new_label_exponent[i] = x_max(e, X_DEAD)
            top_blank = x_max(blank_exponent[i], label_exponent[i - 1])
            total_blank = (blank[i] * x_power(blank_exponent[i] - top_blank)
                           + label[i - 1] * x_power(label_exponent[i - 1] - top_blank)) * blank_emission
            e = top_blank + x_exponent(total_blank)
            if wide:
                e += blank_emission_exponent
            new_blank[i] = x_mantissa(total_blank)
            new_blank_exponent[i] = x_max(e, X_DEAD)


cdef void forward(const Sequence* q, Py_ssize_t t, const Frame* old, const Frame* new) noexcept nogil:
    cdef Py_ssize_t low, high, i, slot = slot_of(q, t)
    cdef const real* emission = q.emission + in_segment(q, t) * q.width
    cdef const xint* emission_exponent = q.emission_exponent + in_segment(q, t) * q.width
    band(q, t, &low, &high)
    if q.wide[slot]:
        forward_lanes(old.label, old.blank, old.label_exponent, old.blank_exponent, new.label, new.blank,
                      new.label_exponent, new.blank_exponent, q.skip, emission, emission_exponent,
                      q.table[slot * q.row], q.table_exponent[slot * q.row], low, high, True)
    else:
        forward_lanes(old.label, old.blank, old.label_exponent, old.blank_exponent, new.label, new.blank,
                      new.label_exponent, new.blank_exponent, q.skip, emission, emission_exponent,
                      q.table[slot * q.row], 0, low, high, False)
    for i in range(q.S, high):   # there is no label after the last blank
        new.label_exponent[i] = X_DEAD
    new.label_exponent[low - 1] = X_DEAD   # the next frame reads one label below the band,
    new.label[low - 1] = 1
    if high <= q.S:                        # and new lanes above it while the band still grows
        bury(q, new, high, high + V)


# ---- one frame backward ----

cdef inline void backward_lanes(real_cp label, real_cp blank, xint_cp label_exponent, xint_cp blank_exponent,
                                real_p new_label, real_p new_blank, xint_p new_label_exponent,
                                xint_p new_blank_exponent, real_cp alpha_label, real_cp alpha_blank,
                                xint_cp alpha_label_exponent, xint_cp alpha_blank_exponent, real_p label_posterior,
                                real_p blank_posterior, xint_cp skip, real_cp emission, xint_cp emission_exponent,
                                real blank_emission, xint blank_emission_exponent, xint total_exponent,
                                Py_ssize_t low, Py_ssize_t high, const bint wide) noexcept nogil:
    cdef Py_ssize_t i, j, b
    cdef xint top, top_blank, after, e
    cdef real beta, beta_blank, product
    for b in range((high - low) // V):
        j = low + b * V
        for i in range(j, j + V):
            after = label_exponent[i + 1] + skip[i + 1]
            top = x_max(x_max(label_exponent[i], blank_exponent[i + 1]), after)
            beta = (label[i] * x_power(label_exponent[i] - top) + blank[i + 1] * x_power(blank_exponent[i + 1] - top)
                    + label[i + 1] * x_power(after - top))
            label_posterior[i] = alpha_label[i] * beta * x_power(alpha_label_exponent[i] + top - total_exponent)
            product = beta * emission[i]
            e = top + x_exponent(product)
            if wide:
                e += emission_exponent[i]
            new_label[i] = x_mantissa(product)
            new_label_exponent[i] = x_max(e, X_DEAD)
            top_blank = x_max(blank_exponent[i], label_exponent[i])
            beta_blank = (blank[i] * x_power(blank_exponent[i] - top_blank)
                          + label[i] * x_power(label_exponent[i] - top_blank))
            blank_posterior[i] = (alpha_blank[i] * beta_blank
                                  * x_power(alpha_blank_exponent[i] + top_blank - total_exponent))
            product = beta_blank * blank_emission
            e = top_blank + x_exponent(product)
            if wide:
                e += blank_emission_exponent
            new_blank[i] = x_mantissa(product)
            new_blank_exponent[i] = x_max(e, X_DEAD)


cdef void backward(const Sequence* q, Py_ssize_t t, const Frame* old, const Frame* new, const Frame* alpha,
                   xint total_exponent) noexcept nogil:
    """From gamma of frame t + 1 to the posteriors and gamma of frame t."""
    cdef Py_ssize_t low, high, i
    cdef const real* emission = q.emission + in_segment(q, t) * q.width
    cdef const xint* emission_exponent = q.emission_exponent + in_segment(q, t) * q.width
    band(q, t, &low, &high)
    if q.wide[t]:
        backward_lanes(old.label, old.blank, old.label_exponent, old.blank_exponent, new.label, new.blank,
                       new.label_exponent, new.blank_exponent, alpha.label, alpha.blank, alpha.label_exponent,
                       alpha.blank_exponent, q.label_posterior, q.blank_posterior, q.skip, emission,
                       emission_exponent, q.table[t * q.row], q.table_exponent[t * q.row], total_exponent,
                       low, high, True)
    else:
        backward_lanes(old.label, old.blank, old.label_exponent, old.blank_exponent, new.label, new.blank,
                       new.label_exponent, new.blank_exponent, alpha.label, alpha.blank, alpha.label_exponent,
                       alpha.blank_exponent, q.label_posterior, q.blank_posterior, q.skip, emission,
                       emission_exponent, q.table[t * q.row], 0, total_exponent, low, high, False)
    for i in range(q.S, high):
        new.label_exponent[i] = X_DEAD


cdef inline real sum_row_of(real_cp x, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """The sum of whole groups of V lanes."""
    cdef real lane[LANES]
    cdef Py_ssize_t i, j = start
    for i in range(LANES):
        lane[i] = 0
    while j + LANES <= stop:
        lanes_add(x + j, lane)
        j += LANES
    if j < stop:
        for i in range(V):
            lane[i] += x[j + i]
    return <real> lanes_total(lane)


cdef inline void scatter(real_p occupancy, real_cp posterior, const int32_t* place, Py_ssize_t low,
                         Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        occupancy[place[i]] += posterior[i]


cdef inline real collect(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """Posteriors of the used classes; returns the sum over all states."""
    cdef Py_ssize_t low, high, u
    cdef real* occupancy = q.occupancy + t % F * q.row
    cdef real blank
    band(q, t, &low, &high)
    for u in range(q.row):
        occupancy[u] = 0
    scatter(occupancy, q.label_posterior, q.place, low, min(high, q.S))
    blank = sum_row_of(q.blank_posterior, low, high)
    occupancy[0] = blank
    return blank + sum_row_of(q.label_posterior, low, high)


cdef inline void write_posterior(const Job* job, const Sequence* q, Py_ssize_t t, Py_ssize_t n,
                                 real total) noexcept nogil:
    """Of the states of the band; of all others they are 0."""
    cdef Py_ssize_t low, high, i, step = job.posterior_stride[2]
    cdef real* out = job.posterior + t * job.posterior_stride[0] + n * job.posterior_stride[1]
    band(q, t, &low, &high)
    for i in range(low, min(high, q.S + 1)):
        out[2 * i * step] = q.blank_posterior[i] / total
    for i in range(low, min(high, q.S)):
        out[(2 * i + 1) * step] = q.label_posterior[i] / total


cdef inline void grad_of_used(real_p g, real_cp occupancy, real_cp emission, Py_ssize_t n, real share,
                              real normal) noexcept nogil:
    """share * emission - posterior"""
    cdef Py_ssize_t u
    for u in range(n):
        g[u] = share * emission[u] - normal * occupancy[u]


cdef inline void write_grad(const Job* job, const Sequence* q, Py_ssize_t t, Py_ssize_t n, real total,
                            real scale) noexcept nogil:
    """The gradient of the used classes: scale (softmax - posterior), or -scale * posterior."""
    cdef Py_ssize_t u
    cdef real share = 0
    cdef real* g = q.row_grad
    cdef real* e = q.table + t * q.row
    cdef char* home = job.grad + t * job.grad_stride[0] + n * job.grad_stride[1]
    cdef bint direct = job.grad_dtype == job.native and job.grad_stride[2] == sizeof(real)
    if job.from_logits:
        share = scale * q.share[t]
        if q.wide[t]:
            for u in range(q.row):
                e[u] *= x_power(q.table_exponent[t * q.row + u])
    else:
        fill(grad_row(job, q, t, n), job.classes, 0)
        row_written(job, q, t, n)
    grad_of_used(g, q.occupancy + t % F * q.row, e, q.row, share, scale / total)
    if direct:
        for u in range(q.used):
            (<real*> home)[q.used_class[u]] = g[u]
    else:
        for u in range(q.used):
            store_run(home + q.used_class[u] * job.grad_stride[2], &g[u], 1, 0, job.grad_dtype)
