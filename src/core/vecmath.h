/* Scalar, branch-free mathematics for loop bodies that the compiler turns into vector code.
 *
 * No function here branches or calls the C library, so a loop over it vectorises on every instruction set. The bound
 * above each is in units in the last place (ULP) of the exact result, as tests/internals/test_vecmath.py measures it;
 * coefficients come from tools/codegen/fit_polynomials.py.
 */
#ifndef FASTLOSS_VECMATH_H
#define FASTLOSS_VECMATH_H

#include "core/real.h"

/* c0 + c1 x + c2 x^2 + c3 x^3, in a shorter chain of dependent operations than Horner's. */
FL_INLINE real poly4(real x, real x2, real c0, real c1, real c2, real c3)
{
    return r_fma(x2, r_fma(c3, x, c2), r_fma(c1, x, c0));
}

/* (exp(r) - 1 - r) / r^2 for |r| <= ln(2)/2 */
FL_INLINE real exp_beyond_linear(real r)
{
    real r2 = r * r;
#ifdef FL_REAL64
    real r4 = r2 * r2;
    real tail = r_fma(r2, 2.09146793765839351e-9, r_fma(2.510520637395701112e-8, r, 2.755727366134863622e-7));
    tail = r_fma(tail, r4, poly4(r, r2, 0.001388888888888375242, 0.0001984126987480049198,
                                 0.00002480158732553336382, 2.755725542574643428e-6));
    tail = r_fma(tail, r4, poly4(r, r2, 0.5, 0.1666666666666667099, 0.04166666666666666975, 0.008333333333326140884));
#else
    real tail = r_fma(0.001392617612f, r2, r_fma(0.008363173075f, r, 0.04166655466f));
    tail = r_fma(tail, r2, r_fma(0.1666657703f, r, 0.5f));
#endif
    return tail;
}
/* exp(r) - 1 and exp(r) for |r| <= ln(2)/2 */
FL_INLINE real expm1_reduced(real r) { return r_fma(exp_beyond_linear(r), r * r, r); }
FL_INLINE real exp_reduced(real r) { return expm1_reduced(r) + R(1.0); }

/* x = n ln(2) + r with |r| <= ln(2)/2. n + FL_EXPONENT_BIAS stands in the low bits of `shifted`. */
FL_INLINE real exp_split(real x, real *shifted)
{
    *shifted = r_fma(x, FL_LOG2E, R(FL_ROUNDER));
    real n = *shifted - R(FL_ROUNDER);
    real r = r_fma(n, -R(FL_LN2_HIGH), x);
    return r_fma(n, -R(FL_LN2_LOW), r);
}
/* 2^(n + more), which the caller keeps within the range of the exponent bits. */
FL_INLINE real exp_power(real shifted, xint more)
{
    return from_bits((xint)(((xuint)bits_of(shifted) << FL_MANTISSA_BITS) + ((xuint)more << FL_MANTISSA_BITS)));
}

/* exp(x) for x <= 43 (float32), 700 (float64): within 2 ULP; 0 where it is below the smallest normal number by more
 * than a factor of sqrt(1/2). There the power of 2, and so the product, is 0 without a comparison. */
FL_INLINE real r_exp_of_clamped(real x) /* at least FL_EXP_NONE, or NaN */
{
    real shifted, r = exp_split(x, &shifted);
    real power = exp_power(shifted, 0);
    return r_fma(expm1_reduced(r), power, power);
}
FL_INLINE real r_exp_above(real x, real none) /* `none` is r_opaque(FL_EXP_NONE), made outside of the loop */
{
    return r_exp_of_clamped(r_atleast(x, none));
}
FL_INLINE real r_exp(real x) { return r_exp_above(x, R(FL_EXP_NONE)); }

/* exp(x) for every x: within 2 ULP, subnormal results included, inf beyond the largest number. The power of 2 goes in
 * two factors, of which the second makes the result subnormal or infinite. */
FL_INLINE real r_exp_wide(real x)
{
    real clamped = r_atmost(r_atleast(x, R(FL_EXP_ZERO)), R(FL_EXP_INFINITE));
    real shifted, r = exp_split(clamped, &shifted);
    real y = exp_reduced(r), below = exp_power(shifted, 64), above = exp_power(shifted, -1);
    y *= clamped < R(0.0) ? below : above;
    return y * (clamped < R(0.0) ? R(0x1p-64) : R(2.0));
}

/* exp(x) for x <= 0: the same. */
FL_INLINE real r_exp_tail(real x)
{
    real shifted, r = exp_split(r_atleast(x, R(FL_EXP_ZERO)), &shifted);
    return exp_reduced(r) * exp_power(shifted, 64) * R(0x1p-64);
}

/* exp(x) - 1 for x <= 0: within 2 ULP, tiny x included. */
FL_INLINE real r_expm1_tail(real x)
{
    real shifted, r = exp_split(r_atleast(x, R(FL_EXP_LOW)), &shifted);
    real power = exp_power(shifted, 0);
    return r_fma(power, expm1_reduced(r), power - R(1.0));
}

/* (log(1 + f) - 2 s) / s^3 for z = s^2, s = f / (2 + f), 1 + f within [sqrt(1/2), sqrt(2)) */
FL_INLINE real log_tail(real z)
{
#ifdef FL_REAL64
    real tail = 0.1461644968508890505;
    tail = r_fma(tail, z, 0.1533172160055169055);
    tail = r_fma(tail, z, 0.1818288912526188207);
    tail = r_fma(tail, z, 0.2222221113479507703);
    tail = r_fma(tail, z, 0.2857142862597548495);
    tail = r_fma(tail, z, 0.3999999999989950449);
    tail = r_fma(tail, z, 0.6666666666666669686);
#else
    real tail = 0.2957994939f;
    tail = r_fma(tail, z, 0.3998878057f);
    tail = r_fma(tail, z, 0.6666668504f);
#endif
    return tail;
}

/* The bits of a positive number less those of the square root of 1/2 give its exponent k: the number is 2^k times
 * one of [sqrt(1/2), sqrt(2)), so that numbers near 1 have k = 0 and keep their digits. Returns k, and in `power_bits`
 * what to subtract from the number's bits to divide it by 2^k. AVX2 has no 64-bit arithmetic shift or conversion: for
 * doubles the biased integer is read as a mantissa instead. */
FL_INLINE real exponent_of(xuint offset, xuint *power_bits)
{
#ifdef FL_REAL64
    xuint biased = (offset + ((xuint)2048 << 52)) >> 52;
    *power_bits = (biased - 2048) << 52;
    return from_bits((xint)(biased | 0x4330000000000000)) - (0x1p52 + 2048.0);
#else
    xint k = (xint)offset >> 23;
    *power_bits = (xuint)k << 23;
    return (real)k;
#endif
}

/* log(x): within 1.1 ULP for x >= 0; -inf at 0, NaN below. Subnormal numbers keep their digits. */
FL_INLINE real r_log(real x)
{
    real scaled = x < R(FL_SMALLEST) ? x * R((real)((xuint)1 << FL_MANTISSA_BITS)) : x;
    real shift = x < R(FL_SMALLEST) ? R(FL_MANTISSA_BITS) : R(0.0);
    xuint power_bits;
    real exponent = exponent_of((xuint)bits_of(scaled) - (xuint)FL_SQRT_HALF_BITS, &power_bits) - shift;
    real f = from_bits((xint)((xuint)bits_of(scaled) - power_bits)) - R(1.0);
    real s = f / (R(2.0) + f);
    real z = s * s;
    real tail = log_tail(z);
    /* log(1+f) = f - f^2/2 + s (f^2/2 + tail s^2): the leading f is exact. */
    real half = R(0.5) * f * f;
    real low = r_fma(s, half + tail * z, exponent * R(FL_LN2_LOW));
    real y = r_fma(exponent, R(FL_LN2_HIGH), f - (half - low));
    y = x > R(FL_LARGEST) ? x : y;
    y = x == R(0.0) ? -R(INFINITY) : y;
    return x < R(0.0) ? R(NAN) : (x != x ? x : y);
}

/* log(1 + f) - f + exponent * FL_LN2_LOW for 1 + f within [sqrt(1/2), sqrt(2)): for float32 without the division of
 * r_log, which costs more than four more coefficients. */
FL_INLINE real log_beyond_linear(real f, real exponent)
{
#ifdef FL_REAL64
    real s = f / (R(2.0) + f), z = s * s, half = R(0.5) * f * f;
    return r_fma(s, half + log_tail(z) * z, exponent * R(FL_LN2_LOW)) - half;
#else
    real f2 = f * f, f4 = f2 * f2;
    real tail = poly4(f, f2, 0.1421449592f, -0.1299818376f, 0.1262231985f, -0.07902743772f);
    tail = r_fma(tail, f4, poly4(f, f2, 0.3333333073f, -0.2500030642f, 0.2000104509f, -0.1664128146f));
    real low = r_fma(tail, f * f2, exponent * R(FL_LN2_LOW));
    return r_fma(R(-0.5), f2, low);
#endif
}

/* log(1 + f) + exponent ln(2) for the same f: within 2 ULP. */
FL_INLINE real log_of_parts(real f, real exponent)
{
    return r_fma(exponent, R(FL_LN2_HIGH), f + log_beyond_linear(f, exponent));
}

/* log(1 + x): within 2 ULP for x >= -1, tiny x included. What the sum 1 + x rounds away is added to f, scaled alike. */
FL_INLINE real r_log1p(real x)
{
    const xuint one = (xuint)FL_EXPONENT_BIAS << FL_MANTISSA_BITS;
    real u = R(1.0) + x, lost = x - (u - R(1.0));
    xuint power_bits;
    real exponent = exponent_of((xuint)bits_of(u) - (xuint)FL_SQRT_HALF_BITS, &power_bits);
    real f = from_bits((xint)((xuint)bits_of(u) - power_bits)) - R(1.0);
    real scale = from_bits((xint)(one - power_bits));
    real y = log_of_parts(r_fma(lost, u < R(0x1p100) ? scale : R(0.0), f), exponent);
    y = x > R(FL_LARGEST) ? x : y;
    y = u == R(0.0) ? -R(INFINITY) : y;
    return u < R(0.0) ? R(NAN) : y;
}

/* 2 atanh(s) for 0 <= s <= 1/3: within 2 ULP. */
FL_INLINE real r_twice_atanh(real s)
{
    real z = s * s;
#ifdef FL_REAL64
    real tail = 0.1493882848607305063;
    tail = r_fma(tail, z, 0.05283412228072617745);
    tail = r_fma(tail, z, 0.09231944273387979012);
    tail = r_fma(tail, z, 0.09457163207208001355);
    tail = r_fma(tail, z, 0.1053183781204027705);
    tail = r_fma(tail, z, 0.1176439410267373971);
    tail = r_fma(tail, z, 0.1333334532330598001);
    tail = r_fma(tail, z, 0.153846150767091727);
    tail = r_fma(tail, z, 0.1818181818688055626);
    tail = r_fma(tail, z, 0.222222222221727887);
    tail = r_fma(tail, z, 0.2857142857142882181);
    tail = r_fma(tail, z, 0.399999999999999995);
    tail = r_fma(tail, z, 0.6666666666666666667);
#else
    real tail = 0.2322432922f;
    tail = r_fma(tail, z, 0.217065758f);
    tail = r_fma(tail, z, 0.2859235799f);
    tail = r_fma(tail, z, 0.3999970633f);
    tail = r_fma(tail, z, 0.6666666732f);
#endif
    return r_fma(tail * z, s, s + s);
}

#endif
