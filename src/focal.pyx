"""Focal losses: sigmoid (elements) and softmax (rows with a label).

Lin et al. 2017, "Focal Loss for Dense Object Detection". With e = exp(-|x|) every term of the sigmoid form and of
its two derivatives is a product or a sum of positive numbers, so both tails keep their digits:

    p = sigmoid(x), q = p (1 - y) + (1 - p) y   the probability given to the wrong side, 1 - p_t
    c = -y log p - (1 - y) log(1 - p)           the binary cross-entropy
    a = alpha y + (1 - alpha)(1 - y)
    L   = a c q^g
    L'  = a q^g (p - y + g c r z)                                              r = p (1 - p) / q, z = 1 - 2y
    L'' = a q^g (p (1 - p) + g r z (2 (p - y) + c (1 - 2p)) + g (g - 1) c r^2 z^2)
"""

from chunks cimport *
from kernel cimport *

include "rows.pxi"
include "labels.pxi"

cnp.import_array()

cdef enum:
    POINT_BLOCK = 512      # elements that stay in the first-level cache with all their results
    POINT_CHUNK = 16384    # elements worth handing to a thread


ctypedef struct PointJob:
    operand x
    operand target
    operand weight
    operand values
    operand grad
    operand hess
    Py_ssize_t size
    double scale
    real gamma
    int gamma_kind
    real alpha_positive
    real alpha_negative


# ---- sigmoid focal loss ----

cdef inline void sigmoid_focal_block(real_cp x, real_cp y, real_p value, real_p grad, real_p hess, Py_ssize_t n,
                                     real positive, real negative, real scale, real gamma, const int gamma_kind,
                                     const bint want_value, const bint want_grad, const bint want_hess) noexcept nogil:
    # In three loops, since one is so long a chain of operations that the processor can't see the next element's.
    cdef real e_block[POINT_BLOCK]
    cdef real u_block[POINT_BLOCK]
    cdef real v_block[POINT_BLOCK]
    cdef real big_block[POINT_BLOCK]
    cdef real c_block[POINT_BLOCK]
    cdef real r_block[POINT_BLOCK]
    cdef Py_ssize_t i
    cdef real e, one, two, share, big, small, u, v, c, t, w, q, r, raised, slope
    for i in range(n):
        e_block[i] = r_exp(-r_abs(x[i]))
        # The target's share of the side that x is not on, and of its own.
        u_block[i] = y[i] if x[i] < 0 else R(1.0) - y[i]
        v_block[i] = R(1.0) - y[i] if x[i] < 0 else y[i]
    for i in range(n):
        e = e_block[i]
        one = R(1.0) + e
        two = R(2.0) + e
        # One division for three: big = 1 / one, r = e / (w one), atanh's argument e / two. Where e and w
        # underflow, e / w is 1.
        w = r_fma(v_block[i], e, u_block[i]) + FL_SMALLEST
        share = R(1.0) / (one * two * w)
        big_block[i] = share * two * w
        c_block[i] = r_twice_atanh((e * one) * (share * w))
        if want_grad:
            r_block[i] = (e + FL_SMALLEST) * (share * two)
    for i in range(n):
        e = e_block[i]
        big = big_block[i]
        c = c_block[i]
        u = u_block[i]
        v = v_block[i]
        w = r_fma(v, e, u)
        small = e * big
        t = r_abs(x[i]) * u      # apart from the choice, which would otherwise be a branch
        c += R(0.0) if u == 0 else t
        q = w * big
        raised = r_fma(positive, y[i], negative * (R(1.0) - y[i])) * power(q, gamma, gamma_kind)
        if want_value:
            value[i] = raised * c
        if want_grad:
            # Where c is infinite r is 0 and so is their product. The signs below are those of x < 0.
            r = r_block[i]
            t = c * r
            c = R(0.0) if c > FL_LARGEST else t
            slope = r_fma(small, v, -(big * u))
            raised = raised * scale
            grad[i] = raised * r_against(r_fma(gamma * c, v - u, slope), x[i])
            if want_hess:
                hess[i] = raised * (big * small + gamma * (v - u) * (R(2.0) * r * slope + c * (big - small))
                                    + gamma * (gamma - R(1.0)) * c * r * (v - u) * (v - u))


cdef inline void sigmoid_focal_wants(PointJob* job, const real* x, const real* y, real* value, real* grad, real* hess,
                                     Py_ssize_t n, real gamma, const int kind) noexcept nogil:
    if job.hess.data != NULL:
        sigmoid_focal_block(x, y, value, grad, hess, n, job.alpha_positive, job.alpha_negative, <real> job.scale,
                            gamma, kind, True, True, True)
    elif job.grad.data != NULL:
        sigmoid_focal_block(x, y, value, grad, hess, n, job.alpha_positive, job.alpha_negative, <real> job.scale,
                            gamma, kind, True, True, False)
    else:
        sigmoid_focal_block(x, y, value, grad, hess, n, job.alpha_positive, job.alpha_negative, <real> job.scale,
                            gamma, kind, True, False, False)


cdef double block_sum(real_cp value, Py_ssize_t n) noexcept nogil:
    cdef double lane[LANES]
    cdef double total = 0
    cdef Py_ssize_t i, j, whole = n - n % LANES
    for i in range(LANES):
        lane[i] = 0
    for j from 0 <= j < whole by LANES:
        lanes_add_double(value + j, lane)
    for j in range(whole, n):
        lane[j - whole] += value[j]
    for i in range(LANES):
        total += lane[i]
    return total


cdef void weigh(real_p target, real_cp weight, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef real x
    for i in range(n):
        x = r_atmost(target[i], FL_LARGEST) if weight[i] == 0 else target[i]   # 0 times an infinite loss is 0
        target[i] = x * weight[i]


cdef double sigmoid_focal_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """Blocks of a chunk: read, compute, weigh, sum, write."""
    cdef PointJob* job = <PointJob*> data
    cdef real x_buffer[POINT_BLOCK]
    cdef real y_buffer[POINT_BLOCK]
    cdef real w_buffer[POINT_BLOCK]
    cdef real value[POINT_BLOCK]
    cdef real g_buffer[POINT_BLOCK]
    cdef real h_buffer[POINT_BLOCK]
    cdef const real* x
    cdef const real* y
    cdef const real* weight = NULL
    cdef real* grad = g_buffer
    cdef real* hess = h_buffer
    cdef real* out
    cdef double total = 0
    cdef Py_ssize_t start = chunk * POINT_CHUNK, stop = min(start + POINT_CHUNK, job.size), n
    while start < stop:
        n = min(stop - start, <Py_ssize_t> POINT_BLOCK)
        x = operand_read(&job.x, start, n, x_buffer)
        if x != x_buffer and (job.x.data == job.grad.data or job.x.data == job.hess.data):   # in place
            copy(x_buffer, x, n)
            x = x_buffer
        y = operand_read(&job.target, start, n, y_buffer)
        if job.weight.data != NULL:
            weight = operand_read(&job.weight, start, n, w_buffer)
        if job.grad.data != NULL:
            grad = operand_block(&job.grad, start, g_buffer)
        if job.hess.data != NULL:
            hess = operand_block(&job.hess, start, h_buffer)
        if job.gamma_kind == 0:
            sigmoid_focal_wants(job, x, y, value, grad, hess, n, 0, 0)
        elif job.gamma_kind == 1:
            sigmoid_focal_wants(job, x, y, value, grad, hess, n, 1, 1)
        elif job.gamma_kind == 2:
            sigmoid_focal_wants(job, x, y, value, grad, hess, n, 2, 2)
        else:
            sigmoid_focal_wants(job, x, y, value, grad, hess, n, job.gamma, 3)
        if weight != NULL:
            weigh(value, weight, n)
        total += block_sum(value, n)
        if job.values.data != NULL:
            operand_written(&job.values, start, n, value)
            if job.values.direct:
                out = operand_block(&job.values, start, value)
                copy(out, value, n)
        if job.grad.data != NULL:
            finish_points(&job.grad, grad, weight, start, n)
        if job.hess.data != NULL:
            finish_points(&job.hess, hess, weight, start, n)
        start += n
    return total


cdef void copy(real_p target, real_cp source, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        target[i] = source[i]


cdef void finish_points(operand* home, real* block, const real* weight, Py_ssize_t start,
                        Py_ssize_t n) noexcept nogil:
    if weight != NULL:
        weigh(block, weight, n)
    operand_written(home, start, n, block)


def sigmoid_focal(cnp.ndarray x, int x_dtype, cnp.ndarray target, int target_dtype, weight, int weight_dtype,
                  double alpha_positive, double alpha_negative, double gamma, double scale, values, grad,
                  int grad_dtype, hess, int hess_dtype, int native_dtype, int threads):
    """Elements in C order; target and weight broadcast to x's shape. Returns the weighted sum."""
    cdef PointJob job
    bind(&job.x, x, x_dtype)
    bind(&job.target, target, target_dtype)
    bind(&job.weight, weight, weight_dtype)
    bind(&job.values, values, native_dtype)
    bind(&job.grad, grad, grad_dtype)
    bind(&job.hess, hess, hess_dtype)
    job.size = x.size
    job.scale = scale
    job.gamma = <real> gamma
    job.gamma_kind = <int> gamma if gamma in (0, 1, 2) else 3
    job.alpha_positive = <real> alpha_positive
    job.alpha_negative = <real> alpha_negative
    cdef double total
    run_chunks(sigmoid_focal_chunk, &job, (job.size + POINT_CHUNK - 1) // POINT_CHUNK, 0, threads, &total)
    return total


# ---- softmax focal loss: cross-entropy's rows with another slope ----

cdef double softmax_focal_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef LabelJob* job = <LabelJob*> data
    return label_chunk(job, chunk, scratch, True, job.grad.data != NULL, job.hess.data != NULL)


def softmax_focal(cnp.ndarray x, int x_dtype, cnp.ndarray labels, weights, double gamma, long long ignore_index,
                  double scale, values, grad, int grad_dtype, hess, int hess_dtype, int threads):
    """labels: int64, one a row. weights: float64, one a row (alpha is in it), or None."""
    cdef LabelJob job
    bind(&job.x, x, x_dtype)
    bind(&job.grad, grad, grad_dtype)
    bind(&job.hess, hess, hess_dtype)
    job.labels = <const int64_t*> data_of(labels)
    job.weights = <const double*> data_of(weights)
    job.values = <real*> data_of(values)
    job.classes = x.shape[x.ndim - 1]
    job.rows = x.size // job.classes
    job.ignore_index = ignore_index
    job.scale = scale
    job.gamma = <real> gamma
    job.gamma_kind = <int> gamma if gamma in (0, 1, 2) else 3
    label_layout(&job)
    cdef double total
    run_chunks(softmax_focal_chunk, &job, (job.rows + job.chunk_rows - 1) // job.chunk_rows, label_scratch(&job),
               threads, &total)
    return total
