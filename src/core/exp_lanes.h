/* exp(x - reference) of FL_LANES numbers, the loop that most of a softmax's time goes into.
 *
 * Where the processor can look up eight numbers in a register, exp in float32 takes fewer multiplications: with
 * n = round(8 x / ln 2) and r = x - n ln(2)/8, it is 2^(n/8) exp(r), and |r| <= ln(2)/16 needs a polynomial of degree 3
 * alone. 2^(n/8) is a number of the table, which the low three bits of n choose, times the power of 2 of the other
 * bits. Elsewhere it is r_exp().
 */
#ifndef FASTLOSS_EXP_LANES_H
#define FASTLOSS_EXP_LANES_H

#include "core/vecmath.h"

#define FL_LANES 16

#if defined(__AVX2__) && !defined(FL_REAL64)
#include <immintrin.h>
#define FL_HAS_WIDE 1

#define FL_PER_EIGHTH 0x1.715476p+3f  /* 8 / ln(2), and its inverse in two parts, the first short enough for exact */
#define FL_EIGHTH_HIGH 0x1.63p-4f     /* products */
#define FL_EIGHTH_LOW (FL_LN2_LOW / 8)
#define FL_EIGHTHS (0x1.8p23f + 8 * FL_EXPONENT_BIAS) /* as FL_ROUNDER, of eighths */
#define FL_EIGHTHS_NONE (-88.0296919f) /* n is -8 * FL_EXPONENT_BIAS, r nearly 0: the power of 2 is 0 */

/* The bits of 2^(i/8) less those of 1, and less i where n is added to them. */
static const int32_t eighths[8] = {0, -289342, -509968, -655657, -719629, -694486, -572163, -343865};

#ifdef __AVX512F__
#define FL_WIDE 16
typedef __m512 wide;
#define W_(name) _mm512_##name
#define W_INTEGERS _mm512_castps_si512
#define W_NUMBERS _mm512_castsi512_ps
#define W_EIGHTHS _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)eighths))
#define W_CHOOSE(table, index) _mm512_permutexvar_epi32(index, table)
#define W_CLEAR(x, i, j) _mm512_maskz_mov_ps(_mm512_cmpneq_epi32_mask(_mm512_loadu_si512(i), _mm512_set1_epi32(j)), x)
#else
#define FL_WIDE 8
typedef __m256 wide;
#define W_(name) _mm256_##name
#define W_INTEGERS _mm256_castps_si256
#define W_NUMBERS _mm256_castsi256_ps
#define W_EIGHTHS _mm256_loadu_si256((const __m256i *)eighths)
#define W_CHOOSE(table, index) _mm256_permutevar8x32_epi32(table, index)
#define W_CLEAR(x, i, j)                                                                                     \
    _mm256_andnot_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_loadu_si256((const __m256i *)(i)),         \
                                                            _mm256_set1_epi32(j))), x)
#endif

/* The constants of a reduction. */
typedef struct {
    wide rounder, high, low;
} eighth_constants;

FL_INLINE eighth_constants constants_in_registers(void)
{
    return (eighth_constants){W_(set1_ps)(FL_EIGHTHS), W_(set1_ps)(FL_EIGHTH_HIGH), W_(set1_ps)(FL_EIGHTH_LOW)};
}

/* For a loop that needs the registers of AVX2 for its sums: GCC would keep the sums in memory, and wait for them. */
FL_INLINE eighth_constants constants_in_memory(void)
{
#if FL_WIDE == 8 && defined(__GNUC__)
#define FL_EIGHT_TIMES(x) x, x, x, x, x, x, x, x
    static const float parts[16] = {FL_EIGHT_TIMES(FL_EIGHTH_HIGH), FL_EIGHT_TIMES(FL_EIGHTH_LOW)};
    const float *here = parts;
    wide rounder = W_(set1_ps)(FL_EIGHTHS);
    __asm__("" : "+r"(here));
    __asm__("" : "+x"(rounder)); /* or there would be a second one, its negative */
    return (eighth_constants){rounder, W_(loadu_ps)(here), W_(loadu_ps)(here + 8)};
#else
    return constants_in_registers();
#endif
}

/* exp(x) for FL_EXP_LOW <= x <= 0: within 1.2 ULP, 1 at 0. */
FL_INLINE wide near_exp(wide x, const eighth_constants c)
{
    const wide shifted = W_(fmadd_ps)(x, W_(set1_ps)(FL_PER_EIGHTH), c.rounder);
    const wide n = W_(sub_ps)(shifted, c.rounder);
    wide r = W_(fnmadd_ps)(n, c.high, x);
    r = W_(fnmadd_ps)(n, c.low, r);
    const wide tail = W_(fmadd_ps)(r, W_(set1_ps)(0.1666796235f), W_(set1_ps)(0.5000647853f));
    const wide expm1 = W_(fmadd_ps)(tail, W_(mul_ps)(r, r), r);
    const wide power = W_NUMBERS(W_(add_epi32)(W_CHOOSE(W_EIGHTHS, W_INTEGERS(shifted)),
                                               W_(slli_epi32)(W_INTEGERS(shifted), 20)));
    return W_(fmadd_ps)(expm1, power, power);
}

FL_INLINE wide clamp_to_eighths(wide x) { return W_(max_ps)(W_(set1_ps)(FL_EIGHTHS_NONE), x); } /* NaN stays NaN */

/* exp(x) for x <= 0: the same; where r_exp() is 0, it is below the smallest normal number. */
FL_INLINE wide exp_by_eighths(wide x) { return near_exp(clamp_to_eighths(x), constants_in_registers()); }
#else
#define FL_HAS_WIDE 0
#endif

/* In `term`; and in `e` where that is kept, which may be x itself: every score is read before its e is written. `keep`
 * is a constant of the call. */
FL_INLINE void exp_lanes(const real *x, real reference, real *term, real *e, const int keep)
{
#if FL_HAS_WIDE
    const wide subtracted = W_(set1_ps)(reference);
    for (int i = 0; i < FL_LANES; i += FL_WIDE) {
        wide some = exp_by_eighths(W_(sub_ps)(W_(loadu_ps)(x + i), subtracted));
        W_(storeu_ps)(term + i, some);
        if (keep) W_(storeu_ps)(e + i, some);
    }
#else
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        term[i] = r_exp(x[i] - reference);
        if (keep) e[i] = term[i];
    }
#endif
}

/* The same in two steps, for a loop that goes on with each: first all of them where there are vectors for it, and in the
 * loop the one of a lane. */
FL_INLINE void exp_vectors(const real *x, real reference, real *term, real *e, const int keep)
{
#if FL_HAS_WIDE
    exp_lanes(x, reference, term, e, keep);
#endif
}

FL_INLINE real exp_of_lane(real x, real reference, real term) { return FL_HAS_WIDE ? term : r_exp(x - reference); }

/* Also x - reference, but at least a number whose exponential is 0. */
FL_INLINE void exp_lanes_below(const real *x, real reference, real *term, real *below)
{
#if FL_HAS_WIDE
    const wide subtracted = W_(set1_ps)(reference);
    for (int i = 0; i < FL_LANES; i += FL_WIDE) {
        wide some = clamp_to_eighths(W_(sub_ps)(W_(loadu_ps)(x + i), subtracted));
        W_(storeu_ps)(below + i, some);
        W_(storeu_ps)(term + i, near_exp(some, constants_in_registers()));
    }
#else
    const real none = r_opaque(R(FL_EXP_NONE));
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        below[i] = r_atleast(x[i] - reference, none);
        term[i] = r_exp_of_clamped(below[i]);
    }
#endif
}

#endif
