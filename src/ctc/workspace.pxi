"""A call for the loss, and the workspace of one sequence of it. Included by ctc.pyx, which explains the names."""

cdef extern from "ctc/recursion.h" nogil:
    ctypedef struct Frame "ctc_frame":
        real* label
        real* blank
        xint* label_exponent
        xint* blank_exponent
    ctypedef struct Lattice "ctc_lattice":
        Py_ssize_t frames
        Py_ssize_t labels
        Py_ssize_t width
        const xint* skip
        const real* emission
        const xint* emission_exponent
        const real* blank_emission
        const xint* blank_exponent
    Frame frame_of(real*, Py_ssize_t)
    void set_zero "frame_set_zero"(const Frame*, Py_ssize_t, Py_ssize_t)
    void forward_band(const Lattice*, Py_ssize_t, const Frame*, const Frame*, Band, bint)
    void forward_frames_plain(const Lattice*, Py_ssize_t, Py_ssize_t, Py_ssize_t, real*)
    void forward_frames_scaled(const Lattice*, Py_ssize_t, Py_ssize_t, Py_ssize_t, real*)
    ctypedef struct WayBack "ctc_way_back":
        real** gamma
        real* alpha
        xint total_exponent
        real* label
        real* blank
        real* blank_sum
    void backward_frames_plain(const Lattice*, Py_ssize_t, Py_ssize_t, Py_ssize_t, WayBack*)
    void backward_frames_scaled(const Lattice*, Py_ssize_t, Py_ssize_t, Py_ssize_t, WayBack*)

cdef enum:
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
    Py_ssize_t n
    Py_ssize_t T
    Py_ssize_t S
    Py_ssize_t width             # slots of a frame, with V unreachable ones on either side
    Py_ssize_t segment           # frames between checkpoints: whole blocks
    real scale                   # of the gradient
    bint keeps_tables            # whether the tables of all blocks are kept, for the gradient
    bint has_all_classes         # whether a table has a row for each class; otherwise for each used one
    Py_ssize_t used              # classes of the target, blank first
    Py_ssize_t rows              # of a table
    int32_t* lookup              # which of the used classes a class is, or -1
    int32_t* used_class
    int32_t* used_row            # of each used class in the table
    int32_t* label_place         # where the row of label i begins; beyond the last label, that of the blank
    xint* skip                   # 0, or X_NO_TRANSITION where label i equals label i - 1
    real* table                  # by block: e of the rows, or mantissas of the used ones where those have exponents
    xint* table_exponent
    uint8_t* has_exponents       # of each block
    real* rest                   # of each frame: sum of e without one peak
    real* below_peak             # of each frame of such a block: e of the likeliest used class
    real* emission               # of each label, for the frames of the segment at hand, `width` apart
    xint* emission_exponent
    real* blank_emission
    xint* blank_exponent
    real* alpha                  # frames 0 .. segment of the segment at hand; frame 0 is before its first
    real* checkpoints
    real* gamma                  # two frames
    real* label_posterior        # of the states, for the frames of a block, `width` apart
    real* blank_posterior
    real* blank_sum              # of the posteriors of the blanks, in V parts, for a block
    real* row_posterior          # of each row of the table, for a block; then the gradient
    real* block_rows             # a block of rows on the way to the table or from it, and one row of all classes
    real* block_peaks            # of a row, for scale_row
    double* certain              # states of a target that is all but certain


cdef inline Py_ssize_t frame_size(const Sequence* q) noexcept nogil:
    """Of mantissas and exponents, of labels and blanks; in numbers."""
    return 4 * q.width


cdef inline bint has_backward(const Job* job) noexcept nogil:
    return job.grad.data != NULL or job.posterior != NULL


cdef inline Py_ssize_t blocks_of(Py_ssize_t frames) noexcept nogil:
    return (frames + F - 1) // F


cdef void choose_segment(const Job* job, Sequence* q) noexcept nogil:
    cdef Py_ssize_t size = frame_size(q) * <Py_ssize_t> sizeof(real)
    q.keeps_tables = has_backward(job)
    if not q.keeps_tables:
        q.segment = F
    elif (q.T + 1) * size > KEPT_BYTES:
        q.segment = max(<Py_ssize_t> F, SEGMENT_BYTES // size // F * F)
    else:
        q.segment = max(blocks_of(q.T), 1) * F


cdef void table_layout(const Job* job, Sequence* q, Py_ssize_t blocks, Py_ssize_t frames, char** memory) noexcept nogil:
    """The part of the workspace that has to do with emissions: tables of so many blocks, emissions of so many
    frames."""
    cdef Py_ssize_t classes = job.batch.x.classes, most_used = min(q.S, classes - 1) + 1
    q.has_all_classes = classes <= FEW_CLASSES and (job.from_logits or classes <= 4 * most_used)
    q.rows = classes if q.has_all_classes else (most_used + LANES - 1) // LANES * LANES
    q.lookup = <int32_t*> arena_alloc(memory, classes * sizeof(int32_t))
    q.used_class = <int32_t*> arena_alloc(memory, (most_used + LANES) * sizeof(int32_t))
    q.used_row = <int32_t*> arena_alloc(memory, most_used * sizeof(int32_t))
    q.label_place = <int32_t*> arena_alloc(memory, q.width * sizeof(int32_t))
    q.skip = <xint*> arena_alloc(memory, (q.width + V) * sizeof(xint))
    q.table = <real*> arena_alloc(memory, blocks * F * q.rows * sizeof(real))
    q.table_exponent = <xint*> arena_alloc(memory, blocks * F * q.rows * sizeof(xint))
    q.has_exponents = <uint8_t*> arena_alloc(memory, blocks)
    q.rest = <real*> arena_alloc(memory, blocks * F * sizeof(real))
    q.below_peak = <real*> arena_alloc(memory, blocks * F * sizeof(real))
    q.emission = <real*> arena_alloc(memory, frames * q.width * sizeof(real))
    q.emission_exponent = <xint*> arena_alloc(memory, frames * q.width * sizeof(xint))
    q.blank_emission = <real*> arena_alloc(memory, frames * sizeof(real))
    q.blank_exponent = <xint*> arena_alloc(memory, frames * sizeof(xint))
    q.block_rows = <real*> arena_alloc(memory, (F * q.rows + classes) * sizeof(real))
    q.block_peaks = <real*> arena_alloc(memory, (classes // ROW_BLOCK + 1) * sizeof(real))


cdef Py_ssize_t workspace_layout(const Job* job, Sequence* q, Py_ssize_t n, char* memory) noexcept nogil:
    """Cuts the memory for sequence n; returns how many bytes that takes."""
    cdef char* start = memory
    cdef Py_ssize_t checkpoints, frame_bytes
    memset(q, 0, sizeof(Sequence))
    q.n = n
    q.T = job.batch.input_lengths[n]
    q.S = job.batch.target_lengths[n]
    q.scale = 1 if job.scales == NULL else <real> job.scales[n]
    q.width = padded(q.S + 2) + 2 * V
    choose_segment(job, q)
    frame_bytes = frame_size(q) * sizeof(real)
    checkpoints = 0 if q.segment >= q.T or not q.keeps_tables else q.T // q.segment + 1
    table_layout(job, q, max(blocks_of(q.T), 1) if q.keeps_tables else 1, q.segment, &memory)
    if q.keeps_tables:
        q.label_posterior = <real*> arena_alloc(&memory, F * q.width * sizeof(real))
        q.blank_posterior = <real*> arena_alloc(&memory, F * q.width * sizeof(real))
        q.blank_sum = <real*> arena_alloc(&memory, F * V * sizeof(real))
        q.row_posterior = <real*> arena_alloc(&memory, F * q.rows * sizeof(real))
        q.gamma = <real*> arena_alloc(&memory, 2 * frame_bytes)
    q.certain = <double*> arena_alloc(&memory, 2 * (q.S + 1) * sizeof(double))
    q.alpha = <real*> arena_alloc(&memory, (q.segment + 1) * frame_bytes)
    q.checkpoints = <real*> arena_alloc(&memory, checkpoints * frame_bytes)
    return memory - start


cdef inline real* states_at(const Sequence* q, real* frames, Py_ssize_t index) noexcept nogil:
    return frames + index * frame_size(q) + V


cdef inline Frame frame_at(const Sequence* q, real* frames, Py_ssize_t index) noexcept nogil:
    return frame_of(states_at(q, frames, index), q.width)


cdef inline Lattice lattice_of(const Sequence* q) noexcept nogil:
    cdef Lattice lattice
    lattice.frames = q.T
    lattice.labels = q.S
    lattice.width = q.width
    lattice.skip = q.skip
    lattice.emission = q.emission
    lattice.emission_exponent = q.emission_exponent
    lattice.blank_emission = q.blank_emission
    lattice.blank_exponent = q.blank_exponent
    return lattice


cdef inline void copy_frame(const Sequence* q, real* frames, Py_ssize_t index, const real* other_frames,
                            Py_ssize_t other_index) noexcept nogil:
    memcpy(frames + index * frame_size(q), other_frames + other_index * frame_size(q), frame_size(q) * sizeof(real))


# ---- the classes that a target uses: emissions are looked up, and have exponentials, once for each of these ----

cdef void clear_classes(const Job* job, Sequence* q) noexcept nogil:
    """None is used yet but the blank."""
    cdef Py_ssize_t c
    for c in range(job.batch.x.classes):
        q.lookup[c] = -1
    q.used = 0
    place_of_class(q, job.batch.blank)


cdef inline int32_t place_of_class(Sequence* q, int64_t c) noexcept nogil:
    """Where the table's row of a class begins, which is used from now on."""
    if q.lookup[c] < 0:
        q.lookup[c] = <int32_t> q.used
        q.used_class[q.used] = <int32_t> c
        q.used_row[q.used] = <int32_t> (c if q.has_all_classes else q.used)
        q.used += 1
    return q.used_row[q.lookup[c]] * F


cdef inline void fill_used_classes(Sequence* q) noexcept nogil:
    """Once all are known: the rows of a table that are left over repeat the blank."""
    cdef Py_ssize_t u
    if not q.has_all_classes:
        for u in range(q.used, q.rows):
            q.used_class[u] = q.used_class[0]


cdef void read_target(const Job* job, Sequence* q) noexcept nogil:
    cdef const int64_t* labels = job.batch.labels + job.batch.offsets[q.n]
    cdef Py_ssize_t i
    clear_classes(job, q)
    for i in range(q.S):
        q.label_place[i] = place_of_class(q, labels[i])
        q.skip[i] = X_NO_TRANSITION if i > 0 and labels[i] == labels[i - 1] else 0
    for i in range(q.S, q.width):
        q.label_place[i] = q.used_row[0] * F
        q.skip[i] = 0
    fill_used_classes(q)
