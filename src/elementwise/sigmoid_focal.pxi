"""The sigmoid focal loss, whose formula is too long for the loop of the other elementwise losses. Included
by elementwise.pyx.

Lin et al. 2017, "Focal Loss for Dense Object Detection". With e = exp(-|x|) every term of the sigmoid form and of
its two derivatives is a product or a sum of positive numbers, so both tails keep their digits:

    p = sigmoid(x), q = p (1 - y) + (1 - p) y   the probability given to the wrong side, 1 - p_t
    c = -y log p - (1 - y) log(1 - p)           the binary cross-entropy
    a = alpha y + (1 - alpha)(1 - y)
    L   = a c q^g
    L'  = a q^g (p - y + g c r z)                                              r = p (1 - p) / q, z = 1 - 2y
    L'' = a q^g (p (1 - p) + g r z (2 (p - y) + c (1 - 2p)) + g (g - 1) c r^2 z^2)
"""

cdef inline real power(real q, real gamma, const int gamma_kind) noexcept nogil:
    """q ** gamma for 0 <= q <= 1; gamma_kind 0, 1, 2 are those gammas, 3 any other."""
    if gamma_kind == 0:
        return R(1.0) + (q - q)   # NaN stays NaN
    if gamma_kind == 1:
        return q
    if gamma_kind == 2:
        return q * q
    return r_exp(gamma * r_log(q))


cdef inline void focal_terms(const element_block* b, real_p e_block, real_p u_block, real_p v_block, real_p big_block,
                             real_p c_block, real_p r_block, const int want) noexcept nogil:
    """e = exp(-|x|); the target's share u of the side that x is not on, and v of its own; big = sigmoid(|x|);
    c = log(1 + e); r = p (1 - p) / q."""
    # Two loops, and a third for the results: one is so long a chain of operations that the processor can't see the next
    # element's.
    cdef real_cp x = b.x
    cdef real_cp y = b.y
    cdef Py_ssize_t i, n = b.n
    cdef real e, one, two, share, w
    for i in range(n):
        e_block[i] = r_exp(-r_abs(x[i]))
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
        if want & WANT_GRAD:
            r_block[i] = (e + FL_SMALLEST) * (share * two)


cdef inline void focal_block(const element_block* b, real_p value, real positive, real negative, real gamma,
                             const int gamma_kind, const int want) noexcept nogil:
    cdef real e_block[ELEMENT_BLOCK]
    cdef real u_block[ELEMENT_BLOCK]
    cdef real v_block[ELEMENT_BLOCK]
    cdef real big_block[ELEMENT_BLOCK]
    cdef real c_block[ELEMENT_BLOCK]
    cdef real r_block[ELEMENT_BLOCK]
    cdef real_cp x = b.x
    cdef real_cp y = b.y
    cdef real_p grad = b.grad
    cdef real_p hess = b.hess
    cdef real scale = b.scale
    cdef Py_ssize_t i, n = b.n
    cdef real e, big, small, u, v, c, cr, away, product, q, r, raised, slope
    focal_terms(b, e_block, u_block, v_block, big_block, c_block, r_block, want)
    for i in range(n):
        e = e_block[i]
        big = big_block[i]
        c = c_block[i]
        u = u_block[i]
        v = v_block[i]
        small = e * big
        away = r_abs(x[i]) * u   # computed before the choice, which would otherwise be a branch
        c += R(0.0) if u == 0 else away
        q = r_fma(v, e, u) * big
        raised = r_fma(positive, y[i], negative * (R(1.0) - y[i])) * power(q, gamma, gamma_kind)
        if want & WANT_VALUE:
            value[i] = raised * c
        if want & WANT_GRAD:
            # Where c is infinite r is 0 and so is their product. The signs below are those of x < 0.
            r = r_block[i]
            product = c * r
            cr = R(0.0) if c > FL_LARGEST else product
            slope = r_fma(small, v, -(big * u))
            raised = raised * scale
            grad[i] = raised * r_against(r_fma(gamma * cr, v - u, slope), x[i])
            if want & WANT_HESS:
                hess[i] = raised * (big * small + gamma * (v - u) * (R(2.0) * r * slope + cr * (big - small))
                                    + gamma * (gamma - R(1.0)) * cr * r * (v - u) * (v - u))


cdef inline exact_sum focal_results(const element_block* b, real gamma, const int gamma_kind) noexcept nogil:
    """The results that are wanted, for one kind of gamma."""
    cdef real value[ELEMENT_BLOCK]
    cdef double alpha = b.options.number[0]
    cdef real positive = R(1.0) if alpha < 0 else <real> alpha
    cdef real negative = R(1.0) if alpha < 0 else R(1.0) - <real> alpha
    if b.want & WANT_HESS:
        focal_block(b, value, positive, negative, gamma, gamma_kind, WANT_GRAD | WANT_HESS)
        return NO_SUM
    if b.want & WANT_GRAD:
        focal_block(b, value, positive, negative, gamma, gamma_kind, WANT_VALUE | WANT_GRAD)
    else:
        focal_block(b, value, positive, negative, gamma, gamma_kind, WANT_VALUE)
    return sum_elements(value, NULL, b.each, b.n)


cdef exact_sum focal_by_gamma(const element_block* b) noexcept nogil:
    cdef double gamma = b.options.number[1]
    if gamma == 0:
        return focal_results(b, 0, 0)
    if gamma == 1:
        return focal_results(b, 1, 1)
    if gamma == 2:
        return focal_results(b, 2, 2)
    return focal_results(b, <real> gamma, 3)


cdef void set_sigmoid_focal(elementwise_loss* loss) noexcept nogil:
    """Its options: alpha, below 0 where there is none, and gamma."""
    loss.compute = focal_by_gamma
    loss.shape = CURVED
    loss.x = ANY_NUMBER
    loss.y = UNIT_INTERVAL
