/* The largest of some numbers, and numbers in order, for the beam search of decode.pyx. */
#ifndef FASTLOSS_SELECT_H
#define FASTLOSS_SELECT_H

#include "core/lanes.h"

#define SORT_RUN 16 /* numbers that are sorted by insertion */

/* Doubles in order, as integers in the same order; and back. */
FL_INLINE xint in_order(xint bits) { return bits ^ (xint)((xuint)(bits >> (sizeof(xint) * 8 - 1)) >> 1); }

/* How many of n numbers are at least `low`. */
FL_NOINLINE ptrdiff_t count_from(const real *FL_RESTRICT x, ptrdiff_t n, real low)
{
    xint count = 0;
#pragma omp simd reduction(+ : count)
    for (ptrdiff_t i = 0; i < n; i++) count += x[i] >= low;
    return (ptrdiff_t)count;
}

/* The smallest of those that are at least `low`. */
FL_NOINLINE real smallest_from(const real *FL_RESTRICT x, ptrdiff_t n, real low)
{
    real lane[FL_LANES];
    const ptrdiff_t whole = n - n % FL_LANES;
    for (int i = 0; i < FL_LANES; i++) lane[i] = R(INFINITY);
    for (ptrdiff_t j = 0; j < whole; j += FL_LANES)
#pragma omp simd
        for (int i = 0; i < FL_LANES; i++) {
            real beyond = x[j + i] >= low ? x[j + i] : R(INFINITY);
            lane[i] = beyond < lane[i] ? beyond : lane[i];
        }
    for (ptrdiff_t j = whole; j < n; j++)
        if (x[j] >= low && x[j] < lane[j - whole]) lane[j - whole] = x[j];
    for (int i = 0; i < FL_LANES; i++) lane[i] = -lane[i];
    return -lanes_top(lane);
}

/* The k-th largest of n numbers, k from 1 on. It halves the interval in which it lies, by bits: comparing all numbers
 * with the middle is vector code, which takes less time than moving them, and 64 halves are enough for any numbers. */
FL_NOINLINE real kth_largest(const real *x, ptrdiff_t n, ptrdiff_t k)
{
    xint low = in_order(bits_of(smallest_from(x, n, -R(INFINITY)))), high = in_order(bits_of(largest_of(x, n)));
    while (low < high) {
        const xint middle = high - (xint)(((xuint)high - (xuint)low) / 2);
        const ptrdiff_t count = count_from(x, n, from_bits(in_order(middle)));
        if (count == k) return smallest_from(x, n, from_bits(in_order(middle)));
        if (count > k) low = middle;
        else high = middle - 1;
    }
    return from_bits(in_order(low));
}

/* A score with its label. */
typedef struct {
    real score;
    int32_t label;
} scored_label;

FL_INLINE void insertion_sort(scored_label *x, ptrdiff_t n)
{
    for (ptrdiff_t i = 1; i < n; i++) {
        const scored_label moved = x[i];
        ptrdiff_t j = i;
        for (; j > 0 && x[j - 1].score < moved.score; j--) x[j] = x[j - 1];
        x[j] = moved;
    }
}

FL_INLINE void merge_runs(const scored_label *x, ptrdiff_t middle, ptrdiff_t n, scored_label *to)
{
    ptrdiff_t i = 0, j = middle;
    for (ptrdiff_t k = 0; k < n; k++) {
        const int is_left = i < middle && (j >= n || x[i].score >= x[j].score);
        to[k] = is_left ? x[i++] : x[j++];
    }
}

/* By falling score; equal ones stay in order. `spare` has room for as many. */
FL_NOINLINE void sort_labels(scored_label *x, ptrdiff_t n, scored_label *spare)
{
    scored_label *from = x, *to = spare;
    for (ptrdiff_t start = 0; start < n; start += SORT_RUN)
        insertion_sort(x + start, n - start < SORT_RUN ? n - start : SORT_RUN);
    for (ptrdiff_t run = SORT_RUN; run < n; run *= 2) {
        for (ptrdiff_t start = 0; start < n; start += 2 * run) {
            const ptrdiff_t size = n - start < 2 * run ? n - start : 2 * run;
            merge_runs(from + start, run < size ? run : size, size, to + start);
        }
        scored_label *swap = from;
        from = to;
        to = swap;
    }
    if (from != x) memcpy(x, from, (size_t)n * sizeof *x);
}

#endif
