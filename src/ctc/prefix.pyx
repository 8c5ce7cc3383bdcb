"""Prefix probabilities for a beam search: of all label sequences that begin with a prefix (Graves 2008; Watanabe 2017).

    N_t, B_t   probability of all paths of t + 1 frames that read as the prefix and end in its last label, in a blank
    phi_t      probability that the prefix g is complete after frame t and c may come next: B_t(g), and N_t(g) unless
               c repeats g's last label

    N_t(gc) = (N_{t-1}(gc) + phi_{t-1}) p_t(c)      B_t(gc) = (B_{t-1}(gc) + N_{t-1}(gc)) p_t(blank)
    score   = sum over t of phi_{t-1} p_t(c)

Every number is a mantissa with an integer exponent of its own (see vecmath.h), a hypothesis a row of T of each. V
hypotheses go through the frames together.
"""

from libc.math cimport HUGE_VAL, NAN, log

from core cimport *
from parallel cimport *

cnp.import_array()

cdef enum:
    V = 8

ctypedef struct PrefixJob:
    const real* x               # (C, T) log-probabilities
    Py_ssize_t frames
    Py_ssize_t blank
    const int64_t* parent       # of each new hypothesis
    const int64_t* label
    const int64_t* last         # labels of the parents; -1 for the empty prefix
    const real* old_number      # (H, 2, T): N and B of the parents
    const xint* old_exponent
    const uint8_t* old_wrong    # whether a parent met a NaN or +inf
    real* number                # (M, 2, T)
    xint* exponent
    uint8_t* wrong
    double* scores
    double* complete
    Py_ssize_t count

ctypedef struct Lanes:
    real number[8]
    xint exponent[8]


cdef inline void add(const real* a, const xint* a_exponent, const real* b, const xint* b_exponent, real* total,
                     xint* total_exponent) noexcept nogil:
    """Lane by lane; mantissas come out within [1, 2)."""
    cdef Py_ssize_t i
    cdef xint top
    cdef real sum
    for i in range(V):
        top = x_max(a_exponent[i], b_exponent[i])
        sum = a[i] * x_power(a_exponent[i] - top) + b[i] * x_power(b_exponent[i] - top)
        total_exponent[i] = x_max(top + x_exponent(sum), X_DEAD)
        total[i] = x_mantissa(sum)


cdef inline void times(const real* a, const xint* a_exponent, const real* b, const xint* b_exponent, real* product,
                       xint* product_exponent) noexcept nogil:
    cdef Py_ssize_t i
    cdef real y
    for i in range(V):
        y = a[i] * b[i]
        product_exponent[i] = x_max(a_exponent[i] + b_exponent[i] + x_exponent(y), X_DEAD)
        product[i] = x_mantissa(y)


cdef inline void dead(Lanes* lanes) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(V):
        lanes.number[i] = 1
        lanes.exponent[i] = X_DEAD


cdef inline double log_of(real number, xint exponent) noexcept nogil:
    return log(number) + exponent * 0.693147180559945309417 if exponent > X_LIMIT else -HUGE_VAL


cdef inline bint is_number(real x) noexcept nogil:
    """False for NaN, +inf, and what no exponent holds."""
    return x < 1e15


cdef void emissions(const PrefixJob* job, Py_ssize_t first, Py_ssize_t t, Lanes* e, Lanes* blank,
                    bint* wrong) noexcept nogil:
    """Of the new label of each lane, and of the blank."""
    cdef Py_ssize_t i
    cdef real x[8]
    cdef real of_blank = job.x[job.blank * job.frames + t]
    for i in range(V):
        x[i] = job.x[job.label[min(first + i, job.count - 1)] * job.frames + t]
        if not (is_number(x[i]) and is_number(of_blank)):
            wrong[i] = True
            x[i] = 0
    if not is_number(of_blank):
        of_blank = 0
    for i in range(V):
        x_exp(x[i], R(-1e15), &e.number[i], &e.exponent[i])
    x_exp(of_blank, R(-1e15), &blank.number[0], &blank.exponent[0])
    for i in range(1, V):
        blank.number[i] = blank.number[0]
        blank.exponent[i] = blank.exponent[0]


cdef void phi(const PrefixJob* job, Py_ssize_t first, Py_ssize_t t, Lanes* total) noexcept nogil:
    """Of the frame before t. Before the first, the empty prefix is complete and no other is."""
    cdef Py_ssize_t i, m, row
    cdef Lanes n, b
    dead(&n)
    dead(&b)
    for i in range(V):
        m = min(first + i, job.count - 1)
        row = job.parent[m] * 2 * job.frames + t - 1
        if t == 0:
            b.exponent[i] = 0 if job.last[job.parent[m]] < 0 else X_DEAD
            continue
        b.number[i] = job.old_number[row + job.frames]
        b.exponent[i] = job.old_exponent[row + job.frames]
        if job.last[job.parent[m]] != job.label[m]:
            n.number[i] = job.old_number[row]
            n.exponent[i] = job.old_exponent[row]
    add(n.number, n.exponent, b.number, b.exponent, total.number, total.exponent)


cdef double extend_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef PrefixJob* job = <PrefixJob*> data
    cdef Py_ssize_t first = chunk * V, i, t, row
    cdef Lanes e, blank, before, n, b, total, score
    cdef bint wrong[8]
    dead(&n)
    dead(&b)
    dead(&score)
    for i in range(V):
        wrong[i] = job.old_wrong[job.parent[min(first + i, job.count - 1)]]
    for t in range(job.frames):
        emissions(job, first, t, &e, &blank, wrong)
        phi(job, first, t, &before)
        add(b.number, b.exponent, n.number, n.exponent, total.number, total.exponent)
        times(total.number, total.exponent, blank.number, blank.exponent, b.number, b.exponent)
        add(n.number, n.exponent, before.number, before.exponent, total.number, total.exponent)
        times(total.number, total.exponent, e.number, e.exponent, n.number, n.exponent)
        times(before.number, before.exponent, e.number, e.exponent, total.number, total.exponent)
        add(score.number, score.exponent, total.number, total.exponent, score.number, score.exponent)
        for i in range(min(<Py_ssize_t> V, job.count - first)):
            row = (first + i) * 2 * job.frames + t
            job.number[row] = n.number[i]
            job.exponent[row] = n.exponent[i]
            job.number[row + job.frames] = b.number[i]
            job.exponent[row + job.frames] = b.exponent[i]
    add(n.number, n.exponent, b.number, b.exponent, total.number, total.exponent)
    for i in range(min(<Py_ssize_t> V, job.count - first)):
        job.wrong[first + i] = wrong[i]
        job.scores[first + i] = NAN if wrong[i] else log_of(score.number[i], score.exponent[i])
        job.complete[first + i] = NAN if wrong[i] else log_of(total.number[i], total.exponent[i])
    return 0


def root(cnp.ndarray x, Py_ssize_t blank, cnp.ndarray number, cnp.ndarray exponent):
    """The empty prefix: N and B (1, 2, T), and the logarithm of the probability that nothing was said. x is (C, T)."""
    cdef const real* scores = <const real*> data_of(x)
    cdef real* m = <real*> data_of(number)
    cdef xint* e = <xint*> data_of(exponent)
    cdef Py_ssize_t frames = x.shape[1], t
    cdef real mantissa, score
    cdef xint power
    cdef double total = 0
    for t in range(frames):
        score = scores[blank * frames + t]
        total += score if is_number(score) else NAN
        m[t] = 1
        e[t] = X_DEAD
        x_exp(score if is_number(score) else 0, R(-1e15), &mantissa, &power)
        if t > 0:
            mantissa *= m[frames + t - 1]
            power += e[frames + t - 1]
        m[frames + t] = x_mantissa(mantissa)
        e[frames + t] = x_max(power + x_exponent(mantissa), X_DEAD)
    return total


def extend(cnp.ndarray x, Py_ssize_t blank, cnp.ndarray parent, cnp.ndarray label, cnp.ndarray last,
           cnp.ndarray old_number, cnp.ndarray old_exponent, cnp.ndarray old_wrong, cnp.ndarray number,
           cnp.ndarray exponent, cnp.ndarray wrong, cnp.ndarray scores, cnp.ndarray complete, int threads):
    """Hypotheses parent[m] followed by label[m]; all arrays are contiguous, indices int64."""
    cdef PrefixJob job
    cdef double total
    job.x = <const real*> data_of(x)
    job.frames = x.shape[1]
    job.blank = blank
    job.parent = <const int64_t*> data_of(parent)
    job.label = <const int64_t*> data_of(label)
    job.last = <const int64_t*> data_of(last)
    job.old_number = <const real*> data_of(old_number)
    job.old_exponent = <const xint*> data_of(old_exponent)
    job.old_wrong = <const uint8_t*> data_of(old_wrong)
    job.wrong = <uint8_t*> data_of(wrong)
    job.number = <real*> data_of(number)
    job.exponent = <xint*> data_of(exponent)
    job.scores = <double*> data_of(scores)
    job.complete = <double*> data_of(complete)
    job.count = parent.size
    run_chunks(extend_chunk, &job, (job.count + V - 1) // V, 0, threads, &total)
