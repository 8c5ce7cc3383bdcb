"""Connectionist temporal classification: loss and gradient (Graves et al. 2006).

    T, N, C, S   frames, batch, classes, labels of a target
    L[i], B[i]   label i < S and the blank before it (B[S]: the blank after the last): the 2S + 1 states
    alpha        probability of all paths up to a frame that end in a state
    beta         probability of all paths from a state to the end, its own frame's emission not counted
    gamma        beta times that emission
    e, peak      exp(score - peak) and the largest score of a row: see row.pxi

    alpha' L[i] = (L[i] + B[i] + L[i-1] unless the labels are equal) p(label i)
    alpha' B[i] = (B[i] + L[i-1]) p(blank)

A state's probability is a mantissa with an integer exponent of its own (see scaled.h), so that nothing underflows,
however confident and wrong the scores, and a frame is two dozen plain vector instructions for eight labels. Labels
and blanks lie in separate arrays, so that the recursion reads contiguous numbers. Emissions are relative to the frame's
likeliest class, of all or of the target's; what that leaves out is added to the loss in double precision.

Frames go in blocks of F, which lie across the vector lanes where scores become emissions and where posteriors become
the gradient: a block's table has a row for each class. The recursion goes through the frames of a block one after the
other, across the slots; on the way back, gammas take the place of alphas. The slots of a long frame are in tiles, which
threads share (rounds.pxi). What a call needs twice is kept: the tables of all blocks, and alphas, those of long
sequences for one segment between checkpoints.

    emissions.pxi    scores to tables, tables to the emissions of labels
    workspace.pxi    the memory of a sequence
    recursion.pxi    a block forward and backward, its gradient
    certain.pxi      the loss of a target that is all but certain
    rounds.pxi       one long sequence by several threads
    score.pxi        one emission against many targets
"""

from libc.math cimport HUGE_VAL, NAN, exp, fabs, ldexp, log, log1p
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from core cimport *
from poll cimport *

include "rowwise/row.pxi"
include "ctc_jobs.pxi"
include "trellis.pxi"
include "emissions.pxi"
include "workspace.pxi"
include "recursion.pxi"
include "certain.pxi"


# ---- a whole sequence ----

cdef void set_ends(const Sequence* q) noexcept nogil:
    """The alphas before the first frame and the gammas after the last. And of every frame, the slot above the last one,
    which gammas read."""
    cdef Frame before, after
    cdef Py_ssize_t tile
    if not q.keeps_tables:
        for tile in range(q.tiles):     # in the place of the last frame of the block before
            before = frame_at(q, q.alpha, frame_index(q, F - 1, tile))
            set_zero(&before, -V, q.pitch - V)
            if has_own_frames(q):
                q.last_label[last_label_index(q, -1, tile)] = 1
                q.last_label_exponent[last_label_index(q, -1, tile)] = X_ZERO
        before = frame_at(q, q.alpha, F - 1)
        before.blank_exponent[0] = 0
        return
    before = frame_of(frame_before_first(q), q.width)
    after = frame_of(frame_after_last(q), q.width)
    set_zero(&before, -V, q.width - V)
    set_zero(&after, -V, q.width - V)
    before.blank_exponent[0] = 0
    after.blank_exponent[q.S] = 0
    set_slot_zero(states_at(q, q.alpha, 0), q.width, min(q.T, q.frames), padded(q.S + 1))


cdef void forward_pass(const LossJob* job, const Sequence* q, Offset* offset) noexcept nogil:
    cdef Py_ssize_t t, tile
    set_ends(q)
    for t from 0 <= t < q.T by F:
        if should_stop(q.poll, F * q.frame_work):
            return
        read_frames(job, q, t, min(q.T - t, <Py_ssize_t> F), offset)
        if not offset.is_impossible:
            for tile in range(q.tiles):
                forward_tile(q, t, tile)


cdef void recompute_segment(const Sequence* q, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """The alphas of a segment, from the checkpoint before it; the gammas of what follows are kept."""
    cdef Py_ssize_t t, tile
    for t from start <= t < stop by F:
        for tile in range(q.tiles):
            forward_tile(q, t, tile)


cdef void finish_block(const LossJob* job, const Sequence* q, Py_ssize_t t) noexcept nogil:
    """What is written of a block, once the posteriors of all tiles are there."""
    cdef Py_ssize_t stop = min(q.T, t + F), frame
    add_tiles(q, t)
    if job.posterior != NULL:
        for frame in range(t, stop):
            divide_posteriors(job, q, frame)
    if job.grad.data != NULL:
        write_grad(job, q, t, stop)


cdef void backward_pass(const LossJob* job, const Sequence* q, xint total_exponent) noexcept nogil:
    cdef Py_ssize_t start, stop, t, tile
    for start from (q.T - 1) // q.segment * q.segment >= start >= 0 by q.segment:
        stop = min(start + q.segment, q.T)
        if stop < q.T:
            copy_frame(q, frame_after_last(q), states_at(q, q.alpha, 0))
            recompute_segment(q, start, stop)
        for t from start + (stop - start - 1) // F * F >= t >= start by F:
            if should_stop(q.poll, BACKWARD_WORK * F * q.frame_work):
                return
            for tile in range(q.tiles - 1, -1, -1):
                backward_tile(job, q, t, tile, total_exponent)
            finish_block(job, q, t)


cdef inline double at_least_zero(const LossJob* job, const Sequence* q, double loss) noexcept nogil:
    """Rounding must not make a loss of normalised scores negative."""
    if loss < 0 and (job.from_logits or loss > -8 * FL_EPSILON * (q.T + 1)):
        return 0
    return loss


cdef inline Offset no_offset() noexcept nogil:
    cdef Offset offset
    memset(&offset, 0, sizeof(Offset))
    offset.product = 1
    return offset


cdef inline bint goes_back(const LossJob* job, const Offset* offset, double loss) noexcept nogil:
    """Whether the backward pass is wanted: not where the loss has no gradient, or float64 will compute it again."""
    cdef bint is_computed_again = offset.is_saturated and sizeof(real) == sizeof(float)
    return has_backward(job) and loss < HUGE_VAL and not is_computed_again


cdef double loss_of(const LossJob* job, const Sequence* q, const Offset* offset, xint* total_exponent) noexcept nogil:
    """Once the alphas of the last frame are there: inf where every path has probability 0, NaN where a score was."""
    cdef Frame last = frame_of(alphas_at(q, q.T - 1, q.tiles - 1), q.pitch)
    cdef double loss
    if has_own_frames(q):
        take_last_label(q, q.T - 1, q.tiles - 1, last.label)
    loss = negative_log_likelihood(offset, &last, q.S, q.S - 1, total_exponent)
    if is_almost_certain(loss, q.T):
        loss = certain_loss(job, q, job.batch.labels + job.batch.offsets[q.n], q.S, q.certain, loss)
    return at_least_zero(job, q, loss)


cdef void store_result(const LossJob* job, const Sequence* q, const Offset* offset, double loss) noexcept nogil:
    """The loss; and the gradient where that does not come from the way back."""
    job.losses[q.n] = loss
    job.saturated[q.n] = offset.is_saturated
    if job.grad.data != NULL:
        if not loss < HUGE_VAL:
            fill_grad(job, q, 0, q.T, 0 if loss == HUGE_VAL else <real> loss)
        fill_grad(job, q, q.T, job.grad.frames, 0)


cdef public exact_sum sequence_loss(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef LossJob* job = <LossJob*> data
    cdef Py_ssize_t n = job.order[chunk]
    cdef Sequence q
    cdef Offset offset = no_offset()
    cdef xint total_exponent = 0
    cdef double loss = 0
    workspace_layout(job, &q, n, <char*> scratch)
    if not job.batch.feasible[n]:
        loss = HUGE_VAL
    elif q.T > 0:
        read_target(job, &q)
        forward_pass(job, &q, &offset)
        loss = loss_of(job, &q, &offset, &total_exponent)
        if goes_back(job, &offset, loss):
            backward_pass(job, &q, total_exponent)
        if should_stop(q.poll, 0):
            return NO_SUM
    store_result(job, &q, &offset, loss)
    return NO_SUM


cdef public void plan_ctc(void* data, kernel_plan* plan) noexcept nogil:
    cdef LossJob* job = <LossJob*> data
    cdef Sequence q
    cdef Py_ssize_t i, bytes_needed = 0
    cdef double work = 0
    for i in range(job.count):
        bytes_needed = max(bytes_needed, workspace_layout(job, &q, job.order[i], NULL))
        work += <double> q.frame_work * q.T
    plan.chunks = job.count
    plan.scratch = (bytes_needed // sizeof(real) + 1) * sizeof(real)
    plan.work = work * (1 + BACKWARD_WORK if has_backward(job) else 1)
    plan.is_shared = job.count == 1 and job.batch.feasible[job.order[0]] and is_for_rounds(q.T, q.tiles, F)


include "rounds.pxi"
include "score.pxi"
