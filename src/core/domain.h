/* Which numbers are legal as a prediction or as a target. NaN is legal everywhere, and comes out as NaN. */
#ifndef FASTLOSS_DOMAIN_H
#define FASTLOSS_DOMAIN_H

#include "core/atomic.h"
#include "core/checked.h"
#include "core/lanes.h"

typedef struct {
    real low, high;
    int is_bounded; /* whether there is anything to look at */
    int is_sign;
} legal_numbers;

#ifdef FL_REAL64
#define FL_TINIEST 0x1p-1074          /* the smallest number above 0 */
#define FL_ABOVE_MINUS_1 -0x1.fffffffffffffp-1 /* and above -1 */
#else
#define FL_TINIEST 0x1p-149
#define FL_ABOVE_MINUS_1 -0x1.fffffep-1
#endif

FL_INLINE legal_numbers legal_within(double low, double high)
{
    return (legal_numbers){(real)low, (real)high, low > -INFINITY || high < INFINITY, 0};
}

FL_INLINE legal_numbers legal_in(domain d)
{
    legal_numbers legal;
    switch (d) {
    case NOT_NEGATIVE: return legal_within(0.0, INFINITY);
    case POSITIVE: return legal_within(FL_TINIEST, INFINITY);
    case ABOVE_MINUS_1: return legal_within(FL_ABOVE_MINUS_1, INFINITY);
    case UNIT_INTERVAL: return legal_within(0.0, 1.0);
    case SIGNS:
        legal = legal_within(-1.0, 1.0);
        legal.is_sign = 1;
        return legal;
    default: return legal_within(-INFINITY, INFINITY);
    }
}

FL_INLINE void look_at_some_signs(const real *x, const real *weight, ptrdiff_t n, findings *found, const int weighted)
{
    xint minus = 0, zero = 0, other = 0;
#pragma omp simd reduction(| : minus, zero, other)
    for (ptrdiff_t i = 0; i < n; i++) {
        xint used = weighted ? weight[i] != R(0.0) : 1;
        minus |= used & (x[i] == R(-1.0));
        zero |= used & (x[i] == R(0.0));
        other |= used & (x[i] != R(-1.0)) & (x[i] != R(0.0)) & (x[i] != R(1.0)) & (x[i] == x[i]);
    }
    if (minus) atomic_set(&found->minus_1, 1);
    if (zero) atomic_set(&found->zero, 1);
    if (other) atomic_set(&found->illegal, 1);
}

FL_NOINLINE void look_at_signs(const real *x, ptrdiff_t n, findings *found)
{
    look_at_some_signs(x, NULL, n, found, 0);
}

FL_NOINLINE void look_at_used_signs(const real *x, const real *weight, ptrdiff_t n, findings *found)
{
    look_at_some_signs(x, weight, n, found, 1);
}

/* A number with a weight of 0 is not used, and so is legal whatever it is. `weight` is NULL where there are none. */
static inline int is_used(const real *weight, ptrdiff_t i) { return !weight || weight[i] != R(0.0); }

static inline int is_outside(real x, legal_numbers legal) { return x < legal.low || x > legal.high; }

/* Looks at a block. Most are legal: a cheap test first, which NaN and -0 may fail too. */
static inline void look_at(const real *x, const real *weight, ptrdiff_t n, legal_numbers legal, findings *found)
{
    if (!legal.is_bounded) return;
    if (legal.is_sign) {
        if (weight)
            look_at_used_signs(x, weight, n, found);
        else
            look_at_signs(x, n, found);
        return;
    }
    if (!seems_outside(x, n, legal.low, legal.high)) return;
    xint outside = 0;
    if (weight) {
        for (ptrdiff_t i = 0; i < n; i++) outside |= is_used(weight, i) & is_outside(x[i], legal);
    } else {
#pragma omp simd reduction(| : outside)
        for (ptrdiff_t i = 0; i < n; i++) outside |= (x[i] < legal.low) | (x[i] > legal.high);
    }
    if (outside) atomic_set(&found->illegal, 1);
}

/* The first element of a block that is refused, given what was found in the blocks before it; -1 where none is. */
static inline ptrdiff_t first_refused(const real *x, const real *weight, ptrdiff_t n, legal_numbers legal,
                                     findings *before)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        if (!is_used(weight, i)) continue;
        if (legal.is_sign)
            look_at_signs(x + i, 1, before);
        else
            before->illegal = is_outside(x[i], legal);
        if (is_refused(before)) return i;
    }
    return -1;
}

#endif
