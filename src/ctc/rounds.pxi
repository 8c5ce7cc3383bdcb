"""One long sequence by several threads. Included by ctc.pyx, which explains the names.

Slots of a long frame are in tiles. A tile of a block needs the tile below it in the same frames, forward, and the tile
above it, backward; so tiles go through the blocks one behind the other, and all of them are at work at once, each in a
block of its own. A round is what they do side by side: a block each. What is computed, and in which order it is added
up, is the same as of one thread.
"""

ctypedef struct Walk:
    const LossJob* job
    Sequence* q
    Offset* offset
    int threads
    rounds_runner run
    Py_ssize_t start         # frames of the segment at hand, or of all
    Py_ssize_t stop
    xint total_exponent
    double loss


cdef inline Py_ssize_t round_width(const Sequence* q) noexcept nogil:
    """Pieces of a round: a tile each, and what comes before the first tile or after the last."""
    return q.tiles + 1


cdef inline bint stops_round(const Sequence* q, real* scratch) noexcept nogil:
    return should_stop(poll_of(scratch), F * q.frame_work // round_width(q))


cdef exact_sum read_and_forward(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """The first piece of a round reads a block; tiles are that many blocks behind. The last round finds the loss."""
    cdef Walk* walk = <Walk*> data
    cdef Sequence* q = walk.q
    cdef Py_ssize_t piece = chunk % round_width(q), t = (chunk // round_width(q) - piece) * F
    if chunk == (blocks_of(q.T) + q.tiles) * round_width(q):
        q.poll = poll_of(scratch)
        walk.loss = loss_of(walk.job, q, walk.offset, &walk.total_exponent)
    if stops_round(q, scratch) or not 0 <= t < q.T:
        return NO_SUM
    if piece == 0:
        read_frames(walk.job, q, t, min(q.T - t, <Py_ssize_t> F), walk.offset)
    else:
        forward_tile(q, t, piece - 1)
    return NO_SUM


cdef exact_sum forward_again(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """A segment from its checkpoint. The last piece has nothing to do."""
    cdef Walk* walk = <Walk*> data
    cdef Sequence* q = walk.q
    cdef Py_ssize_t piece = chunk % round_width(q), t = walk.start + (chunk // round_width(q) - piece) * F
    if piece < q.tiles and walk.start <= t < walk.stop and not stops_round(q, scratch):
        forward_tile(q, t, piece)
    return NO_SUM


cdef exact_sum backward_and_write(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """A segment from its end, its last tile first; the last piece of a round writes a block."""
    cdef Walk* walk = <Walk*> data
    cdef Sequence* q = walk.q
    cdef Py_ssize_t piece = chunk % round_width(q), blocks = blocks_of(walk.stop - walk.start)
    cdef Py_ssize_t t = walk.start + (blocks - 1 - (chunk // round_width(q) - piece)) * F
    if not walk.start <= t < walk.stop or stops_round(q, scratch):
        return NO_SUM
    if piece < q.tiles:
        backward_tile(walk.job, q, t, q.tiles - 1 - piece, walk.total_exponent)
    else:
        finish_block(walk.job, q, t)
    return NO_SUM


cdef int run_segment(Walk* walk, chunk_function work) noexcept nogil:
    cdef exact_sum total
    cdef Py_ssize_t rounds = blocks_of(walk.stop - walk.start) + walk.q.tiles + 1, width = round_width(walk.q)
    return walk.run(<chunk_work> work, walk, rounds * width, width, 0, walk.threads, &total)


cdef int run_walk(Walk* walk) noexcept nogil:
    """-1 where a run was stopped."""
    cdef Sequence* q = walk.q
    set_ends(q)
    walk.start = 0
    walk.stop = q.T
    if run_segment(walk, read_and_forward) < 0:
        return -1
    if not goes_back(walk.job, walk.offset, walk.loss):
        return 0
    walk.start = (q.T - 1) // q.segment * q.segment
    while walk.start >= 0:
        if walk.stop < q.T:
            copy_frame(q, frame_after_last(q), states_at(q, q.alpha, 0))
            if run_segment(walk, forward_again) < 0:
                return -1
        if run_segment(walk, backward_and_write) < 0:
            return -1
        walk.stop = walk.start
        walk.start -= q.segment
    return 0


cdef public int shared_loss(void* data, int threads, rounds_runner run) noexcept nogil:
    """The only sequence of a job, in tiles; it is feasible. The caller holds the GIL, which `run` gives up."""
    cdef const LossJob* job = <const LossJob*> data
    cdef Sequence q
    cdef Offset offset = no_offset()
    cdef Walk walk
    cdef int code
    cdef char* memory = <char*> malloc(workspace_layout(job, &q, job.order[0], NULL) + FL_LINE)
    if memory == NULL:
        return NO_MEMORY
    workspace_layout(job, &q, job.order[0], memory + FL_LINE - <size_t> memory % FL_LINE)
    memset(&walk, 0, sizeof(Walk))
    walk.job = job
    walk.q = &q
    walk.offset = &offset
    walk.threads = threads
    walk.run = run
    read_target(job, &q)
    code = run_walk(&walk)
    if code == 0:
        store_result(job, &q, &offset, walk.loss)
    free(memory)
    return code
