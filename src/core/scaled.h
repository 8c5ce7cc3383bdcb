/* Numbers with an integer exponent of their own, which never underflow: a mantissa of type `real` and an `xint`. */
#ifndef FASTLOSS_SCALED_H
#define FASTLOSS_SCALED_H

#include "core/vecmath.h"

/* Slots of CTC (a label and the blank before it) that go through a step together: a vector of float32, or two where
 * vectors are shorter. Arrays of slots are padded to a whole number of these. */
#if defined(__AVX512F__) && !defined(FL_REAL64)
#define FL_SLOTS 16
#else
#define FL_SLOTS 8
#endif

/* Exponents of special meaning: probability 0, and what a transition that does not exist adds. Every probability above
 * 0 has an exponent above X_LIMIT. The sum of any two of these and a few more fits the integer. */
#define X_ZERO (-((xint)1 << (sizeof(xint) * 8 - 3)))
#define X_NO_TRANSITION (-((xint)1 << (sizeof(xint) * 8 - 4)))
#define X_LIMIT (-((xint)1 << (sizeof(xint) * 8 - 5)))
#define X_UNREACHABLE (X_LIMIT + X_LIMIT / 2) /* of a state that no path reaches, the exponent is below this */
/* A logarithm down to X_LIMIT * X_NATS has an exponent above X_LIMIT. ln 2 nats are one step of the exponent; this is a
 * little less, for the rounding of the logarithm and for mantissas below 2. */
#define X_NATS 0.69

FL_INLINE real x_mantissa(real x)
{
    return from_bits((bits_of(x) & (((xint)1 << FL_MANTISSA_BITS) - 1))
                     | ((xint)FL_EXPONENT_BIAS << FL_MANTISSA_BITS));
}
/* Of a positive normal number: x = x_mantissa(x) * 2^x_exponent(x). */
FL_INLINE xint x_exponent(real x)
{
    return (xint)((xuint)bits_of(x) >> FL_MANTISSA_BITS) - FL_EXPONENT_BIAS;
}
/* 2^n for n <= 0; 0 where that is below the smallest normal number. */
FL_INLINE real x_power(xint n)
{
    return from_bits((xint)((xuint)x_max(n + FL_EXPONENT_BIAS, 0) << FL_MANTISSA_BITS));
}
/* 2^(n - top) and top + x_exponent(x) from top - FL_EXPONENT_BIAS, which several numbers with one `top` share. */
FL_INLINE real x_power_above(xint n, xint floor)
{
    return from_bits((xint)((xuint)x_max(n - floor, 0) << FL_MANTISSA_BITS));
}
FL_INLINE xint x_exponent_above(real x, xint floor) { return (xint)((xuint)bits_of(x) >> FL_MANTISSA_BITS) + floor; }
/* exp(x) for x <= 0 as mantissa and exponent; x below `low` counts as low, -inf as probability 0. */
FL_INLINE void x_exp(real x, real low, real *mantissa, xint *exponent)
{
    real clamped = r_atleast(x, low);
#ifdef FL_REAL64
    double n = nearbyint(clamped * FL_LOG2E);
    double r = fma(n, -FL_LN2_HIGH, clamped);
    r = fma(n, -FL_LN2_LOW, r);
    double y = exp_reduced(r);
#else
    /* A large argument times log2(e) needs more than 24 bits: reduce in double, this is off the hot path. */
    double n = nearbyint((double)clamped * 1.442695040888963407);
    real y = exp_reduced((real)((double)clamped - n * 0.6931471805599453094));
#endif
    *mantissa = x_mantissa(y);
    *exponent = x < -R(FL_LARGEST) ? X_ZERO : x == x ? (xint)n + x_exponent(y) : 0;
}
/* Natural logarithm of mantissa * 2^exponent. */
FL_INLINE double x_log(double mantissa, xint exponent) { return log(mantissa) + exponent * 0.693147180559945309417; }

#endif
