/* Which numbers are legal as a prediction or as a target. NaN is legal everywhere, and comes out as NaN. */
#ifndef FASTLOSS_DOMAIN_H
#define FASTLOSS_DOMAIN_H

#include "core/atomic.h"
#include "core/lanes.h"

typedef enum {  /* fastloss/_validation.py has the words */
    ANY_NUMBER,
    NOT_NEGATIVE,
    UNIT_INTERVAL,
    SIGNS, /* -1 or 1 throughout, or 0 or 1 throughout */
} domain;

typedef struct {
    real low, high;
    int is_bounded; /* whether there is anything to look at */
    int is_sign;
} legal_numbers;

FL_INLINE legal_numbers legal_within(double low, double high)
{
    return (legal_numbers){(real)low, (real)high, low > -INFINITY || high < INFINITY, 0};
}

FL_INLINE legal_numbers legal_in(domain d)
{
    legal_numbers legal = legal_within(d == SIGNS ? -1.0 : d == ANY_NUMBER ? -INFINITY : 0.0,
                                       d == SIGNS || d == UNIT_INTERVAL ? 1.0 : INFINITY);
    legal.is_sign = d == SIGNS;
    return legal;
}

/* What was found in the blocks so far. Any thread may set a field to 1, at any time: only by atomic_set. */
typedef struct {
    int illegal, minus_1, zero;
} findings;

FL_NOINLINE void look_at_signs(const real *x, ptrdiff_t n, findings *found)
{
    xint minus = 0, zero = 0, other = 0;
#pragma omp simd reduction(| : minus, zero, other)
    for (ptrdiff_t i = 0; i < n; i++) {
        minus |= x[i] == R(-1.0);
        zero |= x[i] == R(0.0);
        other |= (x[i] != R(-1.0)) & (x[i] != R(0.0)) & (x[i] != R(1.0)) & (x[i] == x[i]);
    }
    if (minus) atomic_set(&found->minus_1, 1);
    if (zero) atomic_set(&found->zero, 1);
    if (other) atomic_set(&found->illegal, 1);
}

/* Looks at a block. Most are legal: a cheap test first, which NaN and -0 may fail too. */
static inline void look_at(const real *x, ptrdiff_t n, legal_numbers legal, findings *found)
{
    if (!legal.is_bounded) return;
    if (legal.is_sign) {
        look_at_signs(x, n, found);
        return;
    }
    if (!seems_outside(x, n, legal.low, legal.high)) return;
    xint outside = 0;
#pragma omp simd reduction(| : outside)
    for (ptrdiff_t i = 0; i < n; i++) outside |= (x[i] < legal.low) | (x[i] > legal.high);
    if (outside) atomic_set(&found->illegal, 1);
}

static inline int is_refused(const findings *found)
{
    return atomic_get(&found->illegal) || (atomic_get(&found->minus_1) && atomic_get(&found->zero));
}

/* The first element of a block that is refused, given what was found in the blocks before it; -1 where none is. */
static inline ptrdiff_t first_refused(const real *x, ptrdiff_t n, legal_numbers legal, findings *before)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        if (legal.is_sign)
            look_at_signs(x + i, 1, before);
        else
            before->illegal = x[i] < legal.low || x[i] > legal.high;
        if (is_refused(before)) return i;
    }
    return -1;
}

#endif
