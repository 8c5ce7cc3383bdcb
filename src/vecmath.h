/* Scalar, branch-free mathematics for loop bodies that the compiler turns into vector code.
 *
 * Every kernel is compiled once for float32 and once for float64; `real` is the type of the build at hand, `xint`
 * the signed integer of its width. No function here branches or calls the C library, so a loop over it vectorises
 * on every instruction set. Error bounds are in units in the last place of the exact result, measured by
 * tests/test_vecmath.py; coefficients come from tools/fit_polynomials.py.
 *
 * Contraction of a*b+c is off (-ffp-contract=off) and fused multiply-adds are asked for by name, so that what is
 * fused does not depend on the compiler.
 */
#ifndef FASTLOSS_VECMATH_H
#define FASTLOSS_VECMATH_H

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

#ifdef FL_REAL64
typedef double real;
typedef int64_t xint;
typedef uint64_t xuint;
#define FL_MANTISSA_BITS 52
#define FL_EXPONENT_BIAS 1023
#define FL_ROUNDER 0x1.8p52       /* adding it rounds to an integer, left in the low bits */
#define FL_EXP_LOW (-708.39)      /* exp of less is below the smallest normal number */
#define FL_EXP_ZERO (-746.0)      /* exp of this is 0 */
#define FL_EXP_INFINITE 710.0     /* exp of this is infinite */
#define FL_SMALLEST 0x1p-1022     /* smallest normal number */
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
#define FL_ROUNDER 0x1.8p23f
#define FL_EXP_LOW (-87.33f)
#define FL_EXP_ZERO (-104.5f)
#define FL_EXP_INFINITE 89.0f
#define FL_SMALLEST 0x1p-126f
#define FL_LARGEST 0x1.fffffep+127f
#define FL_EPSILON 0x1p-23f
#define FL_SQRT_HALF_BITS 0x3f3504f3
#define FL_LN2_HIGH 0.693359375f
#define FL_LN2_LOW -2.12194440e-4f
#endif
#define R(number) ((real)(number))
#define FL_LOG2E R(1.442695040888963407)

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

/* Selects are written so that NaN in `x` comes through: a comparison with NaN is false. */
FL_INLINE real r_atleast(real x, real low) { return x < low ? low : x; }
FL_INLINE real r_atmost(real x, real high) { return x > high ? high : x; }
FL_INLINE real r_abs(real x) { return from_bits(bits_of(x) & (xint)(~(xuint)0 >> 1)); }
/* y, or -y where x is not negative */
FL_INLINE real r_against(real y, real x)
{
    const xint sign = (xint)((xuint)1 << (sizeof(xint) * 8 - 1));
    return from_bits(bits_of(y) ^ (~bits_of(x) & sign));
}
FL_INLINE xint x_max(xint a, xint b) { return a > b ? a : b; }

/* c0 + c1 x + c2 x^2 + c3 x^3, where Horner's chain of dependent operations would be twice as long: such chains, not
 * the number of operations, are what bounds the loops. */
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
    tail = r_fma(tail, r4, poly4(r, r2, 0.5, 0.1666666666666667099, 0.04166666666666666975,
                 0.008333333333326140884));
#else
    real tail = r_fma(r_fma(0.001392617612f, r2, r_fma(0.008363173075f, r, 0.04166655466f)), r2, r_fma(0.1666657703f, r, 0.5f));
#endif
    return tail;
}
/* exp(r) - 1 and exp(r) for |r| <= ln(2)/2 */
FL_INLINE real expm1_reduced(real r) { return r_fma(exp_beyond_linear(r), r * r, r); }
FL_INLINE real exp_reduced(real r) { return expm1_reduced(r) + R(1.0); }

/* x = n ln(2) + r with |r| <= ln(2)/2. n stands in the low bits of `shifted`. */
FL_INLINE real exp_split(real x, real *shifted)
{
    *shifted = r_fma(x, FL_LOG2E, R(FL_ROUNDER));
    real n = *shifted - R(FL_ROUNDER);
    real r = r_fma(n, -R(FL_LN2_HIGH), x);
    return r_fma(n, -R(FL_LN2_LOW), r);
}
/* 2^(n + more); what the exponent bits can't hold is the caller's to avoid. */
FL_INLINE real exp_power(real shifted, xint more)
{
    return from_bits((xint)(((xuint)bits_of(shifted) << FL_MANTISSA_BITS)
                            + ((xuint)(more + FL_EXPONENT_BIAS) << FL_MANTISSA_BITS)));
}

/* exp(x) for x <= 43 (float32), 700 (float64): within 2 ULP; +0 where the result would be subnormal. */
FL_INLINE real r_exp(real x)
{
    real shifted, r = exp_split(x, &shifted);
    real y = exp_reduced(r) * exp_power(shifted, 0);
    return x < R(FL_EXP_LOW) ? R(0.0) : y; /* whatever y has become there */
}

/* exp(x) for every x: within 2 ULP, subnormal results included, inf beyond the largest number. The power of 2 goes in
 * two factors, of which the second makes the result subnormal or infinite. */
FL_INLINE real r_exp_wide(real x)
{
    real clamped = r_atmost(r_atleast(x, R(FL_EXP_ZERO)), R(FL_EXP_INFINITE));
    real shifted, r = exp_split(clamped, &shifted);
    real y = exp_reduced(r) * exp_power(shifted, clamped < R(0.0) ? 64 : -1);
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

/* log(x): within 1 ULP for x >= 0; -inf at 0, NaN below. Subnormal numbers keep their digits. */
FL_INLINE real r_log(real x)
{
    real scaled = x < R(FL_SMALLEST) ? x * R((real)((xuint)1 << FL_MANTISSA_BITS)) : x;
    real shift = x < R(FL_SMALLEST) ? R(FL_MANTISSA_BITS) : R(0.0);
    /* The mantissa is taken from [sqrt(1/2), sqrt(2)), so that x near 1 has exponent 0 and keeps its digits. */
    xuint offset = (xuint)bits_of(scaled) - (xuint)FL_SQRT_HALF_BITS;
#ifdef FL_REAL64
    /* Without 64-bit arithmetic shift and conversion in AVX2: bias, shift, and read the integer as a mantissa. */
    xuint biased = (offset + ((xuint)1024 << 52)) >> 52;
    real exponent = from_bits((xint)(biased | 0x4330000000000000)) - (0x1p52 + 1024.0) - shift;
    xuint whole = (biased - 1024) << 52;
#else
    xint k = (xint)offset >> 23;
    real exponent = (real)k - shift;
    xuint whole = (xuint)k << 23;
#endif
    real f = from_bits((xint)((xuint)bits_of(scaled) - whole)) - R(1.0);
    real s = f / (R(2.0) + f);
    real z = s * s;
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
    /* log(1+f) = f - f^2/2 + s (f^2/2 + tail s^2): the leading f is exact. */
    real half = R(0.5) * f * f;
    real low = r_fma(s, half + tail * z, exponent * R(FL_LN2_LOW));
    real y = r_fma(exponent, R(FL_LN2_HIGH), f - (half - low));
    y = x > R(FL_LARGEST) ? x : y;
    y = x == R(0.0) ? -R(INFINITY) : y;
    return x < R(0.0) ? R(NAN) : (x != x ? x : y);
}

/* log(1 + x): within 2 ULP for x >= -1, tiny x included. */
FL_INLINE real r_log1p(real x)
{
    real u = R(1.0) + x;
    real lost = x - (u - R(1.0)); /* what the sum rounded away */
    real safe = u > R(0.0) ? u : R(1.0);
    real correction = u > R(FL_LARGEST) || u == R(0.0) ? R(0.0) : lost / safe;
    return r_log(u) + correction;
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

/* log(1 + x) for 0 <= x <= 1: within 2 ULP, and cheaper than r_log1p. */
FL_INLINE real r_log1p_unit(real x)
{
    real x2 = x * x, x4 = x2 * x2;
#ifdef FL_REAL64
    real tail = poly4(x, x2, -0.006761419498849802197, 0.002030846248409763204, -0.0003870111108580303872,
                 0.00003496499999517752789);
    tail = r_fma(tail, x4, poly4(x, x2, -0.06024571849605113902, 0.04571832887421964206,
                 -0.0300062489220241489, 0.01617744829208377386));
    tail = r_fma(tail, x4, poly4(x, x2, -0.09989940978337617533, 0.09044038405818781739,
                 -0.08163583698731790022, 0.07206052783890502496));
    tail = r_fma(tail, x4, poly4(x, x2, -0.1666666569676973021, 0.1428569736817690393,
                 -0.1249980219364086789, 0.1110946972710449389));
    tail = r_fma(tail, x4, poly4(x, x2, -0.4999999999999999402, 0.3333333333332854675,
                 -0.2499999999935962056, 0.1999999996582240184));
#else
    real tail = -0.004466211601f;
    tail = r_fma(tail, x4, poly4(x, x2, -0.1584756572f, 0.1156184545f, -0.06675772506f, 0.02522405435f));
    tail = r_fma(tail, x4, poly4(x, x2, -0.4999999698f, 0.3333284189f, -0.2498652617f, 0.1985410623f));
#endif
    return r_fma(tail, x2, x);
}

/* -log(1 - x) for 0 <= x <= 1/2: within 2 ULP. */
FL_INLINE real r_log1m_half(real x)
{
    real x2 = x * x, x4 = x2 * x2;
#ifdef FL_REAL64
    real tail = poly4(x, x2, -169.6807680248728379, 145.7082848884324128, -77.45862362821513858,
                 19.54313088801125771);
    tail = r_fma(tail, x4, poly4(x, x2, -11.75856616540760681, 35.24245119084569897, -79.8736703989943128,
                 136.524328148808687));
    tail = r_fma(tail, x4, poly4(x, x2, 0.0889904991610704875, 0.1851396757520420042,
                 -0.529877406075206964, 3.142830254623844839));
    tail = r_fma(tail, x4, poly4(x, x2, 0.166666585863844348, 0.1428598709250649913, 0.1249388607489666712,
                 0.1120724251220363361));
    tail = r_fma(tail, x4, poly4(x, x2, 0.4999999999999999673, 0.3333333333333857, 0.249999999986112678,
                 0.2000000014584184826));
#else
    real tail = poly4(x, x2, 0.02719312512f, 0.6832589836f, -0.9574450111f, 1.05802952f);
    tail = r_fma(tail, x4, poly4(x, x2, 0.4999998839f, 0.3333629466f, 0.2487791633f, 0.2188413293f));
#endif
    return r_fma(tail, x2, x);
}

/* log(x) for 0 < x <= 1, subnormal numbers included: within 2 ULP, and cheaper than r_log. A finite number at 0, so
 * that 0 log 0 is 0. */
FL_INLINE real r_log_unit(real x)
{
    /* Scaled so that subnormal numbers become normal, with the scale taken back from the exponent bits. */
    const xuint back = (xuint)(FL_MANTISSA_BITS + 1) << FL_MANTISSA_BITS;
    xuint bits = (xuint)bits_of(x * R((real)((xuint)1 << (FL_MANTISSA_BITS + 1)))) - back;
    xuint offset = bits - (xuint)FL_SQRT_HALF_BITS; /* as in r_log */
#ifdef FL_REAL64
    xuint biased = (offset + ((xuint)2048 << 52)) >> 52;
    real exponent = from_bits((xint)(biased | 0x4330000000000000)) - (0x1p52 + 2048.0);
    real f = from_bits((xint)(bits - ((biased - 2048) << 52))) - R(1.0);
    real s = f / (R(2.0) + f);
    real z = s * s;
    real tail = 0.1461644968508890505;
    tail = r_fma(tail, z, 0.1533172160055169055);
    tail = r_fma(tail, z, 0.1818288912526188207);
    tail = r_fma(tail, z, 0.2222221113479507703);
    tail = r_fma(tail, z, 0.2857142862597548495);
    tail = r_fma(tail, z, 0.3999999999989950449);
    tail = r_fma(tail, z, 0.6666666666666669686);
    real half = R(0.5) * f * f;
    real low = r_fma(s, half + tail * z, exponent * R(FL_LN2_LOW));
    real y = r_fma(exponent, R(FL_LN2_HIGH), f - (half - low));
#else
    xint k = (xint)offset >> 23;
    real exponent = (real)k;
    real f = from_bits((xint)(bits - ((xuint)k << 23))) - R(1.0);
    real f2 = f * f, f4 = f2 * f2; /* without the division of r_log, which costs more than four more coefficients */
    real tail = poly4(f, f2, 0.1421449592f, -0.1299818376f, 0.1262231985f, -0.07902743772f);
    tail = r_fma(tail, f4, poly4(f, f2, 0.3333333073f, -0.2500030642f, 0.2000104509f, -0.1664128146f));
    real low = r_fma(tail, f * f2, exponent * R(FL_LN2_LOW));
    real y = r_fma(exponent, R(FL_LN2_HIGH), f + r_fma(R(-0.5), f2, low));
#endif
    return r_fma(x, R(0.0), y); /* NaN does not survive the arithmetic on its bits */
}

/* log(cosh(x)) for |x| <= 1: within 2 ULP. */
FL_INLINE real r_log_cosh_unit(real x)
{
    real z = x * x, z2 = z * z, z4 = z2 * z2;
#ifdef FL_REAL64
    real tail = poly4(z, z2, -1.848653104235327342e-7, 4.92097716519275187e-8, -9.156894369438901694e-9,
                 8.600593201457632864e-10);
    tail = r_fma(tail, z4, poly4(z, z2, -0.00001195098688252236607, 4.390901206628098545e-6,
                 -1.608546614013685244e-6, 5.71068785486421897e-7));
    tail = r_fma(tail, z4, poly4(z, z2, -0.0007386029568181031861, 0.0002565805306854294222,
                 -0.00009098933986887244193, 0.00003277776865254417926));
    tail = r_fma(tail, z4, poly4(z, z2, -0.08333333333333333318, 0.02222222222222214434,
                 -0.006746031746025101279, 0.002186948853390721713));
#else
    real tail = r_fma(0.0001004784789f, z, -0.0005963375446f);
    tail = r_fma(tail, z4, poly4(z, z2, -0.08333331619f, 0.02222098193f, -0.006731191289f, 0.002120227751f));
#endif
    return r_fma(tail, z2, R(0.5) * z);
}

/* p log(p / q) for p, q in [0, 1] as a sum of two numbers that keeps its digits where p and q are close: the first is
 * of second order in their distance and never negative, the second is then their exact difference. The sum, formed in
 * double precision, is within 6 ULP; 0 at p = 0, inf at q = 0.
 *
 * With b = 2^k q next to p, s = (p - b) / (p + b) and log(p / b) = 2 s + s^3 tail,
 *     p log(p / q) = (p + b) s^2 (1 + s (1 + s) tail / 2) + (p - b) + k p log 2.
 */
FL_INLINE real r_relative_entropy(real p, real q, real *difference)
{
    /* Scaled so that subnormal numbers become normal. */
    const real scale = R((real)((xuint)1 << (FL_MANTISSA_BITS + 1)));
    real a = p * scale, b = q * scale;
    /* k by the bits, which are close to the logarithm: a / (2^k b) is within 2/3 .. 3/2. */
    xuint apart = (xuint)bits_of(a) - (xuint)bits_of(b) + ((xuint)1 << (FL_MANTISSA_BITS - 1));
#ifdef FL_REAL64
    xuint biased = (apart + ((xuint)2048 << 52)) >> 52; /* as in r_log: no 64-bit shift or conversion in AVX2 */
    real k = from_bits((xint)(biased | 0x4330000000000000)) - (0x1p52 + 2048.0);
    xuint whole = (biased - 2048) << 52;
#else
    xint exponent = (xint)apart >> 23;
    real k = (real)exponent;
    xuint whole = (xuint)exponent << 23;
#endif
    b = from_bits((xint)((xuint)bits_of(b) + whole));
    real gap = a - b, sum = a + b;
    real s = gap / sum;
    real z = s * s;
#ifdef FL_REAL64
    real tail = 0.1361405958582201805;
    tail = r_fma(tail, z, 0.1320905244399313159);
    tail = r_fma(tail, z, 0.1538890119718612609);
    tail = r_fma(tail, z, 0.1818173678920158911);
    tail = r_fma(tail, z, 0.2222222305903303685);
    tail = r_fma(tail, z, 0.2857142856721169751);
    tail = r_fma(tail, z, 0.4000000000000808407);
    tail = r_fma(tail, z, 0.6666666666666666413);
#else
    real tail = 0.2996279882f;
    tail = r_fma(tail, z, 0.3997880194f);
    tail = r_fma(tail, z, 0.666667141f);
#endif
    real near = sum * z * r_fma(r_fma(s, s, s), R(0.5) * tail, R(1.0));
    real far = r_fma(a * R(0.6931471805599453094), k, gap);
    far = q == R(0.0) ? R(INFINITY) : far;
    near = p == R(0.0) ? R(0.0) : near;
    far = p == R(0.0) ? R(0.0) : far;
    *difference = r_fma(q, R(0.0), far * (R(1.0) / scale)); /* NaN does not survive the arithmetic on its bits */
    return near * (R(1.0) / scale);
}

/* log(x!) for x >= 0: within 4 ULP in float64, which is the build that uses it. */
FL_INLINE real r_log_factorial(real x)
{
    /* Up to 12, x! is x (x - 1) ... and the factorial of a rest up to 1, whose logarithm is rest (rest - 1) times a
     * polynomial; */
    real rest = x, product = R(1.0);
    for (int i = 0; i < 11; i++) {
        real step = rest > R(1.0) ? R(1.0) : R(0.0);
        product *= rest > R(1.0) ? rest : R(1.0);
        rest -= step;
    }
    real tail = R(-0.00001804276273750087093);
    tail = r_fma(tail, rest, R(0.0001997467933573165064));
    tail = r_fma(tail, rest, R(-0.001048455901058822933));
    tail = r_fma(tail, rest, R(0.003491978914302706365));
    tail = r_fma(tail, rest, R(-0.008359294535802178219));
    tail = r_fma(tail, rest, R(0.01551652331352655838));
    tail = r_fma(tail, rest, R(-0.02366674070422273548));
    tail = r_fma(tail, rest, R(0.03123483138409024296));
    tail = r_fma(tail, rest, R(-0.03744008639927311315));
    tail = r_fma(tail, rest, R(0.04253698876131426078));
    tail = r_fma(tail, rest, R(-0.04730180374111879747));
    tail = r_fma(tail, rest, R(0.05250452708572356944));
    tail = r_fma(tail, rest, R(-0.05876948854656978421));
    tail = r_fma(tail, rest, R(0.06673070951748116338));
    tail = r_fma(tail, rest, R(-0.07731808140175613444));
    tail = r_fma(tail, rest, R(0.09223900346937745393));
    tail = r_fma(tail, rest, R(-0.1151465423877968553));
    tail = r_fma(tail, rest, R(0.155434265860652647));
    tail = r_fma(tail, rest, R(-0.245251368522555703));
    tail = r_fma(tail, rest, R(0.5772156649015328298));
    real small = rest * (rest - R(1.0)) * tail + r_log(product);
    /* beyond, Stirling's series has all digits. */
    real w = x + R(1.0), inverse = R(1.0) / w, square = inverse * inverse;
    real series = R(1.0 / 1188);
    series = r_fma(series, square, R(-1.0 / 1680));
    series = r_fma(series, square, R(1.0 / 1260));
    series = r_fma(series, square, R(-1.0 / 360));
    series = r_fma(series, square, R(1.0 / 12));
    real large = (w - R(0.5)) * r_log(w) - w + R(0.9189385332046727418) + series * inverse;
    large = x > R(FL_LARGEST) ? x : large;
    return x <= R(12.0) ? small : large;
}

/* An extended-exponent number is mantissa * 2^exponent with an integer of its own for the exponent: no product of
 * probabilities ever underflows. What counts has an exponent above X_LIMIT. Probability 0 is X_DEAD, a transition
 * that does not exist adds X_NEVER, and the sum of any two of these and a few more fits the integer. */
#define X_DEAD (-((xint)1 << (sizeof(xint) * 8 - 3)))
#define X_NEVER (-((xint)1 << (sizeof(xint) * 8 - 4)))
#define X_LIMIT (-((xint)1 << (sizeof(xint) * 8 - 5)))

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
    *exponent = x < -R(FL_LARGEST) ? X_DEAD : x == x ? (xint)n + x_exponent(y) : 0;
}

#endif
