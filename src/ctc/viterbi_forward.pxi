"""The best path's score to every state: frames forward, in blocks, and of long frames in tiles of slots. Included by
viterbi.pyx, which explains the names.

A tile needs of the others only the last label of the tile below, in the frame before. So each has two frames of its
own, old and new, and writes its last label's score down for the tile above; with threads, which share a long sequence,
tiles go through the blocks one behind the other, as in rounds.pxi.
"""

cdef inline Band tile_at(const Sequence* q, Py_ssize_t tile) noexcept nogil:
    return band_of_tile(q.S, q.tile_width, tile)


cdef inline Frame tile_frame_at(const Sequence* q, Py_ssize_t tile, Py_ssize_t t) noexcept nogil:
    """The scores of frame t, of which a tile has this one and the one before; numbered by slots of the whole frame."""
    cdef Frame f
    cdef Py_ssize_t room = q.tile_width + 2 * V
    f.label = q.tile_frames + (tile * 4 + (t + 1) % 2 * 2) * room + V - tile * q.tile_width
    f.blank = f.label + room
    return f


cdef inline real* last_label(const Sequence* q, Py_ssize_t tile, Py_ssize_t t) noexcept nogil:
    """Of a tile in frame t, kept for as many blocks as tiles are at work on."""
    return q.last_labels + (t + 1) % (q.tiles_behind * F) * q.tiles + tile


cdef void clear_tiles(Sequence* q) noexcept nogil:
    """Before the first frame, the path is in the first blank."""
    cdef Py_ssize_t tile
    cdef Frame first = tile_frame_at(q, 0, -1)
    fill_run(q.tile_frames, q.tiles * 4 * (q.tile_width + 2 * V), -INFINITY)
    first.blank[0] = 0
    for tile in range(q.tiles):
        q.tile_has_nan[tile] = False
        last_label(q, tile, -1)[0] = -INFINITY


cdef inline void keep_checkpoint(const Sequence* q, Py_ssize_t index, const Frame* scores, Band tile) noexcept nogil:
    """A tile of the scores before a segment; the first with the slot below it."""
    cdef Frame checkpoint = checkpoint_at(q, index)
    cdef Py_ssize_t low = tile.low if tile.low else -1
    memcpy(checkpoint.label + low, scores.label + low, (tile.high - low) * sizeof(real))
    memcpy(checkpoint.blank + tile.low, scores.blank + tile.low, (tile.high - tile.low) * sizeof(real))


cdef inline void take_last_label(const Sequence* q, Py_ssize_t tile, Py_ssize_t t, const Frame* old) noexcept nogil:
    """Of the tile below, in the frame before t."""
    if tile > 0:
        old.label[tile * q.tile_width - 1] = last_label(q, tile - 1, t - 1)[0]


cdef inline void keep_last_label(const Sequence* q, Py_ssize_t tile, Py_ssize_t t, const Frame* new, Band band,
                                 Py_ssize_t high) noexcept nogil:
    """For the tile above."""
    if q.tiles > 1:
        last_label(q, tile, t)[0] = new.label[high - 1] if band.low < high <= band.high else -INFINITY


cdef void forward_tile(const AlignJob* job, const Sequence* q, Py_ssize_t start, Py_ssize_t tile) noexcept nogil:
    """A tile of the scores of F frames from `start` on."""
    cdef Py_ssize_t t, stop = min(start + F, q.T), segment = (start + q.segment - 1) // q.segment
    cdef Py_ssize_t next_segment = segment * q.segment
    cdef Frame old = tile_frame_at(q, tile, start - 1), new = tile_frame_at(q, tile, start), swap
    cdef Band slots = tile_at(q, tile), band
    cdef bint has_nan = False
    for t in range(start, stop):
        take_last_label(q, tile, t, &old)
        if t == next_segment:
            keep_checkpoint(q, segment, &old, slots)
            segment += 1
            next_segment += q.segment
        prefetch_row(job, q, t + AHEAD, slots)
        # All labels, also those that no path may have here, for a NaN among them.
        gather_emissions(job, q, t, slots, q.score_buffer + tile * job.batch.x.classes)
        has_nan |= emissions_are_wrong(job, q, t, slots)
        band = band_at(q.T, q.S, t)
        band.low = max(band.low, slots.low)
        band.high = min(band.high, slots.high)
        has_nan |= step(job, q, t, &old, &new, band)
        if t == 0 and tile == 0:
            old.blank[0] = -INFINITY   # the place before the first frame
        keep_last_label(q, tile, t, &new, band, slots.high)
        swap = old
        old = new
        new = swap
    if has_nan:
        q.tile_has_nan[tile] = True


cdef double forward_pass(const AlignJob* job, Sequence* q, bint* ends_in_label) noexcept nogil:
    """The best path's score; NaN if the call is to stop."""
    cdef Py_ssize_t start, tile
    clear_tiles(q)
    for start from 0 <= start < q.T by F:
        if should_stop(q.poll, min(<Py_ssize_t> F, q.T - start) * q.forward_work):
            return NAN
        for tile in range(q.tiles):
            forward_tile(job, q, start, tile)
    return best_end(q, ends_in_label)


cdef double best_end(const Sequence* q, bint* ends_in_label) noexcept nogil:
    """The score of the best path, in the last label or in the blank after it; NaN where one was met."""
    cdef Frame last = tile_frame_at(q, q.tiles - 1, q.T - 1)
    cdef real label = -INFINITY
    cdef Py_ssize_t tile
    if q.S > 0:   # in the last tile, or the last of the one below it
        label = last.label[q.S - 1] if q.S % q.tile_width or q.tiles == 1 else last_label(q, q.tiles - 2, q.T - 1)[0]
    ends_in_label[0] = q.S > 0 and label >= last.blank[q.S]
    for tile in range(q.tiles):
        if q.tile_has_nan[tile]:
            return NAN
    return label if ends_in_label[0] else last.blank[q.S]


# ---- one long sequence by several threads ----

ctypedef struct Walk:
    const AlignJob* job
    Sequence* q


cdef inline Py_ssize_t rounds_forward(const Sequence* q) noexcept nogil:
    return (q.T - 1) // F + q.tiles


cdef exact_sum forward_of_round(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """Tiles of a round are one block behind each other. In the last round one goes back along the path."""
    cdef Walk* walk = <Walk*> data
    cdef Sequence* q = walk.q
    cdef Py_ssize_t tile = chunk % q.tiles, start = (chunk // q.tiles - tile) * F
    cdef bint ends_in_label = False
    cdef double score
    if chunk == rounds_forward(q) * q.tiles:
        q.poll = poll_of(scratch)
        score = best_end(q, &ends_in_label)
        finish(walk.job, q, score, ends_in_label)
    if 0 <= start < q.T and not should_stop(poll_of(scratch), F * q.forward_work // q.tiles):
        forward_tile(walk.job, q, start, tile)
    return NO_SUM


cdef public int shared_align(void* data, int threads, rounds_runner run) noexcept nogil:
    """The only sequence of a job, in tiles; it is feasible. The caller holds the GIL, which `run` gives up."""
    cdef const AlignJob* job = <const AlignJob*> data
    cdef Sequence q
    cdef Walk walk
    cdef exact_sum total
    cdef int code
    cdef char* memory = <char*> malloc(workspace_layout(job, &q, job.order[0], NULL) + FL_LINE)
    if memory == NULL:
        return NO_MEMORY
    workspace_layout(job, &q, job.order[0], memory + FL_LINE - <size_t> memory % FL_LINE)
    walk.job = job
    walk.q = &q
    read_target(job, &q)
    clear_tiles(&q)
    code = run(<chunk_work> forward_of_round, &walk, (rounds_forward(&q) + 1) * q.tiles, q.tiles, 0, threads, &total)
    free(memory)
    return code
