/* Sums of exponentials of halves where they lie: what array.h declares. One source of each instruction set and float
 * type includes it, kernels.pyx.
 *
 * Halves have the order of integers, so the first pass finds the peak and the lowest score in one operation each on
 * 16-bit integers, without widening. The second pass widens in registers. It has no clamp, so it is for scores that are
 * all near their peak. Others, those with a NaN or an infinity among them too, are widened to a buffer instead, as are
 * all where exp_lanes.h has no vectors of its own.
 */
#ifndef FASTLOSS_HALF_SUMS_H
#define FASTLOSS_HALF_SUMS_H

#include "core/half.h"

#if FL_HAS_WIDE

#define FL_HALVES (2 * FL_LANES) /* that are looked at in a step */
#define FL_SIGN_OF_HALF 0x8000u

typedef struct {
    int16_t high;  /* the largest as signed integers: the peak, unless all are negative */
    uint16_t low;  /* the largest as unsigned integers: the lowest score, unless none is negative */
} half_range;

FL_INLINE half_range range_of_halves(const uint16_t *h, ptrdiff_t n, half_range range)
{
    int16_t high = range.high;
    uint16_t low = range.low;
#pragma omp simd reduction(max : high, low)
    for (ptrdiff_t i = 0; i < n; i++) {
        high = (int16_t)h[i] > high ? (int16_t)h[i] : high;
        low = h[i] > low ? h[i] : low;
    }
    return (half_range){.high = high, .low = low};
}

/* The peak of halves that are all negative. */
FL_INLINE int16_t least_of_halves(const uint16_t *h, ptrdiff_t n)
{
    int16_t least = INT16_MAX;
#pragma omp simd reduction(min : least)
    for (ptrdiff_t i = 0; i < n; i++) least = (int16_t)h[i] < least ? (int16_t)h[i] : least;
    return least;
}

FL_LINKED int find_near_peak(const uint16_t *h, ptrdiff_t n, int dtype, real *peak)
{
    const ptrdiff_t whole = n - n % FL_HALVES;
    half_range range = {.high = INT16_MIN, .low = 0};
    real lowest;
    if (n < FL_HALVES) return 0;
    range = range_of_halves(h, whole, range);
    if (whole < n) range = range_of_halves(h + n - FL_HALVES, FL_HALVES, range);
    if (range.high < 0) range.high = least_of_halves(h, n);
    if (range.low < FL_SIGN_OF_HALF) range.low = 0;
    *peak = widened((uint16_t)range.high, dtype);
    lowest = widened(range.low, dtype);
    return *peak - lowest <= -R(FL_EXP_LOW); /* not if one of them is infinite or NaN */
}

FL_LINKED ptrdiff_t first_half_of(const uint16_t *h, ptrdiff_t n, int dtype, real value)
{
    const ptrdiff_t whole = n - n % FL_HALVES;
    const uint16_t mask = value == R(0.0) ? 0x7fffu : 0xffffu; /* either 0 */
    uint16_t sought = dtype == FL_FLOAT16 ? half_of_single(value) : float_to_bfloat(value);
    sought &= mask;
    for (ptrdiff_t j = 0; j < whole; j += FL_HALVES) {
        uint16_t found = 0;
#pragma omp simd reduction(| : found)
        for (int i = 0; i < FL_HALVES; i++) found |= (uint16_t)((h[j + i] & mask) == sought);
        if (found)
            for (int i = 0; i < FL_HALVES; i++)
                if ((h[j + i] & mask) == sought) return j + i;
    }
    for (ptrdiff_t j = whole; j < n; j++)
        if ((h[j] & mask) == sought) return j;
    return -1;
}

/* Adds e of whole groups of FL_LANES scores to the lanes. */
FL_INLINE void add_groups(const uint16_t *h, ptrdiff_t start, ptrdiff_t stop, real_p lane, real peak, const real *ahead,
                          const int dtype)
{
    wide sum[FL_LANES / FL_WIDE];
    for (int i = 0; i < FL_LANES / FL_WIDE; i++) sum[i] = W_(loadu_ps)(lane + i * FL_WIDE);
    for (ptrdiff_t j = start; j < stop; j += FL_LANES) {
        prefetch_lanes(ahead + j);
        for (int i = 0; i < FL_LANES / FL_WIDE; i++) {
            const wide x = W_(sub_ps)(wide_of_halves(h + j + i * FL_WIDE, dtype), W_(set1_ps)(peak));
            sum[i] = W_(add_ps)(sum[i], near_exp(x, constants_in_registers()));
        }
    }
    for (int i = 0; i < FL_LANES / FL_WIDE; i++) W_(storeu_ps)(lane + i * FL_WIDE, sum[i]);
}

/* In the order of exp_block() of row.pxi, so the sum is that of the same numbers in float32, bit for bit. */
FL_INLINE double sum_near_halves(const uint16_t *h, ptrdiff_t n, ptrdiff_t excluded, real peak, const real *ahead,
                                 const int dtype)
{
    const ptrdiff_t whole = n - n % FL_LANES;
    const ptrdiff_t edge = excluded >= 0 && excluded < whole ? excluded - excluded % FL_LANES : whole;
    real lane[FL_LANES], x[FL_LANES];
    for (int i = 0; i < FL_LANES; i++) lane[i] = R(0.0);
    add_groups(h, 0, edge, lane, peak, ahead, dtype);
    if (edge < whole) {
        widen_lanes(h + edge, x, dtype);
        lanes_exp_excluding(x, NULL, lane, peak, (xint)(excluded - edge), 0, 0);
        add_groups(h, edge + FL_LANES, whole, lane, peak, ahead, dtype);
    }
    if (whole < n) {
        for (ptrdiff_t i = 0; i < FL_LANES; i++) x[i] = whole + i < n ? widened(h[whole + i], dtype) : -R(INFINITY);
        lanes_exp_excluding(x, NULL, lane, peak, excluded < whole ? -1 : (xint)(excluded - whole), 0, 0);
    }
    return lanes_total(lane);
}

FL_LINKED double exp_near_halves(const uint16_t *h, ptrdiff_t n, int dtype, ptrdiff_t excluded, real peak,
                                 const real *ahead)
{
    if (dtype == FL_FLOAT16) return sum_near_halves(h, n, excluded, peak, ahead, FL_FLOAT16);
    return sum_near_halves(h, n, excluded, peak, ahead, FL_BFLOAT16);
}

#else

FL_LINKED int find_near_peak(const uint16_t *h, ptrdiff_t n, int dtype, real *peak)
{
    (void)h, (void)n, (void)dtype, (void)peak;
    return 0;
}

FL_LINKED ptrdiff_t first_half_of(const uint16_t *h, ptrdiff_t n, int dtype, real value)
{
    (void)h, (void)n, (void)dtype, (void)value;
    return -1;
}

FL_LINKED double exp_near_halves(const uint16_t *h, ptrdiff_t n, int dtype, ptrdiff_t excluded, real peak,
                                 const real *ahead)
{
    (void)h, (void)n, (void)dtype, (void)excluded, (void)peak, (void)ahead;
    return 0;
}

#endif

#endif
