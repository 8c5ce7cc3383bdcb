/* The largest of some numbers, and numbers in order, for the beam search of decode.pyx. */
#ifndef FASTLOSS_SELECT_H
#define FASTLOSS_SELECT_H

#include "core/real.h"

#define SORT_RUN 16 /* numbers that are sorted by insertion */

FL_INLINE real median_of(real a, real b, real c)
{
    real low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* The k-th largest of n numbers, k from 1 on. They change places (Hoare's quickselect). */
FL_NOINLINE real kth_largest(real *x, ptrdiff_t n, ptrdiff_t k)
{
    ptrdiff_t low = 0, high = n - 1;
    const ptrdiff_t place = k - 1;
    while (low < high) {
        const real pivot = median_of(x[low], x[low + (high - low) / 2], x[high]);
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (x[i] > pivot) i++;
            while (x[j] < pivot) j--;
            if (i > j) break;
            const real larger = x[j];
            x[j--] = x[i];
            x[i++] = larger;
        }
        if (place <= j) high = j;
        else if (place >= i) low = i;
        else break;
    }
    return x[place];
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
