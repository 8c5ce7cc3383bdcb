/* The type that a kernel computes in, its limits, and the smallest operations on it.
 *
 * Every kernel is compiled once for float32 and once for float64; `real` is the type of the build at hand, `xint` the
 * signed integer of its width. Contraction of a*b+c is off (-ffp-contract=off) and fused multiply-adds are explicit
 * (r_fma), so that what is fused does not depend on the compiler.
 */
#ifndef FASTLOSS_REAL_H
#define FASTLOSS_REAL_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER)
#define FL_INLINE static __forceinline
#define FL_NOINLINE static __declspec(noinline)
#define FL_RESTRICT __restrict
#else
/* Plain `inline` is a hint: GCC stops following it in large loops, which then stay scalar. */
#define FL_INLINE static inline __attribute__((always_inline, unused))
#define FL_NOINLINE static __attribute__((noinline, unused))
#define FL_RESTRICT restrict
#endif

#define FL_LINKED /* of a function that one source has for all that are linked together */

#ifdef FL_REAL64
typedef double real;
typedef int64_t xint;
typedef uint64_t xuint;
#define FL_MANTISSA_BITS 52
#define FL_EXPONENT_BIAS 1023
#define FL_ROUNDER (0x1.8p52 + 1023) /* adding it rounds to an integer, left in the low bits with an exponent's bias */
#define FL_EXP_LOW (-708.39)      /* exp of less is below the smallest normal number */
#define FL_EXP_NONE (-709.0)      /* exp of this is taken as 0: its power of 2 has no exponent bits */
#define FL_EXP_ZERO (-746.0)      /* exp of this is 0 */
#define FL_EXP_INFINITE 710.0     /* exp of this is infinite */
#define FL_SMALLEST 0x1p-1022     /* smallest normal number */
#define FL_LEAST 0x1p-1074        /* smallest of all above 0 */
#define FL_LARGEST 0x1.fffffffffffffp+1023
#define FL_EPSILON 0x1p-52
#define FL_SQRT_HALF_BITS 0x3fe6a09e667f3bcd
#define FL_LN2_HIGH 0x1.62e42fee00000p-1 /* ln 2 in two parts, the first short enough for exact products */
#define FL_LN2_LOW 1.90821492927058770002e-10
#else
typedef float real;
typedef int32_t xint;
typedef uint32_t xuint;
#define FL_MANTISSA_BITS 23
#define FL_EXPONENT_BIAS 127
#define FL_ROUNDER (0x1.8p23f + 127)
#define FL_EXP_LOW (-87.33f)
#define FL_EXP_NONE (-88.0f)
#define FL_EXP_ZERO (-104.5f)
#define FL_EXP_INFINITE 89.0f
#define FL_SMALLEST 0x1p-126f
#define FL_LEAST 0x1p-149f
#define FL_LARGEST 0x1.fffffep+127f
#define FL_EPSILON 0x1p-23f
#define FL_SQRT_HALF_BITS 0x3f3504f3
#define FL_LN2_HIGH 0.693359375f
#define FL_LN2_LOW -2.12194440e-4f
#endif
#define FL_LINE 64 /* bytes of a cache line */
#define R(number) ((real)(number))
#define FL_LOG2E R(1.442695040888963407)
#define FL_LN2 R(0.6931471805599453094)

/* Cython has no `restrict`; without it the loops with many arrays stay scalar for want of alias checks. */
typedef real *FL_RESTRICT real_p;
typedef const real *FL_RESTRICT real_cp;
typedef xint *FL_RESTRICT xint_p;
typedef const xint *FL_RESTRICT xint_cp;

FL_INLINE xint bits_of(real x) { xint i; memcpy(&i, &x, sizeof i); return i; }
FL_INLINE real from_bits(xint i) { real x; memcpy(&x, &i, sizeof x); return x; }

/* a*b + c, rounded once where the processor does that in one instruction. */
FL_INLINE real r_fma(real a, real b, real c)
{
#if defined(__FMA__) || defined(__aarch64__)
#ifdef FL_REAL64
    return fma(a, b, c);
#else
    return fmaf(a, b, c);
#endif
#else
    return a * b + c;
#endif
}

/* A NaN in `x` is returned: a comparison with NaN is false. */
FL_INLINE real r_atleast(real x, real low) { return x < low ? low : x; }
FL_INLINE real r_atmost(real x, real high) { return x > high ? high : x; }
FL_INLINE real r_abs(real x) { return from_bits(bits_of(x) & (xint)(~(xuint)0 >> 1)); }
/* A constant that the compiler does not know. GCC takes one instruction for the larger of a number and a variable, and
 * two for that of a number and a constant. */
FL_INLINE real r_opaque(real x)
{
#if defined(__GNUC__) && defined(__x86_64__)
    __asm__("" : "+x"(x));
#endif
    return x;
}
/* 1 or -1 by the sign bit, so that -0 is negative */
FL_INLINE real r_sign(real x)
{
    const xint sign = (xint)((xuint)1 << (sizeof(xint) * 8 - 1));
    return from_bits((bits_of(x) & sign) | bits_of(R(1.0)));
}
/* y where x < 0, -y where x >= 0; -0 counts as 0 */
FL_INLINE real r_against(real y, real x)
{
    const xint sign = (xint)((xuint)1 << (sizeof(xint) * 8 - 1));
    return from_bits(bits_of(y) ^ (~bits_of(x + R(0.0)) & sign));
}
/* factor * x, and 0 where the factor is 0, whatever x is, NaN included: a term of a sum that is not there, and what a
 * weight of 0 removes. */
FL_INLINE real r_term(real factor, real x)
{
    real product = factor * x;
    return factor == R(0.0) ? R(0.0) : product;
}
FL_INLINE double r_term_double(real factor, double x)
{
    double product = (double)factor * x;
    return factor == R(0.0) ? 0 : product;
}
/* The same but that NaN stays NaN: of numbers that are there, one of which may be infinite. */
FL_INLINE real r_weighted(real x, real weight)
{
    real finite = r_abs(x) > R(FL_LARGEST) ? R(0.0) : x;
    return weight * (weight == R(0.0) ? finite : x);
}
/* A weight, before it is rounded to the type of computing: what is not 0 will not be 0 then either, as only a weight of
 * exactly 0 removes what it weighs. */
FL_INLINE double weight_to_round(double weight)
{
    const double least = FL_LEAST, kept = weight < 0 ? -least : least;
    int is_lost = (fabs(weight) < least) & (weight != 0);
    return is_lost ? kept : weight;
}
FL_INLINE real r_weight(double weight) { return (real)weight_to_round(weight); }
FL_INLINE xint x_max(xint a, xint b) { return a > b ? a : b; }

/* Starts to load a cache line that will be read soon. */
FL_INLINE void prefetch(const void *address)
{
#if defined(__GNUC__)
    __builtin_prefetch(address);
#else
    (void)address;
#endif
}

#endif
