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

#define FL_HALVES (2 * FL_LANES) /* scores of a step */
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

#ifdef __AVX512F__
#define W_BITS(pointer) _mm512_loadu_si512(pointer)
#define W_WIDENED(pointer) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(pointer)))
#define W_ODD(bits) _mm512_and_si512(bits, _mm512_set1_epi32((int)0xffff0000u))
#else
#define W_BITS(pointer) _mm256_loadu_si256((const __m256i *)(pointer))
#define W_WIDENED(pointer) _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(pointer)))
#define W_ODD(bits) _mm256_and_si256(bits, _mm256_set1_epi32((int)0xffff0000u))
#endif

typedef struct {
    wide first[FL_LANES / FL_WIDE], second[FL_LANES / FL_WIDE];
} half_sums;

/* Adds e of FL_HALVES scores: of float16 two runs one after the other, of bfloat16 the even and the odd places, which
 * take an operation each to widen. */
FL_INLINE void add_halves(const uint16_t *h, half_sums *sums, wide peak, const int dtype)
{
    for (int i = 0; i < FL_LANES / FL_WIDE; i++) {
        if (dtype == FL_FLOAT16) {
            const wide first = W_WIDENED(h + i * FL_WIDE), second = W_WIDENED(h + FL_LANES + i * FL_WIDE);
            sums->first[i] = add_near_exp(W_(sub_ps)(first, peak), sums->first[i]);
            sums->second[i] = add_near_exp(W_(sub_ps)(second, peak), sums->second[i]);
        } else {
            const wide even = W_NUMBERS(W_(slli_epi32)(W_BITS(h + 2 * i * FL_WIDE), 16));
            const wide odd = W_NUMBERS(W_ODD(W_BITS(h + 2 * i * FL_WIDE)));
            sums->first[i] = add_near_exp(W_(sub_ps)(even, peak), sums->first[i]);
            sums->second[i] = add_near_exp(W_(sub_ps)(odd, peak), sums->second[i]);
        }
    }
}

/* The same but for the places before `first` and the excluded one. */
FL_INLINE void add_halves_excluding(const uint16_t *h, real_p lane, real peak, ptrdiff_t excluded, ptrdiff_t first,
                                    const int dtype)
{
    real x[FL_LANES];
    for (int i = 0; i < FL_HALVES; i += FL_LANES) {
        widen_lanes(h + i, x, dtype);
        lanes_exp_excluding(x, NULL, lane, peak, (xint)(excluded - i), (xint)(first - i), 0);
    }
}

FL_INLINE double sum_near_halves(const uint16_t *h, ptrdiff_t n, ptrdiff_t excluded, real peak, const real *ahead,
                                 const int dtype)
{
    const ptrdiff_t whole = n - n % FL_HALVES;
    const ptrdiff_t edge = excluded >= 0 && excluded < whole ? excluded - excluded % FL_HALVES : whole;
    const wide peaks = W_(set1_ps)(peak);
    half_sums sums;
    real first[FL_LANES], second[FL_LANES], lane[FL_LANES]; /* the last of groups that are not added whole */
    for (int i = 0; i < FL_LANES; i++) lane[i] = R(0.0);
    for (int i = 0; i < FL_LANES / FL_WIDE; i++) sums.first[i] = sums.second[i] = W_(setzero_ps)();
    for (ptrdiff_t j = 0; j < edge; j += FL_HALVES) {
        prefetch_lanes(ahead + j);
        prefetch_lanes(ahead + j + FL_LANES);
        add_halves(h + j, &sums, peaks, dtype);
    }
    if (edge < whole) add_halves_excluding(h + edge, lane, peak, excluded - edge, 0, dtype);
    for (ptrdiff_t j = edge + FL_HALVES; j < whole; j += FL_HALVES) {
        prefetch_lanes(ahead + j);
        prefetch_lanes(ahead + j + FL_LANES);
        add_halves(h + j, &sums, peaks, dtype);
    }
    if (whole < n) {
        const ptrdiff_t start = n - FL_HALVES; /* together with some that were added already */
        add_halves_excluding(h + start, lane, peak, excluded - start, whole - start, dtype);
    }
    for (int i = 0; i < FL_LANES / FL_WIDE; i++) {
        W_(storeu_ps)(first + i * FL_WIDE, sums.first[i]);
        W_(storeu_ps)(second + i * FL_WIDE, sums.second[i]);
    }
    const double total = lanes_total(first) + lanes_total(second);
    return edge < n ? total + lanes_total(lane) : total;
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
