"""Connectionist temporal classification: loss and gradient (Graves et al. 2006).

    T, N, C, S   frames, batch, classes, labels of a target
    L[i], B[i]   label i < S and the blank before it (B[S]: the blank after the last): the 2S + 1 states
    alpha        probability of all paths up to a frame that end in a state
    beta         probability of all paths from a state to the end, its own frame's emission not counted
    gamma        beta times that emission

    alpha' L[i] = (L[i] + B[i] + L[i-1] unless the labels are equal) p(label i)
    alpha' B[i] = (B[i] + L[i-1]) p(blank)

A state's probability is a mantissa with an integer exponent of its own (see vecmath.h), so that nothing underflows,
however confident and wrong the scores, and a frame is two dozen plain vector instructions for eight labels. Labels
and blanks lie in separate arrays, so that the recursion reads contiguous lanes. Emissions are relative to the frame's
likeliest class of the target; what that leaves out is added to the loss in double precision.
"""

from libc.math cimport HUGE_VAL, NAN, ldexp, log
from libc.string cimport memcpy, memset

from core cimport *
from parallel cimport *

include "rowwise/row.pxi"

cnp.import_array()

include "workspace.pxi"
include "recursion.pxi"


# ---- a whole sequence ----

cdef void fill_grad(const Job* job, const Sequence* q, Py_ssize_t n, Py_ssize_t start, Py_ssize_t stop,
                    real value) noexcept nogil:
    cdef Py_ssize_t t
    for t in range(start, stop):
        fill(grad_row(job, q, t, n), job.classes, value)
        row_written(job, q, t, n)


cdef void advance(const Sequence* q, Py_ssize_t segment_start, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Alphas of up to F frames, from the frame before them."""
    cdef Py_ssize_t t
    cdef Frame old, new
    for t in range(start, stop):
        spread(q, t)
    for t in range(start, stop):
        old = frame_at(q, q.alpha, t - segment_start)
        new = frame_at(q, q.alpha, t - segment_start + 1)
        forward(q, t, &old, &new)


cdef void copy_frame(const Sequence* q, real* target, const real* source) noexcept nogil:
    memcpy(target, source, 4 * q.width * sizeof(real))


cdef double forward_pass(const Job* job, Sequence* q, Py_ssize_t n, double scale, xint* total_exponent,
                         uint8_t* saturated) noexcept nogil:
    """The loss; inf where every path has probability 0, NaN where a score was."""
    cdef Py_ssize_t t, b, start, stop, s = 0, last_frame = 0
    cdef Frame first = frame_at(q, q.alpha, 0), last
    cdef double offset = 0, product = 1, mantissa, loss
    cdef xint label_exponent = X_DEAD, top
    cdef bint alive = True
    bury(q, &first, -V, q.width - V)
    first.blank_exponent[0] = 0
    for start from 0 <= start < q.T by q.segment:
        stop = min(start + q.segment, q.T)
        if start:
            copy_frame(q, q.alpha, q.alpha + q.segment * 4 * q.width)
        if job.backward and q.segment < q.T:
            copy_frame(q, q.checkpoints + s * 4 * q.width, q.alpha)
            s += 1
        for b from start <= b < stop by F:
            for t in range(b, min(b + F, stop)):
                read_frame(job, q, t, n, <real> scale)
            for t in range(b, min(b + F, stop)):
                alive = emit(job, q, t, &offset, &product, saturated) and alive
            if alive:
                advance(q, start, b, min(b + F, stop))
        last_frame = stop - start
    if product != product or offset != offset and alive:
        return NAN
    last = frame_at(q, q.alpha, last_frame)
    if q.S > 0:
        label_exponent = last.label_exponent[q.S - 1]
    top = x_max(last.blank_exponent[q.S], label_exponent)
    total_exponent[0] = top
    if not alive or top < X_LIMIT + X_LIMIT // 2:
        return HUGE_VAL
    mantissa = ldexp(last.blank[q.S], <int> max(last.blank_exponent[q.S] - top, <xint> -2000))
    if q.S > 0:
        mantissa += ldexp(last.label[q.S - 1], <int> max(label_exponent - top, <xint> -2000))
    loss = offset + log(product) - (log(mantissa) + top * 0.693147180559945309417)
    # Rounding must not make a loss of normalised scores negative.
    if loss < 0 and (job.from_logits or loss > -8 * FL_EPSILON * (q.T + 1)):
        loss = 0
    return loss


cdef void retreat(const Job* job, const Sequence* q, Py_ssize_t n, Py_ssize_t segment_start, Py_ssize_t start,
                  Py_ssize_t stop, Frame* old, Frame* new, real scale, xint total_exponent) noexcept nogil:
    """The gradient of up to F frames, the last one first."""
    cdef real total[F]
    cdef Frame alpha, spare
    cdef Py_ssize_t t
    for t in range(stop - 1, start - 1, -1):
        alpha = frame_at(q, q.alpha, t - segment_start + 1)
        backward(q, t, old, new, &alpha, total_exponent)
        total[t % F] = collect(q, t)
        if job.posterior != NULL:
            write_posterior(job, q, t, n, total[t % F])
        spare = old[0]
        old[0] = new[0]
        new[0] = spare
    if job.grad != NULL:
        for t in range(start, stop):
            write_grad(job, q, t, n, total[t % F], scale)


cdef void backward_pass(const Job* job, const Sequence* q, Py_ssize_t n, real scale,
                        xint total_exponent) noexcept nogil:
    cdef Py_ssize_t b, start = (q.T - 1) // q.segment * q.segment, stop = q.T
    cdef Frame old = frame_at(q, q.gamma, 0), new = frame_at(q, q.gamma, 1)
    bury(q, &old, -V, q.width - V)
    bury(q, &new, -V, q.width - V)
    old.blank_exponent[q.S] = 0
    while start >= 0:
        if stop < q.T:
            copy_frame(q, q.alpha, q.checkpoints + start // q.segment * 4 * q.width)
            for b from start <= b < stop by F:
                advance(q, start, b, min(b + F, stop))
        b = (stop - 1 - start) // F * F + start
        while b >= start:
            retreat(job, q, n, start, b, min(b + F, stop), &old, &new, scale, total_exponent)
            b -= F
        stop = start
        start -= q.segment


cdef double sequence_loss(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef Job* job = <Job*> data
    cdef Py_ssize_t n = job.order[chunk], T = job.input_lengths[n], S = job.target_lengths[n], u
    cdef Sequence q
    cdef xint total_exponent = 0
    cdef double loss, scale = job.scales[n]
    lay_out(job, &q, T, S, <char*> scratch)
    for u in range(job.classes):
        q.lookup[u] = -1
    job.saturated[n] = 0
    if not job.feasible[n]:
        loss = HUGE_VAL
    elif T == 0:
        loss = 0
    else:
        read_target(job, &q, job.labels + job.offsets[n])
        loss = forward_pass(job, &q, n, scale, &total_exponent, &job.saturated[n])
        if job.backward and loss < HUGE_VAL:
            backward_pass(job, &q, n, <real> scale, total_exponent)
    job.losses[n] = loss
    if job.grad != NULL:
        if not loss < HUGE_VAL:
            fill_grad(job, &q, n, 0, T, 0 if loss == HUGE_VAL else <real> loss)
        fill_grad(job, &q, n, T, job.frames, 0)
    return loss


def ctc(cnp.ndarray x, int x_dtype, int native_dtype, cnp.ndarray labels, cnp.ndarray offsets,
        cnp.ndarray target_lengths, cnp.ndarray input_lengths, cnp.ndarray order, cnp.ndarray feasible,
        Py_ssize_t blank, bint from_logits, cnp.ndarray scales, cnp.ndarray losses, grad, int grad_dtype, posterior,
        cnp.ndarray saturated, int threads):
    """Losses of the sequences in `order`; the gradient where it is wanted; and the posteriors, of the kernel's type,
    which come zeroed and are written where they are not 0. x and grad are (T, N, C), posterior is (T, N, 2S+1)."""
    cdef Job job
    cdef Sequence q
    cdef cnp.ndarray grad_array, posterior_array
    cdef double total
    cdef Py_ssize_t i, size = 0
    job.x = <char*> data_of(x)
    job.grad = <char*> data_of(grad)
    job.posterior = <real*> data_of(posterior)
    job.backward = grad is not None or posterior is not None
    if posterior is not None:
        posterior_array = posterior
        for i in range(3):
            job.posterior_stride[i] = posterior_array.strides[i] // <Py_ssize_t> sizeof(real)
    job.x_dtype = x_dtype
    job.grad_dtype = grad_dtype
    job.native = native_dtype
    job.frames = x.shape[0]
    job.classes = x.shape[2]
    job.blank = blank
    job.from_logits = from_logits
    for i in range(3):
        job.x_stride[i] = x.strides[i]
    if grad is not None:
        grad_array = grad
        for i in range(3):
            job.grad_stride[i] = grad_array.strides[i]
    job.labels = <const int64_t*> data_of(labels)
    job.offsets = <const int64_t*> data_of(offsets)
    job.target_lengths = <const int64_t*> data_of(target_lengths)
    job.input_lengths = <const int64_t*> data_of(input_lengths)
    job.order = <const int64_t*> data_of(order)
    job.feasible = <const uint8_t*> data_of(feasible)
    job.scales = <const double*> data_of(scales)
    job.losses = <double*> data_of(losses)
    job.saturated = <uint8_t*> data_of(saturated)
    for i in range(order.size):
        size = max(size, lay_out(&job, &q, job.input_lengths[job.order[i]], job.target_lengths[job.order[i]], NULL))
    run_chunks(sequence_loss, &job, order.size, size // sizeof(real) + 1, threads, &total)


include "score.pxi"
