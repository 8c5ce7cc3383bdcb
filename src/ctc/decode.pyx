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
from parallel cimport *

cnp.import_array()

include "trellis.pxi"

cdef enum:
    # What a path was a frame before: a path of the same prefix, or of the prefix without the last label.
    FROM_BLANK = 0
    FROM_LABEL = 1
    FROM_PARENT_BLANK = 2
    FROM_PARENT_LABEL = 3
    # As many as int32 holds with one of these.
    MOST_HYPOTHESES = 0x10000000
    MOST_NODES = 0x7fffffff

# Less than this share of the most probable hypothesis is none. Far above the smallest double, so what is kept has all
# its digits: e to the power of -600.
cdef double LEAST_SHARE = 2.6503965530043108e-261
# Totals are rescaled beyond this and its inverse.
cdef double FAR_BELOW = 2.0 ** -64
cdef double LN2 = 0.693147180559945309417

include "trie.pxi"
include "candidates.pxi"
include "beam.pxi"

# A sum, and what its additions have rounded away.
ctypedef struct Sum:
    double total
    double lost

# A label sequence that was found.
ctypedef struct Reading:
    double score
    Py_ssize_t length
    int64_t* labels
    int64_t* frames

# Of one sequence.
ctypedef struct Found:
    Py_ssize_t count
    Reading* readings
    bint has_memory
    bint is_wrong              # a score is NaN or +inf
    Py_ssize_t wrong_frame     # the first of these
    Py_ssize_t wrong_class
    double wrong_score

ctypedef struct Job:
    Rows x
    const int64_t* input_lengths
    const int64_t* order       # the sequences, in the order in which threads take them
    Py_ssize_t blank
    Py_ssize_t beam_width
    Py_ssize_t n_best
    real floor
    Found* found               # (N,)

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


cdef bint reserve_readings(Found* found, Py_ssize_t count) noexcept nogil:
    found.readings = <Reading*> calloc(max(<Py_ssize_t> 1, count), sizeof(Reading))
    return found.readings != NULL


cdef bint reserve_reading(Reading* reading, Py_ssize_t length) noexcept nogil:
    reading.length = length
    reading.labels = <int64_t*> calloc(max(<Py_ssize_t> 1, length), 2 * sizeof(int64_t))
    reading.frames = reading.labels + length
    return reading.labels != NULL


cdef bint find_nothing(Found* found) noexcept nogil:
    """Where everything is impossible: no labels, with probability 0."""
    if not (reserve_readings(found, 1) and reserve_reading(&found.readings[0], 0)):
        return False
    found.count = 1
    found.readings[0].score = -HUGE_VAL
    return True


# ---- scores ----

cdef inline const real* scores_of(const Job* job, Py_ssize_t n, Py_ssize_t t, real* buffer) noexcept nogil:
    cdef const char* row = row_at(&job.x, t, n)
    if is_direct(&job.x):
        return <const real*> row
    load_run(buffer, row, job.x.classes, job.x.stride[2], job.x.dtype)
    return buffer


cdef inline real score_of(const Job* job, Py_ssize_t n, Py_ssize_t t, int64_t label) noexcept nogil:
    cdef real score
    load_run(&score, row_at(&job.x, t, n) + label * job.x.stride[2], 1, 1, job.x.dtype)
    return score


cdef real peak_of(const Job* job, Found* found, Py_ssize_t t, const real* x, real* block_peaks) noexcept nogil:
    """The largest score of a frame. Reports a NaN or +inf."""
    cdef Py_ssize_t c
    cdef bint has_nan = scan_scores(x, job.x.classes, block_peaks)
    cdef real peak = largest_of(block_peaks, (job.x.classes + SCORE_BLOCK - 1) // SCORE_BLOCK)
    if not has_nan and peak < INFINITY:
        return peak
    found.is_wrong = True
    found.wrong_frame = t
    for c in range(job.x.classes):
        if not x[c] < INFINITY:
            found.wrong_class = c
            found.wrong_score = x[c]
            break
    return peak


# ---- the best path ----

cdef void read_path(const Job* job, Found* found, Py_ssize_t n, real* buffer, real* block_peaks) noexcept nogil:
    """Takes the likeliest class of each frame, into found.readings[0], which has room for all frames."""
    cdef Reading* reading = &found.readings[0]
    cdef Sum score
    cdef Py_ssize_t t, c, before = job.blank
    cdef const real* x
    cdef real peak, best = 0
    memset(&score, 0, sizeof(Sum))
    reading.length = 0
    for t in range(job.input_lengths[n]):
        x = scores_of(job, n, t, buffer)
        peak = peak_of(job, found, t, x, block_peaks)
        if found.is_wrong:
            return
        add_to(&score, peak)
        c = max(<Py_ssize_t> 0, first_place_of(x, job.x.classes, peak))
        if c != job.blank and (c != before or peak > best):
            reading.length += c != before
            reading.labels[reading.length - 1] = c
            reading.frames[reading.length - 1] = t
            best = peak
        before = c
    reading.score = sum_with(&score, 0)
    if reading.score == -HUGE_VAL:
        reading.length = 0


cdef bint find_best_path(const Job* job, Found* found, Py_ssize_t n, real* buffer, real* block_peaks) noexcept nogil:
    """False if there is no memory."""
    if not (reserve_readings(found, 1) and reserve_reading(&found.readings[0], job.input_lengths[n])):
        return False
    found.count = 1
    read_path(job, found, n, buffer, block_peaks)
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


cdef void trace(const Job* job, Py_ssize_t n, const Beam* beam, const History* history, Py_ssize_t slot,
                Reading* reading) noexcept nogil:
    """The frame in which each label is the most probable of those that the best path gives it; the first of equals."""
    cdef bint in_label = beam.old.best_label[slot] >= beam.old.best_blank[slot]
    cdef Py_ssize_t t, i = reading.length - 1
    cdef real score, best = -INFINITY
    cdef int32_t word
    for t in range(job.input_lengths[n] - 1, -1, -1):
        if in_label:
            word = history.from_label[history.start[t] + slot]
            score = score_of(job, n, t, reading.labels[i])
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


cdef bint read_hypothesis(const Job* job, Py_ssize_t n, const Beam* beam, const History* history, Py_ssize_t slot,
                          Reading* reading) noexcept nogil:
    """False if there is no memory."""
    cdef int32_t node = beam.old.node[slot]
    cdef Py_ssize_t i
    if not reserve_reading(reading, length_of(&beam.trie, node)):
        return False
    for i in range(reading.length - 1, -1, -1):
        reading.labels[i] = beam.trie.nodes[node].label
        node = beam.trie.nodes[node].parent
    trace(job, n, beam, history, slot, reading)
    return True


cdef bint read_best(const Job* job, Found* found, Py_ssize_t n, Beam* beam, const History* history,
                    const Sum* peaks) noexcept nogil:
    """The best hypotheses, in order. False if there is no memory."""
    cdef Hypotheses* h = &beam.old
    cdef ScoredLabel* order = <ScoredLabel*> malloc(2 * h.count * sizeof(ScoredLabel))
    cdef Py_ssize_t i, slot
    cdef bint has_memory = order != NULL and reserve_readings(found, min(h.count, job.n_best))
    if has_memory:
        for i in range(h.count):
            order[i].score = h.total[i]
            order[i].label = <int32_t> i
        sort_labels(order, h.count, order + h.count)
        for i in range(min(h.count, job.n_best)):
            slot = order[i].label
            found.count += 1
            if not read_hypothesis(job, n, beam, history, slot, &found.readings[i]):
                has_memory = False
                break
            found.readings[i].score = sum_with(peaks, beam.exponent * LN2 + log(h.total[slot]))
    free(order)
    return has_memory


cdef bint run_beam(const Job* job, Found* found, Py_ssize_t n, Beam* beam, History* history,
                   real* buffer) noexcept nogil:
    """False if there is no memory."""
    cdef Frame* frame = &beam.frame
    cdef Sum peaks
    cdef Py_ssize_t t
    memset(&peaks, 0, sizeof(Sum))
    for t in range(job.input_lengths[n]):
        frame.x = scores_of(job, n, t, buffer)
        frame.peak = peak_of(job, found, t, frame.x, frame.block_peaks)
        if found.is_wrong:
            return True
        if beam.old.count == 0 or frame.peak == -INFINITY:
            beam.old.count = 0    # goes on for a NaN
            continue
        add_to(&peaks, frame.peak)
        if not (next_frame(beam) and write_down(history, &beam.old, t)):
            return False
    if beam.old.count == 0:
        return find_nothing(found)
    return read_best(job, found, n, beam, history, &peaks)


cdef bint search(const Job* job, Found* found, Py_ssize_t n, real* buffer) noexcept nogil:
    """False if there is no memory."""
    cdef Beam beam
    cdef History history
    cdef bint has_memory = begin_beam(&beam, job.x.classes, job.blank, job.beam_width, job.floor)
    memset(&history, 0, sizeof(History))
    if has_memory and grow(<void**> &history.start, job.input_lengths[n] + 1, sizeof(Py_ssize_t)):
        history.start[0] = 0
        has_memory = run_beam(job, found, n, &beam, &history, buffer)
    else:
        has_memory = False
    free_beam(&beam)
    free(history.start)
    free(history.from_blank)
    free(history.from_label)
    return has_memory


cdef double decode_sequence(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef const Job* job = <const Job*> data
    cdef Py_ssize_t n = job.order[chunk]
    cdef Found* found = &job.found[n]
    if job.beam_width == 1:
        found.has_memory = find_best_path(job, found, n, scratch, scratch + job.x.classes)
    else:
        found.has_memory = search(job, found, n, scratch)
    return 0


# ---- a call ----

cdef object array_of(const int64_t* numbers, Py_ssize_t count):
    cdef cnp.npy_intp size = count
    cdef object array = cnp.PyArray_SimpleNew(1, &size, cnp.NPY_INT64)
    memcpy(cnp.PyArray_DATA(array), numbers, count * sizeof(int64_t))
    return array


cdef object results_of(const Found* found):
    """A list of (labels, score, frames), or where there is a score that is none."""
    cdef Py_ssize_t i
    cdef const Reading* reading
    if not found.has_memory:
        raise MemoryError
    if found.is_wrong:
        return found.wrong_frame, found.wrong_class, found.wrong_score
    results = []
    for i in range(found.count):
        reading = &found.readings[i]
        results.append((array_of(reading.labels, reading.length), reading.score,
                        array_of(reading.frames, reading.length)))
    return results


cdef void free_found(Found* found, Py_ssize_t size) noexcept:
    cdef Py_ssize_t n, i
    for n in range(size):
        if found[n].readings != NULL:
            for i in range(found[n].count):
                free(found[n].readings[i].labels)
            free(found[n].readings)
    free(found)


cdef int bind_job(Job* job, emissions, lengths, cnp.ndarray order) except -1:
    cdef Py_ssize_t size, n
    bind_rows(&job.x, emissions.view, emissions.name)
    size = job.x.batch
    job.input_lengths = integers_of(lengths, size, "input_lengths")
    job.order = integers_of(order, size, "the batch")
    check_unchanged(0 <= job.blank < job.x.classes, emissions.name)
    for n in range(size):
        check_unchanged(0 <= job.input_lengths[n] <= job.x.frames, "input_lengths")
        check_unchanged(0 <= job.order[n] < size, "the batch")
    return 0


def decode(emissions, lengths, cnp.ndarray order, Py_ssize_t blank, beam, double floor, int threads):
    """Decodes all sequences; `order` is that in which threads take them, `beam` its width and how many hypotheses are
    wanted at most. Classes whose score is below the frame's largest by more than -floor count as impossible. For each
    sequence a list of (labels, score, frames), or (frame, class, score) of the first score that is NaN or +inf."""
    cdef Job job
    cdef double total
    cdef Py_ssize_t n, scratch_size
    memset(&job, 0, sizeof(Job))
    job.blank = blank
    job.beam_width, job.n_best = beam
    job.beam_width = min(job.beam_width, <Py_ssize_t> MOST_HYPOTHESES + 1)  # of which there is no beam, but an error
    job.floor = floor
    bind_job(&job, emissions, lengths, order)
    scratch_size = job.x.classes + job.x.classes // SCORE_BLOCK + 1     # a frame, and the peaks of its blocks
    job.found = <Found*> calloc(max(<Py_ssize_t> 1, job.x.batch), sizeof(Found))
    if job.found == NULL:
        raise MemoryError
    try:
        run_chunks(decode_sequence, &job, job.x.batch, scratch_size, threads, &total)
        return [results_of(&job.found[n]) for n in range(job.x.batch)]
    finally:
        free_found(job.found, job.x.batch)
