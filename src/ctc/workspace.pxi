"""A call for the loss, and the workspace of one sequence of it. Included by ctc.pyx, which explains the names."""

cdef extern from "ctc/recursion.h" nogil:
    ctypedef struct Frame "ctc_frame":
        real* label
        real* blank
        xint* label_exponent
        xint* blank_exponent
    ctypedef struct Step "ctc_step":
        Frame old
        Frame new
        const xint* skip
        const real* emission
        const xint* emission_exponent
        real blank_emission
        xint blank_emission_exponent
        bint has_exponents
        Py_ssize_t low
        Py_ssize_t high
    ctypedef struct States "ctc_states":
        real* label
        real* blank
    void forward_step(const Step*)
    void backward_step(const Step*, const Frame*, const States*, xint)

cdef enum:
    F = 8                     # frames that go through each pass together: none reads what was written just before
    KEPT_BYTES = 4_000_000    # alphas up to this size are all kept; longer sequences keep checkpoints
    SEGMENT_BYTES = 400_000   # alphas between checkpoints stay in the second-level cache

ctypedef struct Job:
    Batch batch
    bint from_logits
    const int64_t* order         # the sequences, in the order in which threads take them
    const double* scales         # of each sequence's gradient, or NULL
    Rows grad
    real* posterior              # (T, N, 2S+1) of each state, or NULL
    Py_ssize_t posterior_stride[3]   # in numbers
    double* losses
    uint8_t* saturated           # set where a score was too far below its frame's best for this type's exponents

ctypedef struct Sequence:
    poll_state* poll
    Py_ssize_t frame_work        # of one frame in one direction, for should_stop()
    Py_ssize_t n
    Py_ssize_t T
    Py_ssize_t S
    Py_ssize_t width             # slots of a frame, with V unreachable ones on either side
    Py_ssize_t used              # classes of the target, blank first
    Py_ssize_t table_width       # the same, rounded up
    Py_ssize_t segment           # frames between checkpoints
    real scale                   # of the gradient
    bint keeps_tables            # whether emissions are kept for the gradient
    int32_t* lookup              # which of the used classes a class is, or -1
    int32_t* used_class
    int32_t* class_index         # which of the used classes label i is
    xint* skip                   # 0, or X_NO_TRANSITION where label i equals label i - 1
    real* emission               # of each label, for the frames of the segment at hand
    xint* emission_exponent
    real* table                  # emissions of the used classes, by frame
    xint* table_exponent
    uint8_t* has_exponents       # whether the frame's emissions have exponents; otherwise those are not set
    real* share                  # softmax of the used classes is share * emission
    real* peak                   # of the row's scores, for F frames
    real* rest                   # sum of e without one peak, for F frames
    States posterior             # of one frame
    real* occupancy              # posterior of each used class, for F frames
    real* used_grad              # gradient of the used classes
    real* alpha                  # frames 0 .. segment of the segment at hand; frame 0 is before its first
    real* checkpoints
    real* gamma                  # two frames
    real* score_buffer           # a row of scores, or of the gradient, where it can't be used in place
    real* grad_buffer
    real* block_peaks            # of a row, for scale_row


cdef inline Py_ssize_t frame_size(const Sequence* q) noexcept nogil:
    """Of mantissas and exponents, of labels and blanks; in numbers."""
    return 4 * q.width


cdef inline bint has_backward(const Job* job) noexcept nogil:
    return job.grad.data != NULL or job.posterior != NULL


cdef void choose_segment(const Job* job, Sequence* q) noexcept nogil:
    cdef Py_ssize_t size = frame_size(q) * <Py_ssize_t> sizeof(real)
    q.keeps_tables = has_backward(job)
    if not q.keeps_tables:
        q.segment = F
    elif (q.T + 1) * size > KEPT_BYTES:
        q.segment = max(<Py_ssize_t> 16, SEGMENT_BYTES // size // F * F)
    else:
        q.segment = max(q.T, 1)


cdef void table_layout(Sequence* q, Py_ssize_t classes, Py_ssize_t table_frames, char** memory) noexcept nogil:
    """The part of the workspace that has to do with emissions."""
    q.table_width = (min(q.S, classes) + 1 + LANES - 1) // LANES * LANES
    q.lookup = <int32_t*> arena_alloc(memory, classes * sizeof(int32_t))
    q.used_class = <int32_t*> arena_alloc(memory, q.table_width * sizeof(int32_t))
    q.class_index = <int32_t*> arena_alloc(memory, q.width * sizeof(int32_t))
    q.skip = <xint*> arena_alloc(memory, (q.width + V) * sizeof(xint))
    q.table = <real*> arena_alloc(memory, table_frames * q.table_width * sizeof(real))
    q.table_exponent = <xint*> arena_alloc(memory, table_frames * q.table_width * sizeof(xint))
    q.has_exponents = <uint8_t*> arena_alloc(memory, table_frames)
    q.share = <real*> arena_alloc(memory, table_frames * sizeof(real))
    q.peak = <real*> arena_alloc(memory, F * sizeof(real))
    q.rest = <real*> arena_alloc(memory, F * sizeof(real))
    q.score_buffer = <real*> arena_alloc(memory, classes * sizeof(real))


cdef Py_ssize_t workspace_layout(const Job* job, Sequence* q, Py_ssize_t n, char* memory) noexcept nogil:
    """Cuts the memory for sequence n; returns how many bytes that takes."""
    cdef char* start = memory
    cdef Py_ssize_t classes = job.batch.x.classes, checkpoints, frame_bytes
    memset(q, 0, sizeof(Sequence))
    q.n = n
    q.poll = poll_of(memory)
    q.T = job.batch.input_lengths[n]
    q.S = job.batch.target_lengths[n]
    q.frame_work = frame_work(classes, q.S)
    q.scale = 1 if job.scales == NULL else <real> job.scales[n]
    q.width = padded(q.S + 2) + 2 * V
    choose_segment(job, q)
    frame_bytes = frame_size(q) * sizeof(real)
    checkpoints = 0 if q.segment >= q.T or not q.keeps_tables else q.T // q.segment + 1
    table_layout(q, classes, max(q.T, 1) if q.keeps_tables else F, &memory)
    q.emission = <real*> arena_alloc(&memory, q.segment * q.width * sizeof(real))
    q.emission_exponent = <xint*> arena_alloc(&memory, q.segment * q.width * sizeof(xint))
    q.posterior.label = <real*> arena_alloc(&memory, q.width * sizeof(real))
    q.posterior.blank = <real*> arena_alloc(&memory, q.width * sizeof(real))
    q.occupancy = <real*> arena_alloc(&memory, F * q.table_width * sizeof(real))
    q.used_grad = <real*> arena_alloc(&memory, q.table_width * sizeof(real))
    q.gamma = <real*> arena_alloc(&memory, 2 * frame_bytes)
    q.alpha = <real*> arena_alloc(&memory, (q.segment + 1) * frame_bytes)
    q.checkpoints = <real*> arena_alloc(&memory, checkpoints * frame_bytes)
    q.grad_buffer = <real*> arena_alloc(&memory, classes * sizeof(real))
    q.block_peaks = <real*> arena_alloc(&memory, (classes // ROW_BLOCK + 1) * sizeof(real))
    return memory - start


cdef inline Frame frame_at(const Sequence* q, real* frames, Py_ssize_t index) noexcept nogil:
    cdef Frame f
    cdef real* start = frames + index * frame_size(q) + V
    f.label = start
    f.blank = start + q.width
    f.label_exponent = <xint*> (start + 2 * q.width)
    f.blank_exponent = <xint*> (start + 3 * q.width)
    return f


cdef inline void set_zero(const Frame* f, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Probability 0 in these slots."""
    cdef Py_ssize_t i
    for i in range(start, stop):
        f.label[i] = 1
        f.blank[i] = 1
        f.label_exponent[i] = X_ZERO
        f.blank_exponent[i] = X_ZERO


cdef inline void copy_frame(const Sequence* q, real* frames, Py_ssize_t index, const real* other_frames,
                            Py_ssize_t other_index) noexcept nogil:
    memcpy(frames + index * frame_size(q), other_frames + other_index * frame_size(q), frame_size(q) * sizeof(real))


# ---- the classes that a target uses: emissions are looked up, and have exponentials, once for each of these ----

cdef void clear_classes(const Job* job, Sequence* q) noexcept nogil:
    """None is used yet but the blank."""
    cdef Py_ssize_t c
    for c in range(job.batch.x.classes):
        q.lookup[c] = -1
    q.lookup[job.batch.blank] = 0
    q.used_class[0] = <int32_t> job.batch.blank
    q.used = 1


cdef inline int32_t index_of_class(Sequence* q, int64_t c) noexcept nogil:
    if q.lookup[c] < 0:
        q.lookup[c] = <int32_t> q.used
        q.used_class[q.used] = <int32_t> c
        q.used += 1
    return q.lookup[c]


cdef void read_target(const Job* job, Sequence* q) noexcept nogil:
    cdef const int64_t* labels = job.batch.labels + job.batch.offsets[q.n]
    cdef Py_ssize_t i
    clear_classes(job, q)
    for i in range(q.S):
        q.class_index[i] = index_of_class(q, labels[i])
        q.skip[i] = X_NO_TRANSITION if i > 0 and labels[i] == labels[i - 1] else 0
    for i in range(q.S, q.width):
        q.class_index[i] = 0
        q.skip[i] = 0
