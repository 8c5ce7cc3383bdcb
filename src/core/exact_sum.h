/* Sums that do not depend on the order: a pair of doubles, of which `low` is what rounding took from `high`.
 *
 * Every addition is Knuth's TwoSum, which finds exactly what it rounds away; Ogita, Rump and Oishi 2005, "Accurate Sum
 * and Dot Product". So a sum is as exact as one of 106 bits, and what comes out, rounded once, is the exact sum's
 * rounding, but for sums that cancel by more than that. It needs IEEE arithmetic as written: no -ffast-math, no
 * contraction of products (there are none here), no registers wider than double.
 *
 * Where `high` is infinite or NaN, `low` has no meaning.
 */
#ifndef FASTLOSS_EXACT_SUM_H
#define FASTLOSS_EXACT_SUM_H

#include "core/real.h"

typedef struct {
    double high, low;
} exact_sum;

static const exact_sum NO_SUM = {0, 0}; /* of what adds up nothing */

/* a + b; and what that rounds away. */
FL_INLINE double two_sum(double a, double b, double *lost)
{
    double sum = a + b, of_b = sum - a;
    *lost = (a - (sum - of_b)) + (b - of_b);
    return sum;
}

FL_INLINE exact_sum exact_plus(exact_sum sum, double x)
{
    double lost, high = two_sum(sum.high, x, &lost);
    return (exact_sum){high, sum.low + lost};
}

FL_INLINE exact_sum exact_join(exact_sum a, exact_sum b)
{
    exact_sum joined = exact_plus(a, b.high);
    joined.low += b.low;
    return joined;
}

FL_INLINE exact_sum exact_times(exact_sum sum, double factor)
{
    double high = sum.high * factor, lost = fma(sum.high, factor, -high);
    return (exact_sum){high, lost + sum.low * factor};
}

/* A pair whose first is the sum rounded, and whose second is what that leaves: 0 where the sum is not finite. */
FL_INLINE exact_sum exact_rounded(exact_sum sum)
{
    double lost, value = two_sum(sum.high, sum.low, &lost);
    return fabs(value) <= DBL_MAX ? (exact_sum){value, lost} : (exact_sum){sum.high, 0};
}

/* The sum of many such sums: one double more, as they may be of any size and sign. */
typedef struct {
    double high, middle, low;
} exact_total;

FL_INLINE void exact_total_add(exact_total *total, exact_sum sum)
{
    double lost, lost_again;
    total->high = two_sum(total->high, sum.high, &lost);
    total->middle = two_sum(total->middle, lost, &lost_again);
    total->low += lost_again;
    total->middle = two_sum(total->middle, sum.low, &lost_again);
    total->low += lost_again;
}

/* As exact_rounded(). */
FL_INLINE exact_sum exact_total_of(exact_total total)
{
    double rest, lost, middle = two_sum(total.middle, total.low, &rest), high = two_sum(total.high, middle, &lost);
    if (!(fabs(high) <= DBL_MAX)) return (exact_sum){total.high, 0};
    return exact_rounded((exact_sum){high, lost + rest});
}

/* The same in FL_EXACT_LANES lanes, each a sum of its own. */
#define FL_EXACT_LANES 16

typedef struct {
    double high[FL_EXACT_LANES], low[FL_EXACT_LANES];
} exact_lanes;

/* From so many lanes to half of them. */
FL_INLINE void lanes_halve(double *FL_RESTRICT high, double *FL_RESTRICT low, const int half)
{
#pragma omp simd
    for (int i = 0; i < half; i++) {
        double lost;
        high[i] = two_sum(high[i], high[i + half], &lost);
        low[i] = (low[i] + low[i + half]) + lost;
    }
}

FL_INLINE exact_sum lanes_joined(exact_lanes *lanes)
{
    lanes_halve(lanes->high, lanes->low, 8);
    lanes_halve(lanes->high, lanes->low, 4);
    exact_sum sum[4];
    for (int i = 0; i < 4; i++) sum[i] = (exact_sum){lanes->high[i], lanes->low[i]};
    return exact_join(exact_join(sum[0], sum[2]), exact_join(sum[1], sum[3]));
}

/* Number i of those that are not NULL, which is a constant of the call: of `wide`, or of x, or of x + addend. */
FL_INLINE double term_of(const double *wide, const real *x, const real *addend, ptrdiff_t i)
{
    if (wide) return wide[i];
    return addend ? (double)x[i] + (double)addend[i] : (double)x[i];
}

/* The sum of n such numbers. Fewer than there are lanes are added one by one. */
FL_INLINE exact_sum sum_of_terms(const double *wide, const real *x, const real *addend, ptrdiff_t n)
{
    const ptrdiff_t whole = n - n % FL_EXACT_LANES;
    exact_sum sum = NO_SUM;
    exact_lanes lanes;
    for (ptrdiff_t i = whole; i < n; i++) sum = exact_plus(sum, term_of(wide, x, addend, i));
    if (!whole) return sum;
#pragma omp simd
    for (int i = 0; i < FL_EXACT_LANES; i++) {
        lanes.high[i] = term_of(wide, x, addend, i);
        lanes.low[i] = 0;
    }
    for (ptrdiff_t j = FL_EXACT_LANES; j < whole; j += FL_EXACT_LANES) {
#pragma omp simd
        for (int i = 0; i < FL_EXACT_LANES; i++) {
            double lost;
            lanes.high[i] = two_sum(lanes.high[i], term_of(wide, x, addend, j + i), &lost);
            lanes.low[i] += lost;
        }
    }
    return exact_join(sum, lanes_joined(&lanes));
}

FL_NOINLINE exact_sum sum_of_doubles(const double *x, ptrdiff_t n) { return sum_of_terms(x, NULL, NULL, n); }
FL_NOINLINE exact_sum sum_of_any_numbers(const real *x, ptrdiff_t n) { return sum_of_terms(NULL, x, NULL, n); }
FL_NOINLINE exact_sum sum_of_two_parts(const real *x, const real *addend, ptrdiff_t n)
{
    return sum_of_terms(NULL, x, addend, n);
}

/* SSE2 has no smaller or larger of two unsigned integers, and to do without costs more than it saves. */
#if defined(FL_REAL64) || ((defined(__x86_64__) || defined(_M_X64)) && !defined(__AVX2__))
#define FL_SUMS_CLOSE_NUMBERS 0
#define sum_of_numbers sum_of_any_numbers
#else
#define FL_SUMS_CLOSE_NUMBERS 1
/* The largest and the smallest so far, as the numbers' bits without their signs, which have the order of the numbers;
 * 0 less 1 is above all. */
FL_INLINE void lanes_limit(real_cp x, xuint *FL_RESTRICT above, xuint *FL_RESTRICT below)
{
#pragma omp simd
    for (int i = 0; i < FL_EXACT_LANES; i++) {
        xuint bits = (xuint)bits_of(x[i]) & (~(xuint)0 >> 1), lower = bits - 1;
        above[i] = bits > above[i] ? bits : above[i];
        below[i] = lower < below[i] ? lower : below[i];
    }
}

FL_INLINE void lanes_add_widened(real_cp x, double *FL_RESTRICT lane)
{
#pragma omp simd
    for (int i = 0; i < FL_EXACT_LANES; i++) lane[i] += (double)x[i];
}

enum { CLOSE_NUMBERS = 16 * FL_EXACT_LANES };

/* So many numbers of float32 in plain double, which is exact where the largest is at most 2^25 times the smallest that is
 * not 0: the sum of a lane's 16 then has at most 53 bits. That is so of most losses; others are added again. */
FL_INLINE exact_sum sum_of_close_numbers(const real *x)
{
    exact_lanes lanes;
    xuint above[FL_EXACT_LANES], below[FL_EXACT_LANES], largest = 0, smallest = ~(xuint)0;
#pragma omp simd
    for (int i = 0; i < FL_EXACT_LANES; i++) {
        lanes.high[i] = lanes.low[i] = 0;
        above[i] = 0;
        below[i] = ~(xuint)0;
    }
    for (int j = 0; j < CLOSE_NUMBERS; j += FL_EXACT_LANES) {
        lanes_limit(x + j, above, below);
        lanes_add_widened(x + j, lanes.high);
    }
#pragma omp simd reduction(max : largest) reduction(min : smallest)
    for (int i = 0; i < FL_EXACT_LANES; i++) {
        largest = above[i] > largest ? above[i] : largest;
        smallest = below[i] < smallest ? below[i] : smallest;
    }
    if (largest > smallest && largest - smallest > (xuint)25 << FL_MANTISSA_BITS)
        return sum_of_any_numbers(x, CLOSE_NUMBERS);
    return lanes_joined(&lanes);
}

FL_NOINLINE exact_sum sum_of_numbers(const real *x, ptrdiff_t n)
{
    if (n < CLOSE_NUMBERS) return sum_of_any_numbers(x, n);
    exact_sum sum = sum_of_close_numbers(x);
    ptrdiff_t i = CLOSE_NUMBERS;
    for (; n - i >= CLOSE_NUMBERS; i += CLOSE_NUMBERS) sum = exact_join(sum, sum_of_close_numbers(x + i));
    return i < n ? exact_join(sum, sum_of_any_numbers(x + i, n - i)) : sum;
}
#endif

#endif
