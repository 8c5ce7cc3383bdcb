"""Connectionist temporal classification: loss and gradient (Graves et al. 2006).

    T, N, C, S   frames, batch, classes, labels of a target
    L[i], B[i]   label i < S and the blank before it (B[S]: the blank after the last): the 2S + 1 states
    alpha        probability of all paths up to a frame that end in a state
    beta         probability of all paths from a state to the end, its own frame's emission not counted
    gamma        beta times that emission

    alpha' L[i] = (L[i] + B[i] + L[i-1] unless the labels are equal) p(label i)
    alpha' B[i] = (B[i] + L[i-1]) p(blank)

A state's probability is a mantissa with an integer exponent of its own (see vecmath.h), so that nothing underflows,
however confident and wrong the scores, and a frame is two dozen plain vector instructions for eight labels. Labels
and blanks lie in separate arrays, so that the recursion reads contiguous lanes. Emissions are relative to the frame's
likeliest class of the target; what that leaves out is added to the loss in double precision.
"""

from libc.math cimport HUGE_VAL, NAN, ldexp, log
from libc.string cimport memcpy

from chunks cimport *
from kernel cimport *

include "rows.pxi"

cnp.import_array()

cdef enum:
    V = 8                     # lanes that go together
    F = 8                     # frames that go through each step together: a step reads what another wrote long before
    KEPT_BYTES = 4_000_000    # alphas up to this size are all kept; longer sequences keep checkpoints
    SEGMENT_BYTES = 400_000   # alphas between checkpoints stay in the second-level cache

ctypedef struct Job:
    char* x
    char* grad
    int x_dtype
    int grad_dtype
    int native
    Py_ssize_t x_stride[3]       # of frame, sequence, class, in bytes
    Py_ssize_t grad_stride[3]
    Py_ssize_t frames            # of the array
    Py_ssize_t classes
    Py_ssize_t blank
    bint from_logits
    const int64_t* labels        # all targets, one behind the other
    const int64_t* offsets
    const int64_t* target_lengths
    const int64_t* input_lengths
    const int64_t* order         # the longest sequences first
    const uint8_t* feasible
    const double* scales         # of each sequence's gradient
    double* losses
    uint8_t* saturated           # set where a score was too far below its frame's best for this type's exponents

# States of one frame: lane 0 of mantissas and exponents of labels and blanks.
ctypedef struct Frame:
    real* label
    real* blank
    xint* label_exponent
    xint* blank_exponent

ctypedef struct Sequence:
    Py_ssize_t T
    Py_ssize_t S
    Py_ssize_t width             # lanes of a frame, with room for 8 dead ones on either side
    Py_ssize_t used              # classes of the target, blank first
    Py_ssize_t row               # lanes of an emission table
    Py_ssize_t segment           # frames between checkpoints
    bint keeps_tables            # whether emissions are kept for the gradient
    int32_t* place               # which of the used classes label i is
    int32_t* used_class
    xint* skip                   # 0, or X_NEVER where label i equals label i - 1
    real* emission               # of each label, for F frames
    xint* emission_exponent
    real* peak                   # of the row's scores, for F frames
    real* rest                   # sum of e without one peak, for F frames
    real* label_posterior
    real* blank_posterior
    real* occupancy              # posterior of each used class, for F frames
    real* row_grad               # gradient of the used classes
    real* alpha                  # frames 0 .. segment of the segment at hand; frame 0 is before its first
    real* checkpoints
    real* gamma                  # two frames
    real* table                  # emissions of the used classes, by frame
    xint* table_exponent
    real* share                  # softmax of the used classes is share * emission
    uint8_t* wide                # whether the frame's emissions have exponents of their own
    real* scores                 # one row
    real* row_out
    real* peaks
    int64_t* lookup              # class to place; all -1 between sequences


# ---- workspace: one block of memory a thread, cut into arrays ----

cdef inline Py_ssize_t padded(Py_ssize_t n) noexcept nogil:
    return (n + V - 1) // V * V


cdef inline char* take(char** memory, Py_ssize_t size) noexcept nogil:
    cdef char* start = memory[0]
    memory[0] += (size + 63) // 64 * 64
    return start


cdef Py_ssize_t lay_out(Job* job, Sequence* q, Py_ssize_t T, Py_ssize_t S, char* memory) noexcept nogil:
    """Cuts the memory for a sequence; returns how many bytes that takes."""
    cdef char* start = memory
    cdef Py_ssize_t C = job.classes, frame_size, checkpoints, table_frames
    q.T = T
    q.S = S
    q.width = padded(S + 2) + 2 * V
    q.row = (min(S, C) + 1 + LANES - 1) // LANES * LANES
    frame_size = 4 * q.width * sizeof(real)
    if job.grad == NULL:
        q.segment = F
        q.keeps_tables = False
        table_frames = F
        checkpoints = 0
    else:
        q.segment = max(T, 1)
        q.keeps_tables = True
        table_frames = max(T, 1)
        checkpoints = 0
        if (T + 1) * frame_size > KEPT_BYTES:
            q.segment = max(<Py_ssize_t> 16, SEGMENT_BYTES // frame_size // F * F)
            checkpoints = T // q.segment + 1
    # The class lookup comes first, in the same place for every sequence.
    q.lookup = <int64_t*> take(&memory, C * sizeof(int64_t))
    q.place = <int32_t*> take(&memory, q.width * sizeof(int32_t))
    q.used_class = <int32_t*> take(&memory, q.row * sizeof(int32_t))
    q.skip = <xint*> take(&memory, q.width * sizeof(xint))
    q.emission = <real*> take(&memory, F * q.width * sizeof(real))
    q.emission_exponent = <xint*> take(&memory, F * q.width * sizeof(xint))
    q.peak = <real*> take(&memory, F * sizeof(real))
    q.rest = <real*> take(&memory, F * sizeof(real))
    q.label_posterior = <real*> take(&memory, q.width * sizeof(real))
    q.blank_posterior = <real*> take(&memory, q.width * sizeof(real))
    q.occupancy = <real*> take(&memory, F * q.row * sizeof(real))
    q.row_grad = <real*> take(&memory, q.row * sizeof(real))
    q.gamma = <real*> take(&memory, 2 * frame_size)
    q.alpha = <real*> take(&memory, (q.segment + 1) * frame_size)
    q.checkpoints = <real*> take(&memory, checkpoints * frame_size)
    q.table = <real*> take(&memory, table_frames * q.row * sizeof(real))
    q.table_exponent = <xint*> take(&memory, table_frames * q.row * sizeof(xint))
    q.share = <real*> take(&memory, table_frames * sizeof(real))
    q.wide = <uint8_t*> take(&memory, table_frames)
    q.scores = <real*> take(&memory, C * sizeof(real))
    q.row_out = <real*> take(&memory, C * sizeof(real))
    q.peaks = <real*> take(&memory, (C // ROW_BLOCK + 1) * sizeof(real))
    return memory - start


cdef inline Frame frame_at(const Sequence* q, real* frames, Py_ssize_t index) noexcept nogil:
    cdef Frame f
    cdef real* start = frames + index * 4 * q.width
    f.label = start + V
    f.blank = start + q.width + V
    f.label_exponent = <xint*> (start + 2 * q.width) + V
    f.blank_exponent = <xint*> (start + 3 * q.width) + V
    return f


cdef inline void bury(const Sequence* q, const Frame* f, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Probability 0 in these lanes."""
    cdef Py_ssize_t i
    for i in range(start, stop):
        f.label[i] = 1
        f.blank[i] = 1
        f.label_exponent[i] = X_DEAD
        f.blank_exponent[i] = X_DEAD


cdef inline void band(const Sequence* q, Py_ssize_t t, Py_ssize_t* low, Py_ssize_t* high) noexcept nogil:
    """Lanes that the start reaches by frame t and from which the end can be reached."""
    low[0] = max(<Py_ssize_t> 0, q.S - q.T + t) // V * V
    high[0] = padded(min(q.S + 1, t + 1))


cdef void read_target(const Job* job, Sequence* q, const int64_t* labels) noexcept nogil:
    """The classes that the target uses, which of them each label is, and where a label may be skipped to."""
    cdef Py_ssize_t i, place
    q.used_class[0] = <int32_t> job.blank
    q.used = 1
    for i in range(q.S):
        place = q.lookup[labels[i]]
        if place < 0:
            place = q.used
            q.lookup[labels[i]] = place
            q.used_class[place] = <int32_t> labels[i]
            q.used += 1
        q.place[i] = <int32_t> place
        q.skip[i] = X_NEVER if i > 0 and labels[i] == labels[i - 1] else 0
    for i in range(q.S, q.width):
        q.place[i] = 0
        q.skip[i] = 0
    for i in range(q.S):
        q.lookup[labels[i]] = -1


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
    return lanes_total(nan) != 0


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


cdef inline void softmax_row(const real* x, real* out, real* peaks, Py_ssize_t n, real scale, real* peak, real* rest,
                             bint keep) noexcept nogil:
    cdef Tile tile
    tile.classes = n
    tile.label[0] = 0
    if keep:
        sum_row(&tile, 0, x, out, peaks, SPARE_A_PEAK, True)
        scale_row(out, n, peaks, tile.peak[0], scale / (R(1.0) + tile.rest[0]))
    else:
        sum_row(&tile, 0, x, out, peaks, SPARE_A_PEAK, False)
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
    cdef real* out
    gather(q.table + slot_of(q, t) * q.row, x, q.used_class, q.used, q.row)
    if not job.from_logits:
        return
    out = grad_row(job, q, t, n) if job.grad != NULL else q.row_out
    if job.classes > NARROW:
        softmax_row(x, out, q.peaks, job.classes, scale, peak, rest, job.grad != NULL)
    elif job.grad != NULL:
        softmax_short_kept(x, out, job.classes, scale, peak, rest)
    else:
        softmax_short_summed(x, job.classes, peak, rest)
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


cdef inline void spread(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """From the used classes to the labels."""
    cdef Py_ssize_t low, high, slot = slot_of(q, t)
    band(q, t, &low, &high)
    look_up(q.emission + t % F * q.width, q.table + slot * q.row, q.place, low, high)
    if q.wide[slot]:
        look_up_exponents(q.emission_exponent + t % F * q.width, q.table_exponent + slot * q.row, q.place, low, high)


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
    cdef const real* emission = q.emission + t % F * q.width
    cdef const xint* emission_exponent = q.emission_exponent + t % F * q.width
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
    cdef const real* emission = q.emission + t % F * q.width
    cdef const xint* emission_exponent = q.emission_exponent + t % F * q.width
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


# ---- a whole sequence ----

cdef void fill_grad(const Job* job, const Sequence* q, Py_ssize_t n, Py_ssize_t start, Py_ssize_t stop,
                    real value) noexcept nogil:
    cdef Py_ssize_t t
    for t in range(start, stop):
        fill(grad_row(job, q, t, n), job.classes, value)
        row_written(job, q, t, n)


cdef void advance(const Sequence* q, Py_ssize_t segment_start, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Alphas of up to F frames, from the frame before them."""
    cdef Py_ssize_t t
    cdef Frame old, new
    for t in range(start, stop):
        spread(q, t)
    for t in range(start, stop):
        old = frame_at(q, q.alpha, t - segment_start)
        new = frame_at(q, q.alpha, t - segment_start + 1)
        forward(q, t, &old, &new)


cdef void copy_frame(const Sequence* q, real* target, const real* source) noexcept nogil:
    memcpy(target, source, 4 * q.width * sizeof(real))


cdef double forward_pass(const Job* job, Sequence* q, Py_ssize_t n, double scale, xint* total_exponent,
                         uint8_t* saturated) noexcept nogil:
    """The loss; inf where every path has probability 0, NaN where a score was."""
    cdef Py_ssize_t t, b, start, stop, s = 0, last_frame = 0
    cdef Frame first = frame_at(q, q.alpha, 0), last
    cdef double offset = 0, product = 1, mantissa, loss
    cdef xint label_exponent = X_DEAD, top
    cdef bint alive = True
    bury(q, &first, -V, q.width - V)
    first.blank_exponent[0] = 0
    for start from 0 <= start < q.T by q.segment:
        stop = min(start + q.segment, q.T)
        if start:
            copy_frame(q, q.alpha, q.alpha + q.segment * 4 * q.width)
        if job.grad != NULL and q.segment < q.T:
            copy_frame(q, q.checkpoints + s * 4 * q.width, q.alpha)
            s += 1
        for b from start <= b < stop by F:
            for t in range(b, min(b + F, stop)):
                read_frame(job, q, t, n, <real> scale)
            for t in range(b, min(b + F, stop)):
                alive = emit(job, q, t, &offset, &product, saturated) and alive
            if alive:
                advance(q, start, b, min(b + F, stop))
        last_frame = stop - start
    if product != product or offset != offset and alive:
        return NAN
    last = frame_at(q, q.alpha, last_frame)
    if q.S > 0:
        label_exponent = last.label_exponent[q.S - 1]
    top = x_max(last.blank_exponent[q.S], label_exponent)
    total_exponent[0] = top
    if not alive or top < X_LIMIT + X_LIMIT // 2:
        return HUGE_VAL
    mantissa = ldexp(last.blank[q.S], <int> max(last.blank_exponent[q.S] - top, <xint> -2000))
    if q.S > 0:
        mantissa += ldexp(last.label[q.S - 1], <int> max(label_exponent - top, <xint> -2000))
    loss = offset + log(product) - (log(mantissa) + top * 0.693147180559945309417)
    # Rounding must not make a loss of normalised scores negative.
    if loss < 0 and (job.from_logits or loss > -1e-6 * (q.T + 1)):
        loss = 0
    return loss


cdef void retreat(const Job* job, const Sequence* q, Py_ssize_t n, Py_ssize_t segment_start, Py_ssize_t start,
                  Py_ssize_t stop, Frame* old, Frame* new, real scale, xint total_exponent) noexcept nogil:
    """The gradient of up to F frames, the last one first."""
    cdef real total[F]
    cdef Frame alpha, spare
    cdef Py_ssize_t t
    for t in range(start, stop):
        spread(q, t)
    for t in range(stop - 1, start - 1, -1):
        alpha = frame_at(q, q.alpha, t - segment_start + 1)
        backward(q, t, old, new, &alpha, total_exponent)
        total[t % F] = collect(q, t)
        spare = old[0]
        old[0] = new[0]
        new[0] = spare
    for t in range(start, stop):
        write_grad(job, q, t, n, total[t % F], scale)


cdef void backward_pass(const Job* job, const Sequence* q, Py_ssize_t n, real scale,
                        xint total_exponent) noexcept nogil:
    cdef Py_ssize_t b, start = (q.T - 1) // q.segment * q.segment, stop = q.T
    cdef Frame old = frame_at(q, q.gamma, 0), new = frame_at(q, q.gamma, 1)
    bury(q, &old, -V, q.width - V)
    bury(q, &new, -V, q.width - V)
    old.blank_exponent[q.S] = 0
    while start >= 0:
        if stop < q.T:
            copy_frame(q, q.alpha, q.checkpoints + start // q.segment * 4 * q.width)
            for b from start <= b < stop by F:
                advance(q, start, b, min(b + F, stop))
        b = (stop - 1 - start) // F * F + start
        while b >= start:
            retreat(job, q, n, start, b, min(b + F, stop), &old, &new, scale, total_exponent)
            b -= F
        stop = start
        start -= q.segment


cdef double sequence_loss(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef Job* job = <Job*> data
    cdef Py_ssize_t n = job.order[chunk], T = job.input_lengths[n], S = job.target_lengths[n], u
    cdef Sequence q
    cdef xint total_exponent = 0
    cdef double loss, scale = job.scales[n]
    lay_out(job, &q, T, S, <char*> scratch)
    for u in range(job.classes):
        q.lookup[u] = -1
    job.saturated[n] = 0
    if not job.feasible[n]:
        loss = HUGE_VAL
    elif T == 0:
        loss = 0
    else:
        read_target(job, &q, job.labels + job.offsets[n])
        loss = forward_pass(job, &q, n, scale, &total_exponent, &job.saturated[n])
        if job.grad != NULL and loss < HUGE_VAL:
            backward_pass(job, &q, n, <real> scale, total_exponent)
    job.losses[n] = loss
    if job.grad != NULL:
        if not loss < HUGE_VAL:
            fill_grad(job, &q, n, 0, T, 0 if loss == HUGE_VAL else <real> loss)
        fill_grad(job, &q, n, T, job.frames, 0)
    return loss


def ctc(cnp.ndarray x, int x_dtype, int native_dtype, cnp.ndarray labels, cnp.ndarray offsets,
        cnp.ndarray target_lengths, cnp.ndarray input_lengths, cnp.ndarray order, cnp.ndarray feasible,
        Py_ssize_t blank, bint from_logits, cnp.ndarray scales, cnp.ndarray losses, grad, int grad_dtype,
        cnp.ndarray saturated, int threads):
    """Losses of the sequences in `order`, and the gradient where it is wanted; x and grad are (T, N, C)."""
    cdef Job job
    cdef Sequence q
    cdef cnp.ndarray grad_array
    cdef double total
    cdef Py_ssize_t i, size = 0
    job.x = <char*> data_of(x)
    job.grad = <char*> data_of(grad)
    job.x_dtype = x_dtype
    job.grad_dtype = grad_dtype
    job.native = native_dtype
    job.frames = x.shape[0]
    job.classes = x.shape[2]
    job.blank = blank
    job.from_logits = from_logits
    for i in range(3):
        job.x_stride[i] = x.strides[i]
    if grad is not None:
        grad_array = grad
        for i in range(3):
            job.grad_stride[i] = grad_array.strides[i]
    job.labels = <const int64_t*> data_of(labels)
    job.offsets = <const int64_t*> data_of(offsets)
    job.target_lengths = <const int64_t*> data_of(target_lengths)
    job.input_lengths = <const int64_t*> data_of(input_lengths)
    job.order = <const int64_t*> data_of(order)
    job.feasible = <const uint8_t*> data_of(feasible)
    job.scales = <const double*> data_of(scales)
    job.losses = <double*> data_of(losses)
    job.saturated = <uint8_t*> data_of(saturated)
    for i in range(order.size):
        size = max(size, lay_out(&job, &q, job.input_lengths[job.order[i]], job.target_lengths[job.order[i]], NULL))
    run_chunks(sequence_loss, &job, order.size, size // sizeof(real) + 1, threads, &total)
