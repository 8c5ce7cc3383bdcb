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

from libc.float cimport DBL_MAX

from core cimport *
from parallel cimport *

include "driver.pxi"

cnp.import_array()

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


cdef inline double sigmoid_focal_wants(const real* x, const real* y, const point_options* options, double* each,
                                       real* grad, real* hess, Py_ssize_t n, int want, real gamma,
                                       const int kind) noexcept nogil:
    cdef real value[POINT_BLOCK]
    cdef real positive = <real> options.number[0], negative = R(1.0) - <real> options.number[0], scale = options.scale
    if options.number[0] < 0:
        positive = negative = 1
    if want & FL_WANT_HESS:
        sigmoid_focal_block(x, y, value, grad, hess, n, positive, negative, scale, gamma, kind, False, True, True)
        return 0
    if want & FL_WANT_GRAD:
        sigmoid_focal_block(x, y, value, grad, hess, n, positive, negative, scale, gamma, kind, True, True, False)
    else:
        sigmoid_focal_block(x, y, value, grad, hess, n, positive, negative, scale, gamma, kind, True, False, False)
    return sum_points(value, NULL, each, n)


cdef double sigmoid_focal_compute(const real* x, const real* y, const real* z, const point_options* options,
                                  double* each, real* grad, real* hess, Py_ssize_t n, int want) noexcept nogil:
    cdef double gamma = options.number[1]
    if gamma == 0:
        return sigmoid_focal_wants(x, y, options, each, grad, hess, n, want, 0, 0)
    if gamma == 1:
        return sigmoid_focal_wants(x, y, options, each, grad, hess, n, want, 1, 1)
    if gamma == 2:
        return sigmoid_focal_wants(x, y, options, each, grad, hess, n, want, 2, 2)
    return sigmoid_focal_wants(x, y, options, each, grad, hess, n, want, <real> gamma, 3)


def sigmoid_focal(arrays, bint want_value, limits, options, double scale, int threads):
    """As pointwise.evaluate; `options` are alpha, below 0 where there is none, and gamma."""
    cdef PointJob job
    cdef double total
    job.compute = sigmoid_focal_compute
    job.options.number[0], job.options.number[1] = options
    job.options.scale = <real> scale
    run_points(&job, arrays, want_value, 1, limits, threads, &total)
    return total, bool(job.outside)
