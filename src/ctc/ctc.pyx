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
likeliest class of the target; what that leaves out is added to the loss in double precision.
"""

from libc.math cimport HUGE_VAL, NAN, fabs, ldexp, log, log1p
from libc.string cimport memcpy

from core cimport *
from fastloss._kernels.calls cimport Batch, Call, CandidateTree, Emissions, Rows
from parallel cimport *

include "rowwise/row.pxi"

cnp.import_array()

include "trellis.pxi"
include "emissions.pxi"
include "workspace.pxi"
include "recursion.pxi"
include "certain.pxi"

SLOTS = V   # the runs of the tree that `score` takes are rounded up to a whole number of these


# ---- a whole sequence ----

cdef double forward_pass(const Job* job, const Sequence* q, Offset* offset, xint* total_exponent) noexcept nogil:
    """The loss; inf where every path has probability 0, NaN where a score was."""
    cdef Py_ssize_t start, stop, block, count
    cdef Frame first = frame_at(q, q.alpha, 0), last
    set_zero(&first, -V, q.width - V)
    first.blank_exponent[0] = 0
    for start from 0 <= start < q.T by q.segment:
        stop = min(start + q.segment, q.T)
        if start:
            copy_frame(q, q.alpha, 0, q.alpha, q.segment)
        if q.keeps_tables and q.segment < q.T:
            copy_frame(q, q.checkpoints, start // q.segment, q.alpha, 0)
        for block from start <= block < stop by F:
            count = min(stop - block, <Py_ssize_t> F)
            read_frames(job, q, block, count, offset)
            if not offset.is_impossible:
                forward_block(q, block, block + count, block - start)
    last = frame_at(q, q.alpha, q.T - (q.T - 1) // q.segment * q.segment)
    return negative_log_likelihood(offset, &last, q.S, q.S - 1, total_exponent)


cdef void recompute_segment(const Sequence* q, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """The alphas of a segment, from the checkpoint before it."""
    cdef Py_ssize_t block
    copy_frame(q, q.alpha, 0, q.checkpoints, start // q.segment)
    for block from start <= block < stop by F:
        forward_block(q, block, min(block + F, stop), block - start)


cdef WayBack way_back(const Sequence* q, xint total_exponent) noexcept nogil:
    """From the end: gammas of the frame after the last."""
    cdef WayBack back
    cdef Frame gamma
    cdef int i
    for i in range(2):
        gamma = frame_at(q, q.gamma, i)
        set_zero(&gamma, -V, q.width - V)
        back.gamma[i] = gamma.label
    gamma = frame_at(q, q.gamma, 0)
    gamma.blank_exponent[q.S] = 0
    back.alpha = NULL    # of each block, when its turn comes
    back.total_exponent = total_exponent
    back.label = q.label_posterior
    back.blank = q.blank_posterior
    back.blank_sum = q.blank_sum
    return back


cdef void backward_pass(const Job* job, const Sequence* q, xint total_exponent) noexcept nogil:
    cdef Py_ssize_t segment, start, stop, block, block_stop
    cdef WayBack back = way_back(q, total_exponent)
    for segment in range((q.T - 1) // q.segment, -1, -1):
        start = segment * q.segment
        stop = min(start + q.segment, q.T)
        if stop < q.T:
            recompute_segment(q, start, stop)
        for block from start + (stop - start - 1) // F * F >= block >= start by F:
            block_stop = min(block + F, stop)
            backward_block(q, block, block_stop, block - start, &back)
            add_posteriors(q, band_of_block(q, block, block_stop))
            if job.posterior != NULL:
                write_posteriors(job, q, block, block_stop)
            if job.grad.data != NULL:
                write_grad(job, q, block, block_stop)


cdef inline double at_least_zero(const Job* job, const Sequence* q, double loss) noexcept nogil:
    """Rounding must not make a loss of normalised scores negative."""
    if loss < 0 and (job.from_logits or loss > -8 * FL_EPSILON * (q.T + 1)):
        return 0
    return loss


cdef double sequence_loss(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef Job* job = <Job*> data
    cdef Py_ssize_t n = job.order[chunk]
    cdef Sequence q
    cdef Offset offset
    cdef xint total_exponent = 0
    cdef double loss = 0
    memset(&offset, 0, sizeof(Offset))
    offset.product = 1
    workspace_layout(job, &q, n, <char*> scratch)
    if not job.batch.feasible[n]:
        loss = HUGE_VAL
    elif q.T > 0:
        read_target(job, &q)
        loss = forward_pass(job, &q, &offset, &total_exponent)
        if is_almost_certain(loss, q.T):
            loss = certain_loss(job, &q, job.batch.labels + job.batch.offsets[n], q.S, q.certain, loss)
        loss = at_least_zero(job, &q, loss)
        if has_backward(job) and loss < HUGE_VAL:
            backward_pass(job, &q, total_exponent)
    job.losses[n] = loss
    job.saturated[n] = offset.is_saturated
    if job.grad.data != NULL:
        if not loss < HUGE_VAL:
            fill_grad(job, &q, 0, q.T, 0 if loss == HUGE_VAL else <real> loss)
        fill_grad(job, &q, q.T, job.grad.frames, 0)
    return loss


# ---- a call ----

cdef int bind_posterior(Job* job, cnp.ndarray posterior) except -1:
    cdef int i
    check_unchanged(posterior.ndim == 3 and posterior.shape[0] == job.batch.x.frames
                    and posterior.shape[1] == job.batch.x.batch
                    and posterior.shape[2] == 2 * longest_of(&job.batch) + 1, "targets")
    job.posterior = <real*> numbers_of(posterior, posterior.size, sizeof(real), "targets")
    for i in range(3):
        job.posterior_stride[i] = posterior.strides[i] // <Py_ssize_t> sizeof(real)
    return 0


cdef int bind_job(Job* job, Call call, cnp.ndarray order) except -1:
    memset(job, 0, sizeof(Job))
    job.batch = call.batch.data
    job.from_logits = call.from_logits
    job.order = order_of(&job.batch, order)
    job.scales = <const double*> data_of(call.scales)
    job.losses = <double*> data_of(call.losses)
    job.saturated = <uint8_t*> data_of(call.saturated)
    job.grad = call.grad
    if call.posterior is not None:
        bind_posterior(job, call.posterior)
    return 0


def ctc(Call call not None, cnp.ndarray order, int threads):
    """Computes the sequences in `order` (int64): their losses; the gradient and the posteriors where there are arrays
    for these."""
    cdef Job job
    cdef Sequence q
    cdef double total
    cdef Py_ssize_t i, bytes_needed = 0
    bind_job(&job, call, order)
    for i in range(order.size):
        bytes_needed = max(bytes_needed, workspace_layout(&job, &q, job.order[i], NULL))
    run_chunks(sequence_loss, &job, order.size, bytes_needed // sizeof(real) + 1, threads, &total)


include "score.pxi"
