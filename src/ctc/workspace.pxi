"""A CTC call and the workspace of one sequence of it. Included by ctc.pyx, which explains the names."""

cdef extern from "core/scaled.h" nogil:
    enum:
        V "FL_STATES"         # lanes that go together

cdef enum:
    F = 8                     # frames that go through each step together: a step reads what another wrote long before
    KEPT_BYTES = 4_000_000    # alphas up to this size are all kept; longer sequences keep checkpoints
    SEGMENT_BYTES = 400_000   # alphas between checkpoints stay in the second-level cache

ctypedef struct Job:
    char* x
    char* grad                   # or NULL
    real* posterior              # (T, N, 2S+1) of each state, or NULL
    bint backward                # whether either is wanted
    int x_dtype
    int grad_dtype
    int native
    Py_ssize_t x_stride[3]       # of frame, sequence, class, in bytes
    Py_ssize_t grad_stride[3]
    Py_ssize_t posterior_stride[3]   # in numbers
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
    Py_ssize_t width             # lanes of a frame, with room for V dead ones on either side
    Py_ssize_t used              # classes of the target, blank first
    Py_ssize_t row               # lanes of an emission table
    Py_ssize_t segment           # frames between checkpoints
    bint keeps_tables            # whether emissions are kept for the gradient
    int32_t* place               # which of the used classes label i is
    int32_t* used_class
    xint* skip                   # 0, or X_NEVER where label i equals label i - 1
    real* emission               # of each label, for the frames of the segment at hand
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
    if not job.backward:
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
    q.emission = <real*> take(&memory, q.segment * q.width * sizeof(real))
    q.emission_exponent = <xint*> take(&memory, q.segment * q.width * sizeof(xint))
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
