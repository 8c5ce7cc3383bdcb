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
the same numbers give the same scores, so this is exact. The slots of a long frame are in tiles, which threads share on
the way forward (viterbi_forward.pxi).
"""

from libc.math cimport HUGE_VAL, NAN, sqrt
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from core cimport *
from poll cimport *

include "ctc_jobs.pxi"
include "trellis.pxi"

cdef extern from "ctc/recursion.h" nogil:
    ctypedef struct Frame "ctc_states":   # scores of one frame
        real* label
        real* blank
    void viterbi_slots(const Frame*, const Frame*, const real*, const real*, real, Py_ssize_t, Py_ssize_t)
    bint floats_are_wrong(const float*, Py_ssize_t)
    bint reals_are_wrong(const real*, Py_ssize_t)

cdef enum:
    AHEAD = 1          # how many frames ahead a row is prefetched
    F = 32             # frames of a block: between two questions whether to stop
    FRAME_WORK = 32    # of a frame without labels, for should_stop(): in nanoseconds
    LABEL_WORK = 2     # of a label
    LONG_ROW = 1024    # bytes of a row from which on it is prefetched

# The slots in which a segment of frames is computed again.
ctypedef struct Segment:
    Py_ssize_t start             # its frames
    Py_ssize_t stop
    Band slots                   # those from which the segment's end can be reached
    Py_ssize_t width             # slots of a frame, with V unreachable ones on either side

# One sequence, and its workspace.
ctypedef struct Sequence:
    poll_state* poll
    Py_ssize_t n
    Py_ssize_t T
    Py_ssize_t S
    Py_ssize_t width             # slots of a frame, with V unreachable ones on either side
    Py_ssize_t segment           # frames between checkpoints
    Py_ssize_t forward_work      # of a frame, for should_stop()
    Py_ssize_t trace_work
    const int64_t* label
    int64_t* path                # its part of what the job writes
    int64_t* starts
    int64_t* ends
    double* token_scores
    int32_t* class_index         # class of each label
    real* skip                   # 0, or -inf where label i may not follow label i - 1 without a blank
    real* emission               # of each label in the frame at hand
    real* score_buffer           # a row of scores, where it can't be used in place; for each tile
    real* checkpoints
    real* frames                 # a segment's, by frame
    Py_ssize_t tiles             # of slots
    Py_ssize_t tile_width
    Py_ssize_t tiles_behind      # blocks that tiles are at work on at one time, and one more
    real* tile_frames            # two frames of each tile
    real* last_labels            # of each tile, for each frame of those blocks
    uint8_t* tile_has_nan        # whether a tile met a NaN or +inf


cdef Py_ssize_t workspace_layout(const AlignJob* job, Sequence* q, Py_ssize_t n, char* memory) noexcept nogil:
    """Cuts the memory for sequence n; returns how many bytes that takes."""
    cdef char* start = memory
    cdef Py_ssize_t segment_width
    memset(q, 0, sizeof(Sequence))
    q.poll = poll_of(memory)
    q.n = n
    q.T = job.batch.input_lengths[n]
    q.S = job.batch.target_lengths[n]
    q.label = job.batch.labels + job.batch.offsets[n]
    q.path = job.path + n * job.batch.x.frames
    q.starts = job.starts + n * job.longest
    q.ends = job.ends + n * job.longest
    q.token_scores = job.token_scores + n * job.longest
    q.width = padded(q.S + 2) + 2 * V
    q.segment = max(<Py_ssize_t> 16, <Py_ssize_t> sqrt(<double> q.T))
    segment_width = min(q.width, padded(q.segment + 2) + 4 * V)
    q.forward_work = FRAME_WORK + LABEL_WORK * q.S
    q.trace_work = FRAME_WORK + LABEL_WORK * min(q.S, segment_width)
    q.tile_width = tile_width(q.S, MOST_TILES)
    q.tiles = tile_count(q.S, q.tile_width)
    q.tiles_behind = q.tiles + 1
    q.class_index = <int32_t*> arena_alloc(&memory, q.width * sizeof(int32_t))
    q.skip = <real*> arena_alloc(&memory, q.width * sizeof(real))
    q.emission = <real*> arena_alloc(&memory, q.width * sizeof(real))
    q.score_buffer = <real*> arena_alloc(&memory, q.tiles * job.batch.x.classes * sizeof(real))
    q.tile_frames = <real*> arena_alloc(&memory, q.tiles * 4 * (q.tile_width + 2 * V) * sizeof(real))
    q.last_labels = <real*> arena_alloc(&memory, q.tiles_behind * F * q.tiles * sizeof(real))
    q.tile_has_nan = <uint8_t*> arena_alloc(&memory, q.tiles)
    q.checkpoints = <real*> arena_alloc(&memory, (q.T // q.segment + 1) * 2 * q.width * sizeof(real))
    q.frames = <real*> arena_alloc(&memory, (q.segment + 1) * 2 * segment_width * sizeof(real))
    return memory - start


cdef void read_target(const AlignJob* job, Sequence* q) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(q.S):
        q.class_index[i] = 0 if q.label[i] == job.star else <int32_t> q.label[i]
        q.skip[i] = -INFINITY if i > 0 and q.label[i] == q.label[i - 1] else 0
    for i in range(q.S, q.width):
        q.class_index[i] = 0
        q.skip[i] = 0


cdef inline Frame checkpoint_at(const Sequence* q, Py_ssize_t index) noexcept nogil:
    """The frame before index * segment."""
    cdef Frame f
    f.label = q.checkpoints + index * 2 * q.width + V
    f.blank = f.label + q.width
    return f


cdef inline Frame segment_frame_at(const Sequence* q, const Segment* segment, Py_ssize_t t) noexcept nogil:
    """The scores before frame t, by label as elsewhere though only the segment's slots are there."""
    cdef Frame f
    f.label = q.frames + (t - segment.start) * 2 * segment.width + V - segment.slots.low
    f.blank = f.label + segment.width
    return f


# ---- emissions ----

cdef inline void gather_floats(real_p destination, const float* row, const int32_t* index, Py_ssize_t low,
                               Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        destination[i] = row[index[i]]


cdef inline real score_of(const AlignJob* job, const Sequence* q, Py_ssize_t t, int64_t label) noexcept nogil:
    cdef const Rows* x = &job.batch.x
    if label == job.star:
        return job.star_score
    return load_number(row_at(x, t, q.n) + label * x.stride[2], x.dtype)


cdef void gather_emissions(const AlignJob* job, const Sequence* q, Py_ssize_t t, Band band,
                           real* buffer) noexcept nogil:
    """The emissions of a band's labels in frame t; nothing is emitted beyond the last."""
    cdef const Rows* x = &job.batch.x
    cdef const char* row = row_at(x, t, q.n)
    cdef Py_ssize_t i, stop = max(min(band.high, q.S), band.low)
    if x.dtype == FL_FLOAT32 and x.stride[2] == sizeof(float):
        gather_floats(q.emission, <const float*> row, q.class_index, band.low, stop)
    elif is_direct(x):
        gather(q.emission, <const real*> row, q.class_index, band.low, stop)
    else:
        load_run(buffer, row, x.classes, x.stride[2], x.dtype)
        gather(q.emission, buffer, q.class_index, band.low, stop)
    if job.star >= 0:
        for i in range(band.low, stop):
            if q.label[i] == job.star:
                q.emission[i] = job.star_score
    for i in range(stop, band.high):
        q.emission[i] = -INFINITY


cdef inline bint emissions_are_wrong(const AlignJob* job, const Sequence* q, Py_ssize_t t, Band band) noexcept nogil:
    """Whether one of those is NaN or +inf. A row of few classes without any is looked at sooner than its labels."""
    cdef const Rows* x = &job.batch.x
    cdef Py_ssize_t count = max(min(band.high, q.S) - band.low, <Py_ssize_t> 0)
    if x.dtype == FL_FLOAT32 and x.stride[2] == sizeof(float) and x.classes <= 4 * count:
        if not floats_are_wrong(<const float*> row_at(x, t, q.n), x.classes):
            return False
    return reals_are_wrong(q.emission + band.low, count)


cdef inline void prefetch_row(const AlignJob* job, const Sequence* q, Py_ssize_t t, Band band) noexcept nogil:
    """Prefetches a frame to come: the hardware does not predict reads in scattered places of long rows."""
    cdef const Rows* x = &job.batch.x
    cdef const char* row = row_at(x, t, q.n)
    cdef Py_ssize_t i
    if x.classes * x.stride[2] <= LONG_ROW or t >= q.T:
        return
    for i in range(band.low, min(band.high, q.S)):
        prefetch(row + q.class_index[i] * x.stride[2])


# ---- one frame ----

cdef inline bint step(const AlignJob* job, const Sequence* q, Py_ssize_t t, const Frame* old, const Frame* new,
                      Band band) noexcept nogil:
    """The scores of frame t from those before it, once the emissions are there. Whether the blank's is NaN or +inf."""
    cdef real blank_score = score_of(job, q, t, job.batch.blank)
    viterbi_slots(old, new, q.skip, q.emission, blank_score, band.low, band.high)
    if band.low < band.high:
        new.label[band.low - 1] = -INFINITY     # the next frame reads one label below, which is out of the band
    return not blank_score <= FL_LARGEST


# ---- forward, and back again ----

include "viterbi_forward.pxi"


cdef void recompute_segment(const AlignJob* job, Sequence* q, const Segment* segment) noexcept nogil:
    """The scores of its frames once more, in its slots, from the checkpoint before it. Labels below these count as
    unreachable, from which the segment's end is too far."""
    cdef Py_ssize_t t, low = segment.slots.low, high = segment.slots.high
    cdef Frame checkpoint = checkpoint_at(q, segment.start // q.segment)
    cdef Frame old = segment_frame_at(q, segment, segment.start), new
    cdef Band band
    fill_run(q.frames, (segment.stop - segment.start + 1) * 2 * segment.width, -INFINITY)
    memcpy(old.label + low - 1, checkpoint.label + low - 1, (high - low + 1) * sizeof(real))
    memcpy(old.blank + low, checkpoint.blank + low, (high - low) * sizeof(real))
    for t in range(segment.start, segment.stop):
        new = segment_frame_at(q, segment, t + 1)
        band = band_at(q.T, q.S, t)
        band.low = max(band.low, low)
        band.high = min(band.high, high)
        if band.low < band.high:
            gather_emissions(job, q, t, band, q.score_buffer)
            step(job, q, t, &old, &new, band)
        old = new


cdef inline void trace_frame(const AlignJob* job, const Sequence* q, Py_ssize_t t, const Frame* before,
                             Py_ssize_t* slot, bint* in_label) noexcept nogil:
    """Writes down that the path is at a label or blank in frame t, and goes to where it was before. Ties prefer to
    stay, then the nearer state."""
    cdef Py_ssize_t i = slot[0]
    cdef real stay, other
    if in_label[0]:
        q.path[t] = q.label[i]
        if q.ends[i] < 0:
            q.ends[i] = t + 1
            q.token_scores[i] = 0
        q.starts[i] = t
        q.token_scores[i] += score_of(job, q, t, q.label[i])
        stay = before.label[i]
        other = before.label[i - 1] + q.skip[i]
        if before.blank[i] > stay and before.blank[i] >= other:
            in_label[0] = False
        elif other > stay:
            slot[0] = i - 1
    else:
        q.path[t] = job.batch.blank
        if before.label[i - 1] > before.blank[i]:
            in_label[0] = True
            slot[0] = i - 1


cdef void trace(const AlignJob* job, Sequence* q, bint in_label) noexcept nogil:
    """From the end to the start: the path, and where each label is."""
    cdef Py_ssize_t slot = q.S - 1 if in_label else q.S, index, t, i
    cdef Segment segment
    cdef Frame before
    for index in range((q.T - 1) // q.segment, -1, -1):
        segment.start = index * q.segment
        segment.stop = min(segment.start + q.segment, q.T)
        if should_stop(q.poll, (segment.stop - segment.start) * q.trace_work):
            return
        segment.slots.low = max(<Py_ssize_t> 0, slot - (segment.stop - segment.start)) // V * V
        segment.slots.high = padded(slot + 1)
        segment.width = segment.slots.high - segment.slots.low + 2 * V
        recompute_segment(job, q, &segment)
        for t in range(segment.stop - 1, segment.start - 1, -1):
            before = segment_frame_at(q, &segment, t)
            trace_frame(job, q, t, &before, &slot, &in_label)
    for i in range(q.S):
        q.token_scores[i] /= q.ends[i] - q.starts[i]


cdef void finish(const AlignJob* job, Sequence* q, double score, bint ends_in_label) noexcept nogil:
    """Once the best path's score is known."""
    if q.T > 0 and score > -HUGE_VAL:
        trace(job, q, ends_in_label)
    job.scores[q.n] = score


cdef public exact_sum align_sequence(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef AlignJob* job = <AlignJob*> data
    cdef Py_ssize_t n = job.order[chunk]
    cdef Sequence q
    cdef bint ends_in_label = False
    cdef double score = 0
    workspace_layout(job, &q, n, <char*> scratch)
    if not job.batch.feasible[n]:
        score = -HUGE_VAL
    elif q.T > 0:
        read_target(job, &q)
        score = forward_pass(job, &q, &ends_in_label)
    finish(job, &q, score, ends_in_label)
    return NO_SUM


cdef public void plan_align(void* data, kernel_plan* plan) noexcept nogil:
    cdef AlignJob* job = <AlignJob*> data
    cdef Sequence q
    cdef Py_ssize_t i, bytes_needed = 0
    plan.work = 0
    for i in range(job.count):
        bytes_needed = max(bytes_needed, workspace_layout(job, &q, job.order[i], NULL))
        plan.work += (<double> q.forward_work + q.trace_work) * q.T
    plan.chunks = job.count
    plan.scratch = (bytes_needed // sizeof(real) + 1) * sizeof(real)
    plan.is_shared = job.count == 1 and job.batch.feasible[job.order[0]] and is_for_rounds(q.T, q.tiles, F)
