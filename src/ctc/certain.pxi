"""The loss of a target that is all but certain. Included by ctc.pyx, which explains the names.

-log P loses its digits where P is close to 1. So the probability of everything else is added up instead, of paths that
read as another label sequence: a path is at each frame in one state of the target, or has left it for good, by a class
that neither keeps the state nor leads to the next one. What leaves in a frame is alpha times the probability of all
classes but those two or three, and no term is negative. The row's peak is left out of its sum (see row.pxi), so
that nothing close to 1 is subtracted from 1.

Probabilities are plain doubles here: along the path of an almost certain target they stay close to 1, and what has
become smaller than LEAST_MASS is dropped, which leaves losses down to 1e-30 as they are. That also bounds the work: few
states of a frame have more.
"""

cdef enum:
    CERTAIN = 5000          # a loss of less than so many roundings a frame is computed again: 1e-4 of it may be lost
cdef extern from *:
    """
    #define LEAST_MASS 1e-40
    """
    const double LEAST_MASS

ctypedef struct CertainRow:
    const real* e            # of all classes
    Py_ssize_t classes
    Py_ssize_t peak          # class of the first peak
    double rest              # probability of all other classes
    double inverse           # probabilities are e times this: that of the peak


cdef inline bint is_almost_certain(double loss, Py_ssize_t frames) noexcept nogil:
    return -CERTAIN * FL_EPSILON * frames < loss < CERTAIN * FL_EPSILON * frames


cdef void exp_all(const real* x, real* e, Py_ssize_t n, real reference) noexcept nogil:
    cdef Py_ssize_t c
    for c in range(n):
        e[c] = r_exp(x[c] - reference)


cdef double sum_all(const real* x, Py_ssize_t n) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t c
    for c in range(n):
        total += x[c]
    return total


cdef double rounded_away(const real* x, Py_ssize_t n, Py_ssize_t peak) noexcept nogil:
    """What the sum of e, but for the peak's, has lost by the rounding of its largest terms."""
    cdef double difference, lost = 0
    cdef Py_ssize_t c
    for c in range(n):
        difference = <double> x[c] - x[peak]
        if difference > -16 and c != peak:
            lost += exp(difference) - r_exp(x[c] - x[peak])
    return lost


cdef CertainRow certain_row(const real* x, real* e, Py_ssize_t n, double* log_sum) noexcept nogil:
    """Of a row of scores, which e may take the place of; also the logarithm of the sum of their exponentials."""
    cdef CertainRow row
    cdef Py_ssize_t peak = max(first_place_of(x, n, largest_of(x, n)), <Py_ssize_t> 0)
    cdef double rest, lost = rounded_away(x, n, peak), top = x[peak]
    exp_all(x, e, n, x[peak])
    rest = sum_all(e, peak) + sum_all(e + peak + 1, n - peak - 1)
    log_sum[0] = top + log1p(rest + lost)
    row.e = e
    row.classes = n
    row.peak = peak
    row.inverse = 1 / (1 + rest)
    row.rest = rest * row.inverse
    return row


cdef CertainRow row_of_softmax(const real* softmax, real* e, Py_ssize_t n, real scale) noexcept nogil:
    """Of a row that is the softmax times `scale` already."""
    cdef CertainRow row
    cdef Py_ssize_t c
    for c in range(n):
        e[c] = softmax[c] / scale
    row.e = e
    row.classes = n
    row.peak = max(first_place_of(e, n, largest_of(e, n)), <Py_ssize_t> 0)
    row.rest = sum_all(e, row.peak) + sum_all(e + row.peak + 1, n - row.peak - 1)
    row.inverse = 1
    return row


cdef double sum_of_others(const CertainRow* row, int64_t a, int64_t b, int64_t c) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t i
    for i in range(row.classes):
        if i != a and i != b and i != c:
            total += row.e[i]
    return total * row.inverse


cdef inline double others_than(const CertainRow* row, int64_t a, int64_t b, int64_t c) noexcept nogil:
    """The probability of all classes but these; negative for none. a and b differ, and so does c."""
    cdef double all = row.rest if row.peak == a or row.peak == b or row.peak == c else row.rest + row.inverse
    cdef double mass = all
    if a >= 0 and a != row.peak:
        mass -= row.e[a] * row.inverse
    if b >= 0 and b != row.peak:
        mass -= row.e[b] * row.inverse
    if c >= 0 and c != row.peak:
        mass -= row.e[c] * row.inverse
    # Of little that is left, as where two of them are likely, rounding leaves no digits.
    return mass if mass > 1e-6 * all else sum_of_others(row, a, b, c)


# The states of a target in plain doubles; those of slots below low and above high are 0.
ctypedef struct CertainStates:
    double* label
    double* blank
    Py_ssize_t low
    Py_ssize_t high
    double left              # probability of having left the target


cdef void certain_frame(const CertainRow* row, const int64_t* target, Py_ssize_t S, int64_t blank,
                        CertainStates* s) noexcept nogil:
    """From one frame to the next, in place: from the last slot to the first, as each reads the one before it."""
    cdef Py_ssize_t i, low = s.low
    cdef int64_t after
    cdef double before, arriving, p_blank = row.e[blank] * row.inverse
    s.high = min(s.high + 1, S)
    for i in range(s.high, low - 1, -1):
        before = s.label[i - 1] if i > low else 0
        if i < S:
            after = target[i + 1] if i + 1 < S and target[i + 1] != target[i] else -1
            s.left += s.label[i] * others_than(row, target[i], blank, after)
            s.left += s.blank[i] * others_than(row, target[i], blank, -1)
            arriving = before if i > 0 and target[i] != target[i - 1] else 0
            s.label[i] = (s.label[i] + s.blank[i] + arriving) * row.e[target[i]] * row.inverse
        else:
            s.left += s.blank[i] * others_than(row, blank, -1, -1)
        s.blank[i] = (s.blank[i] + before) * p_blank
    while s.low < s.high and s.label[s.low] + s.blank[s.low] < LEAST_MASS:
        s.label[s.low] = 0
        s.blank[s.low] = 0
        s.low += 1
    while s.high > s.low and s.label[s.high] + s.blank[s.high] < LEAST_MASS:
        s.label[s.high] = 0
        s.blank[s.high] = 0
        s.high -= 1


cdef inline bint is_overwritten(const LossJob* job, const Sequence* q) noexcept nogil:
    """Whether softmax stands in the place of the scores."""
    return job.from_logits and not q.has_all_classes and job.grad.data == job.batch.x.data


cdef inline bint is_lost(const LossJob* job, const Sequence* q) noexcept nogil:
    """Whether there is nothing left to compute the loss from: a softmax of a shorter type, or one that is tiny."""
    return is_overwritten(job, q) and (job.grad.dtype != FL_NATIVE or not 1e-15 < fabs(q.scale) < 1e15)


cdef double certain_loss(const LossJob* job, const Sequence* q, const int64_t* target, Py_ssize_t S, double* states,
                         double loss) noexcept nogil:
    """The loss of a target of S labels, which is known to be about `loss`. `states` has room for 2 S + 2."""
    cdef Py_ssize_t t, i, classes = job.batch.x.classes
    cdef real* buffer = q.block_rows
    cdef double log_sum = 0, total_log = 0, found, outside
    cdef CertainStates s
    cdef CertainRow row
    if is_lost(job, q):
        return loss
    s.label = states
    s.blank = states + S + 1
    for i in range(2 * S + 2):
        states[i] = 0
    s.blank[0] = 1
    s.low = s.high = 0
    s.left = 0
    for t in range(q.T):
        if t % F == 0 and should_stop(q.poll, F * q.frame_work):
            return loss
        if is_overwritten(job, q):
            row = row_of_softmax(score_row(job, q, t, buffer), buffer, classes, q.scale)
        else:
            row = certain_row(score_row(job, q, t, buffer), buffer, classes, &log_sum)
            total_log += 0 if job.from_logits else log_sum
        certain_frame(&row, target, S, job.batch.blank, &s)
    found = s.blank[S] + (s.label[S - 1] if S > 0 else 0)
    outside = s.left
    for i in range(s.low, s.high + 1):
        outside += s.label[i] if i < S - 1 else 0
        outside += s.blank[i] if i < S else 0
    found = (-log1p(-outside) if outside < 0.5 else -log(found)) - total_log
    # A class outside of the target may be NaN or infinite, which makes no sum, and no difference to the loss.
    return found if fabs(found - loss) <= CERTAIN * FL_EPSILON * q.T else loss
