"""Connectionist temporal classification: the most likely path of a target (forced alignment, Viterbi).

    T, N, C, S   frames, batch, classes, labels of a target
    L[i], B[i]   label i < S and the blank before it (B[S]: the blank after the last): the 2S + 1 states
    score        logarithm of the best path's probability up to a frame, by the state it ends in

    score' L[i] = max(L[i], B[i], L[i-1] unless the labels are equal) + log p(label i)
    score' B[i] = max(B[i], L[i-1]) + log p(blank)

Scores are doubles, whatever the emissions are: an hour of frames adds up to 1e5 and more, where float32 has lost what
tells two paths apart. No back-pointers are kept. The scores of every so many frames are (checkpoints, about the square
root of T of them), and from the end backwards each segment between two is computed again, but only the states from
which its end can be reached; then a state's predecessor is the one whose score is the largest. The same operations on
the same numbers give the same scores, so this is exact.
"""

from libc.math cimport HUGE_VAL, NAN, sqrt
from libc.string cimport memcpy

from core cimport *
from parallel cimport *

cnp.import_array()

cdef enum:
    V = 8              # lanes that go together
    AHEAD = 1          # frames ahead of which a row's memory is asked for
    FLOAT32 = 0        # codes of array.h
    FLOAT64 = 1

ctypedef struct AlignJob:
    char* x
    int dtype
    Py_ssize_t stride[3]         # of frame, sequence, class, in bytes
    Py_ssize_t classes
    Py_ssize_t blank
    int64_t star                 # a label that matches anything, or -1
    double star_score            # of its emission
    const int64_t* labels        # all targets, one behind the other
    const int64_t* offsets
    const int64_t* target_lengths
    const int64_t* input_lengths
    const int64_t* order         # the longest sequences first
    const uint8_t* feasible
    int64_t* path                # (N, T)
    Py_ssize_t frames
    double* scores               # (N,)
    int64_t* starts              # (N, S), as ends and label_scores
    int64_t* ends
    double* label_scores
    Py_ssize_t labels_per_row

# Scores of one frame: index 0 of labels and of blanks.
ctypedef struct Scores:
    real* label
    real* blank

ctypedef struct Trellis:
    Py_ssize_t T
    Py_ssize_t S
    Py_ssize_t width             # lanes of a frame, with V dead ones before and after
    Py_ssize_t segment           # frames between checkpoints
    const int64_t* label
    int32_t* place               # class of each label
    real* skip                   # 0, or -inf where label i may not follow label i - 1 without a blank
    real* emission               # of each label in the frame at hand
    real* row                    # scores of a frame where they can't be read in place
    real* checkpoints
    real* frames                 # a segment's, by frame
    bint nan


cdef inline Py_ssize_t padded(Py_ssize_t n) noexcept nogil:
    return (n + V - 1) // V * V


cdef inline char* take(char** memory, Py_ssize_t size) noexcept nogil:
    cdef char* start = memory[0]
    memory[0] += (size + 63) // 64 * 64
    return start


cdef Py_ssize_t lay_out(const AlignJob* job, Trellis* q, Py_ssize_t T, Py_ssize_t S, char* memory) noexcept nogil:
    """Cuts the memory for a sequence; returns how many bytes that takes."""
    cdef char* start = memory
    cdef Py_ssize_t kept
    q.T = T
    q.S = S
    q.width = padded(S + 2) + 2 * V
    q.segment = max(<Py_ssize_t> 16, <Py_ssize_t> sqrt(<double> T))
    kept = min(q.width, padded(q.segment + 2) + 4 * V)
    q.place = <int32_t*> take(&memory, q.width * sizeof(int32_t))
    q.skip = <real*> take(&memory, q.width * sizeof(real))
    q.emission = <real*> take(&memory, q.width * sizeof(real))
    q.row = <real*> take(&memory, job.classes * sizeof(real))
    q.checkpoints = <real*> take(&memory, (T // q.segment + 3) * 2 * q.width * sizeof(real))
    q.frames = <real*> take(&memory, (q.segment + 1) * 2 * kept * sizeof(real))
    return memory - start


cdef inline Scores scores_at(const Trellis* q, Py_ssize_t index) noexcept nogil:
    """Checkpoint `index`; the last two are the frames at hand."""
    cdef Scores f
    f.label = q.checkpoints + index * 2 * q.width + V
    f.blank = f.label + q.width
    return f


cdef inline void band(const Trellis* q, Py_ssize_t t, Py_ssize_t* low, Py_ssize_t* high) noexcept nogil:
    """Lanes that the start reaches by frame t and from which the end can be reached."""
    low[0] = max(<Py_ssize_t> 0, q.S - q.T + t) // V * V
    high[0] = padded(min(q.S + 1, t + 1))


# ---- emissions ----

cdef inline void gather_floats(real_p target, const float* row, const int32_t* place, Py_ssize_t low,
                               Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        target[i] = row[place[i]]


cdef inline void gather(real_p target, const real* row, const int32_t* place, Py_ssize_t low,
                        Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        target[i] = row[place[i]]


cdef inline bint is_wrong(real_cp x, Py_ssize_t low, Py_ssize_t high) noexcept nogil:
    """Whether there is a NaN or +inf, with which no path is the best."""
    cdef Py_ssize_t i
    cdef xint bad = 0
    for i in range(low, high):
        bad |= (x[i] != x[i]) | (x[i] == INFINITY)
    return bad != 0


cdef inline real score_of(const AlignJob* job, Py_ssize_t t, Py_ssize_t n, int64_t label) noexcept nogil:
    cdef real score
    if label == job.star:
        return job.star_score
    load_run(&score, job.x + t * job.stride[0] + n * job.stride[1] + label * job.stride[2], 1, 1, job.dtype)
    return score


cdef void emit(const AlignJob* job, Trellis* q, Py_ssize_t t, Py_ssize_t n, Py_ssize_t low,
               Py_ssize_t high) noexcept nogil:
    """The emissions of labels low .. high in frame t; nothing is emitted beyond the last."""
    cdef const char* row = job.x + t * job.stride[0] + n * job.stride[1]
    cdef Py_ssize_t i, stop = min(high, q.S)
    if job.dtype == FLOAT32 and job.stride[2] == sizeof(float):
        gather_floats(q.emission, <const float*> row, q.place, low, stop)
    elif job.dtype == FLOAT64 and job.stride[2] == sizeof(real):
        gather(q.emission, <const real*> row, q.place, low, stop)
    else:
        load_run(q.row, row, job.classes, job.stride[2], job.dtype)
        gather(q.emission, q.row, q.place, low, stop)
    if job.star >= 0:
        for i in range(low, stop):
            if q.label[i] == job.star:
                q.emission[i] = job.star_score
    if is_wrong(q.emission, low, stop):
        q.nan = True
    for i in range(max(stop, low), high):
        q.emission[i] = -INFINITY


cdef inline void ask_ahead(const AlignJob* job, const Trellis* q, Py_ssize_t t, Py_ssize_t n) noexcept nogil:
    """Rows of many classes are read here and there, which the processor does not foresee."""
    cdef const char* row = job.x + (t + AHEAD) * job.stride[0] + n * job.stride[1]
    cdef Py_ssize_t i, low, high
    if job.classes * job.stride[2] <= 1024 or t + AHEAD >= q.T:
        return
    band(q, t, &low, &high)
    for i in range(low, min(high, q.S)):
        prefetch(row + q.place[i] * job.stride[2])


# ---- one frame ----

cdef void step_lanes(real_cp label, real_cp blank, real_p new_label, real_p new_blank, real_cp skip, real_cp emission,
                     real blank_score, Py_ssize_t low, Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    cdef real best, before, best_blank
    for i in range(low, high):
        before = label[i - 1] + skip[i]
        best = blank[i] if blank[i] > label[i] else label[i]
        new_label[i] = (before if before > best else best) + emission[i]
        best_blank = label[i - 1] if label[i - 1] > blank[i] else blank[i]
        new_blank[i] = best_blank + blank_score


cdef inline void step(const AlignJob* job, Trellis* q, Py_ssize_t t, Py_ssize_t n, const Scores* old,
                      const Scores* new, Py_ssize_t low, Py_ssize_t high, bint first_time) noexcept nogil:
    cdef real blank_score = score_of(job, t, n, job.blank)
    if is_wrong(&blank_score, 0, 1):
        q.nan = True
    if first_time:   # all labels, also those that no path may have here, for a NaN among them
        emit(job, q, t, n, 0, padded(q.S + 1))
    else:
        emit(job, q, t, n, low, high)
    step_lanes(old.label, old.blank, new.label, new.blank, q.skip, q.emission, blank_score, low, high)
    new.label[low - 1] = -INFINITY     # the next frame reads one label below, which is out of the band


cdef void fill_lanes(real* target, Py_ssize_t n, real value) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        target[i] = value


# ---- forward, and back again ----

cdef double forward(const AlignJob* job, Trellis* q, Py_ssize_t n, bint* ends_in_label) noexcept nogil:
    """The best path's score; checkpoint s is the frame before s * segment."""
    cdef Py_ssize_t t, low, high, last = q.T // q.segment + 1
    cdef Scores old = scores_at(q, last), new = scores_at(q, last + 1), spare
    fill_lanes(old.label - V, 2 * q.width, -INFINITY)
    fill_lanes(new.label - V, 2 * q.width, -INFINITY)
    old.blank[0] = 0
    for t in range(q.T):
        if t % q.segment == 0:
            memcpy(scores_at(q, t // q.segment).label - V, old.label - V, 2 * q.width * sizeof(real))
        ask_ahead(job, q, t, n)
        band(q, t, &low, &high)
        step(job, q, t, n, &old, &new, low, high, True)
        if t == 0:
            old.blank[0] = -INFINITY   # the place before the first frame
        spare = old
        old = new
        new = spare
    ends_in_label[0] = q.S > 0 and old.label[q.S - 1] >= old.blank[q.S]
    return old.label[q.S - 1] if ends_in_label[0] else old.blank[q.S]


cdef inline Scores kept_at(const Trellis* q, Py_ssize_t index, Py_ssize_t low, Py_ssize_t lanes) noexcept nogil:
    """Frame `index` of the segment, of which labels from `low` on are kept."""
    cdef Scores f
    f.label = q.frames + index * 2 * lanes + V - low
    f.blank = f.label + lanes
    return f


cdef void again(const AlignJob* job, Trellis* q, Py_ssize_t n, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t low,
                Py_ssize_t high, Py_ssize_t lanes) noexcept nogil:
    """The scores of frames start .. stop once more, of labels low .. high, from the checkpoint before them. Labels
    below `low` are taken for dead, which the segment's end can't tell."""
    cdef Py_ssize_t t, first, last
    cdef Scores before = scores_at(q, start // q.segment), old, new
    old = kept_at(q, 0, low, lanes)
    fill_lanes(q.frames, (stop - start + 1) * 2 * lanes, -INFINITY)
    memcpy(old.label + low - 1, before.label + low - 1, (high - low + 1) * sizeof(real))
    memcpy(old.blank + low, before.blank + low, (high - low) * sizeof(real))
    for t in range(start, stop):
        new = kept_at(q, t - start + 1, low, lanes)
        band(q, t, &first, &last)
        first = max(first, low)
        last = min(last, high)
        if first < last:
            step(job, q, t, n, &old, &new, first, last, False)
        old = new


cdef void trace(const AlignJob* job, Trellis* q, Py_ssize_t n, bint in_label) noexcept nogil:
    """From the end to the start: the path, and where each label is. Ties prefer to stay, then the nearer state."""
    cdef Py_ssize_t start = (q.T - 1) // q.segment * q.segment, stop = q.T, i = q.S - 1 if in_label else q.S
    cdef Py_ssize_t t, low, high, lanes
    cdef int64_t* path = job.path + n * job.frames
    cdef int64_t* starts = job.starts + n * job.labels_per_row
    cdef int64_t* ends = job.ends + n * job.labels_per_row
    cdef double* totals = job.label_scores + n * job.labels_per_row
    cdef Scores f
    cdef real stay, other
    while start >= 0:
        low = max(<Py_ssize_t> 0, i - (stop - start)) // V * V
        high = padded(i + 1)
        lanes = high - low + 2 * V
        again(job, q, n, start, stop, low, high, lanes)
        for t in range(stop - 1, start - 1, -1):
            f = kept_at(q, t - start, low, lanes)
            if in_label:
                path[t] = q.label[i]
                if ends[i] < 0:
                    ends[i] = t + 1
                    totals[i] = 0
                starts[i] = t
                totals[i] += score_of(job, t, n, q.label[i])
                stay = f.label[i]
                other = f.label[i - 1] + q.skip[i]
                if f.blank[i] > stay and f.blank[i] >= other:
                    in_label = False
                elif other > stay:
                    i -= 1
            else:
                path[t] = job.blank
                if f.label[i - 1] > f.blank[i]:
                    in_label = True
                    i -= 1
        stop = start
        start -= q.segment
    for i in range(q.S):
        totals[i] /= ends[i] - starts[i]


cdef double align_sequence(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef AlignJob* job = <AlignJob*> data
    cdef Py_ssize_t n = job.order[chunk], i
    cdef Trellis q
    cdef bint ends_in_label = False
    cdef double score = 0
    lay_out(job, &q, job.input_lengths[n], job.target_lengths[n], <char*> scratch)
    q.label = job.labels + job.offsets[n]
    q.nan = False
    for i in range(q.S):
        q.place[i] = 0 if q.label[i] == job.star else <int32_t> q.label[i]
        q.skip[i] = -INFINITY if i > 0 and q.label[i] == q.label[i - 1] else 0
    for i in range(q.S, q.width):
        q.place[i] = 0
        q.skip[i] = 0
    if not job.feasible[n]:
        score = -HUGE_VAL
    elif q.T > 0:
        score = forward(job, &q, n, &ends_in_label)
        if q.nan:
            score = NAN
        elif score > -HUGE_VAL:
            trace(job, &q, n, ends_in_label)
    job.scores[n] = score
    return 0


def align(cnp.ndarray x, int x_dtype, cnp.ndarray labels, cnp.ndarray offsets, cnp.ndarray target_lengths,
          cnp.ndarray input_lengths, cnp.ndarray order, cnp.ndarray feasible, Py_ssize_t blank, long long star,
          double star_score, cnp.ndarray path, cnp.ndarray scores, cnp.ndarray starts, cnp.ndarray ends,
          cnp.ndarray label_scores, int threads):
    """x is (T, N, C). path (N, T), starts and ends (N, S) are int64 and come filled with -1, label_scores (N, S) with
    NaN; what a sequence does not have stays so. scores (N,) is -inf where no path is possible."""
    cdef AlignJob job
    cdef Trellis q
    cdef double total
    cdef Py_ssize_t i, size = 0
    job.x = <char*> data_of(x)
    job.dtype = x_dtype
    for i in range(3):
        job.stride[i] = x.strides[i]
    job.classes = x.shape[2]
    job.blank = blank
    job.star = star
    job.star_score = star_score
    job.labels = <const int64_t*> data_of(labels)
    job.offsets = <const int64_t*> data_of(offsets)
    job.target_lengths = <const int64_t*> data_of(target_lengths)
    job.input_lengths = <const int64_t*> data_of(input_lengths)
    job.order = <const int64_t*> data_of(order)
    job.feasible = <const uint8_t*> data_of(feasible)
    job.path = <int64_t*> data_of(path)
    job.frames = path.shape[1]
    job.scores = <double*> data_of(scores)
    job.starts = <int64_t*> data_of(starts)
    job.ends = <int64_t*> data_of(ends)
    job.label_scores = <double*> data_of(label_scores)
    job.labels_per_row = starts.shape[1]
    for i in range(order.size):
        size = max(size, lay_out(&job, &q, job.input_lengths[order[i]], job.target_lengths[order[i]], NULL))
    run_chunks(align_sequence, &job, order.size, size // sizeof(real) + 1, threads, &total)
