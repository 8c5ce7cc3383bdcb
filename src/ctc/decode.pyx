"""Connectionist temporal classification: the most probable label sequences (best path, prefix beam search).

    T, N, C      frames, batch, classes
    prefix       a label sequence, of which more labels may follow
    hypothesis   a prefix that is among the most probable ones of a frame, the beam

    blank'(g)  = (blank(g) + label(g)) p(blank)
    label'(g)  = label(g) p(c) + (blank(h) + label(h), or blank(h) if c repeats h's last label) p(c),   g = h c

for the probabilities of all paths up to a frame that read as g and end in a blank, in g's last label c (Hannun et al.
2014). Only hypotheses of the frame before enter. These are sums of products without a logarithm: emissions are relative
to the frame's largest, and what all hypotheses have in common is kept apart, so doubles suffice for any T.

Of each of the two kinds of paths the most probable one is followed, too. Where it was a frame before, a hypothesis and
a kind, is written down for every hypothesis; from this the frames of the labels follow at the end.
"""

from cpython.pyport cimport PY_SSIZE_T_MAX
from libc.math cimport HUGE_VAL, frexp, ldexp, log
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy

from core cimport *
from poll cimport *

include "ctc_jobs.pxi"
include "trellis.pxi"

cdef enum:
    # What a path was a frame before: a path of the same prefix, or of the prefix without the last label.
    FROM_BLANK = 0
    FROM_LABEL = 1
    FROM_PARENT_BLANK = 2
    FROM_PARENT_LABEL = 3
    MOST_NODES = 0x7fffffff
    # Work, for should_stop(): in nanoseconds.
    F = 32                  # frames of a path between two questions whether to stop
    FRAME_WORK = 16         # of a frame, besides its classes and hypotheses
    HYPOTHESIS_WORK = 64    # of a hypothesis in a frame
    TRACE_WORK = 32         # of a frame of a hypothesis that is returned

cdef extern from *:
    """
    /* Less than this share of the most probable hypothesis is none. Far above the smallest double, so what is kept has
     * all its digits: e to the power of -600. */
    #define LEAST_SHARE 2.6503965530043108e-261
    /* Totals are rescaled beyond this and its inverse. */
    #define FAR_BELOW 0x1p-64
    #define LN2 0.693147180559945309417
    """
    const double LEAST_SHARE, FAR_BELOW, LN2

include "trie.pxi"
include "beam_candidates.pxi"
include "beam.pxi"
include "readings.pxi"

# A sum, and what its additions have rounded away.
ctypedef struct Sum:
    double total
    double lost

# The sequence that a thread is at work on.
ctypedef struct Sequence:
    poll_state* poll
    Py_ssize_t n
    Py_ssize_t T
    Found* found
    real* score_buffer         # a row of scores, where it can't be used in place
    real* block_peaks          # the largest score of each of its blocks

# The origins of the best paths of every frame's hypotheses.
ctypedef struct History:
    Py_ssize_t* start          # (T + 1,) where those of each frame begin
    Py_ssize_t capacity
    int32_t* from_blank
    int32_t* from_label


cdef inline void add_to(Sum* sum, double x) noexcept nogil:
    """Neumaier's."""
    cdef double total = sum.total + x
    sum.lost += (sum.total - total) + x if abs(sum.total) >= abs(x) else (x - total) + sum.total
    sum.total = total


cdef inline double sum_with(const Sum* sum, double last) noexcept nogil:
    """With a last number, which loses nothing to the sum; or an infinite sum as it is."""
    return sum.total + (sum.lost + last) if abs(sum.total) < HUGE_VAL else sum.total


# ---- scores ----

cdef inline const real* scores_of(const DecodeJob* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    cdef const Rows* x = &job.batch.x
    cdef const char* row = row_at(x, t, q.n)
    if is_direct(x):
        return <const real*> row
    load_run(q.score_buffer, row, x.classes, x.stride[2], x.dtype)
    return q.score_buffer


cdef inline real score_of(const DecodeJob* job, const Sequence* q, Py_ssize_t t, int64_t label) noexcept nogil:
    cdef const Rows* x = &job.batch.x
    return load_number(row_at(x, t, q.n) + label * x.stride[2], x.dtype)


cdef real peak_of(const real* x, Py_ssize_t classes, const Sequence* q) noexcept nogil:
    """The largest score of a frame. Reports a NaN or +inf."""
    cdef bint has_nan = scan_scores(x, classes, q.block_peaks)
    cdef real peak = largest_of(q.block_peaks, (classes + SCORE_BLOCK - 1) // SCORE_BLOCK)
    if has_nan or not peak < INFINITY:
        q.found.is_wrong = True
    return peak


# ---- the best path ----

cdef void read_path(const DecodeJob* job, const Sequence* q) noexcept nogil:
    """Takes the likeliest class of each frame, into found.readings[0], which has room for all frames."""
    cdef Reading* reading = &q.found.readings[0]
    cdef Sum score
    cdef Py_ssize_t t, c, classes = job.batch.x.classes, before = job.batch.blank
    cdef const real* x
    cdef real peak, best = 0
    memset(&score, 0, sizeof(Sum))
    reading.length = 0
    for t in range(q.T):
        if t % F == 0 and should_stop(q.poll, min(<Py_ssize_t> F, q.T - t) * job.frame_work):
            return
        x = scores_of(job, q, t)
        peak = peak_of(x, classes, q)
        if q.found.is_wrong:
            return
        add_to(&score, peak)
        c = max(<Py_ssize_t> 0, first_place_of(x, classes, peak))
        if c != job.batch.blank and (c != before or peak > best):
            reading.length += c != before
            reading.labels[reading.length - 1] = c
            reading.frames[reading.length - 1] = t
            best = peak
        before = c
    reading.score = sum_with(&score, 0)
    if reading.score == -HUGE_VAL:
        reading.length = 0


cdef bint find_best_path(const DecodeJob* job, const Sequence* q) noexcept nogil:
    """False if there is no memory."""
    if not (reserve_readings(q.found, 1) and reserve_reading(&q.found.readings[0], q.T)):
        return False
    q.found.count = 1
    read_path(job, q)
    return True


# ---- beam search ----

cdef bint write_down(History* history, const Hypotheses* h, Py_ssize_t t) noexcept nogil:
    """False if there is no memory."""
    cdef Py_ssize_t start = history.start[t], count = h.count
    history.start[t + 1] = start + count
    if start + count > history.capacity:
        history.capacity = max(start + count, 2 * history.capacity)
        if not (grow(<void**> &history.from_blank, history.capacity, sizeof(int32_t))
                and grow(<void**> &history.from_label, history.capacity, sizeof(int32_t))):
            return False
    memcpy(history.from_blank + start, h.from_blank, count * sizeof(int32_t))
    memcpy(history.from_label + start, h.from_label, count * sizeof(int32_t))
    return True


cdef void trace(const DecodeJob* job, const Sequence* q, const Beam* beam, const History* history, Py_ssize_t slot,
                Reading* reading) noexcept nogil:
    """The frame in which each label is the most probable of those that the best path gives it; the first of equals."""
    cdef bint in_label = beam.old.best_label[slot] >= beam.old.best_blank[slot]
    cdef Py_ssize_t t, i = reading.length - 1
    cdef real score, best = -INFINITY
    cdef int32_t word
    for t in range(q.T - 1, -1, -1):
        if t % F == 0 and should_stop(q.poll, min(<Py_ssize_t> F, q.T - t) * TRACE_WORK):
            return
        if in_label:
            word = history.from_label[history.start[t] + slot]
            score = score_of(job, q, t, reading.labels[i])
            if score >= best:
                best = score
                reading.frames[i] = t
        else:
            word = history.from_blank[history.start[t] + slot]
        slot = word // 4
        if word % 4 >= FROM_PARENT_BLANK:
            i -= 1
            best = -INFINITY
        in_label = word % 2 == FROM_LABEL


cdef bint read_hypothesis(const DecodeJob* job, const Sequence* q, const Beam* beam, const History* history,
                          Py_ssize_t slot, Reading* reading) noexcept nogil:
    """False if there is no memory."""
    cdef int32_t node = beam.old.node[slot]
    cdef Py_ssize_t i
    if not reserve_reading(reading, length_of(&beam.trie, node)):
        return False
    for i in range(reading.length - 1, -1, -1):
        reading.labels[i] = beam.trie.nodes[node].label
        node = beam.trie.nodes[node].parent
    trace(job, q, beam, history, slot, reading)
    return True


cdef bint read_best(const DecodeJob* job, const Sequence* q, Beam* beam, const History* history,
                    const Sum* peaks) noexcept nogil:
    """The best hypotheses, in order. False if there is no memory."""
    cdef Hypotheses* h = &beam.old
    cdef ScoredLabel* order = <ScoredLabel*> malloc(2 * h.count * sizeof(ScoredLabel))
    cdef Py_ssize_t i, slot
    cdef bint has_memory = order != NULL and reserve_readings(q.found, min(h.count, job.n_best))
    if has_memory:
        for i in range(h.count):
            order[i].score = h.total[i]
            order[i].label = <int32_t> i
        sort_labels(order, h.count, order + h.count)
        for i in range(min(h.count, job.n_best)):
            slot = order[i].label
            q.found.count += 1
            if not read_hypothesis(job, q, beam, history, slot, &q.found.readings[i]):
                has_memory = False
                break
            q.found.readings[i].score = sum_with(peaks, beam.exponent * LN2 + log(h.total[slot]))
    free(order)
    return has_memory


cdef bint run_beam(const DecodeJob* job, const Sequence* q, Beam* beam, History* history) noexcept nogil:
    """False if there is no memory."""
    cdef Frame* frame = &beam.frame
    cdef Sum peaks
    cdef Py_ssize_t t
    memset(&peaks, 0, sizeof(Sum))
    for t in range(q.T):
        if should_stop(q.poll, job.frame_work - beam.old.count * HYPOTHESIS_WORK):    # next_frame() asks about these
            return True
        frame.x = scores_of(job, q, t)
        frame.peak = peak_of(frame.x, beam.classes, q)
        if q.found.is_wrong:
            return True
        if beam.old.count == 0 or frame.peak == -INFINITY:
            beam.old.count = 0    # goes on for a NaN
            continue
        add_to(&peaks, frame.peak)
        if not (next_frame(beam) and write_down(history, &beam.old, t)):
            return False
    if beam.old.count == 0:
        return find_nothing(q.found)
    return read_best(job, q, beam, history, &peaks)


cdef bint search(const DecodeJob* job, const Sequence* q) noexcept nogil:
    """False if there is no memory."""
    cdef Beam beam
    cdef History history
    cdef bint has_memory = begin_beam(&beam, job.batch.x.classes, job.batch.blank, job.beam_width, job.floor)
    beam.poll = q.poll
    beam.frame.block_peaks = q.block_peaks
    memset(&history, 0, sizeof(History))
    if has_memory and grow(<void**> &history.start, q.T + 1, sizeof(Py_ssize_t)):
        history.start[0] = 0
        has_memory = run_beam(job, q, &beam, &history)
    else:
        has_memory = False
    free_beam(&beam)
    free(history.start)
    free(history.from_blank)
    free(history.from_label)
    return has_memory


cdef public exact_sum decode_sequence(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef const DecodeJob* job = <const DecodeJob*> data
    cdef Sequence q
    q.poll = poll_of(scratch)
    q.n = job.order[chunk]
    q.T = job.batch.input_lengths[q.n]
    q.found = &job.found[q.n]
    q.score_buffer = scratch
    q.block_peaks = scratch + job.batch.x.classes
    q.found.has_memory = find_best_path(job, &q) if job.beam_width == 1 else search(job, &q)
    return NO_SUM


cdef double all_work(const DecodeJob* job) noexcept nogil:
    cdef Py_ssize_t n, traced = job.n_best if job.beam_width > 1 else 0
    cdef double frames = 0
    for n in range(job.batch.x.batch):
        frames += job.batch.input_lengths[n]
    return frames * (job.frame_work + <double> TRACE_WORK * traced)


cdef public void plan_decode(void* data, kernel_plan* plan) noexcept nogil:
    cdef DecodeJob* job = <DecodeJob*> data
    cdef Py_ssize_t classes = job.batch.x.classes
    job.frame_work = FRAME_WORK + classes
    if job.beam_width > 1:
        job.frame_work += HYPOTHESIS_WORK * job.beam_width
    plan.chunks = job.count
    plan.scratch = (classes + classes // SCORE_BLOCK + 1) * sizeof(real)    # a frame, the peaks of its blocks
    plan.work = all_work(job)
    plan.is_shared = False
