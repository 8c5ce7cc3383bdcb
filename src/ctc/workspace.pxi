"""A call for the loss, and the workspace of one sequence of it. Included by ctc.pyx, which explains the names.

Frames of the states are in `alpha`: all of them, those of a segment, or, for the loss alone, those of the blocks at
hand. Emissions of labels are there for as many, tables for all blocks if there is a way back.
"""

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
        bint has_exponents
    ctypedef struct WayBack "ctc_way_back":
        xint total_exponent
        real* label
        real* blank
        real* blank_sum
    Band band_within(Band, Band)
    Band band_of_block(Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    Frame frame_of(real*, Py_ssize_t)
    void set_zero "frame_set_zero"(const Frame*, Py_ssize_t, Py_ssize_t)
    void set_slot_zero "frames_set_slot_zero"(real*, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    void forward_band(const Lattice*, Py_ssize_t, const Frame*, const Frame*, Band)
    void forward_block(const Lattice*, Py_ssize_t, Py_ssize_t, real*, real*, Band, bint)
    void backward_block(const Lattice*, Py_ssize_t, Py_ssize_t, real*, real*, Band, const WayBack*, bint)

cdef enum:
    KEPT_BYTES = 4_000_000    # alphas up to this size are all kept; longer sequences keep checkpoints
    SEGMENT_BYTES = 400_000   # alphas between checkpoints stay in the second-level cache
    MOST_TILES_BACK = 6       # tiles of a gradient: each has sums of its own, and rounds are few
    LEAST_BLOCKS = 8          # of a segment, of tiles
    SHARED_BYTES = 6_000_000  # alphas that the third-level cache holds

ctypedef struct Sequence:
    poll_state* poll
    Py_ssize_t frame_work        # of one frame in one direction, for should_stop()
    Py_ssize_t n
    Py_ssize_t T
    Py_ssize_t S
    Py_ssize_t width             # slots of a frame, with V unreachable ones on either side
    Py_ssize_t pitch             # from one array of a frame to the next: the width, or that of a tile
    Py_ssize_t segment           # frames between checkpoints: whole blocks
    Py_ssize_t tiles             # of slots
    Py_ssize_t tile_width
    real scale                   # of the gradient
    bint keeps_tables            # whether the tables of all blocks are kept, for the gradient
    bint has_all_classes         # whether a table has a row for each class; otherwise for each used one
    Py_ssize_t used              # classes of the target, blank first
    Py_ssize_t rows              # of a table
    Py_ssize_t tables            # that there is room for: of all blocks, or of those at hand
    Py_ssize_t frames            # of alphas that there is room for: a segment; or a block of each tile
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
    real* emission               # of each label, for as many frames as there are alphas, `pitch` apart
    xint* emission_exponent
    real* alpha                  # and gammas; after these a frame for before the first and one for after the last
    real* last_label             # alphas of each tile's last label, where tiles have frames of their own
    xint* last_label_exponent
    real* checkpoints
    real* label_posterior        # of the states, for the frames of a block, `width` apart
    real* blank_posterior
    real* blank_sum              # of the posteriors of the blanks, in V parts, for a block of each tile
    real* row_posterior          # of each row of the table, for a block; then the gradient. Of tiles, for each at hand
    real* block_rows             # a block of rows on the way to the table or from it, and one row of all classes
    real* block_peaks            # of a row, for scale_row
    double* certain              # states of a target that is all but certain


cdef inline Py_ssize_t frame_size(const Sequence* q) noexcept nogil:
    """Of mantissas and exponents, of labels and blanks; in numbers."""
    return 4 * q.pitch


cdef inline bint has_backward(const LossJob* job) noexcept nogil:
    return job.grad.data != NULL or job.posterior != NULL


cdef inline Py_ssize_t blocks_of(Py_ssize_t frames) noexcept nogil:
    return (frames + F - 1) // F


cdef inline Py_ssize_t blocks_at_hand(const Sequence* q) noexcept nogil:
    """How many blocks tiles are at work on at one time, and one more that is being read."""
    return 1 if q.tiles == 1 else q.tiles + 2


cdef inline bint has_own_frames(const Sequence* q) noexcept nogil:
    """Whether each tile has frames of its own, a block of them. Otherwise frames are whole, and kept for a segment."""
    return q.tiles > 1 and not q.keeps_tables


cdef void choose_segment(const LossJob* job, Sequence* q) noexcept nogil:
    """What is kept depends on the sequence alone, as the order of its sums does, and not on the number of threads."""
    cdef Py_ssize_t size = 4 * q.width * <Py_ssize_t> sizeof(real)
    q.keeps_tables = has_backward(job)
    q.tile_width = tile_width(q.S, MOST_TILES_BACK if q.keeps_tables else MOST_TILES)
    q.tiles = tile_count(q.S, q.tile_width)
    if not q.keeps_tables:
        q.segment = blocks_of(q.T) * F
        q.frames = q.tiles * F      # which stay in the caches
        q.tables = blocks_at_hand(q)
        q.pitch = q.width if q.tiles == 1 else q.tile_width + 2 * V
        return
    q.pitch = q.width
    q.tables = max(blocks_of(q.T), <Py_ssize_t> 1)
    q.segment = q.tables * F
    if (q.T + 1) * size > KEPT_BYTES:
        q.segment = max(<Py_ssize_t> F, SEGMENT_BYTES // size // F * F)
        if q.tiles > 1:     # several blocks, for tiles to be at work together; in the third-level cache
            q.segment = max(<Py_ssize_t> LEAST_BLOCKS * F, SHARED_BYTES // size // F * F)
    q.frames = q.segment


cdef void table_layout(const LossJob* job, Sequence* q, char** memory) noexcept nogil:
    """The part of the workspace that has to do with emissions."""
    cdef Py_ssize_t classes = job.batch.x.classes, most_used = min(q.S, classes - 1) + 1
    q.has_all_classes = classes <= FEW_CLASSES and (job.from_logits or classes <= 4 * most_used)
    q.rows = classes if q.has_all_classes else (most_used + LANES - 1) // LANES * LANES
    q.lookup = <int32_t*> arena_alloc(memory, classes * sizeof(int32_t))
    q.used_class = <int32_t*> arena_alloc(memory, (most_used + LANES) * sizeof(int32_t))
    q.used_row = <int32_t*> arena_alloc(memory, most_used * sizeof(int32_t))
    q.label_place = <int32_t*> arena_alloc(memory, q.width * sizeof(int32_t))
    q.skip = <xint*> arena_alloc(memory, (q.width + V) * sizeof(xint))
    q.table = <real*> arena_alloc(memory, q.tables * F * q.rows * sizeof(real))
    q.table_exponent = <xint*> arena_alloc(memory, q.tables * F * q.rows * sizeof(xint))
    q.has_exponents = <uint8_t*> arena_alloc(memory, q.tables)
    q.rest = <real*> arena_alloc(memory, q.tables * F * sizeof(real))
    q.below_peak = <real*> arena_alloc(memory, q.tables * F * sizeof(real))
    q.emission = <real*> arena_alloc(memory, q.frames * q.pitch * sizeof(real))
    q.emission_exponent = <xint*> arena_alloc(memory, q.frames * q.pitch * sizeof(xint))
    q.block_rows = <real*> arena_alloc(memory, (F * q.rows + classes) * sizeof(real))
    q.block_peaks = <real*> arena_alloc(memory, (classes // ROW_BLOCK + 1) * sizeof(real))


cdef Py_ssize_t workspace_layout(const LossJob* job, Sequence* q, Py_ssize_t n, char* memory) noexcept nogil:
    """Cuts the memory for sequence n; returns how many bytes that takes."""
    cdef char* start = memory
    cdef Py_ssize_t checkpoints, frame_bytes
    memset(q, 0, sizeof(Sequence))
    q.n = n
    q.poll = poll_of(memory)
    q.T = job.batch.input_lengths[n]
    q.S = job.batch.target_lengths[n]
    q.frame_work = frame_work(job.batch.x.classes, q.S)
    q.scale = 1 if job.scales == NULL else <real> job.scales[n]
    q.width = padded(q.S + 2) + 2 * V
    choose_segment(job, q)
    frame_bytes = frame_size(q) * sizeof(real)
    if has_own_frames(q):
        q.last_label = <real*> arena_alloc(&memory, blocks_at_hand(q) * F * q.tiles * sizeof(real))
        q.last_label_exponent = <xint*> arena_alloc(&memory, blocks_at_hand(q) * F * q.tiles * sizeof(xint))
    checkpoints = 0 if q.segment >= q.T else (q.T - 1) // q.segment + 1
    table_layout(job, q, &memory)
    if q.keeps_tables:
        q.label_posterior = <real*> arena_alloc(&memory, F * q.width * sizeof(real))
        q.blank_posterior = <real*> arena_alloc(&memory, F * q.width * sizeof(real))
        q.blank_sum = <real*> arena_alloc(&memory, q.tiles * F * V * sizeof(real))
        q.row_posterior = <real*> arena_alloc(&memory, q.tiles * blocks_at_hand(q) * F * q.rows * sizeof(real))
    q.certain = <double*> arena_alloc(&memory, 2 * (q.S + 1) * sizeof(double))
    q.alpha = <real*> arena_alloc(&memory, (q.frames + 2) * frame_bytes)
    q.checkpoints = <real*> arena_alloc(&memory, checkpoints * frame_bytes)
    return memory - start


cdef inline real* states_at(const Sequence* q, real* frames, Py_ssize_t index) noexcept nogil:
    return frames + index * frame_size(q) + V


cdef inline Frame frame_at(const Sequence* q, real* frames, Py_ssize_t index) noexcept nogil:
    return frame_of(states_at(q, frames, index), q.pitch)


cdef inline Py_ssize_t table_index(const Sequence* q, Py_ssize_t t) noexcept nogil:
    """Which of the tables is that of frame t's block. Divisions take long: most sequences need none."""
    cdef Py_ssize_t block = <Py_ssize_t> (<size_t> t // F)
    if block < q.tables:
        return block
    return block % q.tables if q.tables > 1 else 0


cdef inline Py_ssize_t frame_index(const Sequence* q, Py_ssize_t t, Py_ssize_t tile) noexcept nogil:
    """Which of the frames of alphas and of emissions is frame t's."""
    if t < q.frames and q.keeps_tables:
        return t
    return t % q.segment if q.keeps_tables else tile * F + <Py_ssize_t> (<size_t> t % F)


cdef inline Py_ssize_t first_slot(const Sequence* q, Py_ssize_t tile) noexcept nogil:
    """Of the tile's frames: pointers to states count from slot 0 of the sequence."""
    return tile * q.tile_width if has_own_frames(q) else 0


cdef inline real* alphas_at(const Sequence* q, Py_ssize_t t, Py_ssize_t tile) noexcept nogil:
    return states_at(q, q.alpha, frame_index(q, t, tile)) - first_slot(q, tile)


cdef inline real* frame_before_first(const Sequence* q) noexcept nogil:
    return states_at(q, q.alpha, q.frames)


cdef inline real* frame_after_last(const Sequence* q) noexcept nogil:
    return states_at(q, q.alpha, q.frames + 1)


cdef inline Py_ssize_t emission_place(const Sequence* q, Py_ssize_t t, Py_ssize_t tile) noexcept nogil:
    """Where the emissions of frame t begin, with slot 0."""
    return frame_index(q, t, tile) * q.pitch - first_slot(q, tile)


cdef inline Lattice lattice_at(const Sequence* q, Py_ssize_t t, Py_ssize_t tile) noexcept nogil:
    """As the recursions see the block from t on."""
    cdef Lattice lattice
    cdef Py_ssize_t index = table_index(q, t), row = emission_place(q, t, tile)
    cdef Py_ssize_t blank = (index * q.rows + q.used_row[0]) * F
    lattice.frames = q.T
    lattice.labels = q.S
    lattice.width = q.pitch
    lattice.skip = q.skip
    lattice.emission = q.emission + row
    lattice.emission_exponent = q.emission_exponent + row
    lattice.blank_emission = q.table + blank
    lattice.blank_exponent = q.table_exponent + blank
    lattice.has_exponents = q.has_exponents[index]
    return lattice


cdef inline Band tile_at(const Sequence* q, Py_ssize_t tile) noexcept nogil:
    return band_of_tile(q.S, q.tile_width, tile)


cdef inline void copy_frame(const Sequence* q, real* states, const real* other_states) noexcept nogil:
    memcpy(states - V, other_states - V, frame_size(q) * sizeof(real))


# ---- the classes that a target uses: emissions are looked up, and have exponentials, once for each of these ----

cdef void clear_classes(const LossJob* job, Sequence* q) noexcept nogil:
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


cdef void read_target(const LossJob* job, Sequence* q) noexcept nogil:
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
