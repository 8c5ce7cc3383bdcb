"""Prefix probabilities for a beam search: of all label sequences that begin with a prefix (Graves 2008; Watanabe 2017).

    N_t, B_t   probability of all paths of t + 1 frames that read as the prefix and end in its last label, in a blank
    phi_t      probability that the prefix g is complete after frame t and c may come next: B_t(g), and N_t(g) unless
               c repeats g's last label

    N_t(gc) = (N_{t-1}(gc) + phi_{t-1}) p_t(c)      B_t(gc) = (B_{t-1}(gc) + N_{t-1}(gc)) p_t(blank)
    score   = sum over t of phi_{t-1} p_t(c)

Every number is a mantissa with an integer exponent of its own (see scaled.h), a hypothesis a row of T of each. V
hypotheses go through the frames together.
"""

from libc.math cimport HUGE_VAL, NAN

from core cimport *
from poll cimport *

include "ctc_jobs.pxi"

cdef enum:
    F = 32              # frames between two questions whether to stop
    FRAME_WORK = 500    # of V hypotheses, for should_stop(): in nanoseconds

# A number for each of V hypotheses.
ctypedef struct Lanes:
    real mantissa[V]
    xint exponent[V]


cdef inline void add(const Lanes* a, const Lanes* b, Lanes* total) noexcept nogil:
    """Mantissas come out within [1, 2)."""
    cdef Py_ssize_t i
    cdef xint top
    cdef real sum
    for i in range(V):
        top = x_max(a.exponent[i], b.exponent[i])
        sum = a.mantissa[i] * x_power(a.exponent[i] - top) + b.mantissa[i] * x_power(b.exponent[i] - top)
        total.exponent[i] = x_max(top + x_exponent(sum), X_ZERO)
        total.mantissa[i] = x_mantissa(sum)


cdef inline void times(const Lanes* a, const Lanes* b, Lanes* product) noexcept nogil:
    cdef Py_ssize_t i
    cdef real y
    for i in range(V):
        y = a.mantissa[i] * b.mantissa[i]
        product.exponent[i] = x_max(a.exponent[i] + b.exponent[i] + x_exponent(y), X_ZERO)
        product.mantissa[i] = x_mantissa(y)


cdef inline void set_zero(Lanes* lanes) noexcept nogil:
    """Probability 0."""
    cdef Py_ssize_t i
    for i in range(V):
        lanes.mantissa[i] = 1
        lanes.exponent[i] = X_ZERO


cdef inline double log_of(const Lanes* lanes, Py_ssize_t i) noexcept nogil:
    return x_log(lanes.mantissa[i], lanes.exponent[i]) if lanes.exponent[i] > X_LIMIT else -HUGE_VAL


# ---- reading ----

cdef extern from *:
    """
    /* Of a score or its negative, in nats: beyond it, some hundred frames would exhaust the exponent. */
    #define LARGEST_SCORE R(1e15)
    """
    real LARGEST_SCORE


cdef inline void split_score(real x, real* mantissa, xint* exponent, bint* has_nan) noexcept nogil:
    """e to a score. NaN and +inf are taken for 0, and reported."""
    if not x < LARGEST_SCORE:
        has_nan[0] = True
        x = 0
    x_exp(x, -LARGEST_SCORE, mantissa, exponent)


cdef inline Py_ssize_t hypothesis(const ExtendJob* job, Py_ssize_t first, Py_ssize_t i) noexcept nogil:
    """Of lane i. The last one fills the lanes that are left over."""
    return min(first + i, job.new.count - 1)


cdef void read_scores(const ExtendJob* job, Py_ssize_t first, Py_ssize_t t, Lanes* label, Lanes* blank,
                      bint* has_nan) noexcept nogil:
    """The emissions of the new label of each lane, and of the blank."""
    cdef Py_ssize_t i
    cdef bint blank_is_nan = False
    for i in range(V):
        split_score(job.x[job.new.last[hypothesis(job, first, i)] * job.frames + t], &label.mantissa[i],
                    &label.exponent[i], &has_nan[i])
    split_score(job.x[job.blank * job.frames + t], &blank.mantissa[0], &blank.exponent[0], &blank_is_nan)
    for i in range(1, V):
        blank.mantissa[i] = blank.mantissa[0]
        blank.exponent[i] = blank.exponent[0]
    if blank_is_nan:
        for i in range(V):
            has_nan[i] = True


cdef void read_phi(const ExtendJob* job, Py_ssize_t first, Py_ssize_t t, Lanes* phi) noexcept nogil:
    """Of the frame before t. Before the first, the empty prefix is complete and no other is."""
    cdef Py_ssize_t i, m, parent, place
    cdef Lanes n, b
    set_zero(&n)
    set_zero(&b)
    for i in range(V):
        m = hypothesis(job, first, i)
        parent = job.parent[m]
        if t == 0:
            b.exponent[i] = 0 if job.old.last[parent] < 0 else X_ZERO
            continue
        place = parent * 2 * job.frames + t - 1
        b.mantissa[i] = job.old.mantissa[place + job.frames]
        b.exponent[i] = job.old.exponent[place + job.frames]
        if job.old.last[parent] != job.new.last[m]:
            n.mantissa[i] = job.old.mantissa[place]
            n.exponent[i] = job.old.exponent[place]
    add(&n, &b, phi)


cdef inline void store_frame(const ExtendJob* job, Py_ssize_t first, Py_ssize_t t, const Lanes* n,
                             const Lanes* b) noexcept nogil:
    cdef Py_ssize_t i, place
    for i in range(min(<Py_ssize_t> V, job.new.count - first)):
        place = (first + i) * 2 * job.frames + t
        job.new.mantissa[place] = n.mantissa[i]
        job.new.exponent[place] = n.exponent[i]
        job.new.mantissa[place + job.frames] = b.mantissa[i]
        job.new.exponent[place + job.frames] = b.exponent[i]


cdef inline void extend_frames(const ExtendJob* job, Py_ssize_t first, Py_ssize_t start, Py_ssize_t stop, Lanes* n,
                               Lanes* b, Lanes* score, bint* has_nan) noexcept nogil:
    cdef Py_ssize_t t
    cdef Lanes label, blank, phi, sum, term
    for t in range(start, stop):
        read_scores(job, first, t, &label, &blank, has_nan)
        read_phi(job, first, t, &phi)
        add(b, n, &sum)
        times(&sum, &blank, b)
        add(n, &phi, &sum)
        times(&sum, &label, n)
        times(&phi, &label, &term)
        add(score, &term, score)
        store_frame(job, first, t, n, b)


cdef public exact_sum extend_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """V hypotheses."""
    cdef ExtendJob* job = <ExtendJob*> data
    cdef Py_ssize_t first = chunk * V, i, t
    cdef Lanes n, b, sum, score
    cdef bint has_nan[V]
    set_zero(&n)
    set_zero(&b)
    set_zero(&score)
    for i in range(V):
        has_nan[i] = job.old.has_nan[job.parent[hypothesis(job, first, i)]]
    for t from 0 <= t < job.frames by F:
        if should_stop(poll_of(scratch), F * FRAME_WORK):
            return NO_SUM
        extend_frames(job, first, t, min(t + F, job.frames), &n, &b, &score, has_nan)
    add(&n, &b, &sum)
    for i in range(min(<Py_ssize_t> V, job.new.count - first)):
        job.new.has_nan[first + i] = has_nan[i]
        job.new.scores[first + i] = NAN if has_nan[i] else log_of(&score, i)
        job.new.complete[first + i] = NAN if has_nan[i] else log_of(&sum, i)
    return NO_SUM


cdef public void plan_extend(void* data, kernel_plan* plan) noexcept nogil:
    plan.chunks = ((<ExtendJob*> data).new.count + V - 1) // V
    plan.scratch = 0


cdef public void extend_root(void* data) noexcept nogil:
    """The new state, of the empty prefix."""
    cdef ExtendJob* job = <ExtendJob*> data
    cdef Py_ssize_t t, place
    cdef real mantissa, score
    cdef xint exponent
    cdef bint has_nan = False
    cdef double total = 0
    for t in range(job.frames):
        score = job.x[job.blank * job.frames + t]
        total += score
        job.new.mantissa[t] = 1
        job.new.exponent[t] = X_ZERO
        split_score(score, &mantissa, &exponent, &has_nan)
        place = job.frames + t
        if t > 0:
            mantissa *= job.new.mantissa[place - 1]
            exponent += job.new.exponent[place - 1]
        job.new.mantissa[place] = x_mantissa(mantissa)
        job.new.exponent[place] = x_max(exponent + x_exponent(mantissa), X_ZERO)
    job.new.has_nan[0] = has_nan
    job.new.scores[0] = NAN if has_nan else 0
    job.new.complete[0] = NAN if has_nan else total
